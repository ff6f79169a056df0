// A feed that hands over its batches no faster than so often: under load they grow instead, and what each costs by itself is paid less often.
import type { EventFeed } from './port.ts';

/** A batch that comes after a longer rest is handed over at once. */
export const paced = (feed: EventFeed, milliseconds: number): EventFeed => ({
  ...feed,
  subscribe: (after, handler, onError) =>
    feed.subscribe(
      after,
      async (events, from) => {
        const rest = new Promise((resolve) => setTimeout(resolve, milliseconds));
        await handler(events, from);
        await rest;
      },
      onError,
    ),
});
