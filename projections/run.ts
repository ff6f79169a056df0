// Keeps read models up with the log: folds batches, saves rows and checkpoints together, parks poisoned rows, builds new versions beside the old.
import type { Recorded } from '../domain/metadata.ts';
import type { EventFeed, ReaderState, Subscription } from '../infra/event-feed/port.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { Fenced } from '../infra/lease/port.ts';
import type { Generation, TableWriter } from '../infra/tables/port.ts';
import { createRowCache, type Folded, foldBatch, ProjectionStopped, type RowCache } from './fold.ts';
import { createFollowers, type Follower, type Followers } from './followers.ts';
import { patiently } from './patience.ts';
import { type AnyProjection, typesRead } from './projection.ts';

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly position: number;
  readonly state: 'live' | 'building' | 'stopped';
  readonly reason: string | null;
  readonly parked: number;
}

export interface ProjectorOptions {
  readonly tables: TableWriter;
  readonly log: Pick<EventStore, 'read' | 'readAll' | 'head' | 'logId'>;
  readonly feed: EventFeed;
  readonly projections: readonly AnyProjection[];
  readonly followers?: readonly Follower[];
  /** Called after every commit with the position that all live read models have reached, and the rows that changed. */
  readonly onAdvanced?: (position: number, changed: ReadonlyMap<string, readonly string[]>) => void | Promise<void>;
  /** Called when another table has become the live one of a projection. */
  readonly onSwapped?: (projection: string) => void;
  readonly onProgress?: (what: string, position: number, head: number) => void;
  readonly onError?: (error: Error) => void;
  /** Called once when another has taken over: this one writes no more, and is to be closed. */
  readonly onFenced?: (error: Fenced) => void;
}

interface Instance {
  readonly projection: AnyProjection;
  readonly table: string;
  /** Rows that were lately saved. */
  readonly cache: RowCache;
  position: number;
  live: boolean;
  stopped: string | null;
  readonly parked: Set<string>;
}

/** Instances that are fed together, and which of them read a type of event. */
interface Targets {
  readonly instances: readonly Instance[];
  readonly readers: ReadonlyMap<string, readonly Instance[]>;
}

const targetsOf = (instances: readonly Instance[]): Targets => {
  const readers = new Map<string, Instance[]>();
  for (const instance of instances) {
    for (const type of new Set(typesRead(instance.projection))) readers.set(type, [...(readers.get(type) ?? []), instance]);
  }
  return { instances, readers };
};

interface Batch {
  readonly tables: { table: string; rows: Folded['rows'] }[];
  readonly checkpoints: { table: string; position: number }[];
  readonly park: { table: string; projection: string; key: string; firstPosition: number; after: number; reason: string }[];
}

const buildBatch = 2_000;

const instanceOf = (projection: AnyProjection, generation: Generation, parked: readonly string[]): Instance => ({
  projection,
  table: generation.table,
  cache: createRowCache(),
  position: generation.position,
  live: generation.live,
  stopped: null,
  parked: new Set(parked),
});

