// The event store on a cluster: leaders that are killed or hang, a majority that is gone, and its return.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { openSqliteBeside } from '../../infra/event-store/beside-sqlite.ts';
import { happened, testContract } from '../../infra/event-store/contract.ts';
import { createEventStoreDbStore } from '../../infra/event-store/eventstoredb.ts';
import { Connection } from '../../infra/event-store/eventstoredb-connection.ts';
import { type EventStore, VersionConflict } from '../../infra/event-store/port.ts';
import { type Cluster, startCluster } from './cluster.ts';

let directory: string;
let cluster: Cluster;
const stores: EventStore[] = [];
const open = async (url: string) => {
  const beside = openSqliteBeside(join(directory, `beside-${randomUUID()}.db`));
  const store = await createEventStoreDbStore({ url, contract: testContract, beside });
  stores.push(store);
  return store;
};
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'eventstoredb-cluster-'));
  cluster = await startCluster(join(directory, 'nodes'));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await cluster.close();
  rmSync(directory, { recursive: true });
});

const leader = () => {
  const index = cluster.leader();
  if (index === null) throw new Error('nobody leads');
  return index;
};
const isRefusal = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'server.store_unavailable';

/** Appends to some streams at once until told otherwise, as clients do that come again after a refusal. */
const keepWriting = (store: EventStore) => {
  const acknowledged: Recorded[] = [];
  const progress = new EventEmitter();
  let [running, refused] = [true, 0];
  const write = async (streamId: string) => {
    for (let revision = -1; running; ) {
      try {
        acknowledged.push(...(await store.append({ streamId, expected: revision, events: [happened(revision + 1)] })));
        revision += 1;
        progress.emit('written');
      } catch (error) {
        if (error instanceof VersionConflict) revision = error.actual;
        else if (isRefusal(error)) refused += 1;
        else throw error;
        progress.emit('refused');
      }
    }
  };
  const streams = Array.from({ length: 8 }, () => `test-${randomUUID()}`);
  const done = Promise.all(streams.map(write));
  const until = async (what: string, holds: () => boolean) => {
    while (!holds()) await Promise.race([done, once(progress, what)]);
  };
  return {
    streams,
    acknowledged,
    /** Waits until so many more were acknowledged. */
    more: (count: number, wanted = acknowledged.length + count) => until('written', () => acknowledged.length >= wanted),
    refused: (count: number) => until('refused', () => refused >= count),
    async stop() {
      running = false;
      await done;
    },
  };
};

const idsOf = (events: readonly Recorded[]) => events.map(({ metadata }) => metadata.eventId);
const allOf = async (store: EventStore, streams: readonly string[]) =>
  idsOf((await Promise.all(streams.map((streamId) => store.read(streamId, 0, 10_000)))).flat());

describe.each([
  ['several addresses', () => cluster.url],
  ['one address to discover from', () => cluster.discoverUrl],
])('a cluster named by %s', (_, url) => {
  it('goes on by itself whenever its leader is killed, and loses nothing', async () => {
    const store = await open(url());
    const told: string[] = [];
    store.onCommitted((events) => told.push(...idsOf(events)));
    const writing = keepWriting(store);
    for (let round = 0; round < 3; round += 1) {
      await writing.more(20);
      // The one to discover from stays: who knows no other address is lost without it.
      const killed = url() === cluster.discoverUrl && leader() === 0 ? 1 : leader();
      cluster.kill(killed);
      await writing.more(20);
      await cluster.start(killed);
    }
    await writing.stop();
    const stored = await allOf(store, writing.streams);
    expect(stored).toEqual(expect.arrayContaining(idsOf(writing.acknowledged)));
    while (told.length < stored.length) await new Promise((resolve) => setImmediate(resolve));
    expect(told.toSorted()).toEqual(stored.toSorted());
  });

  it('refuses while most of its nodes are gone, and goes on when they are back', async () => {
    const store = await open(url());
    store.onCommitted(() => {});
    const writing = keepWriting(store);
    await writing.more(5);
    const killed = leader();
    cluster.kill(killed);
    cluster.kill((killed + 1) % 3);
    await writing.refused(8);
    await expect(store.head()).rejects.toSatisfy(isRefusal);
    await cluster.start(killed);
    await writing.more(5);
    await writing.stop();
    expect(await allOf(store, writing.streams)).toEqual(expect.arrayContaining(idsOf(writing.acknowledged)));
  });

  it('goes on without a leader that hangs', async () => {
    const store = await open(url());
    const writing = keepWriting(store);
    await writing.more(5);
    if (leader() === 0) {
      // Who discovers from the node that hangs would wait for it.
      cluster.kill(0);
      await cluster.start(0);
      await writing.more(5);
    }
    const hung = leader();
    cluster.hang(hung);
    await writing.more(5);
    cluster.resume(hung);
    await writing.more(5);
    await writing.stop();
  });

  it('waits out a leader that hangs while nobody else may lead', async () => {
    const store = await open(url());
    const writing = keepWriting(store);
    await writing.more(5);
    const hung = leader();
    const other = (hung + 1) % 3;
    cluster.hang(hung);
    cluster.kill(other);
    await writing.refused(16);
    cluster.resume(hung);
    await writing.more(5);
    await writing.stop();
    expect(await allOf(store, writing.streams)).toEqual(expect.arrayContaining(idsOf(writing.acknowledged)));
  });
});

it('an old call that fails while a new connection finds no leader ends nothing but itself', async () => {
  const connection = new Connection(cluster.discoverUrl);
  const ask = () => connection.pageOfStream('test-none', 0, { limit: 1, within: 10_000 });
  expect(await ask()).toEqual([]);
  const killed = leader();
  cluster.faults(killed).delayNext(60_000, 'read');
  const old = ask();
  await connection.renew();
  for (const other of [0, 1, 2].filter((index) => index !== killed)) cluster.kill(other);
  const next = ask();
  cluster.kill(killed);
  // A rejection that nobody handles fails the run.
  expect((await Promise.allSettled([old, next])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await connection.close();
});
