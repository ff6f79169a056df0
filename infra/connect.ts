// Chooses the engine behind each port from the configuration. Nothing above knows which it was.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { serveAnalytics } from './analytics/bridge.ts';
import { openChdbAnalytics } from './analytics/chdb.ts';
import { dictionary } from './analytics/schema.ts';
import { aside } from './cache/aside.ts';
import { memoryCache } from './cache/memory.ts';
import type { Config } from './config.ts';
import { createLogFeed, type FeedSource } from './event-feed/log.ts';
import { createCodec, type EventContract } from './event-store/codec.ts';
import type { EventStore } from './event-store/port.ts';
import { createLogReader, createSqliteEventStore } from './event-store/sqlite.ts';
import { verifyStream } from './event-store/verify.ts';
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

export interface LogOptions {
  readonly contract: EventContract;
  readonly now: () => number;
  readonly onBatch: (size: number) => void;
}

/** The log and its feed. */
export const connectLog = async (dataDir: string, { contract, now, onBatch }: LogOptions) => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const store = await createSqliteEventStore({ file: logFile(dataDir), contract, now, onBatch });
  return { store, feed: createLogFeed(store) };
};

/** What the thread of the projections needs; `grown` tells it how far to follow the log. */
export const connectProjections = async (dataDir: string, contract: EventContract) => {
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
  const tables = openSqliteTableWriter(readFile(dataDir));
  const rows = openSqliteTableReader(readFile(dataDir));
  const searchIndex = openSearchIndex(searchFile(dataDir));
  return {
    log,
    feed: createLogFeed(log),
    tables,
    /** The same rows as queries find them: for what is fanned out to many of them. */
    rows,
    searchIndex,
    grown: (head: number) => {
      told = Math.max(told, head);
      for (const ring of listeners) ring();
    },
    close: async () => {
      reader.close();
      await rows.close();
      await searchIndex.close();
    },
  };
};

/** The proof that a stream is as it was written. */
export const connectVerification = (dataDir: string) => (streamId: string) => verifyStream(logFile(dataDir), streamId);

/** Analytics, or null where it is switched off. `feed` is the port over which the thread of the projections feeds it: a directory has one opener. */
export const connectAnalytics = (config: Config) => {
  if (config.ANALYTICS === 'off') return null;
  const zone = config.MARKET_TIME_ZONE;
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

/** Product search, for the query services. */
export const connectSearch = (dataDir: string) => openSearchReader(searchFile(dataDir));

/** The rows of the read models, for the query services. */
export const connectReads = (dataDir: string) => openSqliteTableReader(readFile(dataDir));

/** The vault and what rests on its keys: seals, passwords, tokens. */
export const connectVault = async (config: Config, now: () => number) => {
  const master = loadMasterKey({ masterKey: config.MASTER_KEY, dataDir: config.DATA_DIR, production: config.NODE_ENV === 'production' });
  const vault = openSqliteVault(join(config.DATA_DIR, 'vault.db'), master);
  const revocations = createRevocations(now);
  return {
    vault,
    revocations,
    /** A name for a value that says nothing about it: what claims are named by. */
    blindIndex: master.blindIndex,
    /** Hashed into the fingerprints of requests, so that a body with a password in it cannot be guessed from its fingerprint. */
    fingerprintSecret: master.derive('request fingerprint').toString('base64url'),
    seals: createSeals(vault, master, { now }),
    passwords: createPasswords(vault),
    mailedTokens: createMailedTokens(vault),
    refreshTokens: createRefreshTokens(vault, master),
    tokens: createAccessTokens({ vault, master, revocations, issuer: config.PUBLIC_URL, audience: config.TOKEN_AUDIENCE, now }),
  };
};

/** Rendered answers and the counters of the rate limits. */
export const connectCache = (config: Config, now: () => number) => {
  const cache = memoryCache({ maxSize: config.CACHE_MIB * 1_048_576, now });
  return { cache, aside: aside(cache) };
};
