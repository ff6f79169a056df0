// The writing side of product search on Elasticsearch: an index per build, versions kept by the engine, the checkpoint after the documents.
import type { estypes } from '@elastic/elasticsearch';
import { DomainError } from '../../domain/error.ts';
import {
  type ElasticsearchOptions,
  namesOf,
  openClient,
  patiently,
  reached,
  reasonOf,
  statusOf,
  unavailable,
} from './elasticsearch-client.ts';
import { checkpointId, hiddenProduct, indexOf, type StoredCheckpoint, storedProduct } from './elasticsearch-mapping.ts';
import type { SearchCheckpoint, SearchIndex, SearchWrite } from './port.ts';

/** A batch that the engine is slow to take is no reason to give up: whoever writes waits in the background. */
const timeout = 10_000;
const batchSize = 500;

/** The position is the version of a document: the engine refuses what is not newer (409), a repeat included, which is as good as written. */
const alreadyNewer = 409;
const missing = 404;
const busy = [429, 503];

/** Some of a batch was not taken because the engine is busy. */
class Busy extends Error {
  override readonly name = 'Busy';
}

export const openElasticsearchIndex = (options: ElasticsearchOptions): SearchIndex => {
  const client = openClient(options, timeout);
  const names = namesOf(options.namespace);
  /** One owner writes, so what it has seen stays true until a build turns out to be gone. */
  const checkpoints = new Map<number, SearchCheckpoint>();
  let knownLive: number | null = null;

  const findLive = async (): Promise<number | null> => {
    const found = await reached(() => client.indices.getAlias({ name: names.live }, { ignore: [missing] }));
    const index = Object.keys(found).find((name) => name.startsWith(`${names.live}-`));
    knownLive = index === undefined ? null : names.buildOf(index);
    return knownLive;
  };

  const unknownBuild = (build: number) => {
    checkpoints.delete(build);
    knownLive = null;
    return new DomainError('search.unknown_build', `There is no build ${build} of the search index.`, { build });
  };

  const checkpointOf = async (build: number): Promise<SearchCheckpoint | null> => {
    const known = checkpoints.get(build);
    if (known) return known;
    const found = await reached(() =>
      client.get<StoredCheckpoint>({ index: names.writing(build), id: checkpointId }, { ignore: [missing] }),
    );
    if ('error' in found) throw unknownBuild(build);
    const checkpoint = found._source?.checkpoint;
    if (checkpoint) checkpoints.set(build, checkpoint);
    return checkpoint ?? null;
  };

  /** Stores these, or throws; none is left out in silence. Another attempt sends those that were refused for lack of room. */
  const store = async (build: number, writes: readonly SearchWrite[]) => {
    let left = writes;
    const attempt = async () => {
      const { items, errors } = await reached(() =>
        client.bulk({ index: names.writing(build), require_alias: true, refresh: build === knownLive, operations: operationsOf(left) }),
      );
      if (!errors) return;
      const isBusy = (status: number | undefined) => status !== undefined && busy.includes(status);
      for (const { index: item } of items) {
        if (!item?.error || item.status === alreadyNewer || isBusy(item.status)) continue;
        if (item.status === missing) throw unknownBuild(build);
        throw new Error(`Elasticsearch refuses ${item._id}: ${item.error.type}: ${item.error.reason}`);
      }
      left = left.filter((_, n) => isBusy(items[n]?.index?.status));
      if (left.length > 0) throw new Busy(`${left.length} documents wait`);
    };
    try {
      await patiently(attempt, (error) => error instanceof Busy);
    } catch (error) {
      throw error instanceof Busy ? unavailable(error) : error;
    }
  };

  /** The later position stays, whichever comes last. */
  const save = async (build: number, checkpoint: SearchCheckpoint) => {
    const document: StoredCheckpoint = { active: false, checkpoint };
    const version = { version: checkpoint.position, version_type: 'external_gte' } as const;
    const request = { index: names.writing(build), id: checkpointId, require_alias: true, document, ...version };
    try {
      await reached(() => client.index(request));
      checkpoints.set(build, checkpoint);
    } catch (error) {
      if (statusOf(error) === missing) throw unknownBuild(build);
      if (statusOf(error) !== alreadyNewer) throw error;
    }
  };

  const drop = async (build: number) => {
    checkpoints.delete(build);
    await reached(() => client.indices.delete({ index: names.index(build) }, { ignore: [missing] }));
  };

  /** More than one where somebody was killed between the two steps of a swap. */
  const buildsBefore = async (build: number): Promise<number[]> => {
    const found = await reached(() => client.indices.getAlias({ index: `${names.live}-*` }));
    return Object.keys(found)
      .map(names.buildOf)
      .filter((other) => other < build);
  };

  return {
    create: async (build) => {
      if (!Number.isSafeInteger(build) || build < 0) throw new RangeError('a build is a whole number');
      const live = await findLive();
      try {
        await reached(() => client.indices.create({ index: names.index(build), ...indexOf(names.writing(build)) }));
      } catch (error) {
        if (reasonOf(error) !== 'resource_already_exists_exception') throw error;
      }
      if (live !== null) return;
      await reached(() => client.indices.putAlias({ index: names.index(build), name: names.live }));
      knownLive = build;
    },
    write: async (build, writes, checkpoint) => {
      const before = await checkpointOf(build);
      if (before !== null && before.logId !== checkpoint.logId)
        throw new DomainError('search.other_log', 'The search index was built from another log: rebuild it.', {
          build,
          logId: before.logId,
        });
      if (knownLive === null) await findLive();
      for (let n = 0; n < writes.length; n += batchSize) await store(build, writes.slice(n, n + batchSize));
      await save(build, checkpoint);
    },
    checkpoint: checkpointOf,
    live: findLive,
    swap: async (build, oldIsAhead = false) => {
      const next = await checkpointOf(build);
      const old = await findLive();
      if (old === build) return;
      const read = old === null ? null : await checkpointOf(old);
      if (!oldIsAhead && read !== null && (next === null || (next.logId === read.logId && next.position < read.position)))
        throw new DomainError('search.build_behind', 'The new search index has not read as far as the old one.', { build, old });
      await reached(() => client.indices.refresh({ index: names.index(build) }));
      const actions: estypes.IndicesUpdateAliasesAction[] = [{ add: { index: names.index(build), alias: names.live } }];
      if (old !== null) actions.push({ remove: { index: names.index(old), alias: names.live } });
      await reached(() => client.indices.updateAliases({ actions }));
      knownLive = build;
      // Only now: a node closes the parts of an index before it knows the alias that came with that, so its searches would ask what is gone.
      for (const outdated of await buildsBefore(build)) await drop(outdated);
    },
    drop: async (build) => {
      if ((await findLive()) === build) throw new DomainError('search.build_live', 'The live search index cannot be dropped.', { build });
      await drop(build);
    },
    close: () => client.close(),
  };
};

const operationsOf = (writes: readonly SearchWrite[]) =>
  writes.flatMap((write) => {
    const product = 'deleted' in write ? hiddenProduct(write.deleted) : storedProduct(write.document);
    return [{ index: { _id: product.productId, version: write.position, version_type: 'external' as const } }, product];
  });
