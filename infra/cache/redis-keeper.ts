// Keeps the answers on Redis true. The one process that commits the rows behind them is their keeper: it removes what a change makes old, and
// lets answers be read for a short while at a time, again and again. While it cannot remove something it lets that time run out instead, so
// that nobody is ever shown an old answer because a message to Redis was lost: at worst everybody loads for himself.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { answerKeys } from './redis.ts';
import { connectRedis, script } from './redis-connection.ts';

export interface AnswerKeeperOptions {
  /** The same as the caches have. One deployment has one keeper: of two, each would make the other's answers old all the time. */
  readonly namespace: string;
  /** Told of every failure; what was to be done is made good by itself. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds that answers may be read for after the keeper was last heard of. */
  readonly openMs?: number;
}

export interface AnswerKeeper {
  /**
   * Resolves when nobody can be given these answers as they were before the call: to be awaited after the commit and before anybody is told
   * of it, also for no key at all: it waits for an `invalidateAll` that is under way. Takes one round trip; while Redis cannot be reached,
   * until what was last allowed has run out. Never rejects.
   */
  invalidate(keys: readonly string[]): Promise<void>;
  /**
   * The same for all answers: at the start, since the one before may have died between a commit and its invalidation, and whenever nobody
   * knows what has changed, such as after a commit whose outcome was lost.
   */
  invalidateAll(): Promise<void>;
  close(): Promise<void>;
}

const timeoutMs = 250;
/** A first permission is short: when its answer is lost, not much has to be waited for. */
const firstMs = 2 * timeoutMs;
/** Added to what is waited for: clocks count in milliseconds, and no two run alike. */
const marginMs = 50;
const renewals = 4;
const longestPause = 1_000;

/**
 * Lets answers of `epoch` be read until `upto` on the server's clock: a message that was under way for long cannot allow what is over by then.
 * A new epoch makes all older answers old; an epoch that has ended, or was replaced, is not renewed.
 */
const allow = script(`
  local epoch, upto, isNew = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local allowed = upto > now and (isNew or redis.call('GET', KEYS[1]) == epoch)
  if allowed then redis.call('SET', KEYS[1], epoch, 'PX', upto - now) end
  return {allowed and 1 or 0, now}
`);

export const openAnswerKeeper = (url: string, options: AnswerKeeperOptions): AnswerKeeper => {
  const { namespace, onError = () => {}, openMs = 2_000 } = options;
  const names = answerKeys(namespace);
  let epoch: string | null = null;
  const redis = connectRedis(url, { timeoutMs, restMs: 0 }, () => {
    epoch = null;
  });
  /** When whatever was allowed until now is over, on this process's clock. The keeper before may have allowed something just now. */
  let readableUntil = performance.now() + openMs + marginMs;
  let clock: { readonly server: number; readonly heardAt: number } | null = null;
  let opened = Promise.withResolvers<void>();
  let wiped = 0;
  let failures = 0;
  const stopping = new AbortController();

  const ask = async (id: string, milliseconds: number, isNew: boolean): Promise<boolean> => {
    const now = performance.now();
    // Before the first answer nothing is known of the server's clock: then only the time is asked for.
    const upto = clock ? Math.floor(clock.server + now - clock.heardAt + milliseconds) : 0;
    if (clock && !redis.isAway()) readableUntil = Math.max(readableUntil, now + milliseconds + marginMs);
    const [allowed, server] = (await redis.run(allow, [names.open], [id, upto, isNew ? 1 : 0])) as [number, number];
    clock = { server, heardAt: performance.now() };
    return allowed === 1;
  };

  const failed = (error: unknown) => {
    failures += 1;
    epoch = null;
    onError(error);
  };

  const open = async () => {
    const id = randomUUID();
    const before = wiped;
    if (!clock) await ask(id, 0, false);
    const begun = performance.now();
    const allowed = await ask(id, firstMs, true);
    // NOTE: what was filled in under it may be older than a wipe that came meanwhile; and too late an answer may be of what is over.
    if (!allowed || before !== wiped || performance.now() - begun >= firstMs) return;
    epoch = id;
    failures = 0;
    opened.resolve();
    opened = Promise.withResolvers<void>();
  };

  const renew = async (id: string) => {
    const isAllowed = await ask(id, openMs, false);
    if (!isAllowed && epoch === id) epoch = null; // it came too late, or Redis has lost it
  };

  const tend = async () => {
    await redis.tried;
    while (!stopping.signal.aborted) {
      try {
        if (epoch === null) await open();
        if (epoch !== null) await renew(epoch);
      } catch (error) {
        if (!stopping.signal.aborted) failed(error);
      }
      const wait = epoch === null ? Math.min(50 * 2 ** Math.min(failures, 10), longestPause) : openMs / renewals;
      await pause(wait, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const tending = tend();

  /** Waits for the next epoch, or until everything that is allowed by now has run out. Answers whether it has run out. */
  const openedOrOver = async (): Promise<boolean> => {
    const over = readableUntil;
    const waiting = new AbortController();
    const signal = AbortSignal.any([waiting.signal, stopping.signal]);
    const running = pause(Math.max(over - performance.now(), 0), undefined, { signal }).catch(() => {});
    await Promise.race([opened.promise, running]);
    waiting.abort();
    return epoch === null;
  };

  return {
    invalidate: async (keys) => {
      const all = names.all(keys);
      for (;;) {
        const present = epoch;
        if (present !== null) {
          try {
            await redis.unlink(all); // nothing is sent for none
            return;
          } catch (error) {
            if (epoch === present) failed(error);
          }
        }
        if (epoch === null && (await openedOrOver())) return;
      }
    },
    invalidateAll: async () => {
      wiped += 1;
      epoch = null;
      await openedOrOver();
    },
    close: async () => {
      stopping.abort();
      redis.close();
      await tending;
    },
  };
};
