// What is kept near at hand and may be lost at any moment: rendered answers, and the counters of the rate limits.

/** `allowed`, or the milliseconds after which the next attempt would be. */
export type Admission = { readonly allowed: true } | { readonly allowed: false; readonly retryAfter: number };

export const admitted: Admission = { allowed: true };

/**
 * Never the only copy of anything. An adapter that is in this process answers at once, one behind a network answers with a promise;
 * callers that are on a hot path ask `instanceof Promise` before they await.
 */
export interface Cache {
  get(key: string): string | undefined | Promise<string | undefined>;
  /** Keeps `value` for `ttl` milliseconds at most. */
  set(key: string, value: string, ttl: number): void | Promise<void>;
  delete(key: string): void | Promise<void>;
  /**
   * One step of the generic cell rate algorithm: at most one request per `interval` milliseconds on average, `burst` at once.
   * Atomic over everybody who shares the cache. `now` in milliseconds; a refused attempt costs nothing.
   */
  gcra(key: string, interval: number, burst: number, now: number): Admission | Promise<Admission>;
}

/** Cache-aside for rendered answers: one load for all who ask at the same time, no stale value after an invalidation. */
export interface Aside {
  /**
   * What stands under `key`, or what `load` gives, kept for `ttl` milliseconds. Answers at once when it can. `undefined` is not kept.
   * Values are text that is ready to send.
   */
  cached(
    key: string,
    ttl: number,
    load: () => string | undefined | Promise<string | undefined>,
  ): string | undefined | Promise<string | undefined>;
  /** From now on nobody gets the old value, not even from a load that is under way. */
  invalidate(key: string): void | Promise<void>;
}
