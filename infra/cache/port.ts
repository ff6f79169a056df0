// What is kept near at hand and may be lost at any moment: rendered answers, and the counters of the rate limits.

/** `allowed`, or the milliseconds after which the next attempt would be. */
export type Admission = { readonly allowed: true } | { readonly allowed: false; readonly retryAfter: number };

export const admitted: Admission = { allowed: true };

export interface Limiter {
  /**
   * One step of the generic cell rate algorithm: at most one request per `interval` milliseconds on average, `burst` at once.
   * Atomic over everybody who shares it; a refused attempt costs nothing. `now` is the caller's clock in milliseconds: one that several hosts
   * share goes by its own instead, since a host whose clock is ahead would use up everybody's future.
   */
  gcra(key: string, interval: number, burst: number, now: number): Admission | Promise<Admission>;
}

/** The right to put a value under a key. It ends when the key is deleted: what was loaded before that is not kept. */
export interface Ticket {
  /** The same for all who ask while nothing is there and nothing has changed, so that they may share one load. */
  readonly id: string;
}

/** The value; or a ticket to fill it in; or null where nothing can be kept at the moment. */
export type Looked = string | Ticket | null;

/**
 * Never the only copy of anything. An adapter that is in this process answers at once, one behind a network answers with a promise;
 * callers that are on a hot path ask `instanceof Promise` before they await.
 */
export interface Cache extends Limiter {
  lookup(key: string): Looked | Promise<Looked>;
  /** Keeps `value` for `ttl` milliseconds at most, if the ticket still holds: it was given before the value was loaded. */
  fill(key: string, ticket: Ticket, value: string, ttl: number): void | Promise<void>;
  /** From now on nobody finds these, and no ticket that was given for them holds. */
  delete(keys: readonly string[]): void | Promise<void>;
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
  /** From now on nobody gets the old values, not even from a load that is under way. */
  invalidate(keys: readonly string[]): void | Promise<void>;
}
