// The tables of read models on a real PostgreSQL: the contract straight and through PgBouncer, and what only a server has: databases of services,
// partitions, sellers held to their own rows, a fence, replicas that lag.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fenced } from '../../infra/lease/port.ts';
import { openPostgres, type Postgres } from '../../infra/postgres.ts';
import { tablesContract } from '../../infra/tables/contract.ts';
import type { Generation, RowChange, TableReader, TableShape, TableWriter } from '../../infra/tables/port.ts';
import { openPostgresTableWriter } from '../../infra/tables/postgres.ts';
import { openPostgresTableReader } from '../../infra/tables/postgres-reader.ts';
import { migrateTables, tableDatabases } from '../../infra/tables/postgres-schema.ts';
import { newDatabase, type TestDatabase } from './database.ts';
import { needed } from './needed.ts';

for (const variable of ['DATABASE_URL', 'PGBOUNCER_URL']) {
  tablesContract(`PostgreSQL at ${variable}`, async () => {
    const url = needed(variable);
    const prefix = `test_${randomUUID().replaceAll('-', '')}_`;
    await migrateTables(url, prefix);
    const [main, queries] = [openPostgres(url), openPostgres(url)];
    return {
      writer: openPostgresTableWriter({ databases: tableDatabases(main, new Map(), prefix) }),
      reader: async () => openPostgresTableReader(tableDatabases(queries, new Map(), prefix)),
      remove: async () => {
        for (const schema of ['clothes', 'projections']) await main.query(`DROP SCHEMA IF EXISTS ${prefix}${schema} CASCADE`);
        await Promise.all([main.close(), queries.close()]);
      },
    };
  });
}

const shape: TableShape = { columns: { sellerId: 'text', createdAt: 'text' }, indexes: [['sellerId', 'createdAt']] };

const row = (key: string, position: number, sellerId: string, createdAt = '2026-01-01T00:00:00.000Z'): RowChange => ({
  key,
  position,
  row: JSON.stringify({ key, sellerId }),
  columns: { sellerId, createdAt },
});

