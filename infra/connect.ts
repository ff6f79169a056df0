// Chooses the engine behind each port from the configuration. Nothing above knows which it was.
// Clients of servers are loaded where they are used only: on one machine nobody pays for them.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { analyticsOver, serveAnalytics } from './analytics/bridge.ts';
import type { Analytics } from './analytics/port.ts';
import { dictionary } from './analytics/schema.ts';
import { aside } from './cache/aside.ts';
import { memoryCache } from './cache/memory.ts';
import type { Aside, Cache } from './cache/port.ts';
import type { Config } from './config.ts';
import { createLogFeed, type FeedSource } from './event-feed/log.ts';
import type { EventFeed } from './event-feed/port.ts';
import { createCodec, type EventContract } from './event-store/codec.ts';
import type { EventStore } from './event-store/port.ts';
import { createLogReader, createSqliteEventStore } from './event-store/sqlite.ts';
import { verifyStream } from './event-store/verify.ts';
import { localLeases } from './lease/local.ts';
import type { Leases } from './lease/port.ts';
import { openMailOutbox } from './outbound/mail-outbox.ts';
import { openSearchIndex } from './search/sqlite-fts.ts';
import { openSearchReader } from './search/sqlite-reader.ts';
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
export const kafkaSettings = (config: Config) =>
  config.KAFKA_BROKERS.length === 0
    ? null
    : {
        brokers: config.KAFKA_BROKERS,
        namespace: config.NAMESPACE,
        ...(config.KAFKA_TLS === 'on' && {
          tls: {
            ...(config.KAFKA_CA_FILE && { ca: readFileSync(config.KAFKA_CA_FILE, 'utf8') }),
            ...(config.KAFKA_CERT_FILE && { cert: readFileSync(config.KAFKA_CERT_FILE, 'utf8') }),
            ...(config.KAFKA_KEY_FILE && { key: readFileSync(config.KAFKA_KEY_FILE, 'utf8') }),
          },
        }),
        ...(config.KAFKA_SASL !== 'off' && {
          sasl: { mechanism: config.KAFKA_SASL, username: config.KAFKA_USERNAME ?? '', password: config.KAFKA_PASSWORD ?? '' },
        }),
      };

/** The log and its feed. */
export const connectLog = async (config: Config, { contract, now, onBatch }: LogOptions): Promise<ConnectedLog> => {
  mkdirSync(config.DATA_DIR, { recursive: true, mode: 0o700 });
  const store = await createSqliteEventStore({ file: logFile(config.DATA_DIR), contract, now, onBatch });
  return { store, feed: createLogFeed(store), close: () => store.close() };
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

/** What the thread of the projections needs. */
export const connectProjections = async (config: Config, { contract }: ProjectionsOptions) => {
  const { log, feed, grown, close } = readLog(config.DATA_DIR, contract);
  const tables = openSqliteTableWriter(readFile(config.DATA_DIR));
  const rows = openSqliteTableReader(readFile(config.DATA_DIR));
  const searchIndex = openSearchIndex(searchFile(config.DATA_DIR));
  const reached = await connectReached(config, log.logId);
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
    aside: null as Aside | null,
    close: async () => {
      await close();
      await rows.close();
      await searchIndex.close();
      await reached?.close();
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
export const connectVerification =
  ({ DATA_DIR }: Config, _store: EventStore) =>
  (streamId: string) =>
    verifyStream(logFile(DATA_DIR), streamId);

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
export const connectSearch = async (config: Config) => openSearchReader(searchFile(config.DATA_DIR));

/** The rows of the read models, for the query services. */
export const connectReads = async (config: Config) => openSqliteTableReader(readFile(config.DATA_DIR));

/** Who may do alone what one process alone may do. */
export const connectLeases = async ({ DATABASE_URL: url }: Config, onError: OnError): Promise<Leases> => {
  if (!url) return localLeases();
  const { openPostgresLeases } = await import('./lease/postgres.ts');
  return openPostgresLeases(url, { onError: (error) => onError(error instanceof Error ? error : new Error(String(error))) });
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
