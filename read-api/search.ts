// Queries of search: products by text and filters with their facets, and what a beginning may become.

import { Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../domain/id.ts';
import type { Aside } from '../infra/cache/port.ts';
import type { Env } from '../infra/http/env.ts';
import { query } from '../infra/http/input.ts';
import { type JsonText, jsonText, storedText } from '../infra/http/json.ts';
import { decimalNumber, minorUnits, wholeNumber } from '../infra/http/numbers.ts';
import { page } from '../infra/http/pages.ts';
import { allow } from '../infra/http/policy.ts';
import {
  type Facets,
  type FacetValue,
  type SearchHit,
  type SearchPage,
  type SearchReader,
  type SearchRequest,
  sorts,
} from '../infra/search/port.ts';
import type { TableReader } from '../infra/tables/port.ts';
import { SearchAnswer, Suggestions } from './answers/search.ts';
import { type Branch, type CategoryTree, categoryTree } from './category-tree.ts';
import { digestOf, kept, keptFor } from './kept.ts';
import { type Card, productPages } from './product-pages.ts';

/** One value or, when the name is repeated, several. */
const several = z.preprocess((given) => (Array.isArray(given) ? given : [given]), z.array(z.string().max(120)).max(20));

/** It names the products that were shown. */
const cursor = z.string().max(6_000).optional();

const Search = z.object({
  ...page,
  cursor,
  q: z.string().trim().max(200).optional(),
  category: Id.optional(),
  brand: several.optional(),
  city: several.optional(),
  seller: Id.optional(),
  minPrice: minorUnits.optional(),
  maxPrice: minorUnits.optional(),
  minRating: decimalNumber(0, 5).optional(),
  sort: z.enum(sorts).default('relevance'),
});

const requestOf = (asked: z.output<typeof Search>): SearchRequest => {
  const { q, category, brand, city, seller, minPrice, maxPrice, minRating, sort, cursor, limit } = asked;
  return {
    sort,
    limit,
    ...(q !== undefined && { text: q }),
    ...(category !== undefined && { category }),
    ...(brand !== undefined && { brands: brand }),
    ...(city !== undefined && { cities: city }),
    ...(seller !== undefined && { sellerId: seller }),
    ...(minPrice !== undefined && { minPrice }),
    ...(maxPrice !== undefined && { maxPrice }),
    ...(minRating !== undefined && { minRating }),
    ...(cursor !== undefined && { cursor }),
  };
};

type Known = Pick<SearchHit, 'brand' | 'categoryIds'>;
type Hit = Card & Known;

interface Found extends Omit<SearchPage, 'hits' | 'facets'> {
  readonly items: readonly Hit[];
  readonly facets: Omit<Facets, 'category'> & { readonly category: readonly (FacetValue & { readonly name: string | null })[] };
}

/** A card, with what search alone knows of the product. Not parsed: there may be a hundred. */
const shown = (card: JsonText<Card>, { brand, categoryIds }: SearchHit): JsonText<Hit> =>
  storedText(`${card.slice(0, -1)},${jsonText<Known>({ brand, categoryIds }).slice(1)}`);

/** Categories by id, out of the tree as it is kept; parsed once for as long as it stays the same. */
const categoryNames = (tables: TableReader, cache: Aside) => {
  const load = categoryTree(tables, cache);
  let known: { readonly text: string; readonly byId: ReadonlyMap<string, Named> } = { text: '', byId: new Map() };
  return async (): Promise<ReadonlyMap<string, Named>> => {
    const text = await load();
    if (text !== known.text) {
      const byId = new Map<string, Named>();
      const take = (branches: readonly Branch[]) => {
        for (const { categoryId, name, slug, children } of branches) {
          byId.set(categoryId, { name, slug });
          take(children);
        }
      };
      take((JSON.parse(text) as CategoryTree).items);
      known = { text, byId };
    }
    return known.byId;
  };
};

interface Named {
  readonly name: string;
  readonly slug: string;
}

export const searchQueries = (reader: SearchReader, tables: TableReader, cache: Aside) => {
  const pages = productPages(tables, cache);
  const namesOf = categoryNames(tables, cache);
  /** The index may know a product before there is a card of it, or for a moment longer: it is shown when all lists show it. */
  const asShown = async ({ hits, next, facets, ...found }: SearchPage): Promise<JsonText<Found>> => {
    const [cards, names] = await Promise.all([pages.cardsOf(hits.map(({ productId }) => productId)), namesOf()]);
    const items = hits.flatMap((hit) => {
      const card = cards.get(hit.productId);
      return card === undefined ? [] : [shown(card, hit)];
    });
    const category = facets.category.map(({ value, count }) => ({ value, name: names.get(value)?.name ?? null, count }));
    const rest = jsonText<Omit<Found, 'items'>>({ next, facets: { ...facets, category }, ...found });
    return storedText(`{"items":[${items.join(',')}],${rest.slice(1)}`);
  };

  return new Hono<Env>()
    .get(
      '/search',
      allow('public', {
        operation: 'searchProducts',
        summary:
          'Find products by text and filters, with the counts of each filter; a page may be shorter than its limit while `next` is there.',
        answer: SearchAnswer,
        isKept: true,
        rate: 'search',
        errors: ['search.bad_cursor', 'search.unavailable'],
      }),
      query(Search),
      async (c) => {
        const text = await asShown(await reader.search(requestOf(c.req.valid('query'))));
        return kept(c, text, keptFor.products, digestOf(text));
      },
    )
    .get(
      '/search/suggestions',
      allow('public', {
        operation: 'suggestWords',
        summary: 'What the first letters may become.',
        answer: Suggestions,
        isKept: true,
        rate: 'search',
        errors: ['search.unavailable'],
      }),
      query(z.object({ q: z.string().trim().min(1).max(100), limit: wholeNumber(1, 20).default(10) })),
      async (c) => {
        const { q, limit } = c.req.valid('query');
        return kept(c, jsonText({ items: await reader.suggest(q, limit) }), keptFor.products);
      },
    );
};
