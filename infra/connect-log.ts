// Chooses the engine of the log and of its feed from the configuration. Nothing above knows which it was.
// Clients of servers are loaded where they are used only: on one machine nobody pays for them.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from './config.ts';
import type { KafkaSettings } from './event-feed/kafka-client.ts';
import type { TopicsOptions } from './event-feed/kafka-topics.ts';
import { createLogFeed, type FeedSource } from './event-feed/log.ts';
import type { MirrorOptions } from './event-feed/mirror.ts';
import { paced } from './event-feed/paced.ts';
import type { EventFeed } from './event-feed/port.ts';
import { createCodec, type EventContract } from './event-store/codec.ts';
import { type Copied, type CopyOptions, copyEvents } from './event-store/copy.ts';
import type { LogHealth } from './event-store/health.ts';
import type { EventStore } from './event-store/port.ts';
import type { RawLog, RawTarget } from './event-store/raw.ts';
import { openRawSqlite, openRawSqliteTarget } from './event-store/raw-sqlite.ts';
import { createSqliteEventStore } from './event-store/sqlite.ts';
import { createLogReader } from './event-store/sqlite-reader.ts';
import { steadyLog, steadyTarget } from './event-store/steady.ts';
import { verifyLog, verifyRawLog, verifyRawStream, verifyStream } from './event-store/verify.ts';
import type { Patience } from './patience.ts';

const logFile = (dataDir: string) => join(dataDir, 'log.db');

export type OnError = (error: Error) => void;

export interface LogOptions {
  readonly contract: EventContract;
  readonly now: () => number;
  readonly onBatch: (size: number) => void;
  /** Hears of engines that cannot be reached while they are tried again. */
  readonly onError: OnError;
  /** The log holds no longer what was read of it here: all that rests on it is to be closed and opened anew. */
  readonly onSetBack?: OnError;
  /** Where what is not as it was written is noted. */
  readonly health?: LogHealth;
}

export interface ConnectedLog {
  readonly store: EventStore;
  readonly feed: EventFeed;
  close(): Promise<void>;
}

/** How Kafka is reached, or null where it is not used. */
export const kafkaSettings = (config: Config): KafkaSettings | null => {
  const {
    KAFKA_BROKERS: brokers,
    KAFKA_CA_FILE: caFile,
    KAFKA_CERT_FILE: certFile,
    KAFKA_KEY_FILE: keyFile,
    KAFKA_SASL: mechanism,
  } = config;
  if (brokers.length === 0) return null;
  const { KAFKA_USERNAME: username = '', KAFKA_PASSWORD: password = '' } = config;
  return {
    brokers,
    ...(config.KAFKA_TLS === 'on' && { tls: { ...(caFile && { caFile }), ...(certFile && { certFile }), ...(keyFile && { keyFile }) } }),
    ...(mechanism !== 'off' && { sasl: { mechanism, username, password } }),
  };
};

export const asError = (onError: OnError) => (error: unknown) => onError(error instanceof Error ? error : new Error(String(error)));

/** The log in EventStoreDB, with what it has no place for beside it: in PostgreSQL, or in DATA_DIR where one process has it all. */
const connectEventStore = async (url: string, config: Config, options: LogOptions): Promise<EventStore> => {
  const { contract, now, onBatch, onError, onSetBack, health } = options;
  const { createEventStoreDbStore } = await import('./event-store/eventstoredb.ts');
  const told = { now, onError: asError(onError) };
  const openBeside = async () => {
    if (!config.DATABASE_URL)
      return (await import('./event-store/beside-sqlite.ts')).openSqliteBeside(join(config.DATA_DIR, 'beside.db'), told);
    return (await import('./event-store/beside-postgres.ts')).openPostgresBeside(config.DATABASE_URL, told);
  };
  return createEventStoreDbStore({
    ...{ url, contract, now, onBatch, onError: told.onError },
    beside: await openBeside(),
    ...(health && { health }),
    ...(onSetBack && { onSetBack }),
  });
};

