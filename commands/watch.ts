// Waits until a stream says what somebody waits for: told by the feed, bounded in time.
import type { Decider } from '../domain/decider.ts';
import type { EventFeed, Subscription } from '../infra/event-feed/port.ts';
import type { Handle } from './handle.ts';

type Foldable<State, Command, Event> = Pick<Decider<State, Command, Event>, 'category' | 'version' | 'initial' | 'evolve'>;

/**
 * The state of a stream as soon as `isReached` says so, or as it is after `milliseconds`.
 * Whoever asks gets the newest state either way, and must look at it.
 */
export type Until = <State, Command, Event extends { type: string }>(
  decider: Foldable<State, Command, Event>,
  id: string,
  isReached: (state: State) => boolean,
  milliseconds: number,
) => Promise<State>;

/** The feed is followed from the first time that somebody waits: not every process has somebody who does. */
export const createWatch = (handle: Handle, feed: EventFeed): { until: Until; stop(): Promise<void> } => {
  const waiting = new Map<string, Set<() => void>>();
  const follow = async () =>
    feed.subscribe(await feed.head(), (events) => {
      if (waiting.size === 0) return;
      for (const { streamId } of events) for (const wake of waiting.get(streamId) ?? []) wake();
    });
  let following: Promise<Subscription> | undefined;

  const until: Until = async (decider, id, isReached, milliseconds) => {
    following ??= follow().catch((error: Error) => {
      following = undefined;
      throw error;
    });
    await following;
    const streamId = `${decider.category}-${id}`;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, milliseconds);
    let isLate = false;
    void late.promise.then(() => {
      isLate = true;
    });
    const wakers = waiting.get(streamId) ?? new Set();
    waiting.set(streamId, wakers);
    let wake = () => {};
    const ring = () => wake();
    wakers.add(ring);
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const { state } = await handle.load(decider, id);
        if (isLate || isReached(state)) return state;
        await Promise.race([changed, late.promise]);
      }
    } finally {
      clearTimeout(timer);
      wakers.delete(ring);
      if (wakers.size === 0) waiting.delete(streamId);
    }
  };
  return { until, stop: async () => (await following)?.stop() };
};
