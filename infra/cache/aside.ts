// Cache-aside for rendered answers: one load for all who ask at the same time, and no stale value after an invalidation.
import type { Aside, Cache } from './port.ts';

/** A cache that fails is a cache miss: it never fails a request. */
const missing = () => undefined;

export const aside = (cache: Cache): Aside => {
  const loading = new Map<string, Promise<string | undefined>>();

  const loadOnce = (key: string, ttl: number, load: () => string | undefined | Promise<string | undefined>) => {
    const already = loading.get(key);
    if (already !== undefined) return already;
    const started: Promise<string | undefined> = Promise.resolve()
      .then(load)
      .then(async (value) => {
        // An invalidation in between has taken this load off the list: its value may be old, so it is not kept.
        if (value !== undefined && loading.get(key) === started) await Promise.resolve(cache.set(key, value, ttl)).catch(missing);
        return value;
      })
      .finally(() => {
        if (loading.get(key) === started) loading.delete(key);
      });
    loading.set(key, started);
    return started;
  };

  return {
    cached: (key, ttl, load) => {
      const found = cache.get(key);
      if (typeof found === 'string') return found;
      if (found === undefined) return loadOnce(key, ttl, load);
      return found.catch(missing).then((value) => value ?? loadOnce(key, ttl, load));
    },
    invalidate: (key) => {
      loading.delete(key);
      return cache.delete(key);
    },
  };
};
