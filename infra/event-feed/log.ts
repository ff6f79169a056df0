// The feed straight from the log: what this process commits comes from memory, all else is read.
import type { Recorded } from '../../domain/metadata.ts';
import type { EventStore } from '../event-store/port.ts';
import type { EventFeed, FeedHandler, Subscription } from './port.ts';

/** What of the log the feed needs: an EventStore has it, and so has a reader in another thread that is told when the log has grown. */
export type FeedSource = Pick<EventStore, 'logId' | 'readAll' | 'head' | 'onCommitted'> & {
  /** As an EventStore's; null, or left out, while it is not known how far the source tells: whoever has come to the end of what was told reads on. */
  told?(): number | null;
};

const batchSize = 1_000;
/** More than this in memory for a slow subscriber is dropped and read from the log again. */
const memoryLimit = 5_000;

const subscribe = (source: FeedSource, after: number, handler: FeedHandler, onError: (error: Error) => void): Subscription => {
  let position = after;
  // What was told lately: every event after `before`. Where the source does not say how far it tells, nothing is known of the first batch.
  let fresh: Recorded[] = [];
  let heard = source.told?.() ?? Number.POSITIVE_INFINITY;
  let before = heard;
  let grown = true;
  let wake: (() => void) | null = null;
  let stopping = false;

  const ring = () => {
    grown = true;
    wake?.();
  };
  const unsubscribe = source.onCommitted((events) => {
    if (fresh.length === 0) before = heard;
    if (fresh.length + events.length > memoryLimit) fresh = [];
    else fresh.push(...events);
    heard = events[events.length - 1]?.position ?? heard;
    ring();
  });

  const next = async (): Promise<readonly Recorded[]> => {
    const at = fresh.findIndex((event) => event.position > position);
    if (at >= 0 && position >= before) {
      const batch = fresh.slice(at, at + batchSize);
      fresh = fresh.slice(at + batchSize);
      return batch;
    }
    fresh = at < 0 ? [] : fresh;
    const told = source.told?.() ?? Number.POSITIVE_INFINITY;
    if (position >= told) return [];
    const page = await source.readAll(position, batchSize);
    const end = page.findIndex((event) => event.position > told);
    return end < 0 ? page : page.slice(0, end);
  };

  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        if (!stopping) return;
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async () => {
    let backOff = 50;
    while (!stopping) {
      grown = false;
      try {
        const batch = await next();
        if (batch.length > 0) {
          await handler(batch, position);
          position = batch[batch.length - 1]?.position ?? position;
          grown = true;
        }
        backOff = 50;
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)));
        fresh = [];
        await pause(backOff);
        backOff = Math.min(backOff * 2, 30_000);
        continue;
      }
      if (!grown && !stopping) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
      }
    }
  };
  const done = run();
  return {
    position: () => position,
    async stop() {
      stopping = true;
      unsubscribe();
      ring();
      await done;
    },
  };
};

export const createLogFeed = (source: FeedSource): EventFeed => ({
  logId: source.logId,
  head: async () => source.told?.() ?? source.head(),
  subscribe: (after, handler, onError = () => {}) => subscribe(source, after, handler, onError),
});
