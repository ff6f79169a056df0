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

const isWanted = ({ type, category, from, to }: LogFilter) => {
  const start = from === undefined ? null : Date.parse(from);
  const end = to === undefined ? null : Date.parse(to);
  return ({ event, streamId, metadata }: Recorded) => {
    const recordedAt = Date.parse(metadata.recordedAt);
    return (
      (type === undefined || event.type === type || event.type.startsWith(`${type}.`)) &&
      (category === undefined || streamId.startsWith(`${category}-`)) &&
      (start === null || recordedAt >= start) &&
      (end === null || recordedAt < end)
    );
  };
};

/** Where the page begins: a revision of the stream, or a position of the log, whichever is read. */
const startOf = async (log: Log, { stream, from, after }: LogFilter, cursor: string | undefined): Promise<number> => {
  const [last] = decodeCursor(cursor, 1) ?? [];
  if (last !== undefined) return Number(last);
  if (stream !== undefined) return -1;
  const beforeWindow = from === undefined ? 0 : await log.positionBefore(from);
  return Math.max(beforeWindow, after === undefined ? 0 : positionOf(log.logId, after));
};

/** The wanted events after the cursor, at most `limit`, in log order. */
export const logPage = async (log: Log, filter: LogFilter, limit: number, cursor: string | undefined): Promise<LogPage> => {
  const { stream, after, to } = filter;
  const wanted = isWanted(filter);
  const minPosition = after === undefined ? 0 : positionOf(log.logId, after);
  // What follows the last event of the window cannot be in it, for events are recorded in the order of the log.
  const end = to === undefined || stream !== undefined ? null : await log.positionBefore(to);
  const items: Recorded[] = [];
  let last = await startOf(log, filter, cursor);
  for (let lookedAt = 0; lookedAt < maxLookedAt; ) {
    const batch = stream === undefined ? await log.readAll(last, batchSize) : await log.read(stream, last + 1, batchSize);
    for (const recorded of batch) {
      if (end !== null && recorded.position > end) return { items, next: null };
      if (items.length === limit) return { items, next: encodeCursor([last]) };
      last = stream === undefined ? recorded.position : recorded.revision;
      if (recorded.position > minPosition && wanted(recorded)) items.push(recorded);
    }
    if (batch.length < batchSize) return { items, next: null };
    lookedAt += batch.length;
  }
  return { items, next: encodeCursor([last]) };
};
