// How products are shown: texts that are made once, kept near, and put together without being read again.
import { randomUUID } from 'node:crypto';
import type { Aside } from '../infra/cache/port.ts';
import type { Revised } from '../infra/http/answers.ts';
import { type JsonText, jsonText, type Said, storedText } from '../infra/http/json.ts';
import type { Page } from '../infra/http/pages.ts';
import type { FoundRow, TableReader } from '../infra/tables/port.ts';
import type { BrandRow } from '../projections/catalog/brands.ts';
import type { CategoryRow } from '../projections/catalog/categories.ts';
import type { LevelRow } from '../projections/inventory/levels.ts';
import type { CardRow } from '../projections/product/cards.ts';
import type { DetailRow } from '../projections/product/details.ts';
import type { StoreRow } from '../projections/product/stores.ts';
import type { OwnProduct } from './answers/product.ts';
import { markOf } from './kept.ts';

/** A product's page may be this old where nothing says that it has changed, in milliseconds: names of brands and categories. */
const ttl = 60_000;
const maxDepth = 10;

interface InStore {
  readonly store: StoreRow | null;
}
/** A product as every list shows it. */
export type Card = Omit<CardRow, 'fold'> & InStore;
type Own = Said<OwnProduct>;

/** A product's page and its mark: that of the product, which begins with its revision, and that of its store. */
export interface Shown {
  readonly text: JsonText<Own & InStore>;
  readonly mark: string;
}

type Cached = string | undefined | Promise<string | undefined>;

export const productKey = (productId: string) => `product:${productId}`;
export const storeKey = (sellerId: string) => `store:${sellerId}`;
export const hiddenStoresKey = 'stores:hidden';
/** The name under which lists are kept. It is drawn anew when a card changes: whatever was kept under the old one is never asked for again. */
export const listsKey = 'products:lists';

/** Rows and pages of products begin with their seller's id: `{"sellerId":"…"`. */
const sellerIdIn = (text: string) => text.slice(13, text.indexOf('"', 13));

const parsed = async <Row>(found: Promise<string | null>): Promise<Row | null> => {
  const text = await found;
  return text === null ? null : (JSON.parse(text) as Row);
};

type Cards = JsonText<Page<Card>>;

export interface ProductPages {
  /** A product that is on sale, with its store; undefined where there is none. Answers at once when it can. */
  detail(productId: string): Shown | undefined | Promise<Shown | undefined>;
  /** The same for its seller, in any status. */
  ownDetail(productId: string, sellerId: string): Promise<JsonText<Own> | undefined>;
  /** Cards without those of stores that may not sell. */
  cards(rows: readonly FoundRow[]): Promise<JsonText<Card>[]>;
  /** Cards by id; without those of stores that may not sell. */
  cardsOf(productIds: readonly string[]): Promise<ReadonlyMap<string, JsonText<Card>>>;
  /** All these cards, for their seller. */
  ownCards(rows: readonly FoundRow[]): Promise<JsonText<Card>[]>;
  /** What `load` gives, kept until any card or store changes. Answers at once when it can. */
  list(asked: object, load: () => Promise<Cards>): Cards | Promise<Cards>;
  /** Id of the product with this slug; a slug never changes hands. */
  idOf(slug: string): Cached;
  /** Ids of a category and all below it. */
  below(categoryId: string): Promise<string[]>;
}

