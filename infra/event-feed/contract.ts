// What every event feed promises, whatever brings the events.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { happened } from '../event-store/contract.ts';
import type { EventStore } from '../event-store/port.ts';
import type { EventFeed } from './port.ts';

export interface FeedPlace {
  readonly feed: EventFeed;
  /** The log that is fed, with the events of event-store/contract.ts. */
  readonly store: EventStore;
  close(): Promise<void>;
}

/** Appends `count` events in appends of `each`, on streams of their own. */
export const appendTo = async (store: EventStore, count: number, each = 1): Promise<number> => {
  const appends = Array.from({ length: Math.ceil(count / each) }, (_, n) =>
    store.append({
      streamId: `test-${randomUUID()}`,
      expected: -1,
      events: Array.from({ length: Math.min(each, count - n * each) }, (_, m) => happened(m)),
    }),
  );
  const written = await Promise.all(appends);
  return Math.max(...written.flat().map(({ position }) => position));
};

/** All events after `position`, read from the log itself. */
export const logAfter = async (store: EventStore, position: number): Promise<Recorded[]> => {
  const all: Recorded[] = [];
  for (let page = await store.readAll(position, 1_000); page.length > 0; page = await store.readAll(all.at(-1)?.position ?? 0, 1_000)) {
    all.push(...page);
  }
  return all;
};

/** Everything that a subscriber hears, with a way to wait for it. */
export const listen = (feed: EventFeed, after: number, interrupt: (events: readonly Recorded[]) => Promise<void> | void = () => {}) => {
  const heard: Recorded[] = [];
  const batches: { from: number; to: number }[] = [];
  const errors: Error[] = [];
  let woken = () => {};
  const subscription = feed.subscribe(
    after,
    async (events, from) => {
      await interrupt(events);
      heard.push(...events);
      batches.push({ from, to: events.at(-1)?.position ?? 0 });
      woken();
    },
    (error) => {
      errors.push(error);
      woken();
    },
  );
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise<void>((resolve) => (woken = resolve));
  };
  return {
    heard,
    batches,
    errors,
    subscription,
    until,
    reach: (position: number) => until(() => (heard.at(-1)?.position ?? 0) >= position),
  };
};

export const eventFeedContract = (name: string, open: () => Promise<FeedPlace>) =>
  describe(`event feed: ${name}`, () => {
    let place: FeedPlace;
    beforeAll(async () => {
      place = await open();
    });
    afterAll(() => place.close());

    /** Until the feed has all of the log, which it may get later. */
    const settled = async () => {
      const last = await appendTo(place.store, 1);
      const ear = listen(place.feed, 0);
      await ear.reach(last);
      await ear.subscription.stop();
      return last;
    };

    it('begins with the past and goes on with what comes, in the order of the log', async () => {
      await appendTo(place.store, 30, 3);
      const ear = listen(place.feed, 0);
      await appendTo(place.store, 20);
      await ear.reach(await appendTo(place.store, 1));
      await ear.subscription.stop();
      expect(ear.heard).toEqual(await logAfter(place.store, 0));
      expect(ear.subscription.position()).toBe(ear.heard.at(-1)?.position);
    });

    it('begins after any position', async () => {
      const last = await settled();
      const all = await logAfter(place.store, 0);
      for (const at of [0, 1, Math.floor(all.length / 2), all.length - 2]) {
        const position = all[at]?.position ?? 0;
        const ear = listen(place.feed, position);
        await ear.reach(last);
        await ear.subscription.stop();
        expect(ear.heard).toEqual(all.slice(at + 1));
      }
    });

    it('names where each batch begins: where the one before it ended', async () => {
      const begin = await settled();
      const ear = listen(place.feed, begin);
      for (let n = 0; n < 5; n += 1) await ear.reach(await appendTo(place.store, 7));
      await ear.subscription.stop();
      expect(ear.batches.map(({ from }) => from)).toEqual([begin, ...ear.batches.slice(0, -1).map(({ to }) => to)]);
    });

    it('gives a batch again to a handler that failed, and leaves nothing out', async () => {
      const begin = await settled();
      let failures = 0;
      const ear = listen(place.feed, begin, () => {
        failures += 1;
        if (failures <= 2) throw new Error('not now');
      });
      await ear.reach(await appendTo(place.store, 5));
      await ear.subscription.stop();
      expect(ear.errors.map(({ message }) => message)).toEqual(['not now', 'not now']);
      expect(ear.heard).toEqual(await logAfter(place.store, begin));
    });

    it('lets a slow subscriber be slow, and the others go on', async () => {
      const begin = await settled();
      const release = Promise.withResolvers<void>();
      const slow = listen(place.feed, begin, () => release.promise);
      const quick = listen(place.feed, begin);
      const last = await appendTo(place.store, 6_000, 50);
      await quick.reach(last);
      expect(slow.heard).toEqual([]);
      release.resolve();
      await slow.reach(last);
      await Promise.all([slow.subscription.stop(), quick.subscription.stop()]);
      expect(slow.heard).toEqual(quick.heard);
      expect(quick.heard).toEqual(await logAfter(place.store, begin));
    });

    it('says nothing more to who has stopped', async () => {
      const begin = await settled();
      const ear = listen(place.feed, begin);
      await ear.subscription.stop();
      const other = listen(place.feed, begin);
      await other.reach(await appendTo(place.store, 3));
      await other.subscription.stop();
      expect(ear.heard).toEqual([]);
    });

    it('knows its head: the position of the last event that it can give', async () => {
      const last = await settled();
      expect(await place.feed.head()).toBe(last);
      expect(place.feed.logId).toBe(place.store.logId);
    });
  });
