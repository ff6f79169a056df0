// A database of its own for a suite, on the real PostgreSQL.
import { randomUUID } from 'node:crypto';
import { openPostgres } from '../../infra/postgres.ts';
import { needed } from './needed.ts';

const named = (url: string, database: string) => {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
};

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export const newDatabase = async (): Promise<TestDatabase> => {
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const url = needed('DATABASE_URL');
  const run = async (statement: string) => {
    const postgres = openPostgres(url, { max: 1, statementTimeoutMs: 30_000 });
    await postgres.query(statement).finally(() => postgres.close());
  };
  await run(`CREATE DATABASE ${database}`);
  return { url: named(url, database), drop: () => run(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`) };
};