export const productPages = (tables: TableReader, cache: Aside): ProductPages => {
  const store = (sellerId: string) =>
    cache.cached(storeKey(sellerId), ttl, async () => (await tables.get('product-stores', sellerId)) ?? 'null');

  /** `"id","id"`: few stores are closed or suspended at any time. */
  const hiddenStores = () =>
    cache.cached(hiddenStoresKey, ttl, async () => {
      const found = await tables.find('product-stores', { where: { hidden: 1 }, limit: 100_000 });
      return JSON.stringify(found.map(({ key }) => key));
    });

  const namesOf = async ({ brandId, categoryId }: DetailRow) => {
    const brand = brandId === null ? null : await parsed<BrandRow>(tables.get('catalog-brands', brandId));
    const categories: Pick<CategoryRow, 'categoryId' | 'name' | 'slug'>[] = [];
    for (let next = categoryId; next !== null && categories.length < maxDepth; ) {
      const category: CategoryRow | null = await parsed<CategoryRow>(tables.get('catalog-categories', next));
      if (!category) break;
      categories.unshift({ categoryId: category.categoryId, name: category.name, slug: category.slug });
      next = category.parentId;
    }
    return { brand: brand && { brandId: brand.brandId, name: brand.name, slug: brand.slug }, categories };
  };

  /** What can be sold of each variant, all locations together. */
  const availabilityOf = async (productId: string) => {
    const found = await tables.find('inventory-levels', { where: { productId }, limit: 10_000 });
    const available = new Map<string, number>();
    for (const one of found) {
      const level = JSON.parse(one.row) as LevelRow;
      available.set(level.variantId, (available.get(level.variantId) ?? 0) + level.available);
    }
    return available;
  };

  /** NOTE: nothing in it depends on the time, so that it stays true as long as it is kept: a discount is told with its window. */
  const render = async (row: DetailRow & Revised): Promise<JsonText<Own>> => {
    const { sellerId, productId, slug, name, description, status, attributes, pictures, discount, ratings, sold, createdAt, updatedAt } =
      row;
    const available = await availabilityOf(productId);
    const variants = row.variants.map((variant) => ({ ...variant, available: available.get(variant.variantId) ?? 0 }));
    const rating = { average: ratings.count === 0 ? 0 : Math.round((ratings.sum * 100) / ratings.count) / 100, count: ratings.count };
    const said = { slug, name, description, status, attributes, ...(await namesOf(row)), pictures, variants, discount };
    // NOTE: the revision comes last, where `http.ts` looks for it.
    return jsonText({ sellerId, productId, ...said, rating, sold, createdAt, updatedAt, revision: row.revision });
  };

  const product = (productId: string) =>
    cache.cached(productKey(productId), ttl, async () => {
      const row = await parsed<DetailRow & Revised>(tables.get('product-details', productId));
      return row?.status === 'Active' ? render(row) : undefined;
    });

  const withStore = <Goods>(text: string, storeText: string | undefined, end = text.length - 1): JsonText<Goods & InStore> =>
    storedText(`${text.slice(0, end)},"store":${storeText ?? 'null'}}`);

  const page = (text: string, storeText = 'null'): Shown => ({
    text: withStore<Own>(text, storeText),
    mark: `${markOf(text)}${markOf(storeText)}`,
  });

  const later = async (text: Cached): Promise<Shown | undefined> => {
    const known = await text;
    return known === undefined ? undefined : page(known, await store(sellerIdIn(known)));
  };

  const hiddenNow = async () => {
    const hidden = hiddenStores();
    return (typeof hidden === 'string' ? hidden : await hidden) ?? '[]';
  };

  /** Null for one whose store is among the hidden. */
  const cardIn = (row: string, hidden: string): JsonText<Card> | null | Promise<JsonText<Card>> => {
    const sellerId = sellerIdIn(row);
    if (hidden.length > 2 && hidden.includes(`"${sellerId}"`)) return null;
    const storeText = store(sellerId);
    const end = row.lastIndexOf(',"fold":');
    return typeof storeText === 'string'
      ? withStore(row, storeText, end)
      : Promise.resolve(storeText).then((text) => withStore(row, text, end));
  };

  const cardsIn = async (rows: readonly FoundRow[], hidden: string): Promise<JsonText<Card>[]> => {
    const cards = [];
    for (const { row } of rows) {
      const card = cardIn(row, hidden);
      const text = card instanceof Promise ? await card : card;
      if (text !== null) cards.push(text);
    }
    return cards;
  };

  /** What was asked, in words; the same object is asked again and again. */
  const words = new WeakMap<object, string>();
  const wordsOf = (asked: object): string => {
    const known = words.get(asked);
    if (known !== undefined) return known;
    const text = JSON.stringify(asked);
    words.set(asked, text);
    return text;
  };

  return {
    detail: (productId) => {
      const text = product(productId);
      if (typeof text !== 'string') return later(text);
      const storeText = store(sellerIdIn(text));
      return typeof storeText === 'string' ? page(text, storeText) : later(text);
    },
    ownDetail: async (productId, sellerId) => {
      const row = await parsed<DetailRow & Revised>(tables.asSeller(sellerId).get('product-details', productId));
      return row?.sellerId === sellerId ? render(row) : undefined;
    },
    cards: async (rows) => cardsIn(rows, await hiddenNow()),
    cardsOf: async (productIds) => {
      const [rows, hidden] = await Promise.all([tables.getMany('product-cards', productIds), hiddenNow()]);
      const cards = new Map<string, JsonText<Card>>();
      for (const [productId, row] of rows) {
        const card = cardIn(row, hidden);
        const text = card instanceof Promise ? await card : card;
        if (text !== null) cards.set(productId, text);
      }
      return cards;
    },
    ownCards: (rows) => cardsIn(rows, '[]'),
    list: (asked, load) => {
      const name = cache.cached(listsKey, ttl, randomUUID);
      const named = (known: string | undefined) => cache.cached(`products:${known}:${wordsOf(asked)}`, ttl, load);
      const text = typeof name === 'string' ? named(name) : name?.then(named);
      return typeof text === 'string' ? storedText(text) : Promise.resolve(text).then((loaded) => storedText(loaded ?? ''));
    },
    idOf: (slug) =>
      cache.cached(`slug:${slug}`, ttl, async () => (await tables.find('product-details', { where: { slug }, limit: 1 }))[0]?.key),
    below: async (categoryId) => {
      const known = await cache.cached(`catalog:below:${categoryId}`, ttl, async () => {
        const all = new Set([categoryId]);
        for (let above = [categoryId]; above.length > 0; ) {
          const found = await tables.find('catalog-categories', { where: { parentId: { in: above } }, limit: 5_000 });
          above = found.map(({ key }) => key).filter((key) => !all.has(key));
          for (const key of above) all.add(key);
        }
        return [...all].join(',');
      });
      return known?.split(',') ?? [categoryId];
    },
  };
};
