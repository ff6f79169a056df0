// Chooses the engine behind each port from the configuration. Nothing above knows which it was.
// Clients of servers are loaded where they are used only: on one machine nobody pays for them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { analyticsOver, serveAnalytics } from './analytics/bridge.ts';
import type { Analytics } from './analytics/port.ts';
import { dictionary } from './analytics/schema.ts';
import { aside } from './cache/aside.ts';
import { memoryCache } from './cache/memory.ts';
import type { Aside, Cache } from './cache/port.ts';
import { type Config, databaseOf } from './config.ts';
import type { KafkaSettings } from './event-feed/kafka-client.ts';
import { createLogFeed, type FeedSource } from './event-feed/log.ts';
import type { MirrorOptions } from './event-feed/mirror.ts';
import type { EventFeed } from './event-feed/port.ts';
import { createCodec, type EventContract } from './event-store/codec.ts';
import type { EventStore } from './event-store/port.ts';
import { createLogReader, createSqliteEventStore } from './event-store/sqlite.ts';
import { verifyRawStream, verifyStream } from './event-store/verify.ts';
import { localLeases } from './lease/local.ts';
import type { Leases } from './lease/port.ts';
import { openMailOutbox } from './outbound/mail-outbox.ts';
import type { SearchReader } from './search/port.ts';
import { openSearchIndex } from './search/sqlite-fts.ts';
import { openSearchReader } from './search/sqlite-reader.ts';
import { serviceNames } from './services.ts';
import type { TableReader } from './tables/port.ts';
import type { TableDatabases } from './tables/postgres-schema.ts';
import { openSqliteTableReader, openSqliteTableWriter } from './tables/sqlite.ts';
import { createAccessTokens } from './tokens/access.ts';
import { createMailedTokens } from './tokens/mailed.ts';
import { createRefreshTokens } from './tokens/refresh.ts';
import { createRevocations } from './tokens/revocations.ts';
import { loadMasterKey } from './vault/master.ts';
import { createPasswords } from './vault/passwords.ts';
import { createSeals } from './vault/seal.ts';
import { openSqliteVault } from './vault/sqlite.ts';

const logFile = (dataDir: string) => join(dataDir, 'log.db');
const readFile = (dataDir: string) => join(dataDir, 'read.db');
const searchFile = (dataDir: string) => join(dataDir, 'search.db');

type OnError = (error: Error) => void;

