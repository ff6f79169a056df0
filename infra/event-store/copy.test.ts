// A log that is carried from one engine to another is the same there, event by event and byte by byte; whatever is not is named.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEventStoreStandIn } from '../../tests/eventstoredb/stand-in.ts';
import { openSqliteBeside } from './beside-sqlite.ts';
import { happened, testContract } from './contract.ts';
import { copyEvents, proveCopy } from './copy.ts';
import { createEventStoreDbStore } from './eventstoredb.ts';
import type { EventStore } from './port.ts';
import type { Raw, RawLog, RawTarget } from './raw.ts';
import { openRawEventStoreDb } from './raw-eventstoredb.ts';
import { openRawSqlite, openRawSqliteTarget } from './raw-sqlite.ts';
import { createSqliteEventStore } from './sqlite.ts';
import { verifyLog, verifyRawLog, verifyRawStream } from './verify.ts';

let directory: string;
let open: { close(): Promise<void> }[];
/** A server of its own: what it holds is not mixed with what other tests wrote. */
const ownServer = async () => {
  const { url, close } = await startEventStoreStandIn({ directory: join(directory, randomUUID()) });
  open.unshift({ close });
  return url;
};
const keep = <T extends { close(): Promise<void> }>(opened: T): T => {
  open.push(opened);
  return opened;
};

const write = async (store: EventStore, appends: number) => {
  const ends = new Map<string, number>();
  for (let n = 0; n < appends; n += 1) {
    const streamId = `test-${(n * 7) % 13}`;
    const expected = ends.get(streamId) ?? -1;
    const events = Array.from({ length: 1 + (n % 4) }, (_, index) => ({
      ...happened(index),
      event: { type: 'test.happened', n: index, text: `Sen “ñ” 🛒 ${n} \u2028 </x> ${'x'.repeat(n % 50)}` } as { type: string },
    }));
    await store.append({ streamId, expected, events });
    ends.set(streamId, expected + events.length);
  }
};
const sqliteLog = async (name: string, appends = 60): Promise<{ file: string; log: RawLog }> => {
  const file = join(directory, name);
  const store = await createSqliteEventStore({ file, contract: testContract });
  await write(store, appends);
  await store.close();
  return { file, log: keep(openRawSqlite(file)) };
};
const all = async (log: RawLog) => (await log.readAll(0, 100_000)).map(({ position: _position, ...event }) => event);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'copy-'));
  open = [];
});
afterEach(async () => {
  for (const opened of open.reverse()) await opened.close();
  rmSync(directory, { recursive: true });
});

