import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { paced } from './paced.ts';
import type { EventFeed, FeedHandler } from './port.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What `handler` is given to by a feed, and when it is ready for more. */
const subscribed = (milliseconds: number) => {
  const handled: (readonly Recorded[])[] = [];
  let give: FeedHandler = () => {};
  const feed: EventFeed = {
    logId: 'log',
    head: async () => 0,
    subscribe: (_after, handler) => {
      give = handler;
      return { position: () => 0, stop: async () => {} };
    },
  };
  paced(feed, milliseconds).subscribe(0, (events) => void handled.push(events));
  return { handled, give: () => give([], 0) };
};

it('a batch is handed over at once, and the next one is not asked for before its time', async () => {
  const { handled, give } = subscribed(20);
  let isReady = false;
  const given = Promise.resolve(give()).then(() => {
    isReady = true;
  });
  expect(handled).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(19);
  expect(isReady).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isReady).toBe(true);
  await given;
});
