// Product search: what is stored of a product, what can be asked, and what an adapter must do.
import type { Money } from '../../domain/money.ts';

/** Everything that search knows of one product; no personal data. `categoryIds` is the path from the root to the leaf, `price` its lowest variant's. */
export interface SearchDocument {
  readonly productId: string;
  readonly sellerId: string;
  readonly sellerName: string;
  readonly name: string;
  readonly description: string;
  readonly categoryIds: readonly string[];
  readonly brand: string | null;
  readonly price: Money;
  readonly rating: { readonly average: number; readonly count: number };
  readonly city: string;
  readonly sold: number;
  readonly createdAt: string;
  readonly image: string | null;
  /** An inactive product stays stored (its version must not be forgotten) and is never found. */
  readonly active: boolean;
  /** More words to find and suggest it by: category names, nicknames. */
  readonly suggest: readonly string[];
  /** Article numbers of its variants: one that is asked for whole finds it before all others. */
  readonly skus: readonly string[];
}

/** `position` is the log position of the event that the document reflects: a write that is not newer than what is stored is ignored. */
export type SearchWrite =
  | { readonly position: number; readonly document: SearchDocument }
  | { readonly position: number; readonly deleted: string };

/** How far a build has read which log. */
export interface SearchCheckpoint {
  readonly logId: string;
  readonly position: number;
}

/** The writing side; one owner. A build is one version of the whole index; exactly one build is live. */
export interface SearchIndex {
  /** Starts an empty build, unless it exists. The first build of all goes live at once. */
  create(build: number): Promise<void>;
  /** Stores documents and checkpoint in one transaction. Throws search.other_log for another log than the build's, search.unknown_build. */
  write(build: number, writes: readonly SearchWrite[], checkpoint: SearchCheckpoint): Promise<void>;
  checkpoint(build: number): Promise<SearchCheckpoint | null>;
  /** The live build, or null before the first. */
  live(): Promise<number | null>;
  /**
   * Makes `build` the one that is searched and drops the old one. Throws search.build_behind when it has read less than the old one,
   * unless `oldIsAhead`: the old one has read what the log does not hold any more, as after a restore.
   */
  swap(build: number, oldIsAhead?: boolean): Promise<void>;
  /** Forgets a build that is not live. */
  drop(build: number): Promise<void>;
  close(): Promise<void>;
}

export const sorts = ['relevance', 'price_asc', 'price_desc', 'newest', 'best_selling', 'rating'] as const;
export type SearchSort = (typeof sorts)[number];

export interface SearchRequest {
  readonly text?: string;
  readonly category?: string;
  readonly brands?: readonly string[];
  readonly cities?: readonly string[];
  readonly sellerId?: string;
  /** Minor units, both inclusive. */
  readonly minPrice?: number;
  readonly maxPrice?: number;
  readonly minRating?: number;
  /** Without text, relevance means best-selling. */
  readonly sort?: SearchSort;
  /**
   * `next` of the page before; throws search.bad_cursor when it is not one of this sort and text. Whatever is written between two pages, each
   * product is shown once, and none is left out that is found: a page is the best of what none before it has shown. This holds for 500
   * products (`cursor.ts`); from there on it holds as far as the products that come after keep their place in the order.
   */
  readonly cursor?: string;
  /** 1 to 100; 20 unless told. */
  readonly limit?: number;
}

export interface SearchHit {
  readonly productId: string;
  readonly sellerId: string;
  readonly sellerName: string;
  readonly name: string;
  readonly categoryIds: readonly string[];
  readonly brand: string | null;
  readonly price: Money;
  readonly rating: { readonly average: number; readonly count: number };
  readonly city: string;
  readonly sold: number;
  readonly createdAt: string;
  readonly image: string | null;
}

export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

/** Counts of what would be found under each value, all other filters kept (a facet ignores its own filter). Most frequent first, at most 50. */
export interface Facets {
  /** Every level of the path counts. */
  readonly category: readonly FacetValue[];
  readonly brand: readonly FacetValue[];
  readonly city: readonly FacetValue[];
  /** `from` stars or more: 4, 3, 2, 1. */
  readonly rating: readonly { readonly from: number; readonly count: number }[];
  /** `from` ≤ price < `to` in minor units; the last bucket has no end. */
  readonly price: readonly { readonly from: number; readonly to: number | null; readonly count: number }[];
}

export interface SearchPage {
  readonly hits: readonly SearchHit[];
  readonly total: number;
  readonly next: string | null;
  readonly facets: Facets;
  /** The words that were searched instead of the given ones, when one was mistyped. */
  readonly corrected: string | null;
  /** True when no product has all the words, so that those with any of them are shown. */
  readonly relaxed: boolean;
}

/** The reading side. It sees what the index has committed, and answers empty pages before the first build. */
export interface SearchReader {
  search(request: SearchRequest): Promise<SearchPage>;
  /** Names and words that begin with `prefix` (2 characters at least), best-selling first. */
  suggest(prefix: string, limit?: number): Promise<string[]>;
  /** How far the live build has read. */
  checkpoint(): Promise<SearchCheckpoint | null>;
  close(): Promise<void>;
}
