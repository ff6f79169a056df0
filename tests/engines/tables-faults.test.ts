// Read models on a PostgreSQL that is dead, slow, silent, or gone in the middle of a commit: a batch is there as a whole or not at all, and
// whoever keeps the read models ends at the same rows.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogFeed } from '../../infra/event-feed/log.ts';
import { happened, testContract } from '../../infra/event-store/contract.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import { createSqliteEventStore } from '../../infra/event-store/sqlite.ts';
import { openPostgres, type Postgres, StoreUnavailable } from '../../infra/postgres.ts';
import type { Generation, RowChange, TableReader, TableWriter } from '../../infra/tables/port.ts';
import { openPostgresTableWriter } from '../../infra/tables/postgres.ts';
import { openPostgresTableReader } from '../../infra/tables/postgres-reader.ts';
import { migrateTables, tableDatabases } from '../../infra/tables/postgres-schema.ts';
import type { Projection } from '../../projections/projection.ts';
import { Projector } from '../../projections/run.ts';
import { newDatabase, type TestDatabase } from './database.ts';
import { createProxy } from './toxiproxy.ts';

const hurried = { max: 3, statementTimeoutMs: 1_000, connectTimeoutMs: 1_000 };

let own: TestDatabase;
let other: TestDatabase;
let proxy: Awaited<ReturnType<typeof createProxy>>;
let straight: Postgres;
let beside: Postgres;
let reader: TableReader;
beforeAll(async () => {
  [own, other] = await Promise.all([newDatabase(), newDatabase()]);
  await Promise.all([migrateTables(own.url), migrateTables(other.url)]);
  proxy = await createProxy(own.url);
  [straight, beside] = [openPostgres(own.url), openPostgres(other.url)];
  reader = openPostgresTableReader(tableDatabases(straight));
});
afterAll(async () => {
  await Promise.all([straight.close(), beside.close()]);
  await proxy.remove();
  await Promise.all([own.drop(), other.drop()]);
});

describe('a commit', () => {
  let postgres: Postgres;
  let writer: TableWriter;
  let tables: readonly Generation[];
  let position = 0;
  const rows = (): RowChange[] =>
    Array.from({ length: 100 }, (_, n) => ({
      key: `k${n}`,
      position,
      row: JSON.stringify({ position, text: 'x'.repeat(500) }),
      columns: {},
    }));
  const commit = () => {
    position += 1;
    const all = tables.map(({ table }) => ({ table, rows: rows() }));
    return writer.commit({ tables: all, checkpoints: tables.map(({ table }) => ({ table, position })) });
  };
  /** The one position that everything stands at: rows of all tables, and their checkpoints. */
  const stands = async () => {
    const found = new Set((await writer.generations()).map((one) => one.position));
    for (const { projection } of tables)
      for (const { row } of await reader.find(projection, { limit: 1_000 })) found.add((JSON.parse(row) as { position: number }).position);
    return [...found];
  };
  beforeAll(async () => {
    postgres = openPostgres(proxy.through(own.url), hurried);
    writer = openPostgresTableWriter({ databases: tableDatabases(postgres) });
    tables = await Promise.all(
      ['one', 'two', 'three'].map(async (projection) => {
        const made = await writer.create({ projection, version: 1, service: 'test' }, 'log', { columns: {}, indexes: [] });
        await writer.swap(projection, made.table);
        return made;
      }),
    );
    await commit();
  });
  afterAll(async () => {
    await Promise.all(tables.map(({ table }) => writer.drop(table)));
    await postgres.close();
  });

  const faults: [string, () => Promise<void>][] = [
    ['is dead', () => proxy.down()],
    ['resets connections', () => proxy.reset()],
    ['says nothing', () => proxy.timeout()],
    ['answers too late', () => proxy.latency(3_000)],
    ...[1_000, 20_000, 80_000, 160_000].map((bytes): [string, () => Promise<void>] => [
      `is gone after ${bytes} bytes`,
      () => proxy.reset(bytes),
    ]),
  ];
  it.each(faults)('to a server that %s fails as a whole, and the next one succeeds', async (_, break_) => {
    const before = await stands();
    await break_();
    await expect(commit()).rejects.toBeInstanceOf(StoreUnavailable);
    await proxy.up();
    expect(await stands()).toEqual(before);
    await commit();
    expect(await stands()).toEqual([position]);
  });

  it('to a slow server succeeds', async () => {
    await proxy.latency(50);
    await commit();
    await proxy.up();
    expect(await stands()).toEqual([position]);
  });

  it('whose answer is lost has been done as a whole or not at all', async () => {
    const ends = new Set<string>();
    for (let bytes = 0; bytes <= 400; bytes += 20) {
      const [before] = await stands();
      await proxy.deafen(bytes);
      const outcome = await commit().then(
        () => 'told',
        (error: unknown) => (error instanceof StoreUnavailable ? 'unknown' : String(error)),
      );
      await proxy.up();
      const after = await stands();
      expect([[before], [position]]).toContainEqual(after);
      ends.add(`${outcome}, ${after[0] === position ? 'done' : 'not done'}`);
      await commit();
      expect(await stands()).toEqual([position]);
    }
    expect([...ends].sort()).toEqual(expect.arrayContaining(['unknown, done', 'unknown, not done']));
    expect([...ends]).not.toContain('told, not done');
  });
});

