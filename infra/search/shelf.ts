// What a search filters, counts and sorts by, kept in memory: one small record per product, so that a page with its facets is one pass over the matches.
import type { Currency } from '../../domain/money.ts';
import { type Cursor, markOf, nextCursor, type Plan, type SortKey } from './cursor.ts';
import { facetLength, priceSteps, stars } from './facets.ts';
import type { Facets, FacetValue, SearchHit, SearchRequest, SearchSort } from './port.ts';

/** A product on the shelf. Categories, brand and city are numbers of a `Names`, -1 for none. */
export interface Item {
  readonly hit: SearchHit;
  readonly price: number;
  readonly rating: number;
  readonly categories: readonly number[];
  readonly brand: number;
  readonly city: number;
  readonly popularity: number;
  /** By which a cursor says that it was shown. */
  readonly mark: number;
}

/** Numbers for texts, so that counting a facet is adding to an array. */
export interface Names {
  readonly texts: string[];
  readonly numbers: Map<string, number>;
}

export interface Shelf {
  /** By row id of the index; absent where a product is not active. */
  readonly items: (Item | undefined)[];
  readonly categories: Names;
  readonly brands: Names;
  readonly cities: Names;
}

const noNames = (): Names => ({ texts: [], numbers: new Map() });
export const emptyShelf = (): Shelf => ({ items: [], categories: noNames(), brands: noNames(), cities: noNames() });

const numberOf = (names: Names, text: string): number => {
  const known = names.numbers.get(text);
  if (known !== undefined) return known;
  names.numbers.set(text, names.texts.length);
  return names.texts.push(text) - 1;
};

export const put = (shelf: Shelf, id: number, hit: SearchHit | null) => {
  // NOTE: filled one by one, since a hole would make the array a slow one.
  while (shelf.items.length < id) shelf.items.push(undefined);
  shelf.items[id] = hit === null ? undefined : item(shelf, hit);
};

const item = (shelf: Shelf, hit: SearchHit): Item => ({
  hit,
  price: hit.price.amount,
  rating: hit.rating.count === 0 ? 0 : hit.rating.average,
  categories: hit.categoryIds.map((id) => numberOf(shelf.categories, id)),
  brand: hit.brand === null ? -1 : numberOf(shelf.brands, hit.brand),
  city: numberOf(shelf.cities, hit.city),
  popularity: 1 + 0.05 * Math.log10(1 + hit.sold),
  mark: markOf(hit.productId),
});

/** One bit per filter that can fail: an item that fails exactly one still counts in that filter's own facet. */
const failed = { category: 1, brand: 2, city: 4, price: 8, rating: 16, other: 32 } as const;

/** What matched: row ids and, for relevance, FTS5's rank of each (smaller is better). */
export interface Matches {
  readonly ids: readonly number[];
  readonly ranks: readonly number[] | null;
}

export interface Slice {
  readonly hits: SearchHit[];
  readonly total: number;
  readonly next: string | null;
  readonly facets: Facets;
}

export const noMatches: Matches = { ids: [], ranks: null };

/** The page of `request` after `cursor`. Without matches, of all that stands on the shelf. */
export const slice = (shelf: Shelf, matches: Matches | null, request: SearchRequest, plan: Plan, cursor: Cursor | null): Slice => {
  const sort = request.sort ?? 'relevance';
  const limit = Math.min(Math.max(request.limit ?? 20, 1), 100);
  const page = topPage(limit, cursor);
  const wants = filters(shelf, request);
  const counts = counters(shelf);
  const { items } = shelf;
  const length = matches === null ? items.length : matches.ids.length;
  for (let i = 0; i < length; i++) {
    const item = items[matches === null ? i : (matches.ids[i] ?? -1)];
    if (item === undefined) continue;
    const fails = wants(item);
    counts.add(item, fails);
    if (fails === 0) page.offer(sortKey(item, sort, matches?.ranks?.[i]), item);
  }
  const { places, isMore } = page.taken();
  const last = places.at(-1);
  const shown = places.map(({ item: { mark } }) => mark);
  const next = isMore && last ? nextCursor(request, plan, cursor, shown, { key: last.key, productId: last.item.hit.productId }) : null;
  return { hits: places.map(({ item: { hit } }) => hit), total: counts.total(), next, facets: counts.facets() };
};

