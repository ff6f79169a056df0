// What every kind of lease must do, whoever keeps it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Leases } from './port.ts';

/** Two processes that share the leases of one place (in one process: the same object twice). */
export interface LeasePlace {
  readonly one: Leases;
  readonly two: Leases;
  remove(): Promise<void>;
}

const settled = async (promise: Promise<unknown>) => {
  let isSettled = false;
  promise.then(
    () => {
      isSettled = true;
    },
    () => {},
  );
  await new Promise((resolve) => setImmediate(resolve));
  return isSettled;
};

export const leaseContract = (name: string, makePlace: () => Promise<LeasePlace>) => {
  describe(`${name}: a lease`, () => {
    let place: LeasePlace;
    beforeEach(async () => {
      place = await makePlace();
    });
    afterEach(async () => {
      await place.one.close();
      await place.two.close();
      await place.remove();
    });

    it('has one owner; the next one gets it when it is released, under a higher epoch', async () => {
      const first = await place.one.acquire('a', { owner: 'one', ttlMs: 2_000 });
      const waiting = place.two.acquire('a', { owner: 'two', ttlMs: 2_000 });
      expect(await settled(waiting)).toBe(false);
      expect(first.isHeld()).toBe(true);
      await first.release();
      expect(first.isHeld()).toBe(false);
      expect(first.lost.aborted).toBe(false);
      const second = await waiting;
      expect(second.epoch).toBeGreaterThan(first.epoch);
      expect(second.isHeld()).toBe(true);
    });
    it('is had by one at a time, however many ask', async () => {
      let owners = 0;
      const epochs: number[] = [];
      const turn = async (leases: Leases) => {
        const lease = await leases.acquire('b', { owner: 'somebody', ttlMs: 1_000 });
        owners += 1;
        expect(owners).toBe(1);
        epochs.push(lease.epoch);
        await new Promise((resolve) => setImmediate(resolve));
        owners -= 1;
        await lease.release();
      };
      await Promise.all([place.one, place.two, place.one, place.two].map(turn));
      expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
      expect(epochs).toHaveLength(4);
    });
    it('of another name is another lease', async () => {
      const c = await place.one.acquire('c', { owner: 'one' });
      const d = await place.two.acquire('d', { owner: 'two' });
      expect([c.isHeld(), d.isHeld()]).toEqual([true, true]);
    });
    it('can be waited for no longer', async () => {
      const first = await place.one.acquire('e', { owner: 'one' });
      const stop = new AbortController();
      const waiting = place.two.acquire('e', { owner: 'two', signal: stop.signal });
      const refused = expect(waiting).rejects.toThrow('enough');
      stop.abort(new Error('enough'));
      await refused;
      await first.release();
      expect((await place.one.acquire('e', { owner: 'one' })).isHeld()).toBe(true);
    });
    it('may be released twice', async () => {
      const first = await place.one.acquire('f', { owner: 'one' });
      await first.release();
      const second = await place.two.acquire('f', { owner: 'two' });
      await first.release();
      expect(second.isHeld()).toBe(true);
    });
  });
};
