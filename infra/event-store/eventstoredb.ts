// The log in EventStoreDB, which several processes append to. Each append waits for nobody else: the server compares the revision. This
// process follows $all to tell what was committed, by itself and by others; snapshots and keys stand beside the log.
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { Beside } from './beside.ts';
import { chainHash, createCodec, type EventContract, keptHash, noHash } from './codec.ts';
import { decodeReadable, decodeWhole } from './decode.ts';
import { maxAppendBytes, maxAppendEvents, weightOf } from './eventstoredb-form.ts';
import { type EventStoreDbLog, openEventStoreDbLog, type Patience, type Unplaced } from './eventstoredb-log.ts';
import { createTail } from './eventstoredb-tail.ts';
import { createLogHealth, type LogHealth } from './health.ts';
import { createLandmarks } from './landmarks.ts';
import { holds, logSetBack, markOf } from './mark.ts';
import { type AppendRequest, type EventStore, VersionConflict } from './port.ts';
import type { Raw } from './raw.ts';

export interface EventStoreDbReaderOptions {
  /** esdb:// or esdb+discover://, with user and password in it. */
  readonly url: string;
  readonly contract: EventContract;
  /** Where what is not as it was written is noted. */
  readonly health?: LogHealth;
  /** Hears of a subscription that broke; it is made again. */
  readonly onError?: (error: Error) => void;
  /** How long a call goes on without an answer. */
  readonly patience?: Patience;
}

export interface EventStoreDbOptions extends EventStoreDbReaderOptions {
  readonly beside: Beside;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
  /**
   * The log holds no longer what this process has read of it, as after a backup was brought back: nothing is appended any more, and the store
   * is to be opened anew, which gives the log another name.
   */
  readonly onSetBack?: (error: Error) => void;
  /** Told the number of writes of every group, for the metrics: here each append is its own. */
  readonly onBatch?: (size: number) => void;
}

/** Where a stream ended when it was last seen. */
interface End {
  readonly revision: number;
  readonly hash: Buffer;
}

const noStream: End = { revision: -1, hash: noHash };

const recordedAtOf = ({ metadata }: Raw): number => {
  try {
    return Date.parse((JSON.parse(metadata) as { recordedAt: string }).recordedAt);
  } catch {
    return Number.NaN; // compares with nothing
  }
};

interface ReaderNeeds {
  /** Appends of this process by stream, until whoever made them has folded their events in. */
  readonly underWay: ReadonlyMap<string, Promise<void>>;
  /** Whether the log holds no longer what was known of it. */
  readonly isSetBack: (log: Pick<EventStore, 'read'>, logId: string) => Promise<boolean>;
}

const openReader = async (options: EventStoreDbReaderOptions, { underWay, isSetBack }: ReaderNeeds) => {
  const { url, contract, onError = () => {}, patience } = options;
  const { health = createLogHealth({ owns: contract.owns }) } = options;
  const log = openEventStoreDbLog(url, { health, ...(patience && { patience }) });
  const codec = createCodec(contract);
  const landmarks = createLandmarks();
  const recorded = (raws: readonly Raw[]): Recorded[] => decodeReadable(codec, raws, health);

  const last = async (limit: number, before: number | null = null): Promise<readonly Recorded[]> => {
    const found: Recorded[] = [];
    if (limit === 0) return found;
    for await (const page of log.backwards(before, Math.min(limit, 1_000))) {
      found.push(...recorded(page).slice(0, limit - found.length));
      if (found.length === limit) break;
    }
    return found.reverse();
  };

  const positionBefore = async (instant: string): Promise<number> => {
    const wanted = Date.parse(instant);
    for await (const page of log.backwards(landmarks.after(wanted), 100)) {
      const found = page.find((raw) => recordedAtOf(raw) < wanted);
      if (found) return found.position;
      const newest = page[0];
      if (newest) landmarks.note(newest.position, Math.min(...page.map(recordedAtOf).filter((at) => !Number.isNaN(at))));
    }
    return 0;
  };

  const read = async (streamId: string, from: number, limit: number) => decodeWhole(codec, await log.read(streamId, from, limit), health);
  const name = await log.identify();
  const logId = (await isSetBack({ read }, name)) ? await log.identify(name) : name;
  const tail = createTail({ log, from: await log.head(), recorded, underWay, landmarks, onError });
  const readAll = async (after: number, limit: number) => recorded(await log.readAll(after, limit));
  return {
    log,
    codec,
    shared: {
      logId,
      isShared: true,
      isWritable: async () => true,
      read,
      readAll,
      last,
      head: log.head,
      told: tail.told,
      onCommitted: tail.onCommitted,
      positionBefore,
    },
    async close() {
      await tail.stop();
      await log.close();
    },
  };
};

