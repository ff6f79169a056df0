// Who and what must be there before anything is sold: people, shops, categories, listings with the stock that they will sell.
import type { Money } from '../../domain/money.ts';
import type { Dimensions } from '../../domain/product/events.ts';
import { categoryIdOf, ownerIdOf, sellerIdOf, userIdOf } from './olist-ids.ts';
import { type Names, storeNamesOf } from './olist-names.ts';
import { brl, type Purchase } from './olist-purchases.ts';
import type { OlistRows } from './olist-rows.ts';

/** `at`: when each was first needed. */
export interface Person {
  readonly source: string;
  readonly userId: string;
  readonly at: string;
}
export interface Shop {
  readonly source: string;
  readonly sellerId: string;
  readonly ownerId: string;
  readonly storeName: string;
  readonly slug: string;
  readonly city: string;
  readonly at: string;
}
export interface ShopCategory {
  readonly slug: string;
  readonly name: string;
  readonly order: number;
  readonly at: string;
}
export interface ShopListing {
  readonly source: { readonly productId: string; readonly sellerId: string };
  readonly productId: string;
  readonly variantId: string;
  readonly sellerId: string;
  readonly categoryId: string;
  readonly name: string;
  readonly sku: string;
  readonly weightGrams: number | null;
  readonly dimensions: Dimensions | null;
  /** What its first buyer paid. */
  readonly price: Money;
  /** All that was ever sold of it. */
  readonly quantity: number;
  readonly at: string;
}

export interface Catalogue {
  readonly people: readonly Person[];
  readonly shops: readonly Shop[];
  readonly categories: readonly ShopCategory[];
  readonly listings: readonly ShopListing[];
}

const earlier = (known: string | undefined, at: string) => (known === undefined || at < known ? at : known);

const peopleOf = (rows: OlistRows, start: string): Person[] => {
  const bought = new Map(rows.orders.map((order) => [order.customer_id, order.order_purchase_timestamp]));
  const first = new Map<string, string>();
  for (const { customer_id, customer_unique_id } of rows.customers)
    first.set(customer_unique_id, earlier(first.get(customer_unique_id), bought.get(customer_id) ?? start));
  return [...first].map(([source, at]) => ({ source, userId: userIdOf(source), at }));
};

/** `purchases` in the order of their time. */
const listingsOf = (rows: OlistRows, purchases: readonly Purchase[], names: Names): ShopListing[] => {
  const sources = new Map(
    rows.order_items.map(({ product_id, seller_id }) => [
      names.listing(product_id, seller_id).variantId,
      { productId: product_id, sellerId: seller_id },
    ]),
  );
  const listings = new Map<string, ShopListing>();
  for (const { lines, times } of purchases) {
    for (const { variantId, unitPrice, quantity } of lines) {
      const known = listings.get(variantId);
      const source = sources.get(variantId);
      if (known) listings.set(variantId, { ...known, quantity: known.quantity + quantity });
      else if (source) {
        const { categorySlug, ...facts } = names.listing(source.productId, source.sellerId);
        const categoryId = categoryIdOf(categorySlug);
        listings.set(variantId, { source, ...facts, categoryId, price: brl(unitPrice.amount), quantity, at: times.bought.at });
      }
    }
  }
  return [...listings.values()];
};

const shopsOf = (rows: OlistRows, listings: readonly ShopListing[], start: string): Shop[] => {
  const first = new Map<string, string>();
  for (const { sellerId, at } of listings) first.set(sellerId, earlier(first.get(sellerId), at));
  return rows.sellers.map(({ seller_id: source, seller_city: city }) => {
    const sellerId = sellerIdOf(source);
    return { source, sellerId, ownerId: ownerIdOf(source), ...storeNamesOf(source, city), city, at: first.get(sellerId) ?? start };
  });
};

export const catalogueOf = (rows: OlistRows, purchases: readonly Purchase[], names: Names): Catalogue => {
  const start = rows.orders.reduce((first, order) => earlier(first, order.order_purchase_timestamp), '9999-12-31T00:00:00.000Z');
  const listings = listingsOf(rows, purchases, names);
  return {
    people: peopleOf(rows, start),
    shops: shopsOf(rows, listings, start),
    categories: [...names.categories].map(([slug, { name }], order) => ({ slug, name, order, at: start })),
    listings,
  };
};
