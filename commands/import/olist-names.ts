// What things are called that have no name in the files: categories, listings and shops.
import type { Dimensions } from '../../domain/product/events.ts';
import { productIdOf, sellerIdOf, variantIdOf } from './olist-ids.ts';
import type { OlistRows } from './olist-rows.ts';

const uncategorised = 'uncategorised';
/** Enough of a source's id of 32 hexadecimal digits to tell things apart at a glance. */
const short = (id: string) => id.slice(0, 8);
/** Enough to tell them apart for certain, in a name that is claimed. */
const distinct = (id: string) => id.slice(0, 16);

const words = (name: string) => name.replaceAll('_', ' ').trim();
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
export const slugOf = (name: string) =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** A listing is a product of one seller: its ids, and what it is called. */
export interface ListingNames {
  readonly productId: string;
  readonly variantId: string;
  readonly sellerId: string;
  readonly name: string;
  readonly sku: string;
  readonly categorySlug: string;
  readonly weightGrams: number | null;
  readonly dimensions: Dimensions | null;
}

export interface Names {
  /** By slug, in the order of their first product. */
  readonly categories: ReadonlyMap<string, { readonly name: string }>;
  listing(productId: string, sellerId: string): ListingNames;
}

/** The English name, where there is none the Portuguese one. */
const translated = (rows: OlistRows) => {
  const english = new Map(rows.categories.map((row) => [row.product_category_name, row.product_category_name_english]));
  return (portuguese: string) => (portuguese === '' ? uncategorised : english.get(portuguese) || portuguese);
};

const millimetres = (...centimetres: readonly (number | null)[]): Dimensions | null => {
  const [length, width, height] = centimetres.map((each) => each && each * 10);
  return length && width && height ? { length, width, height } : null;
};

export const namesOf = (rows: OlistRows): Names => {
  const translate = translated(rows);
  const products = new Map(rows.products.map((product) => [product.product_id, product]));
  const categories = new Map<string, { name: string }>();
  for (const { product_category_name } of rows.products) {
    const name = translate(product_category_name);
    if (!categories.has(slugOf(name))) categories.set(slugOf(name), { name: capital(words(name)) });
  }
  if (!categories.has(uncategorised)) categories.set(uncategorised, { name: capital(uncategorised) });
  const nameOf = (productId: string, sellerId: string): ListingNames => {
    const product = products.get(productId);
    const category = translate(product?.product_category_name ?? '');
    const { product_length_cm = null, product_width_cm = null, product_height_cm = null } = product ?? {};
    return {
      productId: productIdOf(productId, sellerId),
      variantId: variantIdOf(productId, sellerId),
      sellerId: sellerIdOf(sellerId),
      name: `${capital(words(category))} ${short(productId)}`,
      sku: `${short(productId)}-${short(sellerId)}`,
      categorySlug: slugOf(category),
      weightGrams: product?.product_weight_g ?? null,
      dimensions: millimetres(product_length_cm, product_width_cm, product_height_cm),
    };
  };
  const listings = new Map<string, ListingNames>();
  return {
    categories,
    listing: (productId, sellerId) => {
      const key = `${productId} ${sellerId}`;
      const known = listings.get(key) ?? nameOf(productId, sellerId);
      listings.set(key, known);
      return known;
    },
  };
};

export const storeNamesOf = (sellerId: string, city: string) => ({
  storeName: `${capital(city)} ${short(sellerId)}`,
  slug: `${slugOf(city).slice(0, 40) || 'loja'}-${distinct(sellerId)}`,
});
