// The runner over the real embedded log and tables: batches, repeats, poison, rebuilds.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DomainError } from '../domain/error.ts';
import type { Recorded } from '../domain/metadata.ts';
import { createLogFeed } from '../infra/event-feed/log.ts';
import { happened, testContract } from '../infra/event-store/contract.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { createSqliteEventStore } from '../infra/event-store/sqlite.ts';
import { Fenced } from '../infra/lease/port.ts';
import type { TableWriter } from '../infra/tables/port.ts';
import { openSqliteTableReader, openSqliteTableWriter } from '../infra/tables/sqlite.ts';
import type { Follower, Step } from './followers.ts';
import type { Projection } from './projection.ts';
import { Projector, type ProjectorOptions } from './run.ts';

type Happened = { type: 'test.happened'; n: number };
interface Sum {
  readonly sum: number;
  readonly events: number;
}

/** One row a stream; a negative number is poison while `broken` says so. */
let broken = true;
const sums: Projection<Sum, Happened> = {
  name: 'sums',
  service: 'test',
  version: 1,
  reads: ['test.happened'],
  key: ({ streamId }) => streamId,
  evolve: (row, { event }) => {
    if (event.n < 0 && broken) throw new Error('a negative number');
    return { sum: (row?.sum ?? 0) + event.n, events: (row?.events ?? 0) + 1 };
  },
  shape: { columns: { sum: 'integer' }, indexes: [['sum']] },
  columns: ({ sum }) => ({ sum }),
};

let directory: string;
let store: EventStore;
let projector: Projector;
let position: number;
let waiters: (() => void)[];
const errors: string[] = [];

const file = () => join(directory, 'read.db');
const append = async (streamId: string, ...numbers: number[]) => {
  const expected = (await store.read(streamId, 0, 1_000)).length - 1;
  return (await store.append({ streamId, expected, events: numbers.map((n) => happened(n, randomUUID())) })).at(-1)?.position ?? 0;
};
const start = async (projections: readonly Projection<Sum, Happened>[] = [sums], more: Partial<ProjectorOptions> = {}) => {
  projector = new Projector({
    tables: openSqliteTableWriter(file()),
    log: store,
    feed: createLogFeed(store),
    projections,
    onAdvanced: (reached) => {
      position = reached;
      for (const wake of waiters.splice(0)) wake();
    },
    onError: (error) => errors.push(error.message),
    ...more,
  });
  await projector.start();
};
const passed = async (wanted: number) => {
  while (position < wanted) await new Promise<void>((resolve) => waiters.push(resolve));
};
const rows = async (projection = 'sums') => {
  const reader = openSqliteTableReader(file());
  const found = await reader.find(projection, { limit: 1_000 });
  await reader.close();
  return Object.fromEntries(found.map(({ key, row }) => [key, JSON.parse(row)]));
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'projector-'));
  store = await createSqliteEventStore({ file: join(directory, 'log.db'), contract: testContract });
  [position, waiters, broken] = [-1, [], true];
  errors.length = 0;
});
afterEach(async () => {
  await projector.close();
  await store.close();
  rmSync(directory, { recursive: true });
});

describe('a projection', () => {
  it('folds what is there and what comes', async () => {
    await append('test-a', 1, 2);
    await start();
    await append('test-b', 10);
    await passed(await append('test-a', 3));
    expect(await rows()).toEqual({ 'test-a': { sum: 6, events: 3 }, 'test-b': { sum: 10, events: 1 } });
  });

  it('goes on from its checkpoint after a restart, and counts nothing twice', async () => {
    await start();
    await passed(await append('test-a', 1, 2));
    await projector.close();
    await append('test-a', 3);
    await start();
    await passed(await append('test-a', 4));
    expect(await rows()).toEqual({ 'test-a': { sum: 10, events: 4 } });
  });

  it('changes nothing when the same events come again', async () => {
    await start();
    await passed(await append('test-a', 1, 2));
    await projector.close();
    const tables = openSqliteTableWriter(file());
    const [generation] = await tables.generations();
    await tables.commit({ tables: [], checkpoints: [{ table: generation?.table ?? '', position: 0 }] }); // as after a lost checkpoint
    await tables.close();
    await start();
    expect(await rows()).toEqual({ 'test-a': { sum: 3, events: 2 } });
  });

  it('is built anew in another version, and the old rows are gone', async () => {
    await append('test-a', 1, 2);
    await start();
    await projector.close();
    await start([{ ...sums, version: 2, evolve: (row, { event }) => ({ sum: (row?.sum ?? 0) + event.n * 100, events: 0 }) }]);
    expect(await rows()).toEqual({ 'test-a': { sum: 300, events: 0 } });
    expect(projector.status()).toMatchObject([{ version: 2, state: 'live' }]);
  });

  it('does not trust a checkpoint of another log', async () => {
    await append('test-a', 1);
    await start();
    await projector.close();
    await store.close();
    rmSync(join(directory, 'log.db'));
    rmSync(join(directory, 'log.db-wal'), { force: true });
    rmSync(join(directory, 'log.db-shm'), { force: true });
    store = await createSqliteEventStore({ file: join(directory, 'log.db'), contract: testContract });
    await append('test-z', 5);
    await start();
    expect(await rows()).toEqual({ 'test-z': { sum: 5, events: 1 } });
  });
});

