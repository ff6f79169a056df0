// Analytics on a ClickHouse server: a database per build, facts that replace themselves, the checkpoint after them. The SQL is that of chDB.
import { DomainError } from '../../domain/error.ts';
import { analystError, capped, formats, graceMs, isGone } from './analysts.ts';
import { type ClickHouseConnection, type ClickHouseOptions, EngineRefusal, openClickHouse, type Statement } from './clickhouse-client.ts';
import { checkText, checkTree } from './guard.ts';
import { type Analytics, type AnalyticsCheckpoint, defaultCaps } from './port.ts';
import { type ReportRow, reports, reportValues } from './reports.ts';
import { columnNames, createBuild, databaseOf, factTables, valuesOf } from './schema.ts';

export interface ClickHouseAnalyticsOptions extends ClickHouseOptions {
  /** Prefix of all databases of one deployment. */
  readonly namespace: string;
  /** MARKET_TIME_ZONE: days, hours and months are this zone's. */
  readonly zone: string;
}

/** The number of a build without facts, which is asked while there is no other. It never goes live. */
const noFacts = 0;

/**
 * A query may set its limits but write nothing. Its answer comes whole or not at all, so that an error in its middle is one; and when
 * nobody waits for it any more, it ends.
 */
const onlyReading = { readonly: '2', wait_end_of_query: 1, cancel_http_readonly_queries_on_client_close: 1 } as const;
const reportSettings = { ...onlyReading, max_execution_time: defaultCaps.seconds, max_memory_usage: String(defaultCaps.memoryBytes) };

/**
 * One process writes, any may ask. Which build is live stands in the server and is looked up for each question, so that everybody sees a swap
 * at once. Databases: `<namespace>_facts` says which is live, `<namespace>_facts_<build>` holds a build.
 */