/** The log for those who only read it, such as a thread of projections. */
export const createEventStoreDbReader = async (options: EventStoreDbReaderOptions) => {
  const { shared, close } = await openReader(options, { underWay: new Map(), isSetBack: async () => false });
  return { ...shared, close };
};

/** What the snapshot of the limits is kept under; no stream of ours has this name. */
const limitsName = '$limits';
const limitsVersion = 1;

const Limits = z.object({ position: z.number(), limits: z.array(z.tuple([z.string(), z.record(z.string(), z.number().nullable())])) });

/** Notes which streams were limited before this process began to follow the log. What is kept of it spares reading the whole log each time. */
const findLimits = async (log: EventStoreDbLog, beside: Beside) => {
  const kept = await beside.snapshot(limitsName);
  const known = kept?.version === limitsVersion ? Limits.parse(JSON.parse(kept.body)) : { position: 0, limits: [] };
  for (const [streamId, { truncateBefore, ...others }] of known.limits)
    log.health.limit(streamId, {
      ...others,
      ...(truncateBefore !== undefined && { truncateBefore: truncateBefore ?? Number.POSITIVE_INFINITY }),
    });
  const position = await log.head();
  await log.findLimits(known.position);
  const body = JSON.stringify({ position, limits: [...log.health.limits()] });
  beside.saveSnapshot(limitsName, { revision: 0, version: limitsVersion, body });
};

/** What the mark is kept under; no stream of ours has this name. */
const markName = '$mark';
const markVersion = 1;
/** Milliseconds between two looks whether the log still holds the last event that this process knows, and between two marks that are kept. */
const lookEvery = 5_000;
const keepEvery = 1_000;

/** Remembers the newest event that this process knows of, also for the next one, and notices when the log does not hold it any more. */
const createMark = (beside: Beside, log: Pick<EventStore, 'logId' | 'read' | 'last'> & { name(): Promise<string | undefined> }) => {
  let newest = { position: 0, mark: '' };
  let kept = 0;
  const keep = () => {
    if (newest.position <= kept) return;
    kept = newest.position;
    beside.saveSnapshot(markName, { revision: kept, version: markVersion, body: newest.mark });
  };
  const note = (events: readonly Recorded[]) => {
    const last = events[events.length - 1];
    if (last && last.position > newest.position) newest = { position: last.position, mark: markOf(last) };
  };
  let looking: Promise<boolean> | null = null;
  const look = async (): Promise<boolean> => {
    if ((await log.name()) !== log.logId || !(await holds(log, newest.mark))) return false;
    note(await log.last(1));
    return true;
  };
  return {
    note,
    text: () => newest.mark,
    keep,
    /** Whether the log is still the one that this process has read; also where that cannot be learnt now. */
    isWell: (): Promise<boolean> => {
      looking ??= look()
        .catch(() => true)
        .finally(() => {
          looking = null;
        });
      return looking;
    },
  };
};

