// What is asked of Elasticsearch for a search, and how its answer is read: pure, so that it can be looked at without a server.
import type { estypes } from '@elastic/elasticsearch';
import { Currency } from '../../domain/money.ts';
import { type Cursor, markOf, nextCursor, type Plan, type Sought } from './cursor.ts';
import type { StoredProduct } from './elasticsearch-mapping.ts';
import { facetLength, priceSteps, stars } from './facets.ts';
import type { Facets, SearchHit, SearchPage, SearchRequest, SearchSort } from './port.ts';

type Clause = NonNullable<estypes.QueryDslQueryContainer>;
type Aggregation = estypes.AggregationsAggregationContainer;

/** A word in the name counts ten times, in the keywords five times as much as one in the description; over all three as if they were one text. */
const weights = { name: 10, keywords: 5, description: 1 } as const;
const fields = Object.entries(weights);

const clausesOf = (sought: readonly Sought[], operator: 'and' | 'or'): Clause[] => {
  const plain = sought.filter(({ by }) => by === 'word').map(({ word }) => word);
  const clauses: Clause[] = [];
  if (plain.length > 0)
    clauses.push({ combined_fields: { query: plain.join(' '), fields: fields.map(([field, weight]) => `${field}^${weight}`), operator } });
  for (const { word, by } of sought) {
    if (by === 'stem') clauses.push({ match: { stems: { query: word } } });
    if (by === 'prefix') {
      const queries = fields.map(([field, boost]): Clause => ({ prefix: { [field]: { value: word, boost } } }));
      clauses.push({ dis_max: { queries } });
    }
  }
  return clauses;
};

const popularity: estypes.QueryDslFunctionScoreContainer[] = [
  { weight: 1 },
  { weight: 0.05, field_value_factor: { field: 'sold', modifier: 'log1p' } },
];

/** What sells well comes a little earlier among what is equally relevant. */
const popular = (query: Clause): Clause => ({
  function_score: {
    query,
    functions: popularity,
    score_mode: 'sum',
    boost_mode: 'multiply',
  },
});

const active: Clause = { term: { active: true } };

const textQuery = (sought: readonly Sought[], isRelaxed: boolean, isRanked: boolean): Clause => {
  const clauses = clausesOf(sought, isRelaxed ? 'or' : 'and');
  if (clauses.length === 0) return { bool: { filter: [active] } };
  const all: Clause = isRelaxed ? { bool: { should: clauses, minimum_should_match: 1 } } : { bool: { must: clauses } };
  return isRanked ? popular({ bool: { must: [all], filter: [active] } }) : { bool: { filter: [all, active] } };
};

const currencies = Currency.options;
const facets = ['category', 'brand', 'city', 'price', 'rating'] as const;
type Facet = (typeof facets)[number];

const filtersOf = (request: SearchRequest): { facet: Facet | null; clause: Clause }[] => {
  const { category, brands, cities, sellerId, minPrice, maxPrice, minRating } = request;
  const filters: { facet: Facet | null; clause: Clause }[] = [];
  const add = (facet: Facet | null, clause: Clause) => filters.push({ facet, clause });
  if (category !== undefined) add('category', { term: { categories: category } });
  if (brands?.length) add('brand', { terms: { brand: [...brands] } });
  if (cities?.length) add('city', { terms: { city: [...cities] } });
  if (sellerId !== undefined) add(null, { term: { sellerId } });
  if (minPrice !== undefined || maxPrice !== undefined)
    add('price', {
      range: { price: { ...(minPrice !== undefined && { gte: minPrice }), ...(maxPrice !== undefined && { lte: maxPrice }) } },
    });
  if (minRating !== undefined) add('rating', { range: { rating: { gte: minRating } } });
  return filters;
};

const stepsOf = (currency: Currency): Aggregation => ({
  filter: { term: { currency } },
  aggs: { steps: { range: { field: 'price', ranges: priceSteps[currency].map((from, n, all) => rangeTo(from, all[n + 1])) } } },
});
const rangeTo = (from: number, to: number | undefined) => (to === undefined ? { from } : { from, to });

const countsOf: Readonly<Record<Facet, Record<string, Aggregation>>> = {
  category: { values: { terms: { field: 'categories', size: facetLength } } },
  brand: { values: { terms: { field: 'brand', size: facetLength } } },
  city: { values: { terms: { field: 'city', size: facetLength } } },
  rating: { steps: { range: { field: 'rating', ranges: stars.map((from) => ({ from })) } } },
  price: Object.fromEntries(currencies.map((currency) => [currency, stepsOf(currency)])),
};

