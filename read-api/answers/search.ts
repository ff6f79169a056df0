// What a search finds, how it was understood, and what the filters would leave of it.
import { z } from 'zod';
import { Id } from '../../domain/id.ts';
import { pageSchema } from '../../infra/http/pages.ts';
import { SearchHit } from './product.ts';

const counted = { count: z.int().describe('How many would be found under it, all other filters kept.') };
const Facet = z.object({ value: z.string(), ...counted }).meta({ id: 'Facet' });
const Facets = z
  .object({
    category: z.array(z.object({ value: Id, name: z.string().nullable(), ...counted })),
    brand: z.array(Facet),
    city: z.array(Facet),
    rating: z.array(z.object({ from: z.int().describe('Stars, and more.'), ...counted })),
    price: z.array(z.object({ from: z.int(), to: z.int().nullable().describe('Not included; null of the last.'), ...counted })),
  })
  .meta({ id: 'Facets', description: 'The most frequent first, at most 50 of each.' });

export const SearchAnswer = pageSchema(SearchHit)
  .extend({
    total: z.int(),
    facets: Facets,
    corrected: z.string().nullable().describe('The words that were searched instead, where one was mistyped.'),
    relaxed: z.boolean().describe('No product has all the words: those with any of them are shown.'),
  })
  .meta({ id: 'SearchHitPage' });

export const Suggestions = z.object({ items: z.array(z.string()) }).meta({ id: 'Suggestions' });
