// The cache on a real Redis: the contract, processes that race, and Redis dead, slow, cut off or emptied.
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aside } from '../../infra/cache/aside.ts';
import { cacheContract } from '../../infra/cache/contract.ts';
import { memoryCache } from '../../infra/cache/memory.ts';
import { openRedisCache, type RedisCache } from '../../infra/cache/redis.ts';
import { type AnswerKeeper, openAnswerKeeper } from '../../infra/cache/redis-keeper.ts';
import { rateLimit } from '../../infra/gateway/rates.ts';
import { needed } from './needed.ts';
import { createProxy, type Proxy as Way } from './toxiproxy.ts';

let redis: Redis;
const namespaces: string[] = [];
const newNamespace = () => {
  const namespace = `cache-test-${randomUUID()}`;
  namespaces.push(namespace);
  return namespace;
};
const keysOf = (namespace: string) => redis.keys(`*${namespace}:*`);
beforeAll(() => {
  redis = new Redis(needed('REDIS_URL'));
});
afterAll(async () => {
  for (const namespace of namespaces) {
    const keys = await keysOf(namespace);
    if (keys.length > 0) await redis.unlink(...keys);
  }
  redis.disconnect();
});

/** Resolves when `condition` holds; the suite's own limit ends it otherwise. */
const until = async (condition: () => Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
};
/** Whether answers are kept at the moment. */
const keeps = async (cache: RedisCache) => (await Promise.resolve(cache.lookup('probe')).catch(() => null)) !== null;

/** As if the time of these keys had passed: they end so much earlier, and rates are so much older. */
const age = async (namespace: string, milliseconds: number) => {
  for (const key of await keysOf(namespace)) {
    if (key.endsWith(':open')) continue;
    const arrival = key.includes(':answers') ? null : await redis.get(key);
    if (arrival !== null) await redis.set(key, Number(arrival) - milliseconds, 'KEEPTTL');
    const left = await redis.pttl(key);
    if (left > milliseconds) await redis.pexpire(key, left - milliseconds);
    else await redis.unlink(key);
  }
};

cacheContract('Redis', async () => {
  const namespace = newNamespace();
  const keeper = openAnswerKeeper(needed('REDIS_URL'), { namespace });
  // A machine that is busy may answer late: whether the caches agree is the question here.
  const [cache, other] = [1, 2].map(() => openRedisCache(needed('REDIS_URL'), { namespace, timeoutMs: 10_000, restMs: 0 }));
  await until(() => keeps(cache!));
  await until(() => keeps(other!));
  return {
    cache: cache!,
    other: other!,
    now: () => 0, // of no consequence: the server's clock counts
    advance: (milliseconds) => age(namespace, milliseconds),
    close: async () => {
      cache!.close();
      other!.close();
      await keeper.close();
    },
  };
});

