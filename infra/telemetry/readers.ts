// Says of every reader of the log whether it stands still: since when, at which position and why. A reader that fails tries again by itself;
// what nobody would see is one that does so for ever, or waits for what never comes.
import type { EventFeed, ReaderState } from '../event-feed/port.ts';
import type { Logger } from './log.ts';

export interface StalledReader {
  readonly reader: string;
  /** RFC 3339. */
  readonly since: string;
  readonly position: number;
  readonly reason: string;
  /** It may be that an engine is away, and that it goes on when that is back. */
  readonly isOutage: boolean;
}

export interface Readers {
  /** The feed, for a reader of this name. */
  watched(reader: string, feed: EventFeed): EventFeed;
  /** Asks `states` for readers that this process knows of, by name. */
  watch(states: () => Promise<Readonly<Record<string, ReaderState>>>): void;
  /** What has happened to the feed of all: the reason of those that fail by nothing of their own. */
  feedFailed(error: Error): void;
  /** Where each of them stands. */
  positions(): readonly Pick<StalledReader, 'reader' | 'position'>[];
  stalled(): readonly StalledReader[];
  stop(): void;
}

export interface ReadersOptions {
  readonly log: Pick<Logger, 'error' | 'info'>;
  /** Where the log ends. */
  readonly head: () => Promise<number>;
  readonly isOutage: (error: Error) => boolean;
  /** Without a step for so long, in milliseconds, it stands still: longer than any pause between two tries. */
  readonly stalledAfterMs: number;
}

interface Seen {
  position: number | null;
  /** When it was first seen to stand at this position; null: it is where it should be. */
  since: number | null;
  reason: string | null;
  isOutage: boolean;
  stalled: StalledReader | null;
}

const looksPerStall = 6;
const silent = 'nothing comes, and nothing has failed here: look at what it reads from';

export const createReaders = ({ log, head, isOutage, stalledAfterMs }: ReadersOptions): Readers => {
  const seen = new Map<string, Seen>();
  const sources: (() => Promise<Readonly<Record<string, ReaderState>>>)[] = [];
  let ofFeed: Pick<Seen, 'reason' | 'isOutage'> = { reason: null, isOutage: true };

  const seenOf = (reader: string): Seen => {
    const known = seen.get(reader) ?? { position: null, since: null, reason: null, isOutage: true, stalled: null };
    seen.set(reader, known);
    return known;
  };

  const judge = (reader: string, { position, reason: own = null, isBehind }: ReaderState, end: number) => {
    const [it, now] = [seenOf(reader), performance.now()];
    const shouldMove = isBehind ?? (position !== null && position < end);
    if (position === null || position !== it.position || !shouldMove) {
      if (it.stalled) log.info({ reader, position, stood: it.stalled.since }, 'a reader of the log goes on');
      Object.assign(it, { position, since: shouldMove ? now : null, reason: null, isOutage: true, stalled: null });
      return;
    }
    it.since ??= now;
    if (now - it.since < stalledAfterMs) return;
    const { reason, isOutage: mayPass } = (own ?? it.reason) === null ? ofFeed : { reason: own ?? it.reason, isOutage: it.isOutage };
    const since = it.stalled?.since ?? new Date(Date.now() - (now - it.since)).toISOString();
    const told = { reader, since, position, reason: reason ?? silent, isOutage: mayPass };
    if (!it.stalled) log.error({ ...told, head: end }, 'a reader of the log stands still');
    it.stalled = told;
  };

  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      const end = await head();
      for (const source of sources) for (const [reader, state] of Object.entries(await source())) judge(reader, state, end);
    } catch {
      // The log, or whoever keeps the read models, cannot be asked, for which there are other checks: nobody could go on meanwhile.
      for (const it of seen.values()) if (!it.stalled) it.since = null;
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), stalledAfterMs / looksPerStall).unref();

  return {
    watched: (reader, feed) => ({
      ...feed,
      subscribe: (after, handler, onError) => {
        const subscription = feed.subscribe(after, handler, (error) => {
          Object.assign(seenOf(reader), { reason: error.message, isOutage: isOutage(error) });
          onError?.(error);
        });
        sources.push(async () => ({ [reader]: { position: subscription.position() } }));
        return subscription;
      },
    }),
    watch: (states) => void sources.push(states),
    feedFailed: (error) => {
      ofFeed = { reason: error.message, isOutage: isOutage(error) };
    },
    positions: () => [...seen].flatMap(([reader, { position }]) => (position === null ? [] : [{ reader, position }])),
    stalled: () => [...seen.values()].flatMap(({ stalled }) => stalled ?? []),
    stop: () => clearInterval(timer),
  };
};
