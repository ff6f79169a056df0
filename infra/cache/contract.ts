// What every cache must do; runs against each adapter.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aside } from './aside.ts';
import type { Cache, Ticket } from './port.ts';

export interface CachePlace {
  readonly cache: Cache;
  /** The same cache as another process sees it. */
  readonly other: Cache;
  /** What `gcra` is given as the time. */
  now(): number;
  /** Moves on by that many milliseconds: all that is kept grows older. */
  advance(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

export const cacheContract = (name: string, open: () => Promise<CachePlace>) => {
  let place: CachePlace;
  beforeEach(async () => {
    place = await open();
  });
  afterEach(() => place.close());

  const ticketFor = async (cache: Cache, key: string): Promise<Ticket> => {
    const found = await cache.lookup(key);
    if (found === null || typeof found === 'string') throw new Error(`expected a ticket for ${key}, found ${found}`);
    return found;
  };
  const keep = async (key: string, value: string, ttl: number) => place.cache.fill(key, await ticketFor(place.cache, key), value, ttl);

  describe(`${name}: a cache`, () => {
    it('gives back what was filled in, to everybody, until it is deleted', async () => {
      const { cache, other } = place;
      await keep('a', 'é😀', 60_000);
      await keep('b', '', 60_000);
      expect([await cache.lookup('a'), await other.lookup('a'), await other.lookup('b')]).toEqual(['é😀', 'é😀', '']);
      await other.delete(['a', 'x']);
      expect(await ticketFor(cache, 'a')).toEqual(await ticketFor(other, 'a'));
      expect(await cache.lookup('b')).toBe('');
    });
    it('forgets when the time is over', async () => {
      await keep('a', '1', 5_000);
      await place.advance(4_000);
      expect(await place.cache.lookup('a')).toBe('1');
      await place.advance(1_001);
      await ticketFor(place.cache, 'a');
    });
    it('takes a value once for each ticket', async () => {
      const { cache, other } = place;
      const ticket = await ticketFor(cache, 'a');
      await cache.fill('a', ticket, '1', 60_000);
      await other.fill('a', ticket, '2', 60_000);
      expect(await cache.lookup('a')).toBe('1');
    });
    it('refuses what was loaded before a deletion, and takes what was loaded after', async () => {
      const { cache, other } = place;
      const early = await ticketFor(cache, 'a');
      await other.delete(['a']);
      const late = await ticketFor(cache, 'a');
      expect(late.id).not.toBe(early.id);
      await cache.fill('a', early, 'old', 60_000);
      await ticketFor(other, 'a');
      await other.fill('a', late, 'new', 60_000);
      await cache.fill('a', early, 'old', 60_000);
      expect(await other.lookup('a')).toBe('new');
    });
  });

  describe(`${name}: cached`, () => {
    const never = () => {
      throw new Error('this was to be found');
    };
    it('shares what one process has loaded', async () => {
      expect(await aside(place.cache).cached('a', 60_000, async () => 'value')).toBe('value');
      expect(await aside(place.other).cached('a', 60_000, never)).toBe('value');
    });
    it('does not keep what was loaded before an invalidation, in whatever process', async () => {
      const [one, two] = [aside(place.cache), aside(place.other)];
      const gate = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<void>();
      const old = one.cached('a', 60_000, () => {
        begun.resolve();
        return gate.promise;
      });
      await begun.promise;
      await two.invalidate(['a']);
      // Nor is the load under way shared with those who ask from now on.
      expect(await one.cached('a', 60_000, async () => 'new')).toBe('new');
      gate.resolve('old');
      expect(await old).toBe('old');
      for (const each of [one, two]) expect(await each.cached('a', 60_000, never)).toBe('new');
    });
  });

  describe(`${name}: a rate`, () => {
    /** Of a minute, so that the moments that pass meanwhile do not count. */
    const minute = 60_000;
    const step = async (key: string, burst: number, cache = place.cache) => {
      const admission = await cache.gcra(key, minute, burst, place.now());
      return admission.allowed ? 'allowed' : Math.round(admission.retryAfter / 1_000 / 10) * 10;
    };

    it('lets a burst through, then one per interval', async () => {
      for (let n = 0; n < 3; n += 1) expect(await step('a', 3, n === 1 ? place.other : place.cache)).toBe('allowed');
      expect(await step('a', 3)).toBe(60);
      await place.advance(20_000);
      expect(await step('a', 3)).toBe(40);
      await place.advance(40_000);
      expect(await step('a', 3)).toBe('allowed');
      expect(await step('a', 3)).toBe(60);
    });
    it('is full again after a rest, not fuller', async () => {
      for (let n = 0; n < 2; n += 1) await step('a', 2);
      await place.advance(60 * minute);
      for (let n = 0; n < 2; n += 1) expect(await step('a', 2)).toBe('allowed');
      expect(await step('a', 2)).toBe(60);
    });
    it('is counted per key', async () => {
      await step('a', 1);
      expect(await step('b', 1)).toBe('allowed');
    });
    it('admits no more than the burst to those who come together', async () => {
      const together = Array.from({ length: 50 }, (_, n) => step('a', 5, n % 2 === 0 ? place.cache : place.other));
      expect((await Promise.all(together)).filter((answer) => answer === 'allowed')).toHaveLength(5);
    });
  });
};
