// What a log in EventStoreDB has no place for: snapshots, keys of commands, checkpoints. All of it may be lost, for the truth is in the
// streams: so it is written after the append, many at a time, and no failure of it fails a command.
import { type Checkpoints, type CommandKey, type KnownCommand, keyLifetime, keysBetweenDrops, type Snapshot } from './port.ts';

/** A key with what is known of its command: the events that it appended, or the answer of a refusal. */
export interface KeptKey extends CommandKey, Omit<KnownCommand, 'fingerprint'> {}

export interface Beside {
  /** Drops what is kept of another log: after a log was moved or brought back, its streams may be others under the same names. What is written from then on is written for this log alone. */
  belongTo(logId: string): Promise<void>;
  /** The latest snapshot, or null where there is none, or none can be had now. */
  snapshot(streamId: string): Promise<Snapshot | null>;
  saveSnapshot(streamId: string, snapshot: Snapshot): void;
  /** What is known of a command's key, if it is younger than 48 hours; null also where nothing can be learnt now. */
  known(commandId: string): Promise<KnownCommand | null>;
  keep(keys: readonly KeptKey[]): void;
  readonly checkpoints: Checkpoints;
  /** Writes nothing any more: what this process knows is not true. */
  abandon(): void;
  close(): Promise<void>;
}

/** What waits to be written; of each name the latest only. */
export interface Waiting {
  readonly keys: Map<string, KeptKey>;
  readonly snapshots: Map<string, Snapshot>;
  readonly checkpoints: Map<string, number>;
}

/** Where it is kept: what an adapter has to do. Everything may throw. */
export interface BesidePlace {
  /** Drops everything unless it is of this log. */
  belongTo(logId: string): Promise<void>;
  snapshot(streamId: string): Promise<Snapshot | null>;
  key(commandId: string): Promise<KeptKey | null>;
  checkpoint(name: string): Promise<number>;
  /** Writes all of it or nothing, and drops some of the keys that came before `expired` (milliseconds since the epoch), if it is time. */
  write(waiting: Waiting, expired: number | null): Promise<void>;
  close(): Promise<void>;
}

export interface BesideOptions {
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
  /** Hears of what could not be read or written. */
  readonly onError?: (error: Error) => void;
}

/** More than this waits only where nothing can be written: it is dropped. */
const mostWaiting = 20_000;
/** After a failure nothing is asked or written for this many milliseconds: a store that is down must not slow each command. */
const rest = 1_000;

/** How long a start waits for it, and the pause between two tries, in milliseconds. */
const longestStart = 15_000;
const startPause = 250;

const nothing = (): Waiting => ({ keys: new Map(), snapshots: new Map(), checkpoints: new Map() });
const sizeOf = ({ keys, snapshots, checkpoints }: Waiting) => keys.size + snapshots.size + checkpoints.size;

/** Puts back what could not be written, unless something newer of that name has come, or too much waits. */
const putBack = (waiting: Waiting, failed: Waiting) => {
  for (const name of ['keys', 'snapshots', 'checkpoints'] as const) {
    const into: Map<string, unknown> = waiting[name];
    for (const [key, value] of failed[name]) if (!into.has(key) && into.size < mostWaiting) into.set(key, value);
  }
};

export const createBeside = (place: BesidePlace, { now = Date.now, onError = () => {} }: BesideOptions = {}): Beside => {
  let waiting = nothing();
  let underWay = nothing();
  let writing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let restUntil = 0;
  let sinceDrop = keysBetweenDrops;
  let isAbandoned = false;

  const failed = (error: unknown) => {
    restUntil = performance.now() + rest;
    onError(error instanceof Error ? error : new Error(String(error)));
  };
  const write = async () => {
    underWay = waiting;
    waiting = nothing();
    try {
      sinceDrop += underWay.keys.size;
      const isTime = sinceDrop >= keysBetweenDrops;
      if (isTime) sinceDrop = 0;
      await place.write(underWay, isTime ? now() - keyLifetime : null);
    } catch (error) {
      failed(error);
      putBack(waiting, underWay);
    }
    underWay = nothing();
    writing = null;
    if (sizeOf(waiting) > 0) schedule();
  };
  const schedule = () => {
    if (writing || timer) return;
    const pause = restUntil - performance.now();
    if (pause <= 0) writing = new Promise((resolve) => setImmediate(resolve)).then(write);
    else {
      timer = setTimeout(() => {
        timer = undefined;
        schedule();
      }, pause).unref();
    }
  };
  const put = <Name extends keyof Waiting>(
    name: Name,
    key: string,
    value: Waiting[Name] extends Map<string, infer Value> ? Value : never,
  ) => {
    const into: Map<string, unknown> = waiting[name];
    if (isAbandoned) return;
    if (into.size < mostWaiting) into.set(key, value);
    schedule();
  };
  /** What `ask` answers; null where it cannot be had. */
  const ifPossible = async <T>(ask: () => Promise<T>): Promise<T | null> => {
    if (performance.now() < restUntil) return null;
    return ask().catch((error) => {
      failed(error);
      return null;
    });
  };

  return {
    async belongTo(logId) {
      // Without it nothing may be read here: a process that starts waits for a store that is starting too.
      for (const until = performance.now() + longestStart; ; ) {
        try {
          return await place.belongTo(logId);
        } catch (error) {
          if (performance.now() > until) throw error;
          onError(error instanceof Error ? error : new Error(String(error)));
          await new Promise((resolve) => setTimeout(resolve, startPause));
        }
      }
    },
    snapshot: async (streamId) =>
      waiting.snapshots.get(streamId) ?? underWay.snapshots.get(streamId) ?? ifPossible(() => place.snapshot(streamId)),
    saveSnapshot: (streamId, snapshot) => put('snapshots', streamId, snapshot),
    async known(commandId) {
      const key = waiting.keys.get(commandId) ?? underWay.keys.get(commandId) ?? (await ifPossible(() => place.key(commandId)));
      if (!key || Date.parse(key.at) < now() - keyLifetime) return null;
      const { fingerprint, streamId, firstRevision, count, outcome } = key;
      return { fingerprint, streamId, firstRevision, count, outcome };
    },
    keep(keys) {
      for (const key of keys) put('keys', key.commandId, key);
    },
    checkpoints: {
      load: async (name) => waiting.checkpoints.get(name) ?? underWay.checkpoints.get(name) ?? place.checkpoint(name),
      save: (name, position) => put('checkpoints', name, position),
    },
    abandon() {
      isAbandoned = true;
      waiting = nothing();
    },
    async close() {
      clearTimeout(timer);
      await writing;
      if (sizeOf(waiting) > 0) await place.write(waiting, null).catch(failed);
      await place.close();
    },
  };
};
