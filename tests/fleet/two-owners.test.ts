// Two processes of a role that one alone may have: one works, the other waits. If the first one is stopped for a while, the second takes
// over; and when the first wakes, it finds that out, writes nothing, and ends.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPostgres } from '../../infra/postgres.ts';
import { buy, openStreet, type Street } from '../faults/buyers.ts';
import { chainFaults, ledgerFaults, stockFaults } from '../support/inspect.ts';
import { type Another, startAnother } from './another.ts';
import { differences, rowsOf } from './copies.ts';
import { Town } from './town.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const alone = ['projections', 'sagas'] as const;

let town: Town;
let street: Street;
const seconds = new Map<string, Another>();
beforeAll(async () => {
  town = await Town.open({ env: { ANALYTICS: 'off' } });
  for (const role of alone) seconds.set(role, await startAnother(town.ground, role, { ANALYTICS: 'off' }));
  street = await openStreet(town);
});
afterAll(async () => {
  for (const { process } of seconds.values()) await process.kill();
  await town?.close();
});

const owners = async (): Promise<Record<string, { pid: number; epoch: number }>> => {
  const postgres = openPostgres(town.ground.env.DATABASE_URL ?? '', { max: 1 });
  const rows = await postgres.query<{ name: string; owner: string; epoch: number }>('SELECT name, owner, epoch FROM fleet.leases');
  await postgres.close();
  return Object.fromEntries(rows.map(({ name, owner, epoch }) => [name, { pid: Number(owner.split('.').at(-1)), epoch }]));
};
const listens = (another: Another | undefined) => another?.process.lines.some((line) => line.includes('listening on'));

describe('two processes of a role that one alone may have', () => {
  it('share no work: the second one waits', async () => {
    await buy(town, street, 'paid');
    await town.settled();
    const now = await owners();
    for (const role of alone) {
      expect(now[role]).toEqual({ pid: town.fleet.of(role).pid, epoch: 1 });
      expect(listens(seconds.get(role))).toBe(false);
    }
  });

  it('change places when the first one stands still, and the purchase that was under way goes on', async () => {
    for (const role of alone) process.kill(town.fleet.of(role).pid, 'SIGSTOP');
    const bought = buy(town, street, 'shipped');
    for (const another of seconds.values()) await another.listens();
    expect((await bought).ended).toBe('checkout.completed');
    const now = await owners();
    for (const role of alone) expect(now[role]).toEqual({ pid: seconds.get(role)?.process.pid, epoch: 2 });
  });

  it('do not mix: the first one wakes, writes nothing, and ends so that it is started again', async () => {
    await town.settled();
    const [rows, head] = [await rowsOf(town.ground, { withWriter: true }), await town.inside.store.head()];
    for (const role of alone) process.kill(town.fleet.of(role).pid, 'SIGCONT');
    for (const role of alone) expect([role, await town.fleet.of(role).gone]).toEqual([role, 1]);
    expect(differences(rows, await rowsOf(town.ground, { withWriter: true }))).toEqual([]);
    expect(await town.inside.store.head()).toBe(head);
  });

  it('leave everything right', async () => {
    expect((await buy(town, street, 'told twice')).ended).toBe('checkout.completed');
    await town.settled();
    for (const [role, { process }] of seconds) {
      // In the reverse order both would wait for one another: the sagas begin when the read models are there.
      expect([role, await process.stop()]).toEqual([role, 0]);
      await town.fleet.start(role === 'sagas' ? 'sagas' : 'projections');
    }
    const before = await rowsOf(town.ground);
    await town.inside.projector.ask({ ask: 'rebuild', projections: [] });
    expect(differences(before, await rowsOf(town.ground))).toEqual([]);
    expect(chainFaults(town.heard, { isDense: false })).toEqual([]);
    expect(stockFaults(town.heard)).toEqual([]);
    expect(ledgerFaults(town.heard)).toEqual([]);
  });
});
