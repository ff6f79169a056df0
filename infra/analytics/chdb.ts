// Analytics on chDB, the embedded ClickHouse, in a process of its own.
import { existsSync } from 'node:fs';
import { DomainError } from '../../domain/error.ts';
import { analystError, capped, formats, graceMs, isGone } from './analysts.ts';
import { type Bounds, type ChdbOptions, type ChdbProcess, type ChildQuestion, chdbProcess, EngineError } from './chdb-process.ts';
import { checkText, checkTree } from './guard.ts';
import { type Analytics, type AnalyticsCheckpoint, defaultCaps } from './port.ts';
import { type QueryParams, type ReportRow, reports, reportValues } from './reports.ts';
import { columnNames, createBuild, databaseOf, type Facts, type FactTable, factTables, valuesOf } from './schema.ts';

export interface ChdbAnalyticsOptions {
  readonly directory: string;
  /** MARKET_TIME_ZONE: days, hours and months are this zone's. */
  readonly zone: string;
  /** The process holds 250 to 350 MB, so it is let go when nobody has asked for this long. */
  readonly idleMs?: number;
  readonly engine?: string;
  readonly queueLength?: number;
  /** Bytes that the process may hold: what it holds at rest, and what one query may have. */
  readonly memoryBytes?: number;
}

/** `process` tells whether the engine runs. */
export interface ChdbAnalytics extends Analytics {
  readonly process: Pick<ChdbProcess, 'running' | 'pid'>;
}

/** What a question of our own may cost. */
const ownLimits = `max_execution_time = ${defaultCaps.seconds}, max_memory_usage = ${defaultCaps.memoryBytes}`;

/** The number of a build without facts. */
const noFacts = 0;