const filters = (shelf: Shelf, request: SearchRequest): ((item: Item) => number) => {
  const { sellerId } = request;
  // A value that no product has gets a number that no item has.
  const category = request.category === undefined ? null : (shelf.categories.numbers.get(request.category) ?? -2);
  const brands = request.brands?.length ? new Set(request.brands.map((brand) => shelf.brands.numbers.get(brand) ?? -2)) : null;
  const cities = request.cities?.length ? new Set(request.cities.map((city) => shelf.cities.numbers.get(city) ?? -2)) : null;
  const minPrice = request.minPrice ?? 0;
  const maxPrice = request.maxPrice ?? Number.POSITIVE_INFINITY;
  const minRating = request.minRating ?? 0;
  return (item) => {
    let fails = 0;
    if (category !== null && !item.categories.includes(category)) fails |= failed.category;
    if (brands?.has(item.brand) === false) fails |= failed.brand;
    if (cities?.has(item.city) === false) fails |= failed.city;
    if (item.price < minPrice || item.price > maxPrice) fails |= failed.price;
    if (item.rating < minRating) fails |= failed.rating;
    if (sellerId !== undefined && item.hit.sellerId !== sellerId) fails |= failed.other;
    return fails;
  };
};

const counters = (shelf: Shelf) => {
  const categories = new Uint32Array(shelf.categories.texts.length);
  const brands = new Uint32Array(shelf.brands.texts.length);
  const cities = new Uint32Array(shelf.cities.texts.length);
  const prices = new Uint32Array(priceSteps.IDR.length);
  const ratings = new Uint32Array(stars.length);
  let currency: Currency = 'IDR';
  let total = 0;
  const add = (item: Item, fails: number) => {
    if (fails === 0) total += 1;
    if ((fails & ~failed.category) === 0) for (const category of item.categories) increment(categories, category);
    if ((fails & ~failed.brand) === 0 && item.brand >= 0) increment(brands, item.brand);
    if ((fails & ~failed.city) === 0) increment(cities, item.city);
    if ((fails & ~failed.price) === 0) {
      // One market has one currency, so the last one seen is everybody's.
      currency = item.hit.price.currency;
      increment(prices, stepOf(priceSteps[currency], item.price));
    }
    if ((fails & ~failed.rating) === 0) for (let i = 0; i < stars.length; i++) if (item.rating >= (stars[i] ?? 0)) increment(ratings, i);
  };
  const facets = (): Facets => ({
    category: mostFrequent(shelf.categories, categories),
    brand: mostFrequent(shelf.brands, brands),
    city: mostFrequent(shelf.cities, cities),
    rating: stars.map((from, i) => ({ from, count: ratings[i] ?? 0 })),
    price: priceSteps[currency]
      .map((from, i, steps) => ({ from, to: steps[i + 1] ?? null, count: prices[i] ?? 0 }))
      .filter(({ count }) => count > 0),
  });
  return { add, facets, total: () => total };
};

const increment = (counts: Uint32Array, index: number) => {
  counts[index] = (counts[index] ?? 0) + 1;
};

const stepOf = (steps: readonly number[], price: number): number => {
  let step = steps.length - 1;
  while (step > 0 && price < (steps[step] ?? 0)) step -= 1;
  return step;
};

const mostFrequent = (names: Names, counts: Uint32Array): FacetValue[] => {
  const values: FacetValue[] = [];
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    if (count > 0) values.push({ value: names.texts[i] ?? '', count });
  }
  return values.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)).slice(0, facetLength);
};

const sortKey = (item: Item, sort: SearchSort, rank: number | undefined): SortKey => {
  switch (sort) {
    case 'relevance':
      return rank === undefined ? -item.hit.sold : rank * item.popularity;
    case 'price_asc':
      return item.price;
    case 'price_desc':
      return -item.price;
    case 'newest':
      return -Date.parse(item.hit.createdAt);
    case 'best_selling':
      return -item.hit.sold;
    case 'rating':
      return -item.rating - Math.min(item.hit.rating.count, 9_999) / 1_000_000;
    default:
      return sort satisfies never;
  }
};

interface Place {
  readonly key: SortKey;
  readonly item: Item;
}

const comes = (key: SortKey, productId: string, after: SortKey, afterId: string) => key > after || (key === after && productId > afterId);

/** Keeps the best `limit` of what is offered, in order, without sorting the rest. */
const topPage = (limit: number, cursor: Cursor | null) => {
  const after = cursor?.after ?? null;
  const shown = cursor?.shown ?? null;
  const best: Place[] = [];
  let more = false;
  const offer = (key: SortKey, item: Item) => {
    const { productId } = item.hit;
    if (shown?.has(item.mark)) return;
    if (after !== null && !comes(key, productId, after.key, after.productId)) return;
    const last = best[limit - 1];
    if (last !== undefined) {
      more = true;
      if (comes(key, productId, last.key, last.item.hit.productId)) return;
      best.pop();
    }
    let at = best.length;
    for (; at > 0; at--) {
      const before = best[at - 1];
      if (before === undefined || comes(key, productId, before.key, before.item.hit.productId)) break;
    }
    best.splice(at, 0, { key, item });
  };
  return { offer, taken: () => ({ places: best, isMore: more }) };
};