export interface LogOptions {
  readonly contract: EventContract;
  readonly now: () => number;
  readonly onBatch: (size: number) => void;
  /** Hears of engines that cannot be reached while they are tried again. */
  readonly onError: OnError;
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

const asError = (onError: OnError) => (error: unknown) => onError(error instanceof Error ? error : new Error(String(error)));

/** The log in EventStoreDB, with what it has no place for beside it: in PostgreSQL, or in DATA_DIR where one process has it all. */
const connectEventStore = async (url: string, config: Config, { contract, now, onBatch, onError }: LogOptions): Promise<EventStore> => {
  const { createEventStoreDbStore } = await import('./event-store/eventstoredb.ts');
  const told = { now, onError: asError(onError) };
  const openBeside = async () => {
    if (!config.DATABASE_URL)
      return (await import('./event-store/beside-sqlite.ts')).openSqliteBeside(join(config.DATA_DIR, 'beside.db'), told);
    return (await import('./event-store/beside-postgres.ts')).openPostgresBeside(config.DATABASE_URL, told);
  };
  return createEventStoreDbStore({ url, contract, now, onBatch, onError: told.onError, beside: await openBeside() });
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
  const { contract, now, onBatch } = options;
  mkdirSync(config.DATA_DIR, { recursive: true, mode: 0o700 });
  const store = config.EVENTSTORE_URL
    ? await connectEventStore(config.EVENTSTORE_URL, config, options)
    : await createSqliteEventStore({ file: logFile(config.DATA_DIR), contract, now, onBatch });
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

export type MirrorNeeds = Pick<MirrorOptions, 'publish' | 'leases' | 'owner'> & Pick<LogOptions, 'contract' | 'now' | 'onError'>;

/** Copies the log to Kafka until it is stopped; null where there is no Kafka. */
export const connectMirror = async (config: Config, { contract, now, ...needs }: MirrorNeeds) => {
  const kafka = kafkaSettings(config);
  if (!kafka || !config.EVENTSTORE_URL) return null;
  const [{ startMirror }, { verbatim }] = await Promise.all([import('./event-feed/mirror.ts'), import('./event-feed/kafka-record.ts')]);
  const { onError } = needs;
  const source = await connectEventStore(config.EVENTSTORE_URL, config, { contract: verbatim, now, onBatch: () => {}, onError });
  const { decode } = createCodec(contract);
  const mirror = startMirror({ ...needs, kafka, namespace: config.NAMESPACE, source, version: contract.version, decode });
  return {
    position: mirror.position,
    head: () => source.head(),
    stop: async () => {
      await mirror.stop();
      await source.close();
    },
  };
};

/** The embedded log as the thread of the projections reads it; `grown` tells it how far to follow. */
const readLog = (dataDir: string, contract: EventContract) => {
  const reader = createLogReader(logFile(dataDir), createCodec(contract));
  const listeners = new Set<() => void>();
  // NOTE: whoever reads on as long as there is more reads a few events at a time under load, and folding them one by one costs a multiple.
  let told = reader.head();
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

export interface ProjectionsOptions {
  readonly contract: EventContract;
  /** The lease under which a database that others reach too is written. */
  readonly fence: { readonly name: string; readonly epoch: number } | null;
  readonly onError: OnError;
}

const connectSource = async (config: Config, { contract, onError }: ProjectionsOptions) => {
  if (!config.EVENTSTORE_URL) return readLog(config.DATA_DIR, contract);
  const { createEventStoreDbReader } = await import('./event-store/eventstoredb.ts');
  const log = await createEventStoreDbReader({ url: config.EVENTSTORE_URL, contract, onError: asError(onError) });
  const { feed, close } = await connectFeed(config, log, { contract, onError });
  return {
    log,
    feed,
    grown: () => {},
    close: async () => {
      await close();
      await log.close();
    },
  };
};

/** The databases of the read models: the one of all services, and those that some have of their own. */
const openDatabases = async (config: Config, main: string, name: string): Promise<TableDatabases> => {
  const [{ openPostgres }, { tableDatabases }] = await Promise.all([import('./postgres.ts'), import('./tables/postgres-schema.ts')]);
  const options = { max: config.DATABASE_POOL, name };
  const own = serviceNames.flatMap((service) => {
    const url = databaseOf(config, service);
    return url && url !== config.DATABASE_URL ? [[service, openPostgres(url, options)] as const] : [];
  });
  return tableDatabases(openPostgres(main, options), new Map(own));
};

/** Whoever comes first makes what readers and the writer look into. */
const migrateEach = async (config: Config, main: string) => {
  const { migrateTables } = await import('./tables/postgres-schema.ts');
  for (const url of new Set([main, ...serviceNames.map((service) => databaseOf(config, service) ?? main)])) await migrateTables(url);
};

const closeDatabases = ({ all }: TableDatabases) => Promise.all(all.map((database) => database.close()));

const connectTables = async (config: Config, fence: ProjectionsOptions['fence']) => {
  const { DATABASE_URL: url, DATA_DIR } = config;
  if (!url) {
    const rows = openSqliteTableReader(readFile(DATA_DIR));
    return { tables: openSqliteTableWriter(readFile(DATA_DIR)), rows, close: () => rows.close() };
  }
  const [{ openPostgresTableWriter }, { openPostgresTableReader }, { fenceOf }] = await Promise.all([
    import('./tables/postgres.ts'),
    import('./tables/postgres-reader.ts'),
    import('./lease/postgres.ts'),
  ]);
  await migrateEach(config, url);
  const databases = await openDatabases(config, url, 'tokobapak projections');
  const tables = openPostgresTableWriter({ databases, ...(fence && { fence: fenceOf(fence) }) });
  return { tables, rows: openPostgresTableReader(databases), close: async () => void (await closeDatabases(databases)) };
};

const connectSearchIndex = async ({ ELASTICSEARCH_URL: url, NAMESPACE: namespace, DATA_DIR }: Config) => {
  if (!url) return openSearchIndex(searchFile(DATA_DIR));
  const { openElasticsearchIndex } = await import('./search/elasticsearch.ts');
  return openElasticsearchIndex({ url, namespace });
};

/** What the thread of the projections needs. */
export const connectProjections = async (config: Config, options: ProjectionsOptions) => {
  const { log, feed, grown, close } = await connectSource(config, options);
  const { tables, rows, close: closeTables } = await connectTables(config, options.fence);
  const searchIndex = await connectSearchIndex(config);
  const reached = await connectReached(config, log.logId);
  const shared = config.REDIS_URL ? await connectCache(config, { now: Date.now, isFleet: true }) : null;
  return {
    log,
    feed,
    grown,
    tables,
    /** The same rows as queries find them: for what is fanned out to many of them. */
    rows,
    searchIndex,
    /** Where other processes learn how far the read models are; null where there are none. */
    reached,
    /** Answers that all processes keep together; null where each keeps its own. */
    aside: shared?.aside ?? null,
    close: async () => {
      await close();
      await closeTables();
      await searchIndex.close();
      await reached?.close();
      await shared?.close();
    },
  };
};

/** Where processes tell each other how far the read models are; null on embedded tables, which are one process's. */
export const connectReached = async ({ DATABASE_URL: url, DATABASE_REPLICA_URL: replica }: Config, logId: string) => {
  if (!url) return null;
  const { openReached } = await import('./tables/reached.ts');
  return openReached(url, logId, replica);
};

/** The proof that a stream is as it was written. */
export const connectVerification = async ({ EVENTSTORE_URL: url, DATA_DIR }: Config) => {
  if (!url) return { verify: (streamId: string) => verifyStream(logFile(DATA_DIR), streamId), close: async () => {} };
  const { openRawEventStoreDb } = await import('./event-store/raw-eventstoredb.ts');
  const log = openRawEventStoreDb(url);
  return { verify: (streamId: string) => verifyRawStream(log, streamId), close: () => log.close() };
};

export interface ConnectedAnalytics {
  readonly analytics: Analytics;
  /** Where the thread of the projections hands its facts to an embedded engine, whose directory has one opener; null: it goes there itself. */
  readonly feed: MessagePort | null;
  /** What the tables mean. */
  readonly dictionary: readonly object[];
  close(): Promise<void>;
}

/** Analytics; null where it is switched off, and in a fleet without ClickHouse. */
export const connectAnalytics = async (config: Config, { isFleet }: { readonly isFleet: boolean }): Promise<ConnectedAnalytics | null> => {
  const zone = config.MARKET_TIME_ZONE;
  if (config.ANALYTICS === 'off' || isFleet) return null;
  const { openChdbAnalytics } = await import('./analytics/chdb.ts');
  const directory = join(config.DATA_DIR, 'analytics');
  const analytics = openChdbAnalytics({ directory, zone, idleMs: config.ANALYTICS_IDLE_SECONDS * 1_000 });
  const { port1, port2 } = new MessageChannel();
  serveAnalytics(analytics, port1);
  return {
    analytics,
    feed: port2,
    dictionary: dictionary(zone),
    close: async () => {
      port1.close();
      await analytics.close();
    },
  };
};

/** Where the projections hand their facts to; null where analytics is switched off. `port`: of an engine in another thread. */
export const connectFacts = async (_config: Config, port: MessagePort | null): Promise<Omit<Analytics, 'report' | 'query'> | null> => {
  if (!port) return null;
  return { ...analyticsOver(port), close: async () => port.close() };
};

/** Product search, for the query services. */
export const connectSearch = async ({ ELASTICSEARCH_URL: url, NAMESPACE: namespace, DATA_DIR }: Config): Promise<SearchReader> => {
  if (!url) return openSearchReader(searchFile(DATA_DIR));
  const { openElasticsearchReader } = await import('./search/elasticsearch-reader.ts');
  return openElasticsearchReader({ url, namespace });
};

/** The rows of the read models, for the query services. */
export const connectReads = async (config: Config): Promise<TableReader & { forget(): void }> => {
  const { DATABASE_URL: url, DATABASE_REPLICA_URL: replica, DATA_DIR } = config;
  if (!url) return openSqliteTableReader(readFile(DATA_DIR));
  const { openPostgresTableReader } = await import('./tables/postgres-reader.ts');
  await migrateEach(config, url);
  const databases = await openDatabases(config, replica ?? url, 'tokobapak queries');
  const reader = openPostgresTableReader(databases);
  return { ...reader, close: async () => void (await closeDatabases(databases)) };
};

/** Who may do alone what one process alone may do. */
export const connectLeases = async ({ DATABASE_URL: url }: Config, onError: OnError): Promise<Leases> => {
  if (!url) return localLeases();
  const { openPostgresLeases } = await import('./lease/postgres.ts');
  return openPostgresLeases(url, { onError: asError(onError) });
};

/** The outbox of development. */
export const connectMail = async ({ DATABASE_URL: url, DATA_DIR }: Config) => {
  if (!url) return openMailOutbox(DATA_DIR);
  const { openPostgresMailOutbox } = await import('./outbound/mail-outbox-postgres.ts');
  return openPostgresMailOutbox(url);
};

/** The vault and what rests on its keys: seals, passwords, tokens. */
export const connectVault = async (config: Config, now: () => number) => {
  const { DATABASE_URL: url, DATA_DIR: dataDir } = config;
  const master = loadMasterKey({ masterKey: config.MASTER_KEY, dataDir, production: config.NODE_ENV === 'production' });
  const openVault = async () => {
    if (!url) return openSqliteVault(join(dataDir, 'vault.db'), master);
    const { openPostgresVault } = await import('./vault/postgres.ts');
    return openPostgresVault(url, master);
  };
  const vault = await openVault();
  const revocations = createRevocations(now);
  const secretOf = (purpose: string) => master.derive(purpose).toString('base64url');
  return {
    vault,
    revocations,
    /** A name for a value that says nothing about it: what claims are named by. */
    blindIndex: master.blindIndex,
    /** Hashed into the fingerprints of requests, so that a body with a password in it cannot be guessed from its fingerprint. */
    fingerprintSecret: secretOf('request fingerprint'),
    /** What processes of a fleet prove themselves to each other by. */
    siblingToken: secretOf('sibling processes'),
    seals: createSeals(vault, master, { now }),
    passwords: createPasswords(vault),
    mailedTokens: createMailedTokens(vault),
    refreshTokens: createRefreshTokens(vault, master),
    tokens: createAccessTokens({ vault, master, revocations, issuer: config.PUBLIC_URL, audience: config.TOKEN_AUDIENCE, now }),
  };
};

export interface ConnectedCache {
  /** Counts for all processes where they share one. */
  readonly cache: Cache;
  /** This process's own. */
  readonly ownCache: Cache;
  readonly aside: Aside;
  close(): Promise<void>;
}

/** Rendered answers and the counters of the rate limits. */
export const connectCache = async (
  config: Config,
  { now }: { readonly now: () => number; readonly isFleet: boolean },
): Promise<ConnectedCache> => {
  const ownCache = memoryCache({ maxSize: config.CACHE_MIB * 1_048_576, now });
  return { cache: ownCache, ownCache, aside: aside(ownCache), close: async () => {} };
};