describe('a copy of a log', () => {
  it('in EventStoreDB holds the same bytes in the same order, and goes on as a log of its own', async () => {
    const { log } = await sqliteLog('log.db');
    const url = await ownServer();
    const target = keep(openRawEventStoreDb(url, testContract.owns));
    const seen: string[] = [];
    const copied = await copyEvents({ from: log, to: target, onProgress: (phase) => seen.push(phase) });
    expect(copied).toEqual({ found: 0, copied: 150, events: 150, streams: 13, faults: [] });
    expect(await all(target)).toEqual(await all(log));
    expect([...new Set(seen)]).toEqual(['copy', 'prove']);
    const store = keep(
      await createEventStoreDbStore({ url, contract: testContract, beside: openSqliteBeside(join(directory, 'beside.db')) }),
    );
    const [last] = (await store.read('test-0', 0, 100)).slice(-1);
    await store.append({ streamId: 'test-0', expected: last?.revision ?? -1, events: [happened(9)] });
    expect((await verifyRawLog(target)).faults).toEqual([]);
  });

  it('comes back from EventStoreDB to a file as it was, under a name of its own', async () => {
    const original = await sqliteLog('log.db');
    const target = keep(openRawEventStoreDb(await ownServer(), testContract.owns));
    await copyEvents({ from: original.log, to: target });
    const file = join(directory, 'back.db');
    const back = keep(openRawSqliteTarget(file));
    expect(await copyEvents({ from: target, to: back })).toMatchObject({ copied: 150, faults: [] });
    expect(await all(back)).toEqual(await all(original.log));
    expect(await verifyLog(file)).toEqual({ events: 150, streams: 13, faults: [], gaps: [] });
    const stores = [keep(await createSqliteEventStore({ file, contract: testContract }))];
    stores.push(keep(await createSqliteEventStore({ file: original.file, contract: testContract })));
    expect(stores[0]?.logId).not.toBe(stores[1]?.logId);
    expect(await stores[0]?.read('test-0', 0, 100)).toEqual(await stores[1]?.read('test-0', 0, 100));
    expect(await stores[0]?.positionBefore('2100-01-01T00:00:00.000Z')).toBe(150);
  });

  it.each(['a file', 'EventStoreDB'])('in %s goes on where a run before it was broken off', async (kind) => {
    const { log } = await sqliteLog('log.db', 500);
    const target = keep(
      kind === 'a file' ? openRawSqliteTarget(join(directory, 'to.db')) : openRawEventStoreDb(await ownServer(), testContract.owns),
    );
    const ending = new AbortController();
    const first = copyEvents({ from: log, to: target, signal: ending.signal, onProgress: () => ending.abort(new Error('broken off')) });
    await expect(first).rejects.toThrow('broken off');
    const second = await copyEvents({ from: log, to: target });
    expect(second).toMatchObject({ found: 1_000, copied: 250, events: 1_250, faults: [] });
    expect(await copyEvents({ from: log, to: target })).toMatchObject({ found: 1_250, copied: 0, faults: [] });
  });

  it('to EventStoreDB keeps its order when the server refuses, or an answer is lost, while many appends are under way', async () => {
    const { log } = await sqliteLog('log.db', 500);
    const server = await startEventStoreStandIn({ directory: join(directory, 'erring') });
    open.unshift(server);
    const target = keep(openRawEventStoreDb(server.url, testContract.owns));
    const spoil = [() => server.faults.loseNextReply(), () => server.faults.refuseNext(), () => server.faults.timeOutNext()];
    server.faults.delayNext(20);
    server.faults.loseNextReply(2);
    const copied = copyEvents({ from: log, to: target, onProgress: () => spoil.pop()?.() });
    expect(await copied).toEqual({ found: 0, copied: 1_250, events: 1_250, streams: 13, faults: [] });
    expect(await all(target)).toEqual(await all(log));
  });

  it('to EventStoreDB ends where the server forbids it, and goes on once it may', async () => {
    const { log } = await sqliteLog('log.db', 300);
    const server = await startEventStoreStandIn({ directory: join(directory, 'denying') });
    open.unshift(server);
    const target = keep(openRawEventStoreDb(server.url, testContract.owns));
    for (let n = 0; n < 90; n += 1) server.faults.delayNext(0);
    server.faults.denyNext();
    for (let n = 0; n < 300; n += 1) server.faults.denyNext();
    await expect(copyEvents({ from: log, to: target })).rejects.toThrow('Access Denied');
    await server.close();
    const again = await startEventStoreStandIn({ directory: join(directory, 'denying') });
    open.unshift(again);
    const now = keep(openRawEventStoreDb(again.url, testContract.owns));
    const held = await all(now);
    expect(held).toEqual((await all(log)).slice(0, held.length));
    expect(await copyEvents({ from: log, to: now })).toMatchObject({ found: held.length, events: 750, faults: [] });
  });

  it('is refused by a target that holds something else, and nothing of it is touched', async () => {
    const [one, other] = [await sqliteLog('one.db', 5), await sqliteLog('other.db', 5)];
    const target = keep(openRawSqliteTarget(other.file));
    await expect(copyEvents({ from: one.log, to: target })).rejects.toThrow('holds something else: test-0@0: its metadata');
    expect(await all(target)).toEqual(await all(other.log));
  });

  it('is refused by a target that goes on beyond it', async () => {
    const longer = await sqliteLog('longer.db', 6);
    const target = keep(openRawSqliteTarget(longer.file));
    const shorter: RawLog = {
      ...longer.log,
      readAll: async (after, limit) => (await longer.log.readAll(after, limit)).filter((e) => e.position < 9),
    };
    await expect(copyEvents({ from: shorter, to: target })).rejects.toThrow('goes on after the end');
  });
});

describe('the proof of a copy', () => {
  const change = (file: string, sql: string) => {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  };
  const copyOf = async (): Promise<{ log: RawLog; target: RawTarget; file: string }> => {
    const { log } = await sqliteLog('log.db');
    const file = join(directory, 'to.db');
    const target = keep(openRawSqliteTarget(file));
    await copyEvents({ from: log, to: target });
    return { log, target, file };
  };
  const where = `WHERE position = 77`;

  it.each([
    ['data', `UPDATE events SET data = replace(data, '"n":', '"n": ') ${where}`],
    ['metadata', `UPDATE events SET metadata = replace(metadata, 'test', 'tesT') ${where}`],
    ['hash', `UPDATE events SET hash = zeroblob(32) ${where}`],
    ['type', `INSERT INTO types (name) VALUES ('test.other'); UPDATE events SET type = (SELECT max(id) FROM types) ${where}`],
  ])('names the event of which one byte of the %s was changed', async (field, sql) => {
    const { log, target, file } = await copyOf();
    const { streamId, revision } = (await log.readAll(76, 1))[0] as Raw;
    change(file, sql);
    const { faults } = await proveCopy({ from: log, to: target });
    expect(faults[0]).toEqual({ streamId, revision, reason: `its ${field} is not the same` });
    expect(faults.filter((fault) => fault.reason.startsWith('its'))).toHaveLength(1);
    const verified = await verifyRawStream(target, streamId);
    expect(verified.faults[0]).toEqual({ streamId, revision, reason: 'the hash does not fit what is stored' });
  });

  it('names what is missing at its end', async () => {
    const { log, target, file } = await copyOf();
    const { streamId, revision } = (await log.readAll(149, 1))[0] as Raw;
    change(file, 'DELETE FROM events WHERE position = 150');
    expect((await proveCopy({ from: log, to: target })).faults).toEqual([{ streamId, revision, reason: 'is missing' }]);
  });
});
