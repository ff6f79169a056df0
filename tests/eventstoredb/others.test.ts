// What other programs and administrators do to the server that holds the log: nothing of it stops a reader, or passes unseen.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaryEvent, type EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogFeed } from '../../infra/event-feed/log.ts';
import { openSqliteBeside } from '../../infra/event-store/beside-sqlite.ts';
import { happened, testContract } from '../../infra/event-store/contract.ts';
import { copyEvents } from '../../infra/event-store/copy.ts';
import { createEventStoreDbStore } from '../../infra/event-store/eventstoredb.ts';
import { createLogHealth } from '../../infra/event-store/health.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import { openRawEventStoreDb } from '../../infra/event-store/raw-eventstoredb.ts';
import { openRawSqliteTarget } from '../../infra/event-store/raw-sqlite.ts';
import { verifyRawLog, verifyRawStream } from '../../infra/event-store/verify.ts';
import { connect, credentials, event, append as write } from './client.ts';
import { type EventStoreStandIn, startEventStoreStandIn } from './stand-in.ts';

let directory: string;
let server: EventStoreStandIn;
let other: EventStoreDBClient;
let opened: { close(): Promise<unknown> }[];
let found: string[];
const keep = <T extends { close(): Promise<unknown> }>(thing: T): T => {
  opened.push(thing);
  return thing;
};
/** A process that opens the log; what it finds is noted in `found`. */
const open = async (beside = join(directory, 'beside.db')) => {
  const health = createLogHealth({ owns: testContract.owns, onFound: (streamId, reason) => found.push(`${streamId} ${reason}`) });
  const store = keep(await createEventStoreDbStore({ url: server.url, contract: testContract, health, beside: openSqliteBeside(beside) }));
  return { store, health };
};
const appended = async (store: EventStore, count: number, streamId = `test-${randomUUID()}`) => {
  await store.append({ streamId, expected: -1, events: Array.from({ length: count }, (_, n) => happened(n)) });
  return streamId;
};
const verified = async () => {
  const log = keep(openRawEventStoreDb(server.url, testContract.owns));
  return verifyRawLog(log);
};
const heard = async (store: EventStore, position: number) => {
  while (store.told() < position) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'eventstoredb-others-'));
  server = await startEventStoreStandIn({ directory: join(directory, 'server') });
  other = connect(server.url);
  [opened, found] = [[], []];
});
afterEach(async () => {
  for (const thing of opened.toReversed()) await thing.close();
  await other.dispose();
  await server.close();
  rmSync(directory, { recursive: true });
});

describe('events of another program', () => {
  beforeEach(async () => {
    await write(other, 'other-app-1', [event(1), event(2)], 'no_stream');
    const bytes = binaryEvent({ type: 'noise', data: Uint8Array.of(0xff, 0xfe), metadata: Uint8Array.of(0xc3) });
    await other.appendToStream('log', bytes, { expectedRevision: 'any', credentials });
  });

  it('are passed over by every reader, counted and named once', async () => {
    const { store, health } = await open();
    const seen: number[] = [];
    const feed = createLogFeed(store).subscribe(0, (events) => {
      seen.push(...events.map(({ position }) => position));
    });
    await appended(store, 2);
    await write(other, 'other-app-1', event(3), 1n);
    await appended(store, 1);
    const all = await store.readAll(0, 100);
    await heard(store, await store.head());
    while (seen.length < 3) await new Promise((resolve) => setImmediate(resolve));
    await feed.stop();
    expect(all).toHaveLength(3);
    expect(seen).toEqual(all.map(({ position }) => position));
    expect(await store.last(10)).toEqual(all);
    expect(await store.head()).toBe(all.at(-1)?.position);
    expect(health.foreign()).toEqual({ events: 3, streams: 1 });
    expect(health.damaged()).toEqual([]);
    expect(found).toEqual(['other-app-1 was not written by this log']);
  });

  it('do not hinder the proof, which names them, nor a copy', async () => {
    const { store } = await open();
    await appended(store, 2);
    expect(await verified()).toEqual({ events: 2, streams: 1, faults: [], foreign: { events: 2, streams: 1 } });
    const from = keep(openRawEventStoreDb(server.url, testContract.owns));
    const to = keep(openRawSqliteTarget(join(directory, 'copy.db')));
    expect(await copyEvents({ from, to })).toMatchObject({ copied: 2, events: 2, faults: [] });
  });

  it('in a stream of ours are a fault of that stream alone: it is refused, and all else goes on', async () => {
    const { store } = await open();
    const [hit, whole] = [await appended(store, 2), await appended(store, 2)];
    await write(other, hit, event(9), 1n);
    const refused = { code: 'log.stream_damaged' };
    await expect(store.read(hit, 0, 100)).rejects.toMatchObject(refused);
    await expect(store.append({ streamId: hit, expected: 2, events: [happened(3)] })).rejects.toMatchObject(refused);
    await store.append({ streamId: whole, expected: 1, events: [happened(2)] });
    expect(await store.readAll(0, 100)).toHaveLength(5);
    expect(await verified()).toMatchObject({ faults: [{ streamId: hit, revision: 2, reason: 'was not written by this log' }] });
    // Also for a process that starts later and hears of nothing.
    const later = await open();
    await expect(later.store.append({ streamId: hit, expected: 2, events: [happened(3)] })).rejects.toMatchObject(refused);
  });

  it('under a name of ours are a fault too, though we never wrote there', async () => {
    const { store } = await open();
    await write(other, 'test-foreign', event(1), 'no_stream');
    await expect(store.read('test-foreign', 0, 10)).rejects.toMatchObject({ code: 'log.stream_damaged' });
    expect((await verified()).faults).toEqual([{ streamId: 'test-foreign', revision: 0, reason: 'was not written by this log' }]);
  });
});