type Happened = { type: 'test.happened'; n: number };
interface Sum {
  readonly sum: number;
  readonly events: number;
}
const sums: Projection<Sum, Happened> = {
  name: 'sums',
  service: 'test',
  version: 1,
  reads: ['test.happened'],
  key: ({ streamId }) => streamId,
  evolve: (row, { event }) => ({ sum: (row?.sum ?? 0) + event.n, events: (row?.events ?? 0) + 1 }),
  shape: { columns: { sum: 'integer' }, indexes: [['sum']] },
  columns: ({ sum }) => ({ sum }),
};

describe('whoever keeps the read models', () => {
  let directory: string;
  let store: EventStore;
  let position = -1;
  const expected: Record<string, Sum> = {};
  const waiters: (() => void)[] = [];
  const errors: Error[] = [];
  const wakeAll = () => {
    for (const wake of waiters.splice(0)) wake();
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  const append = async (count: number) => {
    let last = 0;
    for (let n = 0; n < count; n++) {
      const streamId = `test-${n % 5}`;
      const { sum = 0, events = 0 } = expected[streamId] ?? {};
      const appended = await store.append({ streamId, expected: events - 1, events: [happened(n, randomUUID())] });
      expected[streamId] = { sum: sum + n, events: events + 1 };
      last = appended[0]?.position ?? 0;
    }
    return last;
  };
  const start = async (tables: TableWriter, projections: readonly Projection<Sum, Happened>[] = [sums]) => {
    position = -1;
    errors.length = 0;
    const projector = new Projector({
      ...{ tables, log: store, feed: createLogFeed(store), projections },
      onAdvanced: (reached) => {
        position = reached;
        wakeAll();
      },
      onError: (error) => {
        errors.push(error);
        wakeAll();
      },
    });
    return { projector, started: projector.start() };
  };
  const found = async (from: TableReader, projection: string) =>
    Object.fromEntries((await from.find(projection, { limit: 100 })).map(({ key, row }) => [key, JSON.parse(row)]));
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tables-faults-'));
    store = await createSqliteEventStore({ file: join(directory, 'log.db'), contract: testContract });
  });
  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  it('starts once the server is there, and ends at the same rows, whatever happens to the server on the way', async () => {
    const postgres = openPostgres(proxy.through(own.url), hurried);
    await append(50);
    await proxy.down();
    const { projector, started } = await start(openPostgresTableWriter({ databases: tableDatabases(postgres) }));
    await until(() => errors.length > 1);
    await proxy.up();
    await started;
    for (const break_ of [proxy.down, proxy.reset, proxy.timeout, () => proxy.deafen(60), () => proxy.reset(500)]) {
      const before = errors.length;
      await break_();
      const last = await append(20);
      await until(() => errors.length > before);
      await proxy.up();
      await until(() => position >= last);
      expect(await found(reader, 'sums')).toEqual(expected);
    }
    expect(errors.filter((error) => !(error instanceof StoreUnavailable))).toEqual([]);
    await projector.close();
    await postgres.close();
  });

  it('copes with read models that stand apart, because it died between two databases', async () => {
    let dies = false;
    const dying: Postgres = {
      ...straight,
      transaction: (work, options) =>
        straight.transaction(async (tx) => {
          const result = await work(tx);
          if (dies) throw new StoreUnavailable(new Error('killed'));
          return result;
        }, options),
    };
    const here: Projection<Sum, Happened> = { ...sums, name: 'here' };
    const there: Projection<Sum, Happened> = { ...sums, name: 'there', service: 'order' };
    const both = (main: Postgres) => tableDatabases(main, new Map([['order', beside]]));
    const first = await start(openPostgresTableWriter({ databases: both(dying) }), [here, there]);
    await first.started;
    const early = await append(10);
    await until(() => position >= early);
    dies = true;
    await append(10);
    await until(() => errors.length > 0);
    await first.projector.close();
    const apart = (await openPostgresTableReader(both(straight)).generations()).filter(({ projection }) => projection.endsWith('here'));
    expect(new Set(apart.map((one) => one.position)).size).toBe(2);

    dies = false;
    const second = await start(openPostgresTableWriter({ databases: both(straight) }), [here, there]);
    await second.started;
    const last = await append(10);
    await until(() => position >= last);
    const all = openPostgresTableReader(both(straight));
    expect(await found(all, 'here')).toEqual(expected);
    expect(await found(all, 'there')).toEqual(expected);
    expect((await all.generations()).map((one) => one.position)).toEqual([last, last]);
    await second.projector.close();
  });
});
