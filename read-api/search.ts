// Queries of search: products by text and filters with their facets, and what a beginning may become.

import { Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../domain/id.ts';
import type { Env } from '../infra/http/env.ts';
import { query } from '../infra/http/input.ts';
import { decimalNumber, minorUnits, wholeNumber } from '../infra/http/numbers.ts';
import { page } from '../infra/http/pages.ts';
import { allow } from '../infra/http/policy.ts';
import { type SearchReader, type SearchRequest, sorts } from '../infra/search/port.ts';
import { digestOf, kept, keptFor } from './kept.ts';

/** One value or, when the name is repeated, several. */
const several = z.union([
  z
    .string()
    .max(120)
    .transform((one) => [one]),
  z.array(z.string().max(120)).max(20),
]);

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

export const searchQueries = (reader: SearchReader) =>
  new Hono<Env>()
    .get(
      '/search',
      allow('public', {
        summary: 'Find products by text and filters, with the counts of each filter.',
        rate: 'search',
        errors: ['search.bad_cursor'],
      }),
      query(Search),
      async (c) => {
        const { hits, next, ...found } = await reader.search(requestOf(c.req.valid('query')));
        const text = JSON.stringify({ items: hits, next, ...found });
        return kept(c, text, keptFor.products, digestOf(text));
      },
    )
    .get(
      '/search/suggestions',
      allow('public', { summary: 'What the first letters may become.', rate: 'search' }),
      query(z.object({ q: z.string().trim().min(1).max(100), limit: wholeNumber(1, 20).default(10) })),
      async (c) => {
        const { q, limit } = c.req.valid('query');
        return kept(c, JSON.stringify({ items: await reader.suggest(q, limit) }), keptFor.products);
      },
    );
