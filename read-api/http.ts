// What every query has in common: it may wait until its read model has passed a position, and it answers rows as they are stored.
import type { Context as HonoContext, MiddlewareHandler, Next } from 'hono';
import { DomainError } from '../domain/error.ts';
import { positionOf, positionText } from '../domain/position.ts';
import type { Env } from '../infra/http/env.ts';
import { type Answers, type JsonText, type Said, storedText } from '../infra/http/json.ts';
import { type CursorPart, decodeCursor, encodeCursor, type Page } from '../infra/http/pages.ts';
import { early, given } from '../infra/http/wire.ts';
import type { FoundRow, Query, TableReader } from '../infra/tables/port.ts';

type C = HonoContext<Env>;

/** How far the read models have come, and a way to wait until they have come further. */
export interface ReadPosition {
  readonly logId: string;
  position(): number;
  /** False when it did not get there in time. */
  passed(position: number, milliseconds: number): Promise<boolean>;
}

/** A read waits this long for its read model at most, in milliseconds; then it is told to come again. */
const patience = 2_000;

/** Reads that may wait at once: whoever names positions that are far away must not fill the places of all who read. */
const maxWaiting = 1_000;

/**
 * Honours `minPosition` (query) or `Min-Position` (header): the answer shows at least what was true there.
 * NOTE: the position that the answer names is the one before it was read: what it shows is never older.
 */
export const freshEnough = (reads: ReadPosition): MiddlewareHandler<Env> => {
  let shown = { position: -1, text: '' };
  let waiting = 0;
  const behind = () => new DomainError('request.projection_behind', 'The read model has not come this far yet.', { retryAfter: 1 });
  const go = (c: C, next: Next) => {
    const position = reads.position();
    if (position !== shown.position) shown = { position, text: positionText(reads.logId, position) };
    early(c, 'position', shown.text);
    return next();
  };
  return (c, next) => {
    const wanted = given(c, 'min-position') ?? (c.req.url.includes('minPosition=') ? c.req.query('minPosition') : undefined);
    if (wanted === undefined) return go(c, next);
    const position = positionOf(reads.logId, wanted);
    if (reads.position() >= position) return go(c, next);
    if (waiting >= maxWaiting) throw behind();
    waiting += 1;
    return reads
      .passed(position, patience)
      .finally(() => {
        waiting -= 1;
      })
      .then((passed) => {
        if (!passed) throw behind();
        return go(c, next);
      });
  };
};

const jsonType = { 'content-type': 'application/json' };

/** Text that is the JSON of what a route says that it answers. */
export type TextOf<T> = unknown extends T ? string : JsonText<Said<NoInfer<T>>>;

/** Answers text that is JSON already, of what the route says that it answers. */
export const json = <T>(c: C & Answers<T>, text: TextOf<T>): Response => c.body(text, 200, jsonType);

/** Where `projections/fold.ts` puts the revision of a row's own stream. */
const revisionAtEnd = /"revision":(\d+)\}$/;
/** A row of this length at most ends in its revision. */
const endLength = 40;

export const revisionAtEndOf = (text: string): string | undefined => revisionAtEnd.exec(text.slice(-endLength))?.[1];

/** What commands on this resource take as If-Match: the ETag of its stored row, which is its stream's revision. Answers the row. */
export const tagged = <Text extends string | null | undefined>(c: C, text: Text): Text => {
  const revision = text ? revisionAtEndOf(text) : undefined;
  if (revision !== undefined) early(c, 'etag', `"${revision}"`);
  return text;
};

/** The rows of one page, and the cursor of the next one if there is one. */
export const rowsOf = async (
  tables: TableReader,
  projection: string,
  query: Omit<Query, 'after' | 'limit'>,
  asked: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ readonly rows: readonly FoundRow[]; readonly next: string | null }> => {
  const parts = (query.order?.length ?? 0) + 1;
  const after = decodeCursor(asked.cursor, parts);
  const found = await tables.find(projection, {
    ...query,
    limit: asked.limit + 1,
    ...(after && { after: { values: after.slice(0, -1) as CursorPart[], key: String(after[parts - 1]) } }),
  });
  const rows = found.slice(0, asked.limit);
  const last = rows[rows.length - 1];
  return { rows, next: found.length > asked.limit && last ? encodeCursor([...last.order, last.key]) : null };
};

/** The condition on a column of times: at or after `from`, before `to`. */
export const periodOf = (column: string, from: string | undefined, to: string | undefined): NonNullable<Query['where']> =>
  from === undefined && to === undefined
    ? {}
    : { [column]: { ...(from !== undefined && { from }), ...(to !== undefined && { below: to }) } };

/** `{items: […], next}` of items that are JSON already; `next` is null on the last page. */
export const pageText = <Item>(items: readonly JsonText<Item>[], next: string | null): JsonText<Page<Item>> =>
  storedText(`{"items":[${items.join(',')}],"next":${JSON.stringify(next)}}`);

/** `{items: […]}` of rows, whole; they go out as they are stored, as `Item`s. */
export const listText = <Item>(found: readonly FoundRow[]): JsonText<{ readonly items: readonly Item[] }> =>
  storedText(`{"items":[${found.map(({ row }) => row).join(',')}]}`);

/** One page of rows. The rows go out as they are stored, as `Item`s, unless `map` changes them. */
export const page = async <Item>(
  tables: TableReader,
  projection: string,
  query: Omit<Query, 'after' | 'limit'>,
  asked: { readonly limit: number; readonly cursor?: string | undefined },
  map: (found: FoundRow) => JsonText<Item> | Promise<JsonText<Item>> = (found) => storedText(found.row),
): Promise<JsonText<Page<Item>>> => {
  const { rows, next } = await rowsOf(tables, projection, query, asked);
  return pageText(await Promise.all(rows.map(map)), next);
};