describe('a stream that an administrator has cut', () => {
  const ways: readonly (readonly [string, (streamId: string) => Promise<unknown>, RegExp])[] = [
    ['soft-deleted', (streamId) => other.deleteStream(streamId, { credentials }), /is deleted/],
    ['tombstoned', (streamId) => other.tombstoneStream(streamId, { credentials }), /is deleted/],
    ['truncated', (streamId) => other.setStreamMetadata(streamId, { truncateBefore: 2 }, { credentials }), /from revision 2 on/],
    ['limited in number', (streamId) => other.setStreamMetadata(streamId, { maxCount: 1 }, { credentials }), /its last 1 events only/],
    ['limited in time', (streamId) => other.setStreamMetadata(streamId, { maxAge: 60 }, { credentials }), /for 60 seconds only/],
  ];

  it.each(ways)('%s: is noticed while we run, by the proof, and by a process that starts later', async (_, cut, reason) => {
    const { store, health } = await open();
    const [hit, whole] = [await appended(store, 4), await appended(store, 4)];
    await heard(store, await store.head());
    await cut(hit);
    const last = await store.append({ streamId: whole, expected: 3, events: [happened(4)] });
    await heard(store, last[0]?.position ?? 0);
    const refused = { code: 'log.stream_damaged', message: expect.stringMatching(reason) };
    expect(health.damageOf(hit)).toMatch(reason);
    expect(found).toEqual([expect.stringMatching(reason)]);
    await expect(store.append({ streamId: hit, expected: 3, events: [happened(4)] })).rejects.toMatchObject(refused);
    await expect(store.read(hit, 0, 100)).rejects.toMatchObject(refused);
    const proof = await verified();
    expect(proof.faults.map(({ streamId }) => streamId)).toEqual([hit]);
    expect(proof.faults[0]?.reason).toMatch(reason);
    expect((await verifyRawStream(keep(openRawEventStoreDb(server.url, testContract.owns)), hit)).faults).toHaveLength(1);
    for (const place of ['beside.db', 'another.db', 'another.db']) {
      const later = await open(join(directory, place));
      await expect(later.store.read(hit, 0, 100)).rejects.toMatchObject(refused);
      expect(await later.store.read(whole, 0, 100)).toHaveLength(5);
    }
  });

  it('can be read and written again when the limit is taken back in time', async () => {
    const { store } = await open();
    const hit = await appended(store, 4);
    await other.setStreamMetadata(hit, { truncateBefore: 2 }, { credentials });
    await other.setStreamMetadata(hit, {}, { credentials });
    await heard(store, await appended(store, 1).then(() => store.head()));
    await store.append({ streamId: hit, expected: 3, events: [happened(4)] });
    expect(await store.read(hit, 0, 100)).toHaveLength(5);
    expect((await verified()).faults).toEqual([]);
  });
});
