// Says once that something fails, and once that it works again: not one line for every request that met it.
import type { Logger } from './log.ts';

export interface Outages {
  /** Notes that `what` has failed. The first time is logged, the rest is counted until it is over. */
  failed(what: string, error: Error): void;
  /** How many things fail at the moment. */
  count(): number;
  stop(): void;
}

interface Outage {
  readonly since: number;
  last: number;
  failures: number;
}

export interface OutagesOptions {
  /** Without a failure for so long, in milliseconds, it counts as over: longer than any pause between two tries. */
  readonly quietForMs?: number;
}

const checkEveryMs = 1_000;

const causeOf = ({ cause }: Error) => (cause instanceof Error ? cause.message : undefined);

export const createOutages = (log: Pick<Logger, 'warn' | 'info'>, { quietForMs = 10_000 }: OutagesOptions = {}): Outages => {
  const open = new Map<string, Outage>();
  let timer: NodeJS.Timeout | undefined;

  const closeQuiet = () => {
    const now = performance.now();
    for (const [what, { since, last, failures }] of open) {
      if (now - last < quietForMs) continue;
      open.delete(what);
      log.info({ what, failures, seconds: Math.round((last - since) / 100) / 10 }, 'works again');
    }
    if (open.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return {
    failed(what, error) {
      const now = performance.now();
      const outage = open.get(what);
      if (outage) {
        outage.last = now;
        outage.failures += 1;
        return;
      }
      open.set(what, { since: now, last: now, failures: 1 });
      log.warn({ what, reason: error.message, cause: causeOf(error) }, 'fails; tried again until it works');
      timer ??= setInterval(closeQuiet, checkEveryMs).unref();
    },
    count: () => open.size,
    stop: () => clearInterval(timer),
  };
};
