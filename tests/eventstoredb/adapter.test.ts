// The event store on EventStoreDB: the contract of every event store, and what only a log over the network has to stand.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { createLogFeed } from '../../infra/event-feed/log.ts';
import { openSqliteBeside } from '../../infra/event-store/beside-sqlite.ts';
import { chainHash, noHash } from '../../infra/event-store/codec.ts';
import { eventStoreContract, happened, testContract } from '../../infra/event-store/contract.ts';
import { createEventStoreDbStore } from '../../infra/event-store/eventstoredb.ts';
import { openEventStoreDbLog } from '../../infra/event-store/eventstoredb-log.ts';
import { type EventStore, VersionConflict } from '../../infra/event-store/port.ts';
import { openServer } from './server.ts';
import { type EventStoreStandIn, startEventStoreStandIn } from './stand-in.ts';

const newDirectory = () => mkdtempSync(join(tmpdir(), 'eventstoredb-'));
const open = (url: string, directory: string, now?: () => number): Promise<EventStore> =>
  createEventStoreDbStore({
    url,
    contract: testContract,
    beside: openSqliteBeside(join(directory, `beside-${randomUUID()}.db`)),
    ...(now && { now }),
  });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const has = async (store: EventStore, position: number) => {
  while (store.told() < position) await turn();
};

