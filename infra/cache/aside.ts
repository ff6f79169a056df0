// Cache-aside for rendered answers: one load for all who ask at the same time, and no stale value after an invalidation, whoever loads it.
import type { Aside, Cache, Ticket } from './port.ts';

type Load = () => string | undefined | Promise<string | undefined>;
type Loaded = Promise<string | undefined>;

/** A cache that fails is a cache miss: it never fails a request. */
const missing = () => null;
const ignored = () => {};

export const aside = (cache: Cache): Aside => {
  const loading = new Map<string, { readonly ticket: string; readonly value: Loaded }>();
  const loadUnkept = sharedLoads();

  const loadAndKeep = (key: string, ttl: number, load: Load, ticket: Ticket): Loaded => {
    // A load under another ticket may have begun before an invalidation: its value is none for whoever asks after that.
    const already = loading.get(key);
    if (already?.ticket === ticket.id) return already.value;
    const value: Loaded = Promise.resolve()
      .then(load)
      .then(async (loaded) => {
        if (loaded !== undefined) await Promise.resolve(cache.fill(key, ticket, loaded, ttl)).catch(ignored);
        return loaded;
      })
      .finally(() => {
        if (loading.get(key) === own) loading.delete(key);
      });
    const own = { ticket: ticket.id, value };
    loading.set(key, own);
    return value;
  };

  const loadOnce = (key: string, ttl: number, load: Load, ticket: Ticket | null): Loaded =>
    ticket === null ? loadUnkept(key, load) : loadAndKeep(key, ttl, load, ticket);

  return {
    cached: (key, ttl, load) => {
      const found = cache.lookup(key);
      if (typeof found === 'string') return found;
      if (!(found instanceof Promise)) return loadOnce(key, ttl, load, found);
      return found.catch(missing).then((one) => (typeof one === 'string' ? one : loadOnce(key, ttl, load, one)));
    },
    invalidate: (keys) => cache.delete(keys),
  };
};

/** Keeps nothing, for where nobody could say that a value has become old; those who ask at the same time still share a load. */
export const noAside = (): Aside => {
  const load = sharedLoads();
  return { cached: (key, _ttl, make) => load(key, make), invalidate: () => {} };
};

/** For each key one load at a time. It answers those who asked before it began; whoever comes later may know of something newer, and gets the next. */
const sharedLoads = () => {
  const running = new Map<string, Loaded>();
  const next = new Map<string, Loaded>();

  return (key: string, load: Load): Loaded => {
    const already = next.get(key);
    if (already !== undefined) return already;
    const begin = () => {
      next.delete(key);
      running.set(key, value);
      return load();
    };
    // Also the first one begins after a moment: all who ask at once share it.
    const value: Loaded = (running.get(key) ?? Promise.resolve()).then(begin, begin).finally(() => {
      if (running.get(key) === value) running.delete(key);
    });
    next.set(key, value);
    return value;
  };
};