/** Opens analytics; nothing is started before the first request. One opener per directory. */
export const openChdbAnalytics = (options: ChdbAnalyticsOptions): ChdbAnalytics => {
  const { directory, zone, idleMs = 60_000, engine = 'chdb', queueLength = 100, memoryBytes = 1024 ** 3 } = options;
  const restBytes = memoryBytes - defaultCaps.memoryBytes;
  const childOptions: ChdbOptions = { directory, idleMs, engine, queueLength, memoryBytes, restBytes };
  /** The live build, once known; a fresh session is told to use its tables. */
  let live: number | null = null;
  const useLive = (): ChildQuestion[] => (live === null ? [] : [statement(`USE ${databaseOf(live)}`)]);
  const child = chdbProcess(childOptions, useLive);
  const logs = new Map<number, string>();

  const run = (sql: string) => child.ask(statement(sql));
  const rows = async <Row>(sql: string, params: QueryParams = {}, bounds?: Bounds): Promise<Row[]> =>
    parse(
      await child.ask(
        { kind: 'query', sql: `${sql}\nSETTINGS ${ownLimits}, output_format_json_quote_64bit_integers = 0`, params, format: 'JSON' },
        bounds,
      ),
    );

  const findLive = async (): Promise<number | null> => {
    if (live !== null) return live;
    await run('CREATE DATABASE IF NOT EXISTS facts');
    await run('CREATE TABLE IF NOT EXISTS facts.live (build UInt32, version UInt64) ENGINE = MergeTree ORDER BY version');
    const [row] = await rows<{ build: number }>('SELECT build FROM facts.live ORDER BY version DESC LIMIT 1');
    if (row) await goLive(row.build);
    return live;
  };
  /** Nobody has ever fed facts where there is no directory: to know that takes no engine. */
  const knownLive = async () => (live === null && !existsSync(directory) ? null : findLive());
  const goLive = async (build: number) => {
    live = build;
    await run(`USE ${databaseOf(build)}`);
  };
  const setLive = async (build: number) => {
    await run(`INSERT INTO facts.live SELECT ${build}, count() + 1 FROM facts.live`);
    await goLive(build);
  };
  const checkpoint = async (build: number): Promise<AnalyticsCheckpoint | null> => {
    try {
      const [row] = await rows<AnalyticsCheckpoint>(`SELECT log_id AS logId, position FROM ${databaseOf(build)}.checkpoint FINAL`);
      if (row) logs.set(build, row.logId);
      return row ?? null;
    } catch (error) {
      if (isGone(codeOf(error))) throw new DomainError('analytics.unknown_build', `There is no build ${build} of analytics.`, { build });
      throw error;
    }
  };
  const insertRows = (database: string, table: FactTable, facts: Facts) => {
    const lines = valuesOf(table, facts).map((values) => JSON.stringify(values));
    return child.ask({ kind: 'insert', table: `${database}.${table}`, columns: columnNames(table), values: Buffer.from(lines.join('\n')) });
  };

  const create = async (build: number) => {
    const before = await findLive();
    for (const sql of createBuild(build, zone)) await run(sql);
    if (before === null) await setLive(build);
  };

  return {
    process: child,
    create,
    insert: async (build, facts, { logId, position }) => {
      if (!logs.has(build)) await checkpoint(build);
      if ((logs.get(build) ?? logId) !== logId)
        throw new DomainError('analytics.other_log', 'Analytics was fed from another log: rebuild it.', { build });
      for (const table of factTables) if (facts[table]?.length) await insertRows(databaseOf(build), table, facts);
      const values = Buffer.from(JSON.stringify([logId, position]));
      await child.ask({ kind: 'insert', table: `${databaseOf(build)}.checkpoint`, columns: ['log_id', 'position'], values });
      logs.set(build, logId);
    },
    checkpoint,
    live: knownLive,
    swap: async (build) => {
      const old = await findLive();
      if (old === build) return;
      const [next, reached] = [await checkpoint(build), old === null ? null : await checkpoint(old)];
      if (reached !== null && (next === null || (next.logId === reached.logId && next.position < reached.position)))
        throw new DomainError('analytics.build_behind', 'The new facts have not read as far as the old ones.', { build, old });
      await setLive(build);
      if (old !== null) {
        await run(`DROP DATABASE ${databaseOf(old)} SYNC`);
        logs.delete(old);
      }
    },
    report: async (name, params, signal) => {
      if ((await knownLive()) === null) return [];
      const bounds = { killAfterMs: defaultCaps.seconds * 1_000 + graceMs, signal };
      return rows<ReportRow[typeof name]>(reports[name], reportValues(params, zone), bounds).catch(refused);
    },
    query: async (sql, params = {}, format = 'json', caps = defaultCaps, signal) => {
      checkText(sql);
      // A query needs tables, though there are no facts yet: this build gives way to the first that is fed.
      if ((await findLive()) === null) await create(noFacts);
      try {
        const reading: ChildQuestion = { kind: 'query', sql: `EXPLAIN AST ${sql}`, params, format: 'TSVRaw' };
        const tree = await child.ask(reading, { killAfterMs: graceMs, signal });
        checkTree(Buffer.from(tree).toString());
        const { name, contentType } = formats[format];
        const body = await child.ask(
          { kind: 'query', sql: `${capped(sql, caps)}, readonly = 1`, params, format: name },
          { killAfterMs: caps.seconds * 1_000 + graceMs, signal },
        );
        return { contentType, body };
      } catch (error) {
        return refused(error);
      }
    },
    close: () => child.close(),
  };
};

const statement = (sql: string): ChildQuestion => ({ kind: 'query', sql, params: {}, format: 'TSVRaw' });

/** What the engine has against a question, in our words. */
const refused = (error: unknown): never => {
  throw error instanceof EngineError ? analystError(codeOf(error) ?? 0, error.message) : error;
};

const parse = <Row>(bytes: Uint8Array): Row[] => {
  const answer: { data: Row[] } = JSON.parse(Buffer.from(bytes).toString());
  return answer.data;
};

/** `Code: 62. DB::Exception: …` */
const codeOf = (error: unknown): number | null =>
  error instanceof EngineError ? Number(/Code: (\d+)\./.exec(error.message)?.[1] ?? Number.NaN) : null;
