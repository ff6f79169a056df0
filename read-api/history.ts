// What a stream was at some time, and what changed between two: pure functions of the log, so that the same question has the same answer for ever.
import { DomainError } from '../domain/error.ts';
import { later } from '../domain/id.ts';
import type { Recorded } from '../domain/metadata.ts';
import { positionOf } from '../domain/position.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { Time } from '../infra/http/time.ts';

export type Log = Pick<EventStore, 'logId' | 'read' | 'readAll' | 'last' | 'head' | 'positionBefore'>;

/** How the streams of one category are folded: domain/registry.ts has them all. */
export interface Fold {
  readonly category: string;
  readonly version: number;
  stateAfter(events: Iterable<unknown>, from?: unknown): unknown;
}

export interface HistoryNeeds {
  readonly log: Log;
  readonly folds: ReadonlyMap<string, Fold>;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/**
 * Which of a stream's events count: all up to the last one that each of these lets count. A business time lets count what had happened by
 * then, and what was recorded by then: a clock may have been ahead.
 */
export interface Cut {
  readonly revision?: number;
  readonly position?: number;
  readonly business?: { readonly occurredAt: string; readonly recordedBy: number };
}

export interface StateThen {
  /** Of the last event that counts; -1: none. */
  readonly revision: number;
  readonly last: Recorded | null;
  readonly state: unknown;
}

const pageSize = 500;
/** An append is committed well within this many milliseconds after it was stamped. */
const settledAfter = 5_000;

const notYet = (message: string) => new DomainError('audit.not_yet', message);

const timeOf = (text: string, field: string): string => {
  const time = Time.safeParse(text);
  if (!time.success) {
    const message = 'must be a revision, a position, or an instant such as 2026-01-31T12:00:00.000Z';
    throw new DomainError('request.invalid', `${field}: ${message}`, { errors: [{ field, message }] });
  }
  return time.data;
};

const justAfter = (at: string) => later(at, 1);

/**
 * The last position that was recorded by then. A later event that stands proves that all before it do, unless all that are later were
 * recorded by a clock that was ahead: when they were, only the next event tells.
 */
const positionBy = async ({ log, now }: HistoryNeeds, recordedAt: string): Promise<number> => {
  const last = await log.positionBefore(justAfter(recordedAt));
  const [next] = await log.readAll(last, 1);
  const since = next && (await log.last(1, next.position))[0]?.metadata.recordedAt;
  const isSettled = now() - Date.parse(recordedAt) >= settledAfter;
  if (!next && !isSettled) throw notYet(`More may still be recorded as of ${recordedAt}; ask a few seconds later.`);
  const rightUntil = Math.max(now(), Date.parse(recordedAt)) + settledAfter;
  const isToldByNext = !next || (await log.positionBefore(new Date(rightUntil).toISOString())) > last;
  if (!isToldByNext && !(since && later(since, settledAfter) > recordedAt)) {
    throw notYet(`A clock was ahead, and nothing was recorded since it is right: ask as of a position, or when more is recorded.`);
  }
  return last;
};

/**
 * The cut that `asOf` names: a revision (`7`), a position (as answers carry it) or a recorded time. Throws audit.not_yet where the answer
 * could still change.
 */
export const cutAsOf = async (needs: HistoryNeeds, streamId: string, asOf: string, field = 'asOf'): Promise<Cut> => {
  const { log } = needs;
  if (/^\d{1,15}$/.test(asOf)) {
    const revision = Number(asOf);
    const [found] = await log.read(streamId, revision, 1);
    if (!found) throw notYet(`${streamId} has no revision ${revision}.`);
    return { revision };
  }
  if (asOf.startsWith(`${log.logId}.`)) {
    const position = positionOf(log.logId, asOf);
    if (position > (await log.head())) throw notYet('The log has not come to this position.');
    return { position };
  }
  return { position: await positionBy(needs, timeOf(asOf, field)) };
};

/** The cut at a business time: what had happened by then, as far as it is known. */
export const cutAsOfBusiness = async ({ log }: HistoryNeeds, text: string): Promise<Cut> => {
  const occurredAt = timeOf(text, 'asOfBusiness');
  return { business: { occurredAt, recordedBy: await log.positionBefore(justAfter(occurredAt)) } };
};

const counts = ({ revision, position, metadata }: Recorded, { revision: last, position: end, business }: Cut) =>
  (last === undefined || revision <= last) &&
  (end === undefined || position <= end) &&
  (business === undefined || metadata.occurredAt <= business.occurredAt || position <= business.recordedBy);

export const categoryOf = (streamId: string) => streamId.slice(0, streamId.indexOf('-'));

/** How this stream is folded. Throws audit.no_fold. */
export const foldOf = (folds: ReadonlyMap<string, Fold>, streamId: string): Fold => {
  const fold = folds.get(categoryOf(streamId));
  if (!fold) throw new DomainError('audit.no_fold', `Nothing is known of how ${categoryOf(streamId)} streams are folded.`);
  return fold;
};

/** Folds the events that count. Revision -1 with the state null: the stream had not begun. Throws audit.stream_not_found where there never was one. */
export const stateAt = async ({ log, folds }: HistoryNeeds, streamId: string, cut: Cut): Promise<StateThen> => {
  const fold = foldOf(folds, streamId);
  let state: unknown;
  let last: Recorded | null = null;
  for (let revision = 0; ; ) {
    const page = await log.read(streamId, revision, pageSize);
    if (revision === 0 && page.length === 0) throw new DomainError('audit.stream_not_found', `There is no stream ${streamId}.`);
    const counted = page.slice(0, page.findLastIndex((recorded) => counts(recorded, cut)) + 1);
    if (counted.length > 0) {
      const events = counted.map(({ event }) => event);
      state = last ? fold.stateAfter(events, state) : fold.stateAfter(events);
      last = counted[counted.length - 1] ?? last;
    }
    if (page.length < pageSize || counted.length < page.length) break;
    revision += page.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { revision: last?.revision ?? -1, last, state: last ? state : null };
};

export interface Change {
  /** A JSON pointer into the state (RFC 6901). */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly before?: unknown;
  readonly after?: unknown;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const step = (path: string, key: string) => `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** What differs between two JSON values, deepest first named. Arrays are compared place by place. */
export const changesBetween = (before: unknown, after: unknown, path = ''): Change[] => {
  if (Object.is(before, after)) return [];
  if (!isObject(before) || !isObject(after) || Array.isArray(before) !== Array.isArray(after))
    return [{ path, kind: 'changed', before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key): Change[] => {
    if (!Object.hasOwn(after, key)) return [{ path: step(path, key), kind: 'removed', before: before[key] }];
    if (!Object.hasOwn(before, key)) return [{ path: step(path, key), kind: 'added', after: after[key] }];
    return changesBetween(before[key], after[key], step(path, key));
  });
};
