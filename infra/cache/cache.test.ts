import { describe, expect, it } from 'vitest';
import { aside } from './aside.ts';
import { cacheContract } from './contract.ts';
import { memoryCache } from './memory.ts';
import type { Cache } from './port.ts';

cacheContract('memory', async () => {
  let time = 1_000_000;
  return {
    cache: memoryCache({ now: () => time }),
    advance: async (milliseconds) => {
      time += milliseconds;
    },
  };
});

it('a cache in memory stays within its size', async () => {
  const cache = memoryCache({ maxSize: 2_000 });
  for (let n = 0; n < 100; n += 1) await cache.set(`k${n}`, 'x'.repeat(100), 60_000);
  expect(await cache.get('k0')).toBeUndefined();
  expect(await cache.get('k99')).toHaveLength(100);
});

describe('cached', () => {
  it('loads once for all who wait, and answers at once afterwards', async () => {
    const { cached } = aside(memoryCache());
    let loads = 0;
    const load = async () => `value ${++loads}`;
    expect(await Promise.all([cached('a', 1_000, load), cached('a', 1_000, load), cached('a', 1_000, load)])).toEqual([
      'value 1',
      'value 1',
      'value 1',
    ]);
    expect(cached('a', 1_000, load)).toBe('value 1');
  });
  it('does not keep what was loaded before an invalidation', async () => {
    const { cached, invalidate } = aside(memoryCache());
    const gate = Promise.withResolvers<string>();
    const old = cached('a', 1_000, () => gate.promise);
    await invalidate('a');
    expect(await cached('a', 1_000, () => 'new')).toBe('new');
    gate.resolve('old');
    expect(await old).toBe('old');
    expect(await cached('a', 1_000, () => 'never asked')).toBe('new');
  });
  it('keeps neither failures nor absence', async () => {
    const { cached } = aside(memoryCache());
    await expect(cached('a', 1_000, () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    const broken = () => {
      throw new Error('broken');
    };
    await expect(cached('a', 1_000, broken)).rejects.toThrow('broken');
    expect(await cached('a', 1_000, () => undefined)).toBeUndefined();
    expect(await cached('a', 1_000, () => 'up')).toBe('up');
  });
  it('survives a cache that is down', async () => {
    const down = () => Promise.reject(new Error('connection refused'));
    const broken: Cache = { get: down, set: down, delete: down, gcra: down };
    expect(await aside(broken).cached('a', 1_000, () => 'fresh')).toBe('fresh');
  });
});
