// Where a page of search ended: the sort, the last product's key in it, and its id.
import { DomainError } from '../../domain/error.ts';
import type { SearchSort } from './port.ts';

/** What products are sorted by; equals stand in the order of their ids. */
export type SortKey = number;

export interface Cursor {
  readonly sort: SearchSort;
  readonly key: SortKey;
  readonly productId: string;
}

export const encodeCursor = (cursor: Cursor) =>
  Buffer.from(JSON.stringify([cursor.sort, cursor.key, cursor.productId])).toString('base64url');

/** Throws search.bad_cursor when it is not one of this sort. */
export const cursorOf = (cursor: string | undefined, sort: SearchSort): Cursor | null => {
  if (cursor === undefined) return null;
  try {
    const [cursorSort, key, productId]: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (cursorSort === sort && typeof key === 'number' && typeof productId === 'string') return { sort, key, productId };
  } catch {
    // Whatever is not ours gets the one answer below.
  }
  throw new DomainError('search.bad_cursor', 'This cursor is not of this search.', { sort });
};
