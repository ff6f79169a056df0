// A page over the log or over one stream, by type, category and recorded time: a bounded number of events is looked at for each, however rare the wanted ones are.
import type { Recorded } from '../domain/metadata.ts';
import { positionOf } from '../domain/position.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { decodeCursor, encodeCursor } from '../infra/http/pages.ts';

type Log = Pick<EventStore, 'logId' | 'read' | 'readAll' | 'positionBefore'>;

export interface LogFilter {
  /** An event type, or its first part: `order` finds order.created and all others of orders. */
  readonly type?: string | undefined;
  readonly category?: string | undefined;
  readonly stream?: string | undefined;
  /** Recorded at or after, and before (RFC 3339). */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only what comes after this position. */
  readonly after?: string | undefined;
}

export interface LogPage {
  readonly items: readonly Recorded[];
  /** There may be more. NOTE: a page can be empty and have a next one: its events were looked at, and none was wanted. */
  readonly next: string | null;
}

/** Events looked at for one page: what a page costs at most, some ten milliseconds. */
const maxLookedAt = 5_000;
const batchSize = 500;

const isWanted =
  ({ type, category }: LogFilter) =>
  ({ event, streamId }: Recorded) =>
    (type === undefined || event.type === type || event.type.startsWith(`${type}.`)) &&
    (category === undefined || streamId.startsWith(`${category}-`));

/** The positions that count: beyond `start`, up to `end`. A time is a place in the log, whatever single events say of theirs. */
const windowOf = async (log: Log, { from, to, after }: LogFilter) => ({
  start: Math.max(from === undefined ? 0 : await log.positionBefore(from), after === undefined ? 0 : positionOf(log.logId, after)),
  end: to === undefined ? Number.POSITIVE_INFINITY : await log.positionBefore(to),
});

/** The wanted events after the cursor, at most `limit`, in log order. */
export const logPage = async (log: Log, filter: LogFilter, limit: number, cursor: string | undefined): Promise<LogPage> => {
  const { stream } = filter;
  const wanted = isWanted(filter);
  const { start, end } = await windowOf(log, filter);
  const items: Recorded[] = [];
  const [seen] = decodeCursor(cursor, 1) ?? [];
  // A revision of the stream, or a position of the log, whichever is read.
  let last = seen !== undefined ? Number(seen) : stream === undefined ? start : -1;
  for (let lookedAt = 0; lookedAt < maxLookedAt; ) {
    const batch = stream === undefined ? await log.readAll(last, batchSize) : await log.read(stream, last + 1, batchSize);
    for (const recorded of batch) {
      if (recorded.position > end) return { items, next: null };
      if (items.length === limit) return { items, next: encodeCursor([last]) };
      last = stream === undefined ? recorded.position : recorded.revision;
      if (recorded.position > start && wanted(recorded)) items.push(recorded);
    }
    if (batch.length < batchSize) return { items, next: null };
    lookedAt += batch.length;
  }
  return { items, next: encodeCursor([last]) };
};
