// Pages of a list: an opaque cursor and a bounded limit. A reader never sees what a cursor is made of.

import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import { wholeNumber } from './numbers.ts';

/** Fields for a query schema: `z.strictObject({ ...page, status: … })`. */
export const page = {
  limit: wholeNumber(1, 100).default(20),
  cursor: z.string().max(512).optional(),
};

/** What a list answers: `next` is the cursor of the next page, null on the last one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

const nameOf = (item: z.ZodType): string => {
  const { id } = item.meta() ?? {};
  if (id === undefined) throw new Error('A schema without a name is in no list.');
  return id;
};

/** The schema of a page of `item`, which has a name (`.meta({ id: 'Order' })`); the page's is `OrderPage`. */
export const pageSchema = <S extends z.ZodType>(item: S) =>
  z
    .object({ items: z.array(item), next: z.string().nullable().describe('The cursor of the next page; null on the last one.') })
    .meta({ id: `${nameOf(item)}Page` });

/** The schema of a list that is answered whole; its name is `OrderList`. */
export const listSchema = <S extends z.ZodType>(item: S) => z.object({ items: z.array(item) }).meta({ id: `${nameOf(item)}List` });

export type CursorPart = string | number | null;

/** The sort key of the last item of a page, as text that a URL carries unchanged. */
export const encodeCursor = (parts: readonly CursorPart[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

const Parts = z.array(z.union([z.string(), z.number(), z.null()]));

/** What `encodeCursor` was given, or null without a cursor. Throws request.bad_cursor unless it has `length` parts. */
export const decodeCursor = (cursor: string | undefined, length: number): CursorPart[] | null => {
  if (cursor === undefined) return null;
  try {
    const parts = Parts.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (parts.length === length) return parts;
  } catch {
    // falls through: whatever is wrong with it, it is none of ours
  }
  throw new DomainError('request.bad_cursor', 'Take the cursor from the previous page, unchanged.');
};

/** A page from one item more than was asked for: `next` is null unless that item was there. */
export const pageOf = <T>(found: readonly T[], limit: number, keyOf: (last: T) => readonly CursorPart[]): Page<T> => {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
};
