// Every read model of the marketplace on both engines, folded from the log of real purchases: the same rows, to the byte, in the same order.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventContract } from '../../domain/registry.ts';
import { createLogFeed } from '../../infra/event-feed/log.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import { createSqliteEventStore } from '../../infra/event-store/sqlite.ts';
import { openPostgres, type Postgres } from '../../infra/postgres.ts';
import type { TableReader, TableWriter } from '../../infra/tables/port.ts';
import { openPostgresTableWriter } from '../../infra/tables/postgres.ts';
import { openPostgresTableReader } from '../../infra/tables/postgres-reader.ts';
import { migrateTables, tableDatabases } from '../../infra/tables/postgres-schema.ts';
import { openSqliteTableReader, openSqliteTableWriter } from '../../infra/tables/sqlite.ts';
import { projections } from '../../projections/registry.ts';
import { Projector } from '../../projections/run.ts';
import { aBuyer, askQuote, openShop, pay, place, putIntoCart, untilCheckout } from '../buying.ts';
import { openMarket } from '../market.ts';
import { newDatabase, type TestDatabase } from './database.ts';

/** Two purchases, one of them paid, and the log that they left. */
const bought = async (dataDir: string): Promise<EventStore> => {
  const market = await openMarket({ dataDir });
  const shops = [await openShop(market, 100, 50_000, 'Bandung'), await openShop(market, 100, 80_000, 'Surabaya')];
  const buyer = await aBuyer(market);
  for (const isPaid of [true, false]) {
    for (const { goods } of shops) await putIntoCart(market, buyer, goods, 2);
    const placed = await place(market, buyer, (await askQuote(market, buyer)).body);
    expect(placed.status).toBe(201);
    if (!isPaid) continue;
    await pay(market, buyer, placed.body);
    await untilCheckout(market, placed.body.checkoutId, 'Completed');
  }
  await market.close();
  return createSqliteEventStore({ file: join(dataDir, 'log.db'), contract: eventContract });
};

describe('the read models of a marketplace', () => {
  let directory: string;
  let store: EventStore;
  let database: TestDatabase;
  let postgres: Postgres;
  let readers: readonly TableReader[];
  const build = async (tables: TableWriter) => {
    const errors: string[] = [];
    const projector = new Projector({
      tables,
      log: store,
      feed: createLogFeed(store),
      projections,
      onError: ({ message }) => errors.push(message),
    });
    await projector.start();
    await projector.close();
    expect(errors).toEqual([]);
  };
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'read-models-'));
    store = await bought(directory);
    database = await newDatabase();
    await migrateTables(database.url);
    postgres = openPostgres(database.url);
    const databases = tableDatabases(postgres);
    const file = join(directory, 'again.db');
    await build(openPostgresTableWriter({ databases }));
    await build(openSqliteTableWriter(file));
    readers = [openSqliteTableReader(file), openPostgresTableReader(databases)];
  });
  afterAll(async () => {
    for (const reader of readers) await reader.close();
    await store.close();
    await postgres.close();
    await database.drop();
    rmSync(directory, { recursive: true });
  });

  it('have rows at all', async () => {
    const counts = await Promise.all(projections.map(({ name }) => readers[0]?.count(name)));
    expect(counts.filter((count) => count !== 0).length).toBeGreaterThan(20);
  });

  it.each(projections.map(({ name, shape }) => ({ name, indexes: shape?.indexes ?? [] })))(
    'are the same: $name',
    async ({ name, indexes }) => {
      for (const index of [[], ...indexes]) {
        for (const direction of ['asc', 'desc'] as const) {
          const query = { order: index.map((column) => [column, direction] as const), limit: 10_000 };
          const [embedded, served] = await Promise.all(readers.map((reader) => reader.find(name, query)));
          expect(served).toEqual(embedded);
        }
      }
    },
  );
});
