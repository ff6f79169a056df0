// PostgreSQL by way of `pg`: a pool that never hangs, transactions, and migrations by knex. It may stand behind PgBouncer in transaction mode:
// no named statements, no settings or locks of a session; what a transaction needs is SET LOCAL.
import knex, { type Knex } from 'knex';
import { DatabaseError, Pool, type PoolClient, type PoolConfig, type QueryConfig, types } from 'pg';
import { DomainError } from '../domain/error.ts';
import { hostsOf, OnlyRead, presentHost } from './postgres-hosts.ts';

export interface Queryable {
  /** Rows of one statement, by the names of their columns; int8 comes as a number. Throws StoreUnavailable, or the server's own error. */
  query<R>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

export interface Postgres extends Queryable {
  /** All of `work` or nothing. NOTE: after StoreUnavailable nobody knows whether it was committed: do it again so that it does no harm. */
  transaction<T>(work: (tx: Queryable) => Promise<T>, options?: TransactionOptions): Promise<T>;
  close(): Promise<void>;
}

export interface TransactionOptions {
  /** Milliseconds that one of its statements may take: for building indexes, which takes its time. */
  readonly statementTimeoutMs?: number;
}

export interface PostgresOptions {
  /** Connections at most. */
  readonly max?: number;
  /** What the server's lists call these connections. */
  readonly name?: string;
  /** Milliseconds that one statement may take. */
  readonly statementTimeoutMs?: number;
  /** Milliseconds that it may take to get a connection, a new one or one of the pool. */
  readonly connectTimeoutMs?: number;
}

/** The store cannot be reached, or does not answer in time: the same may well succeed later. */
export class StoreUnavailable extends DomainError {
  constructor(cause: unknown) {
    super('server.store_unavailable', `The database cannot be reached: ${reasonOf(cause)}.`);
    this.cause = cause;
  }
}

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
};

/** A word or two that tell neither address nor statement. */
const reasonOf = (cause: unknown): string => codeOf(cause) || (cause instanceof Error ? cause.message : 'unknown');

/**
 * SQLSTATEs that pass: connection trouble (08), too little of something (53), serialization and deadlock (40), a statement that took too
 * long (57014), a server that stops, has crashed or is starting (57P0x), a lock (55P03), a standby that is no primary yet (25006), a disk (58030).
 */
const passing = /^(08|53|40)|^(57014|57P0[1-5]|55P03|25006|58030)$/;

/** What the driver says of a connection that is gone, or that it never got; these errors carry no code. */
const lost =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/;

const network = /^E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_AGAIN|NOTFOUND)/;

const isTransient = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  if (error instanceof OnlyRead) return true;
  if (error instanceof DatabaseError) return passing.test(error.code ?? '');
  return network.test(codeOf(error)) || lost.test(error.message) || (error instanceof AggregateError && error.errors.some(isTransient));
};

const told = (error: unknown): unknown => (isTransient(error) ? new StoreUnavailable(error) : error);

const int8 = 20;

const configOf = ({ max = 10, name, statementTimeoutMs = 5_000, connectTimeoutMs = 1_500 }: PostgresOptions): PoolConfig => ({
  max,
  application_name: name ?? 'tokobapak',
  connectionTimeoutMillis: connectTimeoutMs,
  // NOTE: the client's own watch. The server's would be a setting of the session, which PgBouncer refuses; transactions set it for themselves.
  query_timeout: statementTimeoutMs,
  keepAlive: true,
  pipeline: true,
  types: {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === int8 ? Number : format === 'binary' ? types.getTypeParser(oid, format) : types.getTypeParser(oid),
  },
});

const quiet = () => {};

/**
 * Statements of one transaction that need not wait for one another: all are sent at once, and run in this order. Throws what went wrong
 * first, once all have ended: none is still under way when the transaction is rolled back.
 */
