// How a product is stored in Elasticsearch: fields for finding, filtering and sorting, beside what is shown of it.
import type { estypes } from '@elastic/elasticsearch';
import { markOf } from './cursor.ts';
import { displaysOf, hitOf, indexedKeywords, tailsOf } from './document.ts';
import { indexedWords } from './indonesian.ts';
import type { SearchCheckpoint, SearchDocument, SearchHit } from './port.ts';
import { roots, standIns } from './words.ts';

/** Longer names are not suggested; the engine refuses keywords that are very much longer. */
const longestKeyword = 512;

const text: estypes.MappingProperty = { type: 'text', analyzer: 'words', index_options: 'freqs', copy_to: ['words', 'stems'] };
const kept: estypes.MappingProperty = { type: 'keyword', ignore_above: longestKeyword };
const shownOnly: estypes.MappingProperty = { type: 'object', enabled: false };

/**
 * Text comes as the words that indonesian.ts makes of it, so that both engines find the same; here it is only taken apart at the blanks.
 * `words` holds those of all fields, for asking which there are. `stems` holds them as the engine's own Indonesian stemmer leaves them,
 * which knows prefixes in a row that ours does not: what is found by no word is looked for there.
 */
export const indexOf = (alias: string): Pick<estypes.IndicesCreateRequest, 'settings' | 'mappings' | 'aliases'> => ({
  aliases: { [alias]: {} },
  settings: {
    number_of_shards: 1,
    auto_expand_replicas: '0-1',
    // Whoever writes to the live build makes it visible at once; a build that nobody searches need not be.
    refresh_interval: '60s',
    // The length of a product's text is taken with the weights of its fields, so lengths differ little: they count in full.
    similarity: { default: { type: 'BM25', b: 1 } },
    analysis: {
      analyzer: {
        words: { type: 'custom', tokenizer: 'whitespace' },
        stems: { type: 'custom', tokenizer: 'whitespace', filter: ['roots', 'indonesian'] },
      },
      filter: {
        roots: { type: 'keyword_marker', keywords: [...roots, ...standIns] },
        indonesian: { type: 'stemmer', language: 'indonesian' },
      },
    },
  },
  mappings: {
    dynamic: 'strict',
    properties: {
      active: { type: 'boolean' },
      /** Orders equals: a field of its own, since the engine does not sort by ids cheaply. */
      productId: { type: 'keyword' },
      /** By which a cursor says that it was shown. */
      mark: { type: 'long' },
      sellerId: { type: 'keyword' },
      name: text,
      keywords: text,
      description: text,
      words: { type: 'text', analyzer: 'words', index_options: 'docs', norms: false },
      stems: { type: 'text', analyzer: 'stems', index_options: 'freqs' },
      categories: kept,
      brand: kept,
      city: kept,
      currency: { type: 'keyword' },
      price: { type: 'long' },
      rating: { type: 'double' },
      /** Products of one rating stand by how many rated them. */
      ratingOrder: { type: 'double' },
      sold: { type: 'long' },
      createdAt: { type: 'long' },
      tails: kept,
      displays: { type: 'keyword', index: false, ignore_above: longestKeyword },
      hit: shownOnly,
      checkpoint: shownOnly,
    },
  },
});

/** The id of the one document that is no product: how far its build has read. It lives and dies with the documents that it speaks of. */
export const checkpointId = 'checkpoint';

/** What is stored of a product that may be found. One that may not is stored as its id alone, so that its version is not forgotten. */
export interface StoredProduct {
  readonly active: boolean;
  readonly productId: string;
  readonly hit?: SearchHit;
}
export interface StoredCheckpoint {
  readonly active: false;
  readonly checkpoint: SearchCheckpoint;
}

const indexed = (text: string) => indexedWords(text).join(' ');

export const storedProduct = (document: SearchDocument): StoredProduct => {
  const { productId, sellerId, categoryIds, brand, city, price, sold } = document;
  if (!document.active) return hiddenProduct(productId);
  const displays = [...displaysOf(document)];
  const rating = document.rating.count === 0 ? 0 : document.rating.average;
  const product = {
    active: true,
    productId,
    mark: markOf(productId),
    sellerId,
    name: indexed(document.name),
    keywords: indexedKeywords(document),
    description: indexed(document.description),
    categories: categoryIds,
    brand,
    city,
    currency: price.currency,
    price: price.amount,
    rating,
    ratingOrder: rating + Math.min(document.rating.count, 9_999) / 1_000_000,
    sold,
    createdAt: Date.parse(document.createdAt),
    tails: displays.flatMap(tailsOf),
    displays,
    hit: hitOf(document),
  };
  return product;
};

export const hiddenProduct = (productId: string): StoredProduct => ({ active: false, productId });
