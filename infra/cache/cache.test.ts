import { describe, expect, it } from 'vitest';
import { aside, noAside } from './aside.ts';
import { createCircuit } from './circuit.ts';
import { cacheContract } from './contract.ts';
import { memoryCache } from './memory.ts';
import type { Cache } from './port.ts';

cacheContract('memory', async () => {
  let time = 1_000_000;
  const cache = memoryCache({ now: () => time });
  return {
    cache,
    other: cache,
    now: () => time,
    advance: async (milliseconds) => {
      time += milliseconds;
    },
    close: async () => {},
  };
});

it('a cache in memory stays within its size', async () => {
  const cache = memoryCache({ maxSize: 2_000 });
  const { cached } = aside(cache);
  for (let n = 0; n < 100; n += 1) await cached(`k${n}`, 60_000, () => 'x'.repeat(100));
  expect(cache.lookup('k0')).toEqual({ id: expect.any(String) });
  expect(cache.lookup('k99')).toHaveLength(100);
});

it('a cache in memory keeps nothing, and nobody out, until the time of a clock that was ahead', async () => {
  let time = 86_400_000;
  const cache = memoryCache({ now: () => time });
  const { cached } = aside(cache);
  await cached('a', 60_000, () => Promise.resolve('ahead'));
  while ((await cache.gcra('b', 60_000, 3, time)).allowed);
  time = 0;
  expect(await cached('a', 60_000, () => Promise.resolve('right'))).toBe('right');
  expect(await cache.gcra('b', 60_000, 3, time)).toMatchObject({ allowed: true });
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
    const broken: Cache = { lookup: down, fill: down, delete: down, gcra: down };
    expect(await aside(broken).cached('a', 1_000, () => 'fresh')).toBe('fresh');
    const forgetful: Cache = { ...broken, lookup: () => ({ id: '1' }) };
    expect(await aside(forgetful).cached('a', 1_000, () => 'fresh')).toBe('fresh');
  });
});

describe('without a cache', () => {
  const none: Cache = { ...memoryCache(), lookup: () => null };
  it.each([
    ['by choice', noAside],
    ['for the moment', () => aside(none)],
  ])('%s, a load answers those who asked before it began, and nobody after', async (_, open) => {
    const { cached } = open();
    const gates = [1, 2, 3].map(() => Promise.withResolvers<string>());
    let loads = 0;
    const load = () => gates[loads++]!.promise;
    const first = [cached('a', 1_000, load), cached('a', 1_000, load)];
    expect(await cached('b', 1_000, () => 'of another key')).toBe('of another key');
    const second = [cached('a', 1_000, load), cached('a', 1_000, load)];
    gates[0]!.reject(new Error('lost'));
    gates[1]!.resolve('newer');
    const settled = await Promise.allSettled([...first, ...second]);
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : 'lost'))).toEqual(['lost', 'lost', 'newer', 'newer']);
    expect(loads).toBe(2);
    gates[2]!.resolve('newest');
    expect(await cached('a', 1_000, load), 'nothing is kept').toBe('newest');
  });
});

describe('a circuit', () => {
  const no = new Error('no');
  const create = (restMs: number) => createCircuit({ timeoutMs: 10, restMs }, (error) => error === no);
  const never = () => new Promise<string>(() => {});
  const well = async () => 'well';

  it('leaves a server alone that does not answer', async () => {
    const { run, isResting } = create(60_000);
    expect(await run(well)).toBe('well');
    await expect(run(never)).rejects.toThrow('within 10 ms');
    expect(isResting()).toBe(true);
    let asked = false;
    await expect(run(async () => (asked = true))).rejects.toThrow('left alone');
    expect(asked).toBe(false);
  });
  it('then lets one call try it, and all when that has been answered', async () => {
    const { run, isResting } = create(0);
    await expect(run(never)).rejects.toThrow('within');
    const gate = Promise.withResolvers<string>();
    const tried = run(() => gate.promise);
    await expect(run(well)).rejects.toThrow('left alone');
    gate.resolve('back');
    expect(await tried).toBe('back');
    expect(isResting()).toBe(false);
    expect(await Promise.all([run(well), run(well)])).toEqual(['well', 'well']);
  });
  it('takes a refusal for an answer', async () => {
    const { run, isResting } = create(60_000);
    await expect(run(() => Promise.reject(no))).rejects.toBe(no);
    expect(isResting()).toBe(false);
  });
});
