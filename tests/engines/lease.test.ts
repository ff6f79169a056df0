// Leases on a real PostgreSQL: the contract, straight and through PgBouncer, and what only time and trouble can show.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { leaseContract } from '../../infra/lease/contract.ts';
import { Fenced, type Leases } from '../../infra/lease/port.ts';
import { fenceOf, openPostgresLeases } from '../../infra/lease/postgres.ts';
import { openPostgres, type Postgres } from '../../infra/postgres.ts';
import { needed } from './needed.ts';
import { createProxy, type Proxy as Way } from './toxiproxy.ts';

const schemas: string[] = [];
const newSchema = () => {
  const schema = `lease_test_${randomUUID().replaceAll('-', '')}`;
  schemas.push(schema);
  return schema;
};
let postgres: Postgres;
beforeAll(() => {
  postgres = openPostgres(needed('DATABASE_URL'), { max: 4 });
});
afterAll(async () => {
  for (const schema of schemas) await postgres.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await postgres.close();
});

for (const variable of ['DATABASE_URL', 'PGBOUNCER_URL']) {
  leaseContract(`PostgreSQL by ${variable}`, async () => {
    const schema = newSchema();
    const [one, two] = await Promise.all([1, 2].map(() => openPostgresLeases(needed(variable), { schema })));
    return { one: one!, two: two!, remove: async () => {} };
  });
}

describe('a lease on PostgreSQL', () => {
  let schema: string;
  let leases: Leases;
  let others: Leases;
  let proxy: Way;
  beforeEach(async () => {
    schema = newSchema();
    proxy = await createProxy(needed('DATABASE_URL'));
    leases = await openPostgresLeases(proxy.through(needed('DATABASE_URL')), { schema });
    others = await openPostgresLeases(needed('DATABASE_URL'), { schema });
  });
  afterEach(async () => {
    await proxy.up();
    await Promise.all([leases.close(), others.close()]);
    await proxy.remove();
  });
  const expire = () => postgres.query(`UPDATE ${schema}.leases SET expires_at = '-infinity'`);

  it('outlives its time by being renewed', async () => {
    const lease = await leases.acquire('a', { owner: 'one', ttlMs: 300 });
    const [before] = await postgres.query<{ at: Date }>(`SELECT expires_at AS at FROM ${schema}.leases`);
    const stop = new AbortController();
    const waiting = others.acquire('a', { owner: 'two', ttlMs: 300, signal: stop.signal });
    // The database's clock passes the first end of the lease.
    await postgres.query('SELECT pg_sleep(extract(epoch FROM $1::timestamptz - clock_timestamp()) + 0.1)', [before!.at]);
    expect(lease.isHeld()).toBe(true);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('is lost to whoever found it over, and its owner hears of it', async () => {
    const lease = await leases.acquire('a', { owner: 'one', ttlMs: 3_000 });
    const lost = once(lease.lost, 'abort');
    await expire();
    const next = await others.acquire('a', { owner: 'two' });
    expect(next.epoch).toBe(lease.epoch + 1);
    await lost;
    expect(lease.lost.reason).toBeInstanceOf(Fenced);
    expect(lease.isHeld()).toBe(false);
    await lease.release();
    expect(next.isHeld()).toBe(true);
  });

  it('is given up by an owner that cannot reach the database, before anybody else can have it', async () => {
    const lease = await leases.acquire('a', { owner: 'one', ttlMs: 1_500 });
    await proxy.timeout();
    const waiting = others.acquire('a', { owner: 'two' });
    const first = await Promise.race([once(lease.lost, 'abort').then(() => 'lost'), waiting.then(() => 'taken')]);
    expect(first).toBe('lost');
    expect(lease.isHeld()).toBe(false);
    expect((await waiting).epoch).toBe(lease.epoch + 1);
  });

  it('is held through a short trouble', async () => {
    const lease = await leases.acquire('a', { owner: 'one', ttlMs: 20_000 });
    await proxy.down();
    await proxy.up();
    await postgres.transaction((tx) => lease.fence(tx));
    expect(lease.isHeld()).toBe(true);
  });

  it('is got when the database comes back, and waiting for it can end before', async () => {
    const failed = Promise.withResolvers<unknown>();
    const patient = await openPostgresLeases(proxy.through(needed('DATABASE_URL')), { schema, onError: failed.resolve });
    await proxy.down();
    const waiting = patient.acquire('a', { owner: 'one', ttlMs: 1_000 });
    expect(await failed.promise).toMatchObject({ code: 'server.store_unavailable' });
    const impatient = leases.acquire('b', { owner: 'one' });
    const closed = expect(impatient).rejects.toThrow('closed');
    await leases.close();
    await closed;
    await proxy.up();
    expect((await waiting).isHeld()).toBe(true);
    await patient.close();
    leases = await openPostgresLeases(needed('DATABASE_URL'), { schema });
  });

  it('fences writers of an earlier epoch, and a writer that is at it keeps it', async () => {
    const lease = await leases.acquire('a', { owner: 'one', ttlMs: 600_000 });
    const writing = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const written = postgres.transaction(async (tx) => {
      await lease.fence(tx);
      // Over by now, yet the writer was there first. A renewal or, as here, any update of the row goes through meanwhile.
      await expire();
      writing.resolve();
      await mayCommit.promise;
    });
    await writing.promise;
    const stop = new AbortController();
    const early = others.acquire('a', { owner: 'two', ttlMs: 200, signal: stop.signal });
    // Whoever asks for what is free gets it meanwhile, again and again.
    for (const name of ['b', 'c', 'd', 'e']) await others.acquire(name, { owner: 'two' });
    stop.abort(new Error('not yet'));
    await expect(early).rejects.toThrow('not yet');
    mayCommit.resolve();
    await written;
    const next = await others.acquire('a', { owner: 'two' });
    await expect(postgres.transaction((tx) => lease.fence(tx))).rejects.toThrow(Fenced);
    await postgres.transaction((tx) => next.fence(tx));
    // The same for a thread that only knows what the lease is called.
    await postgres.transaction((tx) => fenceOf({ name: 'a', epoch: next.epoch }, schema).fence(tx));
    await expect(postgres.transaction((tx) => fenceOf({ name: 'a', epoch: lease.epoch }, schema).fence(tx))).rejects.toThrow(Fenced);
  });
});
