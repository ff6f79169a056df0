// The embedded log: the contract, and what only it has: a hash chain in a file that can be checked, and older versions of events.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventStoreContract, happened, testContract } from './contract.ts';
import { type EventStore, keysBetweenDrops } from './port.ts';
import { createSqliteEventStore } from './sqlite.ts';
import { verifyLog } from './verify.ts';

const newDirectory = () => mkdtempSync(join(tmpdir(), 'log-'));

eventStoreContract('sqlite', async (now) => {
  const directory = newDirectory();
  const open = () => createSqliteEventStore({ file: join(directory, 'log.db'), contract: testContract, now });
  return { store: await open(), reopen: open, remove: async () => rmSync(directory, { recursive: true }) };
});

describe('the file of the log', () => {
  let directory: string;
  let file: string;
  let store: EventStore;
  const change = (sql: string) => {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  };
  beforeEach(async () => {
    directory = newDirectory();
    file = join(directory, 'log.db');
    store = await createSqliteEventStore({ file, contract: testContract });
    await store.append({ streamId: 'test-a', expected: -1, events: [happened(0), happened(1), happened(2)] });
    await store.append({ streamId: 'test-b', expected: -1, events: [happened(0)] });
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  it('verifies as it was written', async () => {
    expect(await verifyLog(file)).toEqual({ events: 4, streams: 2, faults: [], gaps: [] });
  });

  it.each([
    ['data', `UPDATE events SET data = replace(data, '1', '7') WHERE stream = 1 AND revision = 1`],
    ['metadata', `UPDATE events SET metadata = replace(metadata, 'test', 'TEST') WHERE stream = 1 AND revision = 1`],
    ['the hash', `UPDATE events SET hash = zeroblob(32) WHERE stream = 1 AND revision = 1`],
  ])('names the event whose %s was changed', async (_, sql) => {
    change(sql);
    const { faults } = await verifyLog(file);
    expect(faults[0]).toMatchObject({ streamId: 'test-a', revision: 1 });
  });

  it('that ends in an event that cannot be read is read up to there, and its stream is refused', async () => {
    change(`UPDATE events SET data = '{' WHERE position = 4`);
    await store.close();
    store = await createSqliteEventStore({ file, contract: testContract });
    const damaged = { code: 'log.stream_damaged', message: expect.stringContaining('test-b') };
    expect(await store.head()).toBe(3);
    expect((await store.readAll(0, 10)).map(({ position }) => position)).toEqual([1, 2, 3]);
    expect((await store.last(2)).map(({ position }) => position)).toEqual([3]);
    await expect(store.read('test-b', 0, 10)).rejects.toMatchObject(damaged);
    await expect(store.append({ streamId: 'test-b', expected: 0, events: [happened(1)] })).rejects.toMatchObject(damaged);
    await store.append({ streamId: 'test-a', expected: 2, events: [happened(3)] });
    expect(await store.head()).toBe(5);
    expect((await store.readAll(3, 1)).map(({ position }) => position)).toEqual([5]);
  });

  it('names the revision that was taken out', async () => {
    change('DELETE FROM events WHERE stream = 1 AND revision = 1');
    const { faults } = await verifyLog(file);
    expect(faults).toContainEqual({ streamId: 'test-a', revision: 1, reason: 'revision 1 is missing' });
  });

  it('does not keep the keys of what was accepted for longer than 48 hours', async () => {
    const append = (streamId: string, at: string) => {
      const keys = [{ commandId: randomUUID(), fingerprint: 'f', at, offset: 0, count: 1 }];
      return store.append({ streamId, expected: -1, events: [happened(0)], keys });
    };
    await append('test-old', '2026-01-01T00:00:00.000Z');
    for (let n = 0; n < 2 * keysBetweenDrops; n++) await append(`test-${n}`, '2026-01-04T00:00:00.000Z');
    const reader = new DatabaseSync(file);
    expect(reader.prepare('SELECT count(*) AS n FROM command_keys').get()?.n).toBe(2 * keysBetweenDrops);
    reader.close();
  });

  it('reads an older version of an event as the current one', async () => {
    change(
      `UPDATE events SET data = '{"count":5}', metadata = replace(metadata, '"schemaVersion":2', '"schemaVersion":1') WHERE stream = 2`,
    );
    expect((await store.read('test-b', 0, 1))[0]?.event).toEqual({ type: 'test.happened', n: 5 });
  });

  it('stops at a version that is newer than this release', async () => {
    change(`UPDATE events SET metadata = replace(metadata, '"schemaVersion":2', '"schemaVersion":3') WHERE stream = 2`);
    await expect(store.read('test-b', 0, 1)).rejects.toMatchObject({ name: 'UnknownVersion' });
  });
});
