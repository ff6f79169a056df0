// Where a page of search ended: what the words were taken for, and which products were shown, so that none comes twice and none is left out.
import { hash } from 'node:crypto';
import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import { words } from './indonesian.ts';
import type { SearchRequest } from './port.ts';

/** What products are sorted by; equals stand in the order of their ids. */
export type SortKey = number;

/** How a word of the request is looked for: as it is (corrected or not), as the beginning of others, or by the engine's own stem of it. */
export interface Sought {
  readonly word: string;
  readonly by: 'word' | 'prefix' | 'stem';
  readonly isCorrected: boolean;
}

/** What is looked for. It stays the same from page to page, whatever words products get or lose meanwhile. Nothing sought is everything. */
export interface Plan {
  readonly sought: readonly Sought[];
  /** Products that have any of the words, since none had all. */
  readonly isRelaxed: boolean;
}

export interface Place {
  readonly key: SortKey;
  readonly productId: string;
}

export interface Cursor {
  readonly plan: Plan;
  /** Marks of the products that were shown last. */
  readonly shown: ReadonlySet<number>;
  /** Set once more were shown than marks are kept: from there on products come by their place in the order. */
  readonly after: Place | null;
}

/** So many marks fit into the line of a request (`maxQueryLength`) beside the words. */
const mostShown = 500;
const markBytes = 6;

/** A number for a product's id: of a million searches through 500 of a million products, about two meet the same number twice. */
export const markOf = (productId: string): number => hash('sha1', productId, 'buffer').readUIntBE(0, markBytes);

export const correctionOf = ({ sought }: Plan): string | null =>
  sought.some(({ isCorrected }) => isCorrected) ? sought.map(({ word }) => word).join(' ') : null;

const Word = z.string().regex(/^§?[\p{L}\p{N}\p{M}]{1,200}$/u);
const Seek = z.tuple([Word, z.enum(['word', 'prefix', 'stem']), z.boolean()]);
/** Sort, a mark of the words, what they were taken for (null: as they are), relaxed, how many were shown, and the last of them. */
const Head = z.tuple([
  z.string(),
  z.number(),
  z.array(Seek).max(100).nullable(),
  z.boolean(),
  z.int().min(0),
  z.number(),
  z.string().max(60),
]);

const sortOf = (request: SearchRequest) => request.sort ?? 'relevance';
const textMark = (asked: readonly string[]) => markOf(asked.join(' '));
const isPlain = (sought: readonly Sought[], asked: readonly string[]) =>
  sought.length === asked.length && sought.every(({ word, by, isCorrected }, n) => word === asked[n] && by === 'word' && !isCorrected);

/** The cursor of the page after one that ended at `last` and showed products with the marks `shown`. */
export const nextCursor = (request: SearchRequest, plan: Plan, before: Cursor | null, shown: readonly number[], last: Place): string => {
  const asked = words(request.text ?? '');
  const all = [...(before?.shown ?? []), ...shown];
  const isFull = before?.after != null || all.length > mostShown;
  const sought = isPlain(plan.sought, asked) ? null : plan.sought.map(({ word, by, isCorrected }) => [word, by, isCorrected]);
  const head = [sortOf(request), textMark(asked), sought, plan.isRelaxed, isFull ? 1 : 0, last.key, last.productId];
  const marks = Buffer.alloc(Math.min(all.length, mostShown) * markBytes);
  all.slice(-mostShown).forEach((mark, n) => {
    marks.writeUIntBE(mark, n * markBytes, markBytes);
  });
  return `${Buffer.from(JSON.stringify(head)).toString('base64url')}.${marks.toString('base64url')}`;
};

const marksIn = (bytes: Buffer): ReadonlySet<number> => {
  const marks = new Set<number>();
  for (let at = 0; at + markBytes <= bytes.length && marks.size < mostShown; at += markBytes) marks.add(bytes.readUIntBE(at, markBytes));
  return marks;
};

/** Null without a cursor. Throws search.bad_cursor when it is not one of this sort and these words. */
export const cursorOf = (request: SearchRequest): Cursor | null => {
  if (request.cursor === undefined) return null;
  const [head = '', marks = ''] = request.cursor.split('.');
  try {
    const [sort, mark, seeks, isRelaxed, isFull, key, productId] = Head.parse(JSON.parse(Buffer.from(head, 'base64url').toString()));
    const asked = words(request.text ?? '');
    if (sort === sortOf(request) && mark === textMark(asked)) {
      const sought = seeks?.map(([word, by, isCorrected]) => ({ word, by, isCorrected })) ?? asked.map(asItIs);
      const after = isFull > 0 ? { key, productId } : null;
      return { plan: { sought, isRelaxed }, shown: marksIn(Buffer.from(marks, 'base64url')), after };
    }
  } catch {
    // Whatever is not ours gets the one answer below.
  }
  throw new DomainError(
    'search.bad_cursor',
    'This cursor is not of this search: take it from the page before, with the same words and order.',
    {
      sort: sortOf(request),
    },
  );
};

export const asItIs = (word: string): Sought => ({ word, by: 'word', isCorrected: false });
/** Everything, as far as it passes the filters. */
export const everything: Plan = { sought: [], isRelaxed: false };