export const together = async (statements: readonly Promise<unknown>[]): Promise<void> => {
  const failed = (await Promise.allSettled(statements)).filter((ended) => ended.status === 'rejected').map(({ reason }) => reason);
  if (failed.length > 0) throw failed.find((error) => codeOf(error) !== abortedAlready) ?? failed[0];
};

/** What the server says of a statement that comes after one that failed. */
const abortedAlready = '25P02';

export const openPostgres = (url: string, options: PostgresOptions = {}): Postgres => {
  const { statementTimeoutMs: usual = 5_000 } = options;
  const hosts = hostsOf(url);
  const pool = new Pool({ ...configOf(options), ...hosts.pool });
  // A lost connection is told to whoever uses it; one that lies idle is replaced, and nobody need hear of it.
  pool.on('error', quiet);
  pool.on('connect', (client) => client.on('error', quiet));

  /** A connection after trouble is thrown away: a statement may still be under way on it. */
  const connected = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    let client: PoolClient | undefined;
    let broken = false;
    try {
      client = await hosts.connect(() => pool.connect());
      return await work(client);
    } catch (error) {
      broken = isTransient(error);
      throw told(error);
    } finally {
      client?.release(broken);
    }
  };
  const rowsOf = async <R>(client: PoolClient, text: string, values: readonly unknown[] = [], query_timeout = usual): Promise<R[]> => {
    const statement: QueryConfig & { query_timeout: number } = { text, values: [...values], query_timeout };
    return (await client.query(statement)).rows as R[];
  };

  return {
    query: (text, values) => connected((client) => rowsOf(client, text, values)),
    transaction: (work, { statementTimeoutMs = usual } = {}) =>
      connected(async (client) => {
        await client.query(`BEGIN; SET LOCAL statement_timeout = ${statementTimeoutMs}`);
        try {
          const result = await work({ query: (text, values) => rowsOf(client, text, values, statementTimeoutMs) });
          const { command } = await client.query('COMMIT');
          // NOTE: the server answers COMMIT with ROLLBACK, and no error, when a statement had failed and `work` went on regardless.
          if (command !== 'COMMIT') throw new Error('the transaction had failed and was rolled back');
          return result;
        } catch (error) {
          if (!isTransient(error)) await client.query('ROLLBACK');
          throw error;
        }
      }),
    close: () => pool.end(),
  };
};

export interface Migration {
  readonly name: string;
  up(knex: Knex): Promise<void>;
}

/**
 * Brings `schema` (made where there is none) to the last of these migrations, all in one transaction.
 * Several processes may start at once: they take turns, and the later ones find nothing left to do.
 */
export const migrate = async (url: string, schema: string, migrations: readonly Migration[]): Promise<void> => {
  const connectionString = await presentHost(url, 5_000).catch((error: unknown) => {
    throw told(error);
  });
  const database = knex({
    client: 'pg',
    connection: { connectionString, connectionTimeoutMillis: 5_000, query_timeout: 60_000, application_name: 'tokobapak migrations' },
    pool: { min: 0, max: 1 },
    acquireConnectionTimeout: 10_000,
    log: { warn: quiet, error: quiet, deprecate: quiet, debug: quiet }, // what goes wrong is thrown
  });
  const migrationSource: Knex.MigrationSource<Migration> = {
    getMigrations: async () => [...migrations],
    getMigrationName: ({ name }) => name,
    getMigration: async ({ up }) => ({ up, down: async () => {} }),
  };
  try {
    await database.transaction(async (tx) => {
      await tx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`migrations of ${schema}`]);
      await tx.raw('CREATE SCHEMA IF NOT EXISTS ??', [schema]);
      // An older release may start beside a newer one: migrations that it does not know are none of its business.
      await tx.migrate.latest({ schemaName: schema, tableName: 'migrations', migrationSource, disableMigrationsListValidation: true });
    });
  } catch (error) {
    throw told(error);
  } finally {
    await database.destroy();
  }
};
