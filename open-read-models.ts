// Keeps the read models in this process, or finds the one that does.
import type { Aside } from './infra/cache/port.ts';
import type { Config } from './infra/config.ts';
import { type ConnectedAnalytics, connectReached, connectReads } from './infra/connect-reads.ts';
import type { EventStore } from './infra/event-store/port.ts';
import type { Lease } from './infra/lease/port.ts';
import { addressOf } from './infra/services.ts';
import type { TableReader } from './infra/tables/port.ts';
import { projections } from './projections/registry.ts';
import { ProjectorClient } from './projector-client.ts';
import { invalidate } from './read-api/invalidation.ts';
import type { ReadModels } from './read-models.ts';
import { openRemoteReadModels } from './remote-read-models.ts';

export interface ReadModelsNeeds {
  readonly store: Pick<EventStore, 'onCommitted' | 'logId' | 'isShared'>;
  readonly analytics: ConnectedAnalytics | null;
  readonly aside: Aside;
  /** Waits until nobody else keeps them. */
  readonly alone: (what: string) => Promise<Lease>;
  /** What siblings prove themselves by. */
  readonly token: string;
  /** Whether this process keeps them, or asks the one that does. */
  readonly isKeptHere: boolean;
  readonly onProgress: (projection: string, position: number, head: number) => void;
  readonly onSwapped: (projection: string) => void;
  readonly onError: (message: string) => void;
  readonly onFenced: (error: Error) => void;
}

/** Whether a release finds its own versions of all read models live. Those of another log, such as before a move, do not count. */
const builtIn = (tables: TableReader, logId: string) => async () => {
  const own = (await tables.generations()).filter((one) => one.live && one.logId === logId);
  const live = new Set(own.map((one) => `${one.projection} ${one.version}`));
  return projections.every(({ name, version }) => live.has(`${name} ${version}`));
};

export const openReadModels = async (config: Config, needs: ReadModelsNeeds): Promise<ReadModels> => {
  const { store, analytics, aside, alone, token, isKeptHere, onProgress, onSwapped, onError, onFenced } = needs;
  if (!isKeptHere) {
    const reached = await connectReached(config, store.logId);
    if (!reached) throw new Error('Read models that another process keeps need DATABASE_URL.');
    const address = addressOf(config, 'projections');
    const tables = await connectReads(config);
    const remote = openRemoteReadModels({ logId: store.logId, reached, address, token, isBuilt: builtIn(tables, store.logId) });
    return {
      ...remote,
      close: async () => {
        await remote.close();
        await tables.close();
      },
    };
  }
  const lease = config.DATABASE_URL ? await alone('projections') : null;
  const client = new ProjectorClient({
    ...{ config, store, onProgress, onSwapped, onError, onFenced },
    facts: analytics?.feed ?? null,
    fence: lease && { name: lease.name, epoch: lease.epoch },
    // With Redis the answers are all processes', and the thread has removed what is old.
    onChanged: (changed) => void (config.REDIS_URL ? null : invalidate(aside, changed)),
  });
  const close = client.close.bind(client);
  return Object.assign(client, {
    close: async () => {
      await close();
      await lease?.release();
    },
  });
};