eventStoreContract('EventStoreDB', async (now) => {
  const directory = newDirectory();
  const server = await openServer();
  const reopen = () =>
    createEventStoreDbStore({ url: server.url, contract: testContract, beside: openSqliteBeside(join(directory, 'beside.db')), now });
  return {
    store: await reopen(),
    reopen,
    remove: async () => {
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
});

describe('an append whose outcome is not known', () => {
  let directory: string;
  let server: EventStoreStandIn;
  let store: EventStore;
  const stream = () => `test-${randomUUID()}`;
  const append = (streamId: string, expected: number, count: number) =>
    store.append({ streamId, expected, events: Array.from({ length: count }, (_, n) => happened(expected + 1 + n)) });

  beforeAll(async () => {
    directory = newDirectory();
    server = await startEventStoreStandIn({ directory: join(directory, 'server') });
    store = await open(server.url, directory);
  });
  afterAll(async () => {
    await store.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });

  it.each([
    ['one event, new stream, connection lost', 1, -1, 'unavailable'],
    ['one event, no answer', 1, 4, 'never'],
    ['several events, connection lost', 3, 4, 'unavailable'],
    ['several events, new stream, no answer', 3, -1, 'never'],
  ] as const)('is done once and answered as it stands: %s', async (_, count, expected, how) => {
    const streamId = stream();
    if (expected >= 0) await append(streamId, -1, expected + 1);
    server.faults.loseNextReply(1, how);
    const written = await append(streamId, expected, count);
    expect(await store.read(streamId, 0, 100)).toHaveLength(expected + 1 + count);
    expect(written).toEqual(await store.read(streamId, expected + 1, 100));
    expect((await append(streamId, expected + count, 1))[0]?.revision).toBe(expected + count + 1);
  });

  it('is recognised as its own after another process has gone on from it', async () => {
    const streamId = stream();
    const other = await open(server.url, directory);
    await append(streamId, -1, 1);
    server.faults.loseNextReply(1, 'never');
    const slow = append(streamId, 0, 2);
    while ((await other.read(streamId, 0, 10)).length < 3) await turn();
    await other.append({ streamId, expected: 2, events: [happened(3)] });
    expect((await slow).map(({ revision }) => revision)).toEqual([1, 2]);
    await other.close();
  });

  it.each([
    ['another node leads', () => server.faults.notLeaderNext()],
    ['the server is not ready for a while', () => server.faults.refuseNext(4)],
    ['the server itself gives up', () => server.faults.timeOutNext()],
    ['the server is slower than one try may be', () => server.faults.delayNext(1_000)],
  ])('is sent again when %s', async (_, spoil) => {
    const streamId = stream();
    spoil();
    expect(await append(streamId, -1, 2)).toEqual(await store.read(streamId, 0, 10));
  });

  it('is given up when no answer comes in time, with a refusal that says to try again', async () => {
    const deaf = await startEventStoreStandIn({ directory: join(directory, 'deaf') });
    const asking = await open(deaf.url, directory);
    deaf.faults.refuseNext(1_000);
    const refused = asking.append({ streamId: stream(), expected: -1, events: [happened(0)] });
    await expect(refused).rejects.toMatchObject({ name: 'DomainError', code: 'server.store_unavailable' });
    await asking.close();
    await deaf.close();
  });

  it('is not sent again after a refusal that is final', async () => {
    const before = server.calls.append;
    server.faults.denyNext();
    await expect(append(stream(), -1, 1)).rejects.toThrow('Access Denied');
    expect(server.calls.append).toBe(before + 1);
  });

  it('never goes down the shared stream of batches', () => {
    expect(server.calls.append).toBeGreaterThan(0);
    expect(server.calls.batchAppend).toBe(0);
  });

  it('tells of everything in order over a subscription that is dropped again and again', async () => {
    const seen: Recorded[] = [];
    const from = await store.head();
    await has(store, from);
    const stop = store.onCommitted((events) => seen.push(...events));
    for (let n = 0; n < 20; n += 1) {
      await append(stream(), -1, 2);
      if (n % 5 === 0) server.faults.dropSubscriptions();
    }
    await has(store, await store.head());
    stop();
    expect(seen).toEqual(await store.readAll(from, 100));
  });
});

describe('two processes on one log', () => {
  let directory: string;
  let server: Awaited<ReturnType<typeof openServer>>;
  let stores: [EventStore, EventStore];
  beforeAll(async () => {
    directory = newDirectory();
    server = await openServer();
    stores = await Promise.all([open(server.url, directory), open(server.url, directory)]);
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });

  it('know it by the same name', () => {
    expect(stores[0].logId).toMatch(/^[0-9a-f]{32}$/);
    expect(stores[1].logId).toBe(stores[0].logId);
    expect(stores.every(({ isShared }) => isShared)).toBe(true);
  });

  it('race on one stream: exactly one of them wins each revision, and the chain of hashes holds', async () => {
    const streamId = `test-${randomUUID()}`;
    const race = async (store: EventStore) => {
      let [revision, conflicts] = [-1, 0];
      for (let won = 0; won < 25; ) {
        try {
          const written = await store.append({ streamId, expected: revision, events: [happened(won), happened(won)] });
          expect(written[0]?.revision).toBe(revision + 1);
          revision = written[1]?.revision ?? revision;
          won += 1;
        } catch (error) {
          if (!(error instanceof VersionConflict)) throw error;
          // The other's append may be known to the server's writer a moment before it can be read.
          revision = (await store.read(streamId, revision + 1, 1_000)).at(-1)?.revision ?? revision;
          conflicts += 1;
        }
      }
      return conflicts;
    };
    expect(Math.max(...(await Promise.all(stores.map(race))))).toBeGreaterThan(0);
    const log = openEventStoreDbLog(server.url);
    const raws = await log.read(streamId, 0, 1_000);
    await log.close();
    expect(raws.map(({ revision }) => revision)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    let previous: Buffer = noHash;
    for (const raw of raws) {
      previous = chainHash(previous, streamId, raw.revision, raw);
      expect(raw.hash).toBe(previous.toString('hex'));
    }
  });

  it('decide the same command at the same revision: one writes it, the other finds a conflict, and the chain goes on', async () => {
    const streamId = `test-${randomUUID()}`;
    const twice = { ...happened(0), metadata: { ...happened(0).metadata, eventId: randomUUID() } };
    let clock = Date.parse('2026-01-01T00:00:00.000Z');
    const third = await open(server.url, directory, () => clock);
    await stores[0].append({ streamId, expected: -1, events: [twice] });
    clock += 1;
    await expect(third.append({ streamId, expected: -1, events: [twice] })).rejects.toMatchObject({ name: 'VersionConflict', actual: 0 });
    const [next] = await third.append({ streamId, expected: 0, events: [happened(1)] });
    const read = await stores[1].read(streamId, 0, 10);
    expect(read[1]).toEqual(next);
    await third.close();
  });

  it('stop at once, whether they had begun to listen or not', async () => {
    for (const listens of [false, true]) {
      const store = await open(server.url, directory);
      if (listens) store.onCommitted(() => {});
      await store.close();
    }
  });

  it('hear of the events of the other', async () => {
    const seen: Recorded[] = [];
    const subscription = createLogFeed(stores[1]).subscribe(await stores[1].head(), (events) => {
      seen.push(...events);
    });
    const written = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        (stores[n % 2] as EventStore).append({ streamId: `test-${randomUUID()}`, expected: -1, events: [happened(n), happened(n)] }),
      ),
    );
    while (seen.length < 100) await turn();
    await subscription.stop();
    expect(seen).toEqual(written.flat().toSorted((a, b) => a.position - b.position));
  });
});

describe('a server that is killed and started again under load', () => {
  it('loses nothing that was acknowledged, and everything is told once', async () => {
    const directory = newDirectory();
    const at = { directory: join(directory, 'server') };
    let server = await startEventStoreStandIn(at);
    const store = await open(server.url, directory);
    const seen: Recorded[] = [];
    const subscription = createLogFeed(store).subscribe(0, (events) => {
      seen.push(...events);
    });
    const acknowledged: Recorded[] = [];
    let running = true;
    const writer = async (n: number) => {
      const streamId = `test-${n}`;
      for (let revision = -1; running; ) {
        try {
          const written = await store.append({ streamId, expected: revision, events: [happened(n), happened(n)] });
          acknowledged.push(...written);
          revision += 2;
        } catch (error) {
          if (error instanceof VersionConflict) revision = error.actual;
          else expect(error).toMatchObject({ code: 'server.store_unavailable' });
        }
      }
    };
    const writers = Array.from({ length: 8 }, (_, n) => writer(n));
    for (let round = 0; round < 3; round += 1) {
      const before = acknowledged.length;
      while (acknowledged.length < before + 200) await turn();
      await server.kill();
      server = await startEventStoreStandIn({ ...at, port: server.port });
    }
    const before = acknowledged.length;
    while (acknowledged.length < before + 200) await turn();
    running = false;
    await Promise.all(writers);
    const all: Recorded[] = [];
    for (let n = 0; n < 8; n += 1) all.push(...(await store.read(`test-${n}`, 0, 10_000)));
    const byId = new Map(all.map((event) => [event.metadata.eventId, event]));
    expect(byId.size).toBe(all.length);
    for (const event of acknowledged) expect(byId.get(event.metadata.eventId)).toEqual(event);
    await has(store, await store.head());
    while (subscription.position() < store.told()) await turn();
    await subscription.stop();
    expect(seen).toEqual(all.toSorted((a, b) => a.position - b.position));
    await store.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });
});

/** A way to the server on which connections can fall silent for good, as behind a router that has forgotten them; new ones work. */
const silentWay = async (port: number) => {
  const connections = new Set<Socket>();
  const way = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      connections.add(socket);
      socket.on('error', () => {}).on('close', () => [near, far].map((one) => one.destroy()));
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
  const address = way.address();
  return {
    url: `esdb://127.0.0.1:${typeof address === 'object' ? address?.port : 0}?tls=false`,
    silence: () => {
      for (const socket of connections) socket.unpipe().resume();
    },
    close: () => {
      way.close();
      for (const socket of connections) socket.destroy();
    },
  };
};

describe('a connection that falls silent', () => {
  it('costs one refusal; what comes after it goes over a new one', async () => {
    const directory = newDirectory();
    const server = await startEventStoreStandIn({ directory: join(directory, 'server') });
    const way = await silentWay(server.port);
    const store = await open(way.url, directory);
    const streamId = `test-${randomUUID()}`;
    await store.append({ streamId, expected: -1, events: [happened(0)] });
    way.silence();
    await expect(store.append({ streamId, expected: 0, events: [happened(1)] })).rejects.toMatchObject({
      code: 'server.store_unavailable',
    });
    const [written] = await store.append({ streamId, expected: 0, events: [happened(1)] });
    expect(written?.revision).toBe(1);
    await store.close();
    way.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });
});
