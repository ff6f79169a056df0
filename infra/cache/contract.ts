// What every cache must do; runs against each adapter.
import { describe, expect, it } from 'vitest';
import type { Cache } from './port.ts';

/** `advance` moves the adapter's clock by that many milliseconds, or waits until it has moved. */
export const cacheContract = (name: string, open: () => Promise<{ cache: Cache; advance: (milliseconds: number) => Promise<void> }>) => {
  describe(`${name}: a cache`, () => {
    it('gives back what was set, until it is deleted', async () => {
      const { cache } = await open();
      await cache.set('a', 'é😀', 60_000);
      expect(await cache.get('a')).toBe('é😀');
      await cache.delete('a');
      expect(await cache.get('a')).toBeUndefined();
    });
    it('forgets when the time is over', async () => {
      const { cache, advance } = await open();
      await cache.set('b', '1', 50);
      await advance(51);
      expect(await cache.get('b')).toBeUndefined();
    });
    it('replaces the value and its time', async () => {
      const { cache, advance } = await open();
      await cache.set('c', '1', 50);
      await cache.set('c', '2', 60_000);
      await advance(51);
      expect(await cache.get('c')).toBe('2');
    });
  });

  describe(`${name}: a rate`, () => {
    it('lets a burst through, then one per interval', async () => {
      const { cache } = await open();
      for (let n = 0; n < 3; n += 1) expect(await cache.gcra('r1', 1_000, 3, 10_000)).toEqual({ allowed: true });
      expect(await cache.gcra('r1', 1_000, 3, 10_000)).toEqual({ allowed: false, retryAfter: 1_000 });
      expect(await cache.gcra('r1', 1_000, 3, 10_400)).toEqual({ allowed: false, retryAfter: 600 });
      expect(await cache.gcra('r1', 1_000, 3, 11_000)).toEqual({ allowed: true });
      expect(await cache.gcra('r1', 1_000, 3, 11_000)).toMatchObject({ allowed: false });
    });
    it('is full again after a rest, not fuller', async () => {
      const { cache } = await open();
      for (let n = 0; n < 2; n += 1) await cache.gcra('r2', 1_000, 2, 0);
      for (let n = 0; n < 2; n += 1) expect(await cache.gcra('r2', 1_000, 2, 60_000)).toEqual({ allowed: true });
      expect(await cache.gcra('r2', 1_000, 2, 60_000)).toMatchObject({ allowed: false });
    });
    it('is counted per key', async () => {
      const { cache } = await open();
      await cache.gcra('r3', 1_000, 1, 0);
      expect(await cache.gcra('r4', 1_000, 1, 0)).toEqual({ allowed: true });
    });
    it('admits no more than the burst to those who come together', async () => {
      const { cache } = await open();
      const answers = await Promise.all(Array.from({ length: 50 }, async () => cache.gcra('r5', 60_000, 5, 1_000)));
      expect(answers.filter(({ allowed }) => allowed)).toHaveLength(5);
    });
  });
};
