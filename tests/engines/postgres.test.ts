// The way to PostgreSQL, straight and through PgBouncer: numbers, transactions, trouble as one kind of error, migrations that start together.
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Migration, migrate, openPostgres, type Postgres, StoreUnavailable } from '../../infra/postgres.ts';
import { needed } from './needed.ts';

const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => null).catch((error: unknown) => error);

describe.each([['straight', 'DATABASE_URL'] as const, ['through PgBouncer', 'PGBOUNCER_URL'] as const])('PostgreSQL %s', (_, variable) => {
  const schema = `postgres_test_${randomUUID().replaceAll('-', '')}`;
  let postgres: Postgres;
  const counts = () => postgres.query<{ n: number }>(`SELECT n FROM ${schema}.counts ORDER BY n`);
  beforeAll(async () => {
    postgres = openPostgres(needed(variable), { max: 4, name: 'test' });
    await postgres.query(`CREATE SCHEMA ${schema}`);
    await postgres.query(`CREATE TABLE ${schema}.counts (n bigint PRIMARY KEY)`);
  });
  afterAll(async () => {
    await postgres.query(`DROP SCHEMA ${schema} CASCADE`);
    await postgres.close();
  });

  it('answers whole numbers of eight bytes as numbers', async () => {
    expect(await postgres.query('SELECT 4503599627370497::bigint AS n, $1::text AS t', ['x'])).toEqual([{ n: 4503599627370497, t: 'x' }]);
  });

  it('writes all of a transaction or nothing', async () => {
    const add = (n: number) => `INSERT INTO ${schema}.counts VALUES (${n})`;
    await postgres.transaction(async (tx) => {
      await tx.query(add(1));
      await tx.query(add(2));
    });
    const refused = failure(
      postgres.transaction(async (tx) => {
        await tx.query(add(3));
        await tx.query(add(1));
      }),
    );
    expect(await refused).toMatchObject({ code: '23505' });
    expect(await counts()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('never says that a transaction was committed when one of its statements had failed', async () => {
    const swallowing = postgres.transaction(async (tx) => {
      await tx.query(`INSERT INTO ${schema}.counts VALUES (4)`);
      await tx.query('SELECT 1 / 0').catch(() => {});
    });
    await expect(swallowing).rejects.toThrow('rolled back');
    expect(await counts()).not.toContainEqual({ n: 4 });
  });

  it('gives up what takes too long, and goes on', async () => {
    const hurried = openPostgres(needed(variable), { max: 1, statementTimeoutMs: 100 });
    expect(await failure(hurried.query('SELECT pg_sleep(30)'))).toBeInstanceOf(StoreUnavailable);
    expect(await failure(hurried.transaction((tx) => tx.query('SELECT pg_sleep(30)')))).toBeInstanceOf(StoreUnavailable);
    expect(await hurried.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await hurried.close();
  });

  it('gets over a connection that the server has ended', async () => {
    const ended = postgres.transaction((tx) => tx.query('SELECT pg_terminate_backend(pg_backend_pid())'));
    expect(await failure(ended)).toBeInstanceOf(StoreUnavailable);
    expect(await postgres.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('migrates once, however many processes start together, and an older release does not mind a newer one', async () => {
    const place = `${schema}_m`;
    const first: Migration = {
      name: '001 shelves',
      up: async (knex) => {
        await knex.schema.withSchema(place).createTable('shelves', (table) => table.integer('n').primary());
      },
    };
    const second: Migration = {
      name: '002 a shelf',
      up: async (knex) => {
        await knex.withSchema(place).from('shelves').insert({ n: 1 });
      },
    };
    await Promise.all([1, 2, 3].map(() => migrate(needed(variable), place, [first, second])));
    await migrate(needed(variable), place, [first]);
    expect(await postgres.query(`SELECT n FROM ${place}.shelves`)).toEqual([{ n: 1 }]);
    await postgres.query(`DROP SCHEMA ${place} CASCADE`);
  });
});

describe('PostgreSQL that is not there', () => {
  it('is told at once', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const url = `postgres://nobody:nothing@127.0.0.1:${port}/none`;
    const nobody = openPostgres(url);
    expect(await failure(nobody.query('SELECT 1'))).toMatchObject({ code: 'server.store_unavailable' });
    expect(await failure(migrate(url, 'none', []))).toBeInstanceOf(StoreUnavailable);
    await nobody.close();
  });

  it('is told in time when it takes the connection and says nothing', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const silent = openPostgres(`postgres://nobody:nothing@127.0.0.1:${port}/none`, { connectTimeoutMs: 100 });
    expect(await failure(silent.query('SELECT 1'))).toBeInstanceOf(StoreUnavailable);
    await silent.close();
    server.close();
  });
});