/** The feed: over Kafka where there is one, else straight from the log. */
const connectFeed = async (
  config: Config,
  source: FeedSource,
  { contract, onError }: Pick<LogOptions, 'contract' | 'onError'>,
): Promise<{ readonly feed: EventFeed; close(): Promise<void> }> => {
  const kafka = kafkaSettings(config);
  if (!kafka) return { feed: createLogFeed(source), close: async () => {} };
  const { createKafkaFeed } = await import('./event-feed/kafka.ts');
  const { decode } = createCodec(contract);
  const feed = createKafkaFeed({ kafka, namespace: config.NAMESPACE, logId: source.logId, decode, onError });
  return { feed, close: () => feed.close() };
};

/** The log and its feed. */
export const connectLog = async (config: Config, options: LogOptions): Promise<ConnectedLog> => {
  const { contract, now, onBatch, health } = options;
  mkdirSync(config.DATA_DIR, { recursive: true, mode: 0o700 });
  const store = config.EVENTSTORE_URL
    ? await connectEventStore(config.EVENTSTORE_URL, config, options)
    : await createSqliteEventStore({ file: logFile(config.DATA_DIR), contract, now, onBatch, ...(health && { health }) });
  const { feed, close } = await connectFeed(config, store, options);
  return {
    store,
    feed,
    close: async () => {
      await close();
      await store.close();
    },
  };
};

export type MirrorNeeds = Pick<MirrorOptions, 'publish' | 'leases' | 'owner'> &
  Pick<LogOptions, 'contract' | 'now' | 'onError' | 'onSetBack'>;

/** Copies the log to Kafka until it is stopped; null where there is no Kafka. */
export const connectMirror = async (config: Config, { contract, now, ...needs }: MirrorNeeds) => {
  const kafka = kafkaSettings(config);
  if (!kafka || !config.EVENTSTORE_URL) return null;
  const [{ startMirror }, { verbatim }] = await Promise.all([import('./event-feed/mirror.ts'), import('./event-feed/kafka-record.ts')]);
  const source = await connectEventStore(config.EVENTSTORE_URL, config, { contract: verbatim, now, onBatch: () => {}, ...needs });
  const { decode } = createCodec(contract);
  const mirror = startMirror({ ...needs, kafka, namespace: config.NAMESPACE, source, version: contract.version, decode });
  return {
    position: mirror.position,
    state: mirror.state,
    head: () => source.head(),
    stop: async () => {
      await mirror.stop();
      await source.close();
    },
  };
};

/** The embedded log as the thread of the projections reads it; `grown` tells it how far to follow. */
const readLog = (dataDir: string, contract: EventContract) => {
  let told = Number.POSITIVE_INFINITY;
  const reader = createLogReader(logFile(dataDir), createCodec(contract), { synced: () => told });
  const listeners = new Set<() => void>();
  // NOTE: whoever reads on as long as there is more reads a few events at a time under load, and folding them one by one costs a multiple.
  told = reader.head();
  const log: FeedSource & Pick<EventStore, 'read' | 'told'> = {
    logId: reader.logId(),
    head: async () => reader.head(),
    told: () => told,
    read: async (streamId, from, limit) => reader.read(streamId, from, limit),
    readAll: async (after, limit) => reader.readAll(after, limit),
    onCommitted(listener) {
      const ring = () => listener([]);
      listeners.add(ring);
      return () => listeners.delete(ring);
    },
  };
  return {
    log,
    feed: createLogFeed(log),
    grown: (head: number) => {
      told = Math.max(told, head);
      for (const ring of listeners) ring();
    },
    close: async () => reader.close(),
  };
};

/** How often a log that another process may write is looked at for more, in milliseconds. */
const lookEvery = 250;

/** The embedded log as it stands, for reading alone: nothing is made for it, and nobody is kept out. `onCommitted` only says that there may be more. */
export const openLogToRead = (dataDir: string, contract: EventContract) => {
  const reader = createLogReader(logFile(dataDir), createCodec(contract));
  const looking = new Set<NodeJS.Timeout>();
  const store: Pick<EventStore, 'read' | 'readAll' | 'last' | 'head' | 'onCommitted'> = {
    head: async () => reader.head(),
    read: async (streamId, from, limit) => reader.read(streamId, from, limit),
    readAll: async (after, limit) => reader.readAll(after, limit),
    last: async (limit, before) => reader.last(limit, before),
    onCommitted(listener) {
      const timer = setInterval(() => listener([]), lookEvery);
      looking.add(timer);
      return () => {
        clearInterval(timer);
        return looking.delete(timer);
      };
    },
  };
  return {
    store,
    close: async () => {
      for (const timer of looking) clearInterval(timer);
      reader.close();
    },
  };
};

