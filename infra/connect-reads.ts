// Chooses the engines of the read models from the configuration: rows, search, analytics. Nothing above knows which they were.
// Clients of servers are loaded where they are used only: on one machine nobody pays for them.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { analyticsOver, serveAnalytics } from './analytics/bridge.ts';
import type { Analytics } from './analytics/port.ts';
import { type DictionaryTable, dictionary } from './analytics/schema.ts';
import { type Config, databaseOf } from './config.ts';
import { asError, connectSource, type OnError } from './connect-log.ts';
import type { EventContract } from './event-store/codec.ts';
import type { SearchReader } from './search/port.ts';
import { openSearchIndex } from './search/sqlite-fts.ts';
import { openSearchReader } from './search/sqlite-reader.ts';
import { serviceNames } from './services.ts';
import type { TableReader } from './tables/port.ts';
import type { TableDatabases } from './tables/postgres-schema.ts';
import { openSqliteTableReader, openSqliteTableWriter } from './tables/sqlite.ts';

const readFile = (dataDir: string) => join(dataDir, 'read.db');
const searchFile = (dataDir: string) => join(dataDir, 'search.db');

export interface ProjectionsOptions {
  readonly contract: EventContract;
  /** The lease under which a database that others reach too is written. */
  readonly fence: { readonly name: string; readonly epoch: number } | null;
  readonly onError: OnError;
}

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
    const tables = openSqliteTableWriter(readFile(DATA_DIR)); // makes the file where there is none
    const rows = openSqliteTableReader(readFile(DATA_DIR));
    return { tables, rows, close: () => rows.close() };
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

const connectKeeper = async ({ REDIS_URL: url, NAMESPACE: namespace }: Config, onError: OnError) => {
  if (!url) return null;
  const { openAnswerKeeper } = await import('./cache/redis-keeper.ts');
  return openAnswerKeeper(url, { namespace, onError: asError(onError) });
};

/** What the thread of the projections needs. */
export const connectProjections = async (config: Config, options: ProjectionsOptions) => {
  const { log, feed, grown, close } = await connectSource(config, options);
  const { tables, rows, close: closeTables } = await connectTables(config, options.fence);
  const searchIndex = await connectSearchIndex(config);
  const reached = await connectReached(config, log.logId);
  const answers = await connectKeeper(config, options.onError);
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
    /** Keeps the answers true that all processes share; null where there are none. */
    answers,
    close: async () => {
      await close();
      await closeTables();
      await searchIndex.close();
      await reached?.close();
      await answers?.close();
    },
  };
};

/** Where processes tell each other how far the read models are; null on embedded tables, which are one process's. */
export const connectReached = async ({ DATABASE_URL: url, DATABASE_REPLICA_URL: replica }: Config, logId: string) => {
  if (!url) return null;
  const { openReached } = await import('./tables/reached.ts');
  return openReached(url, logId, replica);
};

export interface ConnectedAnalytics {
  readonly analytics: Analytics;
  /** Where the thread of the projections hands its facts to an embedded engine, whose directory has one opener; null: it goes there itself. */
  readonly feed: MessagePort | null;
  /** What the tables mean. */
  readonly dictionary: readonly DictionaryTable[];
  close(): Promise<void>;
}

const connectClickHouse = async ({ CLICKHOUSE_URL: url, NAMESPACE: namespace, MARKET_TIME_ZONE: zone }: Config) => {
  if (!url) return null;
  const { openClickHouseAnalytics } = await import('./analytics/clickhouse.ts');
  return openClickHouseAnalytics({ url, namespace, zone });
};

/** Whether reports are wanted in this process and their engine was left out of the installation. */
export const lacksAnalyticsEngine = (
  { ANALYTICS, CLICKHOUSE_URL }: Pick<Config, 'ANALYTICS' | 'CLICKHOUSE_URL'>,
  engine = 'chdb',
): boolean => {
  if (ANALYTICS === 'off' || CLICKHOUSE_URL) return false;
  try {
    createRequire(import.meta.url).resolve(engine);
    return false;
  } catch {
    return true;
  }
};

/** Analytics; null where it is switched off, and in a fleet without ClickHouse. */
export const connectAnalytics = async (config: Config, { isFleet }: { readonly isFleet: boolean }): Promise<ConnectedAnalytics | null> => {
  const zone = config.MARKET_TIME_ZONE;
  if (config.ANALYTICS === 'off') return null;
  const server = await connectClickHouse(config);
  if (server) return { analytics: server, feed: null, dictionary: dictionary(zone), close: () => server.close() };
  if (isFleet) return null;
  const { openChdbAnalytics } = await import('./analytics/chdb.ts');
  const directory = join(config.DATA_DIR, 'analytics');
  const analytics = openChdbAnalytics({
    directory,
    zone,
    idleMs: config.ANALYTICS_IDLE_SECONDS * 1_000,
    memoryBytes: config.ANALYTICS_MEMORY_MB * 1024 * 1024,
  });
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
export const connectFacts = async (config: Config, port: MessagePort | null): Promise<Omit<Analytics, 'report' | 'query'> | null> => {
  if (!port) return config.ANALYTICS === 'on' ? connectClickHouse(config) : null;
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