describe('read models in databases of their own', () => {
  let own: TestDatabase;
  let other: TestDatabase;
  let pools: Postgres[];
  let writer: TableWriter;
  let reader: TableReader & { forget(): void };
  const open = (url: string) => {
    const postgres = openPostgres(url, { max: 3 });
    pools.push(postgres);
    return postgres;
  };
  const make = async (projection: string, service: string, its: TableShape = shape): Promise<Generation> => {
    const generation = await writer.create({ projection, version: 1, service }, 'log', its);
    await writer.swap(projection, generation.table);
    return generation;
  };
  const positions = async () => Object.fromEntries((await writer.generations()).map(({ projection, position }) => [projection, position]));
  beforeAll(async () => {
    pools = [];
    [own, other] = await Promise.all([newDatabase(), newDatabase()]);
    await Promise.all([migrateTables(own.url), migrateTables(other.url), migrateTables(own.url)]);
    const databases = tableDatabases(open(own.url), new Map([['order', open(other.url)]]));
    writer = openPostgresTableWriter({ databases });
    reader = openPostgresTableReader(databases);
  });
  afterAll(async () => {
    for (const pool of pools) await pool.close();
    await Promise.all([own.drop(), other.drop()]);
  });

  it('stand in the schema of their service, in the database that it was given', async () => {
    await make('things', 'product');
    await make('sales', 'order');
    const schemas = async (postgres: Postgres | undefined) =>
      (await postgres?.query<{ schemaname: string; tablename: string }>(
        `SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('product', 'order')`,
      )) ?? [];
    expect(await schemas(pools[0])).toEqual([{ schemaname: 'product', tablename: expect.stringMatching(/^things_v1_g\d+$/) }]);
    expect(await schemas(pools[1])).toEqual([{ schemaname: 'order', tablename: expect.stringMatching(/^sales_v1_g\d+$/) }]);
    expect((await reader.generations()).map(({ projection }) => projection)).toEqual(['sales', 'things']);
  });

  it('advance apart when one database fails: what one holds is whole, with its own checkpoint', async () => {
    const [sales, things] = await writer.generations();
    const commit = (position: number, productSeller: string, orderSeller: string) => ({
      tables: [
        { table: things?.table ?? '', rows: [row('t', position, productSeller)] },
        { table: sales?.table ?? '', rows: [row('s', position, orderSeller)] },
      ],
      checkpoints: [things, sales].map((one) => ({ table: one?.table ?? '', position })),
    });
    await writer.commit(commit(1, 'a', 'a'));
    await pools[0]?.query(
      `ALTER TABLE product.${things?.table.slice('product.'.length)} ADD CONSTRAINT broken CHECK ("sellerId" <> 'bad')`,
    );
    await expect(writer.commit(commit(2, 'bad', 'good'))).rejects.toThrow('broken');
    expect(await positions()).toEqual({ sales: 2, things: 1 });
    expect([await reader.get('things', 't'), await reader.get('sales', 's')]).toEqual([
      '{"key":"t","sellerId":"a"}',
      '{"key":"s","sellerId":"good"}',
    ]);
    await writer.commit(commit(2, 'good', 'good'));
    expect(await positions()).toEqual({ sales: 2, things: 2 });
  });

  it('are not taken for live where their service has moved away', async () => {
    const moved = tableDatabases(open(own.url));
    expect((await openPostgresTableReader(moved).generations()).map(({ projection }) => projection)).toEqual(['things']);
    await expect(openPostgresTableReader(moved).get('sales', 's')).rejects.toThrow('not built');
  });

  it('show a seller nothing of another seller’s, even when the query asks for it', async () => {
    const { table } = await make('goods', 'seller');
    await writer.commit({ tables: [{ table, rows: [row('g1', 1, 's1'), row('g2', 1, 's2')] }], checkpoints: [] });
    const seller = reader.asSeller('s1');
    expect((await reader.find('goods', { limit: 10 })).map(({ key }) => key)).toEqual(['g1', 'g2']);
    expect((await seller.find('goods', { limit: 10 })).map(({ key }) => key)).toEqual(['g1']);
    expect(await seller.find('goods', { where: { sellerId: 's2' }, limit: 10 })).toEqual([]);
    expect([await seller.get('goods', 'g1'), await seller.get('goods', 'g2')]).toEqual([expect.any(String), null]);
    expect([...(await seller.getMany('goods', ['g1', 'g2'])).keys()]).toEqual(['g1']);
    expect(await seller.count('goods')).toBe(1);
    expect(await seller.groups('goods', { by: 'sellerId', sums: [], limit: 10 })).toEqual([{ value: 's1', count: 1, sums: [] }]);
    expect(await reader.count('goods')).toBe(2); // nothing of it stays with the connection
  });

  it('hold a seller to the own rows in a partitioned table too', async () => {
    const { table } = await make('parcels', 'shipping', { ...shape, partition: { by: 'createdAt', kind: 'month' } });
    await writer.commit({
      tables: [{ table, rows: [row('p1', 1, 's1'), row('p2', 1, 's2', '2026-02-01T00:00:00.000Z')] }],
      checkpoints: [],
    });
    expect((await reader.asSeller('s2').find('parcels', { limit: 10 })).map(({ key }) => key)).toEqual(['p2']);
  });

  it('have a partition for each month that a row was made in', async () => {
    const { table } = await make('letters', 'shipping', { ...shape, partition: { by: 'createdAt', kind: 'month' } });
    const times = ['2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z', '2026-01-31T23:59:59.999Z', 'never'];
    const rows = times.map((time, n) => row(`l${n}`, 1, 's', time));
    await expect(
      writer.commit({ tables: [{ table, rows: [...rows, { ...row('bad', 1, 's'), position: Number.NaN }] }], checkpoints: [] }),
    ).rejects.toThrow();
    await writer.commit({ tables: [{ table, rows }], checkpoints: [] });
    const parts = await pools[0]?.query<{ part: string; n: number }>(
      `SELECT tableoid::regclass::text AS part, count(*) AS n FROM ${table} GROUP BY 1 ORDER BY 1`,
    );
    expect(parts?.map(({ part, n }) => [part.slice(table.length), n])).toEqual([
      ['_2025_12', 1],
      ['_2026_01', 2],
      ['_rest', 1],
    ]);
  });

  it('are written by nobody who has been replaced', async () => {
    const { table } = await make('leases', 'product');
    const sales = (await writer.generations()).find(({ projection }) => projection === 'sales')?.table ?? '';
    const fence = {
      fence: async () => {
        throw new Fenced('projections', 1);
      },
    };
    const databases = tableDatabases(pools[0] as Postgres, new Map([['order', pools[1] as Postgres]]));
    const replaced = openPostgresTableWriter({ databases, fence });
    for (const target of [table, sales])
      await expect(
        replaced.commit({ tables: [{ table: target, rows: [row('x', 9, 's')] }], checkpoints: [{ table: target, position: 9 }] }),
      ).rejects.toBeInstanceOf(Fenced);
    await expect(replaced.create({ projection: 'leases', version: 2, service: 'order' }, 'log', shape)).rejects.toBeInstanceOf(Fenced);
    await expect(replaced.swap('leases', table)).rejects.toBeInstanceOf(Fenced);
    await expect(replaced.drop(sales)).rejects.toBeInstanceOf(Fenced);
    expect([await reader.get('leases', 'x'), await reader.get('sales', 'x')]).toEqual([null, null]);
  });

  it('are not gone on with when their database was set back behind the writer', async () => {
    const { table } = await make('restored', 'product');
    await writer.commit({ tables: [], checkpoints: [{ table, position: 5 }] });
    await pools[0]?.query(`UPDATE projections.generations SET position = 3 WHERE "table" = $1`, [table]);
    for (const position of [6, 7])
      await expect(writer.commit({ tables: [], checkpoints: [{ table, position }] })).rejects.toThrow('set back');
  });

  it('refuse a cursor that was made up, and go on', async () => {
    const { table } = await make('numbers', 'product', { columns: { n: 'integer' }, indexes: [['n']] });
    await writer.commit({ tables: [{ table, rows: [{ key: 'k', position: 1, row: '{}', columns: { n: 1 } }] }], checkpoints: [] });
    const page = reader.find('numbers', { order: [['n', 'asc']], after: { values: ['not a number'], key: 'k' }, limit: 1 });
    await expect(page).rejects.toMatchObject({ code: 'request.bad_cursor' });
  });

  it('are written by the batch: two thousand rows in each of ten tables in a few statements', async () => {
    let statements = 0;
    const main = pools[0] as Postgres;
    const counted: Postgres = {
      ...main,
      transaction: (work, options) =>
        main.transaction((tx) => {
          const query: Postgres['query'] = (text, values) => {
            statements += 1;
            return tx.query(text, values);
          };
          return work({ query });
        }, options),
    };
    const quick = openPostgresTableWriter({ databases: tableDatabases(counted) });
    const tables = await Promise.all(Array.from({ length: 10 }, (_, n) => make(`bulk-${n}`, 'product').then(({ table }) => table)));
    const commit = (position: number) => ({
      tables: tables.map((table) => ({ table, rows: Array.from({ length: 2_000 }, (_, n) => row(`k${n}`, position, `s${n % 7}`)) })),
      checkpoints: tables.map((table) => ({ table, position })),
    });
    await quick.commit(commit(1));
    statements = 0;
    await quick.commit(commit(2));
    expect(statements).toBe(tables.length + 1);
    expect(await reader.count('bulk-9', { sellerId: 's0' })).toBe(286);
  });
});