describe('answers on Redis', () => {
  let namespace: string;
  let way: Way;
  let keeper: AnswerKeeper;
  let cache: RedisCache;
  let direct: RedisCache;
  beforeEach(async () => {
    namespace = newNamespace();
    way = await createProxy(needed('REDIS_URL'));
    const through = way.through(needed('REDIS_URL'));
    keeper = openAnswerKeeper(through, { namespace });
    cache = openRedisCache(through, { namespace, timeoutMs: 75, restMs: 50 });
    direct = openRedisCache(needed('REDIS_URL'), { namespace, timeoutMs: 10_000, restMs: 0 });
    await until(() => keeps(cache));
    await until(() => keeps(direct));
  });
  afterEach(async () => {
    await way.up();
    cache.close();
    direct.close();
    await keeper.close();
    await way.remove();
  });
  const never = () => {
    throw new Error('this was to be found');
  };

  it('are never older than what has been committed, however many read and write at once', async () => {
    const readers = [aside(cache), aside(direct), aside(cache), aside(direct)];
    let committed = 0;
    let told = 0;
    let writing = true;
    let found = 0;
    const write = async () => {
      for (let n = 1; n <= 200; n += 1) {
        committed = n;
        await keeper.invalidate(['a']);
        told = n;
      }
      writing = false;
    };
    const read = async (reader: (typeof readers)[number]) => {
      while (writing) {
        const known = told;
        const value = await reader.cached('a', 60_000, async () => {
          const row = committed;
          await new Promise((resolve) => setImmediate(resolve));
          return String(row);
        });
        expect(Number(value)).toBeGreaterThanOrEqual(known);
        if (typeof (await direct.lookup('a')) === 'string') found += 1;
      }
    };
    await Promise.all([write(), ...readers.map(read)]);
    expect(found, 'some were kept').toBeGreaterThan(0);
  });

  it.each(['down', 'timeout', 'reset'] as const)('are loaded while Redis is %s, and kept again afterwards', async (trouble) => {
    const { cached } = aside(cache);
    await cached('a', 60_000, async () => 'kept');
    expect(await cached('a', 60_000, never)).toBe('kept');
    await way[trouble]();
    for (let n = 0; n < 20; n += 1) expect(await cached('a', 60_000, async () => `loaded ${n}`)).toMatch(/loaded|kept/);
    expect(await cached('a', 60_000, async () => 'loaded')).toBe('loaded');
    await way.up();
    await until(() => keeps(cache));
    await cached('b', 60_000, async () => 'again');
    expect(await cached('b', 60_000, never)).toBe('again');
  });

  it('are loaded while Redis is slow, without waiting for it each time', async () => {
    const { cached } = aside(cache);
    const patient = openRedisCache(way.through(needed('REDIS_URL')), { namespace, timeoutMs: 75, restMs: 3_600_000 });
    await until(() => keeps(patient));
    await way.latency(5_000);
    expect(await cached('a', 60_000, async () => 'loaded')).toBe('loaded');
    expect(await aside(patient).cached('a', 60_000, async () => 'loaded')).toBe('loaded');
    // It has been left alone since: had each waited its 75 ms, this would outlast the test.
    for (let n = 0; n < 5_000; n += 1) expect(await aside(patient).cached(`${n}`, 60_000, async () => 'loaded')).toBe('loaded');
    patient.close();
  });

  it.each(['down', 'timeout', 'reset'] as const)(
    'are not shown when they could not be removed since Redis was %s for their keeper',
    async (trouble) => {
      const { cached } = aside(direct);
      await cached('a', 60_000, async () => 'old');
      expect(await cached('a', 60_000, never)).toBe('old');
      await way[trouble]();
      await keeper.invalidate(['a']);
      expect(await cached('a', 60_000, async () => 'new')).toBe('new');
      await way.up();
      await until(() => keeps(direct));
      expect(await cached('a', 60_000, async () => 'newest')).toBe('newest');
      expect(await cached('a', 60_000, never)).toBe('newest');
    },
  );

  it('are all dropped when asked, and by the next keeper at its start', async () => {
    const { cached } = aside(direct);
    for (const drop of [() => keeper.invalidateAll(), () => keeper.close()]) {
      await until(() => keeps(direct));
      await cached('a', 60_000, async () => 'old');
      expect(await cached('a', 60_000, never)).toBe('old');
      await drop();
    }
    keeper = openAnswerKeeper(needed('REDIS_URL'), { namespace });
    void keeper.invalidateAll();
    await keeper.invalidate([]); // which waits for it
    expect(await cached('a', 60_000, async () => 'new')).toBe('new');
  });

  it('begin without a failure where Redis is there', async () => {
    const failures: unknown[] = [];
    const own = openAnswerKeeper(needed('REDIS_URL'), { namespace: `${namespace}-own`, onError: (error) => failures.push(error) });
    await own.invalidateAll();
    await own.close();
    expect(failures).toEqual([]);
  });

  it('are kept again after Redis has lost everything', async () => {
    await redis.unlink(...(await keysOf(namespace)));
    expect(await direct.lookup('a')).toBeNull();
    await until(() => keeps(direct));
    const { cached } = aside(direct);
    await cached('a', 60_000, async () => 'value');
    expect(await cached('a', 60_000, never)).toBe('value');
  });

  it('stand under names that a cluster finds in one place, and end by themselves', async () => {
    await aside(direct).cached('a', 60_000, async () => 'value');
    await direct.gcra('rate:login:b', 1_000, 5, 0);
    const keys = await keysOf(namespace);
    const tags = keys.map((key) => /\{([^}]+)\}/.exec(key)?.[1]);
    expect(new Set(tags)).toEqual(new Set([`${namespace}:answers`, `${namespace}:rate:login:b`]));
    for (const key of keys) expect(await redis.pttl(key), key).toBeGreaterThan(0);
  });

  it('leave limits to each process while Redis is away: never none, never an error', async () => {
    const rates = { login: 5, checkout: 10, search: 60, other: 300 };
    const limit = rateLimit(rates, cache, memoryCache(), () => 0);
    const refusals = async (subject: string) => {
      let refused = 0;
      for (let n = 0; n < 8; n += 1) {
        try {
          await limit('login', subject);
        } catch (error) {
          expect(error).toMatchObject({ code: 'gateway.rate_limited' });
          refused += 1;
        }
      }
      return refused;
    };
    expect(await refusals('a')).toBe(3);
    await way.down();
    expect(await refusals('b')).toBe(3);
    await way.up();
    await until(() => keeps(cache));
    expect(await refusals('c')).toBe(3);
    const other = rateLimit(rates, direct, memoryCache(), () => 0);
    await expect(other('login', 'c'), 'counted for all').rejects.toMatchObject({ code: 'gateway.rate_limited' });
  });
});
