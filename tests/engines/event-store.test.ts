// The event store as a fleet has it: EventStoreDB (the one that EVENTSTORE_URL names, else the stand-in) with PostgreSQL beside it.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { besideContract, keptKey } from '../../infra/event-store/beside.contract.ts';
import { openPostgresBeside } from '../../infra/event-store/beside-postgres.ts';
import { eventStoreContract, happened, testContract } from '../../infra/event-store/contract.ts';
import { createEventStoreDbStore } from '../../infra/event-store/eventstoredb.ts';
import { openServer } from '../eventstoredb/server.ts';
import { newDatabase, type TestDatabase } from './database.ts';
import { needed } from './needed.ts';
import { createProxy, type Proxy as Way } from './toxiproxy.ts';

besideContract('PostgreSQL', async () => {
  const database = await newDatabase();
  return { open: (options) => openPostgresBeside(database.url, options), remove: () => database.drop() };
});

eventStoreContract('EventStoreDB with PostgreSQL beside', async (now) => {
  const [database, server] = [await newDatabase(), await openServer()];
  const reopen = async () =>
    createEventStoreDbStore({ url: server.url, contract: testContract, beside: await openPostgresBeside(database.url), now });
  return {
    store: await reopen(),
    reopen,
    remove: async () => {
      await server.close();
      await database.drop();
    },
  };
});

describe('PostgreSQL beside the log', () => {
  let database: TestDatabase;
  let proxy: Way;
  beforeAll(async () => {
    database = await newDatabase();
    proxy = await createProxy(needed('DATABASE_URL'));
  });
  afterAll(async () => {
    await proxy.remove();
    await database.drop();
  });

  it('is made once, however many processes start', async () => {
    const many = await Promise.all(Array.from({ length: 5 }, () => openPostgresBeside(database.url)));
    for (const one of many) await one.belongTo('a log');
    const key = keptKey({ at: new Date().toISOString() });
    for (const one of many) one.keep([key, keptKey()]);
    await many[0]?.close();
    expect(await many[1]?.known(key.commandId)).toMatchObject({ fingerprint: 'f' });
    for (const one of many.slice(1)) await one.close();
  });

  it.each(['down', 'timeout'] as const)(
    'fails no append and no read when it is gone (%s), and has everything when it is back',
    async (trouble) => {
      const server = await openServer();
      const failures: Error[] = [];
      const beside = await openPostgresBeside(proxy.through(database.url), { onError: (error) => failures.push(error) });
      const store = await createEventStoreDbStore({ url: server.url, contract: testContract, beside });
      const streamId = `test-${randomUUID()}`;
      const { commandId, fingerprint } = keptKey();
      await proxy[trouble]();
      const at = new Date().toISOString();
      await store.append({ streamId, expected: -1, events: [happened(0)], keys: [{ commandId, fingerprint, at, offset: 0, count: 1 }] });
      expect(await store.snapshot(streamId)).toBeNull();
      expect(await store.known(randomUUID())).toBeNull();
      expect(await store.known(commandId)).toMatchObject({ streamId, firstRevision: 0, count: 1 });
      while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve));
      await proxy.up();
      const direct = await openPostgresBeside(database.url);
      while (!(await direct.known(commandId))) await new Promise((resolve) => setImmediate(resolve));
      await direct.close();
      await store.close();
      await server.close();
    },
  );
});