export class Projector {
  readonly #options: ProjectorOptions;
  #instances: readonly Instance[] = [];
  #liveTargets: Targets | null = null;
  #work: Promise<unknown> = Promise.resolve();
  #subscription: Subscription | null = null;
  /** Aborted when it is closed or has been replaced. */
  readonly #end = new AbortController();
  readonly #followers: Followers;
  /** What went wrong last with a batch; null: the last one went well. */
  #trouble: string | null = null;

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#followers = createFollowers(options.followers ?? [], {
      position: () => this.#livePosition(),
      inTurn: (task) => void this.#oneAtATime(task),
      onError: this.#failed,
    });
  }

  /** Takes up the tables, builds what is missing or of another version, then follows the feed. */
  async start() {
    await this.#patiently(() => this.#oneAtATime(() => this.#open()));
    await this.#patiently(() => this.#build());
    if (this.#end.signal.aborted) return;
    const start = this.#livePosition();
    await this.#followers.advance(start, true);
    await this.#followers.advance(start, false);
    await this.#options.onAdvanced?.(start, new Map());
    const take = async (events: readonly Recorded[], from: number) => {
      this.#liveTargets ??= targetsOf(this.#instances.filter((instance) => instance.live));
      const targets = this.#liveTargets;
      const isEven = targets.instances.every(({ stopped, position }) => stopped !== null || position === from);
      const changed = await this.#apply(targets, events);
      this.#trouble = null;
      const position = this.#livePosition();
      const step = isEven ? { from, events, changed } : undefined;
      await this.#followers.advance(position, true, step);
      await this.#options.onAdvanced?.(position, changed);
      await this.#followers.advance(position, false, step);
    };
    this.#subscription = this.#options.feed.subscribe(start, (events, from) => this.#oneAtATime(() => take(events, from)), this.#notFed);
  }

  status(): ProjectionStatus[] {
    return this.#instances.map(({ projection, position, live, stopped, parked }) => ({
      name: projection.name,
      version: projection.version,
      position,
      state: stopped ? 'stopped' : live ? 'live' : 'building',
      reason: stopped,
      parked: parked.size,
    }));
  }

  /** How each read model, and each follower, comes along. */
  readers(): Record<string, ReaderState> {
    const live = this.#instances.filter((instance) => instance.live);
    const own = Object.fromEntries(
      live.map(({ projection, position, stopped }) => [
        projection.name,
        { position, reason: stopped ?? this.#trouble, ...(stopped !== null && { isBehind: true }) },
      ]),
    );
    return { ...own, ...this.#followers.states() };
  }

  parked() {
    return this.#options.tables.parked();
  }

  /** Folds one parked row again from its first event on; it stays parked when the fold still throws. */
  retry(name: string, key: string) {
    return this.#oneAtATime(async () => {
      const { tables, log } = this.#options;
      const instance = this.#live(name);
      if (!instance?.parked.has(key)) return false;
      const from = (await tables.parked()).find((row) => row.table === instance.table && row.key === key)?.after ?? 0;
      const { projection } = instance;
      const only: AnyProjection = {
        ...projection,
        key: (recorded) => [projection.key(recorded) ?? []].flat().filter((one) => one === key),
      };
      const context = { tables, log, cache: instance.cache, parked: new Set<string>() };
      const reads = new Set(typesRead(projection));
      for (let position = from; ; ) {
        const events = (await log.readAll(position, buildBatch)).filter((event) => event.position <= instance.position);
        if (events.length === 0) break;
        const read = events.filter(({ event }) => reads.has(event.type));
        const folded = await foldBatch(only, instance.table, read, context);
        if (folded.parked.length > 0) {
          instance.cache.clear();
          return false;
        }
        await tables.commit({ tables: [{ table: instance.table, rows: folded.rows }], checkpoints: [] });
        position = events[events.length - 1]?.position ?? position;
      }
      await tables.commit({ tables: [], checkpoints: [], unpark: [{ table: instance.table, key }] });
      instance.parked.delete(key);
      await this.#options.onAdvanced?.(this.#livePosition(), new Map([[name, [key]]]));
      return true;
    });
  }

  /** Gives a parked row up as it stands: later events of it are folded again, those between are left out. */
  skip(name: string, key: string) {
    return this.#oneAtATime(async () => {
      const instance = this.#live(name);
      if (!instance?.parked.delete(key)) return false;
      await this.#options.tables.commit({ tables: [], checkpoints: [], unpark: [{ table: instance.table, key }] });
      return true;
    });
  }

  /** Builds these projections (none named: all) anew beside the live ones and swaps them in; followers begin again. */
  async rebuild(names: readonly string[]) {
    const { projections, followers = [] } = this.#options;
    const wanted = (name: string) => names.length === 0 || names.includes(name);
    for (const projection of projections) if (wanted(projection.name)) await this.#oneAtATime(() => this.#create(projection));
    await this.#patiently(() => this.#build());
    for (const follower of followers) {
      if (!wanted(follower.name)) continue;
      await this.#oneAtATime(async () => {
        await follower.reset();
        await follower.advance(this.#livePosition());
      });
    }
  }

  async close() {
    this.#end.abort();
    this.#followers.stop();
    await this.#subscription?.stop();
    await this.#work;
    await this.#options.tables.close();
  }

  /** All changes happen one after the other: batches, rebuilds, and what an operator asks for. */
  #oneAtATime<T>(task: () => Promise<T>): Promise<T> {
    const next = this.#work.then(task, task);
    this.#work = next.catch((error: unknown) => {
      if (!(error instanceof Fenced) || this.#end.signal.aborted) return;
      this.#end.abort();
      this.#followers.stop();
      void this.#subscription?.stop();
      this.#options.onFenced?.(error);
    });
    return next;
  }

  #patiently(task: () => Promise<void>) {
    return patiently(task, this.#end.signal, this.#failed);
  }

  #failed = (error: Error) => this.#options.onError?.(error);

  #notFed = (error: Error) => {
    this.#trouble = error.message;
    this.#failed(error);
  };

  #set(instances: readonly Instance[]) {
    this.#instances = instances;
    this.#liveTargets = null;
  }

  #live(name: string) {
    return this.#instances.find((candidate) => candidate.projection.name === name && candidate.live);
  }

  #livePosition() {
    const live = this.#instances.filter((instance) => instance.live && !instance.stopped);
    return live.length === 0 ? 0 : Math.min(...live.map((instance) => instance.position));
  }

  /** Takes up what stands in the tables; a checkpoint of another log, or ahead of this one, is never trusted. */
  async #open() {
    const { tables, log, projections } = this.#options;
    this.#set([]);
    const head = await log.head();
    const parked = await tables.parked();
    for (const generation of await tables.generations()) {
      const projection = projections.find((candidate) => candidate.name === generation.projection);
      const trusted = generation.logId === log.logId && generation.position <= head;
      if (projection && trusted && projection.version === generation.version) {
        const keys = parked.filter((row) => row.table === generation.table).map((row) => row.key);
        this.#set([...this.#instances, instanceOf(projection, generation, keys)]);
      } else if (!projection || !trusted || !generation.live) await tables.drop(generation.table);
    }
    for (const projection of projections) {
      const own = this.#instances.filter((instance) => instance.projection === projection);
      if (own.some((instance) => instance.live)) continue;
      const instance = own[0] ?? (await this.#create(projection));
      if (head === 0) await this.#goLive(instance);
    }
  }

  async #create(projection: AnyProjection) {
    const shape = projection.shape ?? { columns: {}, indexes: [] };
    const { name, version, service } = projection;
    const generation = await this.#options.tables.create({ projection: name, version, service }, this.#options.log.logId, shape);
    const instance = instanceOf(projection, generation, []);
    this.#set([...this.#instances, instance]);
    return instance;
  }

  async #goLive(instance: Instance) {
    await this.#options.tables.swap(instance.projection.name, instance.table);
    instance.live = true;
    this.#set(this.#instances.filter((other) => other === instance || other.projection !== instance.projection));
    this.#options.onSwapped?.(instance.projection.name);
  }

  /** Builds all generations that are not live yet in one pass over the log, each up to the live one's position; then it is swapped in. */
  async #build() {
    const { log } = this.#options;
    for (let targets: Targets | null = null; ; ) {
      const missing = this.#instances.filter((candidate) => !candidate.live && !candidate.stopped);
      if (missing.length === 0 || this.#end.signal.aborted) return;
      if (targets?.instances.length !== missing.length || missing.some((one, n) => one !== targets?.instances[n]))
        targets = targetsOf(missing);
      const current = targets;
      const events = await log.readAll(Math.min(...missing.map(({ position }) => position)), buildBatch);
      if (events.length > 0) await this.#oneAtATime(() => this.#apply(current, events));
      const head = await log.head();
      // They are folded from the same pages: how far the last of them is says how far all are.
      this.#options.onProgress?.('read models', Math.min(...missing.map(({ position }) => position)), head);
      for (const instance of missing) {
        const { projection } = instance;
        if (instance.stopped) continue;
        await this.#oneAtATime(async () => {
          if (instance.position >= (this.#live(projection.name)?.position ?? head)) await this.#goLive(instance);
        });
      }
    }
  }

  /** Folds events into these instances and saves all of it, rows and checkpoints, in one transaction. Answers the rows that changed. */
  async #apply(targets: Targets, events: readonly Recorded[]) {
    const { tables } = this.#options;
    const end = events[events.length - 1]?.position ?? 0;
    const changed = new Map<string, readonly string[]>();
    const batch: Batch = { tables: [], checkpoints: [], park: [] };
    const behind = targets.instances.filter((instance) => !instance.stopped && instance.position < end);
    const own = new Map(behind.map((instance) => [instance, [] as Recorded[]]));
    for (const recorded of events) {
      for (const instance of targets.readers.get(recorded.event.type) ?? []) {
        if (recorded.position > instance.position) own.get(instance)?.push(recorded);
      }
    }
    try {
      // All have ended before anything is thrown: none still puts rows into a cache that is cleared then.
      const folding = [...own].map(([instance, read]) => this.#foldInto(batch, changed, instance, read, end));
      for (const ended of await Promise.allSettled(folding)) if (ended.status === 'rejected') throw ended.reason;
      await tables.commit(batch);
    } catch (error) {
      for (const { cache } of behind) cache.clear(); // they hold rows that were not saved
      throw error;
    }
    for (const row of batch.park) {
      behind.find((instance) => instance.table === row.table)?.parked.add(row.key);
      this.#failed(new Error(`${row.projection}: row ${row.key} is parked from position ${row.firstPosition}: ${row.reason}`));
    }
    for (const instance of behind) if (!instance.stopped) instance.position = end;
    return changed;
  }

  async #foldInto(batch: Batch, changed: Map<string, readonly string[]>, instance: Instance, events: readonly Recorded[], end: number) {
    const { projection, table, parked, cache } = instance;
    const { tables, log } = this.#options;
    try {
      const folded = await foldBatch(projection, table, events, { tables, log, cache, parked });
      if (folded.rows.length > 0) batch.tables.push({ table, rows: folded.rows });
      if (folded.touched.length > 0) changed.set(projection.name, folded.touched);
      for (const row of folded.parked) batch.park.push({ ...row, after: instance.position, table, projection: projection.name });
      batch.checkpoints.push({ table, position: end });
    } catch (error) {
      if (!(error instanceof ProjectionStopped)) throw error;
      instance.stopped = error.message;
      cache.clear();
      this.#failed(error);
    }
  }
}