describe('a rebuild', () => {
  it('gives the same rows as folding as events came', async () => {
    await start();
    for (let n = 0; n < 50; n++) await append(`test-${n % 7}`, n, n * 2);
    await passed(await store.head());
    const before = await rows();
    await projector.rebuild([]);
    expect(await rows()).toEqual(before);
  });

  it('goes on while events come in, and misses none', async () => {
    await start();
    for (let n = 0; n < 100; n++) await append(`test-${n % 7}`, 1);
    const rebuilding = projector.rebuild(['sums']);
    for (let n = 0; n < 100; n++) await append(`test-${n % 7}`, 1);
    await rebuilding;
    await passed(await store.head());
    expect(Object.values(await rows()).reduce((all: number, row) => all + (row as Sum).events, 0)).toBe(200);
  });
});

describe('a poison event', () => {
  it('parks its row alone, with the reason, and later events of the row wait', async () => {
    await start();
    await append('test-a', 1);
    const poison = await append('test-a', -1);
    await append('test-a', 5);
    await passed(await append('test-b', 7));
    expect(await rows()).toEqual({ 'test-a': { sum: 1, events: 1 }, 'test-b': { sum: 7, events: 1 } });
    expect(await projector.parked()).toMatchObject([
      { projection: 'sums', key: 'test-a', firstPosition: poison, reason: 'Error: a negative number' },
    ]);
  });

  it('stays parked over a restart and while the code is wrong; a retry with the mended code takes up all that waited', async () => {
    await start();
    await append('test-a', 1, -1);
    await passed(await append('test-a', 5));
    await projector.close();
    await start();
    expect(await projector.retry('sums', 'test-a')).toBe(false);
    broken = false;
    expect(await projector.retry('sums', 'test-a')).toBe(true);
    await passed(await append('test-a', 10));
    expect(await rows()).toEqual({ 'test-a': { sum: 15, events: 4 } });
    expect(await projector.parked()).toEqual([]);
  });

  it('can be skipped: the row goes on with the next event', async () => {
    await start();
    await append('test-a', 1, -1);
    await passed(await append('test-a', 5));
    expect(await projector.skip('sums', 'test-a')).toBe(true);
    await passed(await append('test-a', 10));
    expect(await rows()).toEqual({ 'test-a': { sum: 11, events: 2 } });
  });

  it('halts a projection that must not go on without a row, and no other', async () => {
    await start([
      { ...sums, onPoison: 'stop' },
      { ...sums, name: 'others' },
    ]);
    await append('test-a', 1, -1);
    await passed(await append('test-b', 7));
    expect(projector.status()).toMatchObject([
      { name: 'sums', state: 'stopped' },
      { name: 'others', state: 'live', parked: 1 },
    ]);
    expect(await rows('others')).toMatchObject({ 'test-b': { sum: 7 } });
  });
});

const forgetful: Pick<Follower, 'state' | 'reset'> = { state: () => ({ position: null }), reset: async () => {} };
describe('a follower', () => {
  it('sees every change of the rows it follows, and begins again when it is rebuilt', async () => {
    const tables: TableWriter = openSqliteTableWriter(file());
    let [at, seen]: [number, string[]] = [0, []];
    const follower: Follower = {
      name: 'index',
      advance: async (head) => {
        const table = (await tables.generations()).find((one) => one.projection === 'sums' && one.live)?.table;
        if (table) for (const change of await tables.changedSince(table, at, 1_000)) seen.push(`${change.key} ${change.row}`);
        at = head;
        return at;
      },
      state: () => ({ position: at }),
      reset: async () => {
        [at, seen] = [0, []];
      },
    };
    await start([sums], { followers: [follower] });
    await passed(await append('test-a', 1));
    await passed(await append('test-a', 2));
    await projector.rebuild(['index']);
    expect(seen).toEqual(['test-a {"sum":3,"events":2}']);
    await tables.close();
  });
});

/** The same log with positions far apart; it is read from positions of events alone. */
const apart = () => {
  const moved = (recorded: Recorded): Recorded => ({ ...recorded, position: recorded.position * 1_000 });
  const log: Pick<EventStore, 'logId' | 'read' | 'readAll' | 'head' | 'onCommitted'> = {
    logId: store.logId,
    read: async (streamId, from, limit) => (await store.read(streamId, from, limit)).map(moved),
    readAll: async (after, limit) => {
      if (after % 1_000 !== 0) throw new Error(`there is no event at ${after}`);
      return (await store.readAll(after / 1_000, limit)).map(moved);
    },
    head: async () => (await store.head()) * 1_000,
    onCommitted: (listener) => store.onCommitted((events) => listener(events.map(moved))),
  };
  return { log, feed: createLogFeed(log) };
};