const sortsOf: Readonly<Record<SearchSort, estypes.SortCombinations>> = {
  relevance: { _score: { order: 'desc' } },
  price_asc: { price: 'asc' },
  price_desc: { price: 'desc' },
  newest: { createdAt: 'desc' },
  best_selling: { sold: 'desc' },
  rating: { ratingOrder: 'desc' },
};

export const defaultLimit = 20;
const limitOf = (request: SearchRequest) => Math.min(Math.max(request.limit ?? defaultLimit, 1), 100);

/** One page with its counts. The filters come after the counting (`post_filter`), and each facet counts under all filters but its own. */
export const searchBody = (request: SearchRequest, { sought, isRelaxed }: Plan, cursor: Cursor | null): estypes.SearchRequest => {
  const sort = request.sort ?? 'relevance';
  const isRanked = sort === 'relevance' && sought.length > 0;
  const filters = filtersOf(request);
  const without = (facet: Facet): Clause => ({
    bool: { filter: filters.filter((one) => one.facet !== facet).map(({ clause }) => clause) },
  });
  return {
    query: textQuery(sought, isRelaxed, isRanked),
    post_filter: {
      bool: { filter: filters.map(({ clause }) => clause), ...(cursor && { must_not: [{ terms: { mark: [...cursor.shown] } }] }) },
    },
    aggs: {
      matches: { filter: { match_all: {} } },
      found: { filter: { bool: { filter: filters.map(({ clause }) => clause) } } },
      ...Object.fromEntries(facets.map((facet) => [facet, { filter: without(facet), aggs: countsOf[facet] }])),
    },
    sort: [sortsOf[sort === 'relevance' && !isRanked ? 'best_selling' : sort], { productId: 'asc' }],
    ...(cursor?.after && { search_after: [cursor.after.key, cursor.after.productId] }),
    size: limitOf(request) + 1,
    track_total_hits: false,
    _source: ['hit'],
  };
};

interface Count {
  readonly doc_count: number;
}
interface Terms {
  readonly buckets: readonly (Count & { readonly key: string })[];
}
interface Steps {
  readonly buckets: readonly (Count & { readonly from?: number; readonly to?: number })[];
}
/** The counts of a page as they come back. */
export interface Counts {
  readonly matches: Count;
  /** Those that pass all filters, those of the pages before included. */
  readonly found: Count;
  readonly category: { readonly values: Terms };
  readonly brand: { readonly values: Terms };
  readonly city: { readonly values: Terms };
  readonly rating: { readonly steps: Steps };
  readonly price: Readonly<Record<Currency, Count & { readonly steps: Steps }>>;
}

const valuesOf = ({ values }: { readonly values: Terms }) => values.buckets.map(({ key, doc_count }) => ({ value: key, count: doc_count }));

const facetsOf = (counts: Counts): Facets => {
  const from = new Map(counts.rating.steps.buckets.map((step) => [step.from, step.doc_count]));
  // One market has one currency.
  const currency = currencies.reduce((most, next) => (counts.price[next].doc_count > counts.price[most].doc_count ? next : most));
  return {
    category: valuesOf(counts.category),
    brand: valuesOf(counts.brand),
    city: valuesOf(counts.city),
    rating: stars.map((star) => ({ from: star, count: from.get(star) ?? 0 })),
    price: counts.price[currency].steps.buckets
      .map((step) => ({ from: step.from ?? 0, to: step.to ?? null, count: step.doc_count }))
      .filter(({ count }) => count > 0),
  };
};

export type Found = estypes.SearchResponse<StoredProduct, Counts>;

const noFacets: Facets = { category: [], brand: [], city: [], rating: stars.map((from) => ({ from, count: 0 })), price: [] };

/** The page as it is told; before the first build nothing is counted. */
export const pageOf = (
  found: Found,
  request: SearchRequest,
  plan: Plan,
  cursor: Cursor | null,
): Omit<SearchPage, 'corrected' | 'relaxed'> => {
  const limit = limitOf(request);
  const shown = found.hits.hits.slice(0, limit);
  const [key, productId] = shown.at(-1)?.sort ?? [];
  const marks = shown.map(({ sort }) => markOf(String(sort?.[1] ?? '')));
  const isMore = found.hits.hits.length > limit && typeof key === 'number' && typeof productId === 'string';
  return {
    hits: shown.map(({ _source }) => _source?.hit).filter((hit): hit is SearchHit => hit !== undefined),
    total: found.aggregations?.found.doc_count ?? 0,
    next: isMore ? nextCursor(request, plan, cursor, marks, { key, productId }) : null,
    facets: found.aggregations ? facetsOf(found.aggregations) : noFacets,
  };
};
