// Streams as commands see them: the folded state, what each remembers of its commands, snapshots, and those that are kept in memory.
import { LRUCache } from 'lru-cache';
import type { Decider } from '../domain/decider.ts';
import type { Recorded } from '../domain/metadata.ts';
import type { EventStore } from '../infra/event-store/port.ts';

/** The decider with its types forgotten: queues and caches hold streams of every category. */
export type AnyDecider = Decider<unknown, unknown, { type: string }>;

/** A stream as it stands: `seen` holds the last 1,000 command ids with the events that each appended. */
export interface Loaded {
  state: unknown;
  revision: number;
  position: number;
  occurredAt: string;
  seen: Map<string, { first: number; count: number }>;
  snapshotAt: number;
}

const seenLimit = 1_000;
const snapshotEvery = 1_000;
const pageSize = 1_000;
const remember = (loaded: Loaded, commandId: string, first: number, count: number) => {
  loaded.seen.set(commandId, { first, count });
  if (loaded.seen.size > seenLimit) loaded.seen.delete(loaded.seen.keys().next().value as string);
};

/** Folds one more event in. */
const take = (decider: Pick<AnyDecider, 'evolve'>, loaded: Loaded, recorded: Recorded) => {
  loaded.state = decider.evolve(loaded.state, recorded.event);
  note(loaded, recorded);
};

/** Notes where an event stands that the state holds already. */
export const note = (loaded: Loaded, recorded: Recorded) => {
  loaded.revision = recorded.revision;
  loaded.position = recorded.position;
  loaded.occurredAt = recorded.metadata.occurredAt;
  const known = loaded.seen.get(recorded.metadata.commandId);
  if (known) known.count = recorded.revision - known.first + 1;
  else remember(loaded, recorded.metadata.commandId, recorded.revision, 1);
};

/**
 * `known` with what the stream has beyond it. NOTE: folded into a copy, for commands may be under way that were decided on `known`,
 * and their events must be appended at the revision that they were decided at.
 */
const catchUp = async (store: EventStore, decider: Pick<AnyDecider, 'evolve'>, streamId: string, known: Loaded): Promise<Loaded> => {
  let loaded = known;
  for (;;) {
    const page = await store.read(streamId, loaded.revision + 1, pageSize);
    if (page.length > 0 && loaded === known) loaded = { ...known, seen: new Map(known.seen) };
    for (const recorded of page) take(decider, loaded, recorded);
    if (page.length < pageSize) return loaded;
  }
};

const emptyStream = (decider: Pick<AnyDecider, 'initial'>): Loaded => ({
  state: decider.initial,
  revision: -1,
  position: 0,
  occurredAt: '',
  seen: new Map(),
  snapshotAt: -1,
});

/** Folds a stream from its snapshot on, if there is one of this version of the fold. */
const loadStream = async (
  store: EventStore,
  decider: Pick<AnyDecider, 'version' | 'initial' | 'evolve'>,
  streamId: string,
): Promise<Loaded> => {
  const loaded = emptyStream(decider);
  if (store.isShared) {
    // There each look is a call: one tells all of a stream that is too short for a snapshot, as most are.
    const page = await store.read(streamId, 0, snapshotEvery);
    if (page.length < snapshotEvery) {
      for (const recorded of page) take(decider, loaded, recorded);
      return loaded;
    }
  }
  const snapshot = await store.snapshot(streamId);
  if (snapshot === undefined) return loaded;
  if (snapshot && snapshot.version === decider.version) {
    const body = JSON.parse(snapshot.body);
    Object.assign(loaded, {
      state: body.state,
      revision: snapshot.revision,
      position: body.position,
      occurredAt: body.occurredAt,
      snapshotAt: snapshot.revision,
    });
    for (const [commandId, first, count] of body.seen) loaded.seen.set(commandId, { first, count });
  }
  return catchUp(store, decider, streamId, loaded);
};

/** Keeps a snapshot when the last one is 1,000 events old. */
export const keepSnapshot = (store: EventStore, decider: AnyDecider, streamId: string, loaded: Loaded) => {
  if (loaded.revision - loaded.snapshotAt < snapshotEvery) return;
  loaded.snapshotAt = loaded.revision;
  const seen = [...loaded.seen].map(([commandId, { first, count }]) => [commandId, first, count]);
  const body = JSON.stringify({ state: loaded.state, position: loaded.position, occurredAt: loaded.occurredAt, seen });
  store.saveSnapshot(streamId, { revision: loaded.revision, version: decider.version, body });
};

type Foldable = Pick<AnyDecider, 'version' | 'initial' | 'evolve'>;

/** The streams that were used lately, at most `capacity` of them: a warm one is not read again. */
export const createStreams = (store: EventStore, capacity: number) => {
  const cache = new LRUCache<string, Loaded>({ max: capacity });
  const loading = new Map<string, Promise<Loaded>>();
  const load = (decider: Foldable, streamId: string): Promise<Loaded> | Loaded => {
    const known = cache.get(streamId) ?? loading.get(streamId);
    if (known) return known;
    const fresh = loadStream(store, decider, streamId)
      .then((loaded) => {
        cache.set(streamId, loaded);
        return loaded;
      })
      .finally(() => loading.delete(streamId));
    loading.set(streamId, fresh);
    return fresh;
  };
  const renew = async (decider: Foldable, streamId: string, known: Loaded): Promise<Loaded> => {
    const renewed = await catchUp(store, decider, streamId, known);
    const kept = cache.get(streamId);
    if (kept && kept.revision >= renewed.revision) return kept;
    cache.set(streamId, renewed);
    return renewed;
  };
  return {
    /** The stream as it was last seen. */
    load,
    /** The stream as if it were new, unless it is known here. */
    assumeNew(decider: Foldable, streamId: string): Loaded {
      const known = cache.get(streamId);
      if (known) return known;
      const blank = emptyStream(decider);
      cache.set(streamId, blank);
      return blank;
    },
    /**
     * The stream as the log has it at this moment, or as it is kept, where that is at revision `enough` or beyond. In a log of our own a kept
     * state is never behind.
     */
    async newest(decider: Foldable, streamId: string, enough = Number.POSITIVE_INFINITY): Promise<Loaded> {
      const known = cache.get(streamId);
      return known && store.isShared && known.revision < enough ? renew(decider, streamId, known) : load(decider, streamId);
    },
    /** Reads what others have written meanwhile; a stream that is not kept is read when it is next asked for. */
    async refresh(decider: Foldable, streamId: string): Promise<void> {
      const known = cache.get(streamId);
      if (known) await renew(decider, streamId, known).catch(() => cache.delete(streamId));
    },
    forget(streamId: string) {
      cache.delete(streamId);
    },
  };
};