export const openClickHouseAnalytics = (options: ClickHouseAnalyticsOptions): Analytics => {
  const { namespace, zone } = options;
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(namespace)) throw new RangeError(`not a prefix of database names: ${namespace}`);
  const prefix = `${namespace}_facts`;
  const server = openClickHouse(options);
  const anywhere = server.connection('default');
  const tablesOf = (build: number) => server.connection(databaseOf(build, prefix));
  const logs = new Map<number, string>();

  const findLive = async (): Promise<number | null> => {
    try {
      const [row] = await anywhere.rows<{ build: number }>({ sql: `SELECT build FROM \`${prefix}\`.live ORDER BY version DESC LIMIT 1` });
      return row?.build ?? null;
    } catch (error) {
      if (isGone(codeOf(error))) return null;
      throw error;
    }
  };

  const setLive = async (build: number) => {
    await anywhere.run(`CREATE DATABASE IF NOT EXISTS \`${prefix}\``);
    await anywhere.run(`CREATE TABLE IF NOT EXISTS \`${prefix}\`.live (build UInt32, version UInt64) ENGINE = MergeTree ORDER BY version`);
    await anywhere.run(`INSERT INTO \`${prefix}\`.live SELECT ${build}, count() + 1 FROM \`${prefix}\`.live`);
  };

  const makeTables = async (build: number) => {
    for (const sql of createBuild(build, zone, prefix)) await anywhere.run(sql);
  };

  const unknownBuild = (build: number) => {
    logs.delete(build);
    return new DomainError('analytics.unknown_build', `There is no build ${build} of analytics.`, { build });
  };

  const checkpoint = async (build: number): Promise<AnalyticsCheckpoint | null> => {
    try {
      const [row] = await tablesOf(build).rows<AnalyticsCheckpoint>({ sql: 'SELECT log_id AS logId, position FROM checkpoint FINAL' });
      if (row) logs.set(build, row.logId);
      return row ?? null;
    } catch (error) {
      throw isGone(codeOf(error)) ? unknownBuild(build) : error;
    }
  };

  const databases = async () =>
    (await anywhere.rows<{ name: string }>({ sql: 'SELECT name FROM system.databases' })).map(({ name }) => name);

  /** Also what an earlier swap could not drop any more. */
  const dropAllBut = async (build: number) => {
    const builds = new RegExp(`^${prefix}_\\d+$`);
    for (const database of await databases()) {
      if (!builds.test(database) || database === databaseOf(build, prefix)) continue;
      await anywhere.run(`DROP DATABASE IF EXISTS \`${database}\` SYNC`);
      await server.forget(database);
    }
    for (const known of logs.keys()) if (known !== build) logs.delete(known);
  };

  /** Asks the live build; once more when another has taken its place meanwhile. */
  const inLive = async <T>(question: (build: number | null) => Promise<T>): Promise<T> => {
    const live = await findLive();
    try {
      return await question(live);
    } catch (error) {
      const next = isGone(codeOf(error)) ? await findLive() : live;
      if (next === live) throw error;
      return question(next);
    }
  };

  return {
    create: async (build) => {
      const before = await findLive();
      await makeTables(build);
      if (before === null) await setLive(build);
    },
    insert: async (build, facts, { logId, position }) => {
      if (!logs.has(build)) await checkpoint(build);
      if ((logs.get(build) ?? logId) !== logId)
        throw new DomainError('analytics.other_log', 'Analytics was fed from another log: rebuild it.', { build });
      const tables = tablesOf(build);
      try {
        for (const table of factTables) if (facts[table]?.length) await tables.insert(table, columnNames(table), valuesOf(table, facts));
        await tables.insert('checkpoint', ['log_id', 'position'], [[logId, position]]);
      } catch (error) {
        throw isGone(codeOf(error)) ? unknownBuild(build) : error;
      }
      logs.set(build, logId);
    },
    checkpoint,
    live: findLive,
    swap: async (build) => {
      const old = await findLive();
      if (old !== build) {
        const [next, read] = [await checkpoint(build), old === null ? null : await checkpoint(old).catch(nothingIfGone)];
        if (read !== null && (next === null || (next.logId === read.logId && next.position < read.position)))
          throw new DomainError('analytics.build_behind', 'The new facts have not read as far as the old ones.', { build, old });
        await setLive(build);
      }
      await dropAllBut(build);
    },
    report: (name, params, signal) =>
      inLive(async (live) => {
        if (live === null) return [];
        const statement = { sql: reports[name], params: reportValues(params, zone), settings: reportSettings, signal };
        return tablesOf(live).rows<ReportRow[typeof name]>(statement);
      }).catch(refused),
    query: async (sql, params = {}, format = 'json', caps = defaultCaps, signal) => {
      checkText(sql);
      const others = new Set(await databases());
      return inLive(async (live) => {
        if (live === null) await makeTables(noFacts);
        const tables = tablesOf(live ?? noFacts);
        await checkRead(tables, { sql, params, signal }, others);
        const { name, contentType } = formats[format];
        const statement = { sql: `${capped(sql, caps)}\nFORMAT ${name}`, params, settings: onlyReading, signal };
        try {
          return { contentType, body: await tables.bytes(statement, caps.seconds * 1_000 + graceMs) };
        } catch (error) {
          await discardLeftovers(tables);
          throw error;
        }
      }).catch(refused);
    },
    close: () => server.close(),
  };
};

const codeOf = (error: unknown): number | null => (error instanceof EngineRefusal ? error.code : null);

/** What the engine has against a question, in our words. */
const refused = (error: unknown): never => {
  throw error instanceof EngineRefusal ? analystError(error.code, error.message) : error;
};

/** Lets pass what only reads the fact tables, by the engine's own reading of the text. */
const checkRead = async (tables: ClickHouseConnection, { sql, ...asked }: Statement, others: ReadonlySet<string>) => {
  const tree = await tables.bytes({ sql: `EXPLAIN AST ${sql}\nFORMAT TSVRaw`, ...asked }, graceMs);
  checkTree(Buffer.from(tree).toString(), others);
};

/**
 * NOTE: where chDB stands behind the HTTP interface, what a query had written when it failed comes in front of the next answer. So the answer
 * of a query that everybody knows is read until it comes alone; a ClickHouse server is asked once.
 */
const discardLeftovers = async (tables: ClickHouseConnection) => {
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await tables.bytes({ sql: 'SELECT 1 FORMAT TSVRaw' }, graceMs).catch(() => null);
    if (answer === null || Buffer.from(answer).toString() === '1\n') return;
  }
};

/** The live build may have been taken away: then there is nothing that another could be behind. */
const nothingIfGone = (error: unknown): null => {
  if (error instanceof DomainError && error.code === 'analytics.unknown_build') return null;
  throw error;
};