export const createEventStoreDbStore = async (options: EventStoreDbOptions): Promise<EventStore> => {
  const { beside, now = Date.now, onBatch = () => {}, onSetBack = () => {} } = options;
  const underWay = new Map<string, Promise<void>>();
  const isSetBack = async (read: Pick<EventStore, 'read'>, logId: string) => {
    await beside.belongTo(logId);
    const kept = await beside.snapshot(markName);
    return kept !== null && !(await holds(read, kept.body));
  };
  const { log, codec, shared, close } = await openReader(options, { underWay, isSetBack });
  await beside.belongTo(shared.logId);
  await findLimits(log, beside);
  const mark = createMark(beside, { ...shared, name: log.name });
  await mark.isWell();
  let gone: DomainError | null = null;
  const check = async () => {
    if (gone || (await mark.isWell())) return;
    gone ??= logSetBack(mark.text());
    beside.abandon();
    onSetBack(gone);
  };
  const keeping = setInterval(mark.keep, keepEvery).unref();
  const checking = setInterval(() => void check(), lookEvery).unref();
  const ends = new LRUCache<string, End>({ max: 50_000 });
  const witnesses = new Set<(events: readonly Recorded[]) => void>();

  const endOf = async (streamId: string): Promise<End> => {
    const known = ends.get(streamId);
    if (known) return known;
    const last = await log.last(streamId);
    if (!last) return noStream;
    const end = { revision: last.revision, hash: keptHash(last.hash) };
    ends.set(streamId, end);
    return end;
  };

  /** The end that an append must follow. What is remembered of it can be behind, never ahead. */
  const mustEndAt = async (streamId: string, expected: number): Promise<End> => {
    let end = expected < 0 ? (ends.get(streamId) ?? noStream) : await endOf(streamId);
    if (end.revision < expected) {
      ends.delete(streamId);
      end = await endOf(streamId);
    }
    if (end.revision !== expected) throw new VersionConflict(streamId, expected, end.revision);
    return end;
  };

  /** The server names the position of the last event only: those of several are read. */
  const positionsOf = async (streamId: string, expected: number, count: number, last: number | null): Promise<readonly number[]> => {
    if (count === 1 && last !== null) return [last];
    return (await log.read(streamId, expected + 1, count)).map(({ position }) => position);
  };

  const write = async ({ streamId, expected, events, keys = [] }: AppendRequest): Promise<readonly Recorded[]> => {
    const recordedAt = new Date(now()).toISOString();
    const metadata = events.map((item) => ({ ...item.metadata, recordedAt, schemaVersion: codec.schemaVersion(item.event.type) }));
    const stored = metadata.map((one, index) => codec.encode((events[index] as (typeof events)[number]).event, one));
    let { hash } = await mustEndAt(streamId, expected);
    const chained = stored.map((one, index): Unplaced => {
      hash = chainHash(hash, streamId, expected + 1 + index, one);
      return { ...one, hash: hash.toString('hex') };
    });
    const bytes = chained.reduce((sum, one) => sum + weightOf(one), 0);
    if (bytes > maxAppendBytes || chained.length > maxAppendEvents) {
      throw new DomainError('request.too_large', 'This is too much for one command.', { bytes, events: chained.length });
    }
    onBatch(1);
    if (gone) throw gone;
    try {
      const answer = await log.append(streamId, expected, chained);
      if (!answer.ok) throw new VersionConflict(streamId, expected, answer.actual);
      const positions = await positionsOf(streamId, expected, events.length, answer.position);
      ends.set(streamId, { revision: expected + events.length, hash });
      const written = events.map((item, index) => ({
        event: item.event,
        streamId,
        revision: expected + 1 + index,
        position: positions[index] as number,
        metadata: { ...(metadata[index] as (typeof metadata)[number]), hash: (chained[index] as Unplaced).hash },
      }));
      beside.keep(keys.map(({ offset, ...key }) => ({ ...key, streamId, firstRevision: expected + 1 + offset, outcome: null })));
      mark.note(written);
      for (const listener of witnesses) listener(written);
      return written;
    } catch (error) {
      ends.delete(streamId);
      throw error;
    }
  };

  /** One after the other on one stream, for the hash of each follows from the one before. */
  const append = (request: AppendRequest): Promise<readonly Recorded[]> => {
    const { streamId } = request;
    const written = (underWay.has(streamId) ? Promise.resolve(underWay.get(streamId)).then(() => write(request)) : write(request)).catch(
      async (error: unknown) => {
        // Whoever asked knew the stream longer than it is, and by no other way does one grow shorter.
        if (error instanceof VersionConflict && error.actual < request.expected) await check();
        throw gone ?? error;
      },
    );
    const folded = written
      .then(
        () => {},
        () => {},
      )
      .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
      .then(() => {
        if (underWay.get(streamId) === folded) underWay.delete(streamId);
      });
    underWay.set(streamId, folded);
    return written;
  };

  return {
    ...shared,
    append,
    onAppended(listener) {
      witnesses.add(listener);
      return () => witnesses.delete(listener);
    },
    async read(streamId, from, limit) {
      const page = await shared.read(streamId, from, limit);
      const last = page[page.length - 1];
      // An append that follows needs not ask for it.
      if (last && page.length < limit && last.revision > (ends.get(streamId)?.revision ?? -1))
        ends.set(streamId, { revision: last.revision, hash: keptHash(last.metadata.hash) });
      return page;
    },
    snapshot: beside.snapshot,
    saveSnapshot: beside.saveSnapshot,
    known: beside.known,
    keepOutcome: (key, outcome) => beside.keep([{ ...key, streamId: null, firstRevision: 0, count: 0, outcome }]),
    checkpoints: beside.checkpoints,
    async close() {
      clearInterval(keeping);
      clearInterval(checking);
      while (underWay.size > 0) await Promise.all(underWay.values());
      if (!gone) mark.keep();
      await beside.close();
      await close();
    },
  };
};