describe('a log whose positions have gaps', () => {
  it('is followed step by step, and each step says where it began', async () => {
    const steps: (Step | undefined)[] = [];
    const follower: Follower = {
      name: 'index',
      advance: async (head, step) => {
        steps.push(step);
        return head;
      },
      ...forgetful,
    };
    await append('test-a', 1);
    await start([sums], { ...apart(), followers: [follower] });
    await passed((await append('test-a', 2)) * 1_000);
    await passed((await append('test-b', 3, 4)) * 1_000);
    expect(await rows()).toEqual({ 'test-a': { sum: 3, events: 2 }, 'test-b': { sum: 7, events: 2 } });
    expect(steps.map((step) => step?.from)).toEqual([undefined, 1_000, 2_000]);
  });

  it('is read again for a parked row from an event before it, never from between two', async () => {
    await start([sums], apart());
    await append('test-b', 7);
    await append('test-a', -1);
    await passed((await append('test-a', 5)) * 1_000);
    await projector.close();
    broken = false;
    await start([sums], apart());
    expect(await projector.retry('sums', 'test-a')).toBe(true);
    expect(await rows()).toEqual({ 'test-a': { sum: 4, events: 2 }, 'test-b': { sum: 7, events: 1 } });
  });
});

const unreachable = () => new DomainError('server.store_unavailable', 'The store cannot be reached.');

/** The embedded tables with some of their members in trouble. */
const troubled = (trouble: (tables: TableWriter) => Partial<TableWriter>): TableWriter => {
  const tables = openSqliteTableWriter(file());
  return { ...tables, ...trouble(tables) };
};

/** Trouble that passes: the first `times` calls from `begin` on. */
const passing = () => {
  let left = 0;
  return {
    begin: (times = 1) => {
      left = times;
    },
    isThere: () => left-- > 0,
  };
};

describe('a store that cannot be reached for a while', () => {
  it('keeps nobody from starting: what is built waits for it', async () => {
    const trouble = passing();
    const tables = troubled(({ commit, generations, swap }) => ({
      commit: async (all) => (trouble.isThere() ? Promise.reject(unreachable()) : commit(all)),
      generations: async () => (trouble.isThere() ? Promise.reject(unreachable()) : generations()),
      swap: async (projection, table) => (trouble.isThere() ? Promise.reject(unreachable()) : swap(projection, table)),
    }));
    await append('test-a', 1, 2);
    trouble.begin(3);
    await start([sums], { tables });
    expect(await rows()).toEqual({ 'test-a': { sum: 3, events: 2 } });
    expect(errors).toHaveLength(3);
  });

  it('costs no row that had been folded when another could not be loaded', async () => {
    const trouble = passing();
    const tables = troubled(({ load }) => ({
      load: async (table, keys) => (table.startsWith('others') && trouble.isThere() ? Promise.reject(unreachable()) : load(table, keys)),
    }));
    await start([sums, { ...sums, name: 'others' }], { tables });
    trouble.begin();
    await passed(await append('test-a', 1, 2));
    expect(errors).toHaveLength(1);
    expect(await rows()).toEqual({ 'test-a': { sum: 3, events: 2 } });
    expect(await rows('others')).toEqual({ 'test-a': { sum: 3, events: 2 } });
  });

  it('hides no change: a commit whose answer was lost is told when it is known to have been done', async () => {
    const trouble = passing();
    const tables = troubled(({ commit }) => ({
      commit: async (all) => {
        await commit(all);
        if (trouble.isThere()) throw unreachable();
      },
    }));
    const changed: string[] = [];
    await start([sums], {
      tables,
      onAdvanced: (reached, keys) => {
        changed.push(...(keys.get('sums') ?? []));
        position = reached;
        for (const wake of waiters.splice(0)) wake();
      },
    });
    trouble.begin();
    await passed(await append('test-a', 1));
    expect(await rows()).toEqual({ 'test-a': { sum: 1, events: 1 } });
    expect(changed).toEqual(['test-a']);
  });

  it('does not leave a follower behind until something else happens', async () => {
    const trouble = passing();
    const caughtUp = Promise.withResolvers<number>();
    const follower: Follower = {
      name: 'index',
      advance: async (head) => {
        if (trouble.isThere()) throw unreachable();
        if (head > 0) caughtUp.resolve(head);
        return head;
      },
      ...forgetful,
    };
    await start([sums], { followers: [follower] });
    trouble.begin(2);
    const last = await append('test-a', 1);
    expect(await caughtUp.promise).toBe(last);
    expect(errors).toHaveLength(2);
  });
});

describe('a projector that has been replaced by another', () => {
  it('stops by itself, and says so once', async () => {
    const trouble = passing();
    const tables = troubled(({ commit }) => ({
      commit: async (all) => (trouble.isThere() ? Promise.reject(new Fenced('projections', 1)) : commit(all)),
    }));
    const replaced = Promise.withResolvers<Error>();
    await start([sums], { tables, onFenced: replaced.resolve });
    trouble.begin();
    const last = await append('test-a', 1);
    expect(await replaced.promise).toBeInstanceOf(Fenced);
    expect(position).toBeLessThan(last);
    await projector.close();
    await start();
    await passed(last);
    expect(await rows()).toEqual({ 'test-a': { sum: 1, events: 1 } });
  });
});
