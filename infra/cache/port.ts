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