/** Milliseconds between two batches of the read models' feed. Saving one costs a dozen statements, however few rows it has. */
const pauseUnderLoad = 20;

/** The log as the thread of the projections reads it. */
export const connectSource = async (config: Config, { contract, onError }: Pick<LogOptions, 'contract' | 'onError'>) => {
  if (!config.EVENTSTORE_URL) return readLog(config.DATA_DIR, contract);
  const { createEventStoreDbReader } = await import('./event-store/eventstoredb.ts');
  const log = await createEventStoreDbReader({ url: config.EVENTSTORE_URL, contract, onError: asError(onError) });
  const { feed, close } = await connectFeed(config, log, { contract, onError });
  return {
    log,
    feed: paced(feed, pauseUnderLoad),
    grown: () => {},
    close: async () => {
      await close();
      await log.close();
    },
  };
};

/** The proof that a stream is as it was written. */
export const connectVerification = async ({ EVENTSTORE_URL: url, DATA_DIR }: Config, { owns }: Pick<EventContract, 'owns'>) => {
  if (!url) return { verify: (streamId: string) => verifyStream(logFile(DATA_DIR), streamId), close: async () => {} };
  const { openRawEventStoreDb } = await import('./event-store/raw-eventstoredb.ts');
  const log = openRawEventStoreDb(url, owns);
  return { verify: (streamId: string) => verifyRawStream(log, streamId), close: () => log.close() };
};

const isAddress = (place: string) => /^\w+(\+discover)?:\/\//.test(place);

/** A log as it stands, at an address of EventStoreDB or in a file. */
const openRawLog = async (place: string, owns: EventContract['owns']): Promise<RawLog> => {
  if (!isAddress(place)) return openRawSqlite(place);
  const { openRawEventStoreDb } = await import('./event-store/raw-eventstoredb.ts');
  return openRawEventStoreDb(place, owns);
};

const openRawTarget = async (place: string, owns: EventContract['owns']): Promise<RawTarget> => {
  if (!isAddress(place)) {
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
    return openRawSqliteTarget(place);
  }
  const { openRawEventStoreDb } = await import('./event-store/raw-eventstoredb.ts');
  return openRawEventStoreDb(place, owns);
};

/** Work on a log that takes minutes. */
interface LongWork extends Pick<EventContract, 'owns'> {
  /** Waits for a log that is away. */
  readonly patience: Patience;
}

/** Whether a log holds nothing yet, or is not there. */
export const isEmptyLog = async (place: string, owns: EventContract['owns']): Promise<boolean> => {
  if (!isAddress(place) && !existsSync(place)) return true;
  const log = await openRawLog(place, owns);
  return log
    .head()
    .then((head) => head === 0)
    .finally(() => log.close());
};

/** Checks the whole chain of hashes of a log. */
export const verifyAnyLog = async (place: string, { owns, patience }: LongWork, onProgress: (done: number, all: number) => void) => {
  if (!isAddress(place)) return { log: place, found: await verifyLog(place, onProgress) };
  const log = await openRawLog(place, owns);
  try {
    return { log: log.name, found: await verifyRawLog(steadyLog(log, patience), onProgress) };
  } finally {
    await log.close();
  }
};

/** Carries a log from one place to another and proves both equal; see copyEvents. */
export const copyLog = async (
  from: string,
  to: string,
  { owns, patience, ...options }: Pick<CopyOptions, 'onProgress' | 'signal'> & LongWork,
): Promise<Copied> => {
  const source = await openRawLog(from, owns);
  try {
    const target = await openRawTarget(to, owns);
    const steady = { from: steadyLog(source, patience), to: steadyTarget(target, patience) };
    return await copyEvents({ ...options, ...steady }).finally(() => target.close());
  } finally {
    await source.close();
  }
};

/** Makes the topics that are missing; answers what it did, or null where there is no Kafka. */
export const connectTopics = async (config: Config, types: readonly string[], options: TopicsOptions) => {
  const kafka = kafkaSettings(config);
  if (!kafka) return null;
  const { applyTopics } = await import('./event-feed/kafka-topics.ts');
  return applyTopics(kafka, config.NAMESPACE, types, options);
};
