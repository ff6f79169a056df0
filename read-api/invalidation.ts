// Which kept answers a changed row makes old.
import type { Aside } from '../infra/cache/port.ts';
import { hiddenStoresKey, listsKey, productKey, storeKey } from './product-pages.ts';

const keysOf: Readonly<Record<string, (key: string) => readonly string[]>> = {
  'catalog-brands': () => ['catalog:brands'],
  'catalog-categories': () => ['catalog:tree'],
  // The key begins with the product's id.
  'inventory-levels': (key) => [productKey(key.slice(0, key.indexOf('.')))],
  'product-cards': () => [listsKey],
  'product-details': (key) => [productKey(key)],
  'product-stores': (key) => [storeKey(key), hiddenStoresKey, listsKey],
};

/** To be called with the rows that each projection has changed, as soon as they can be read. */
export const invalidate = (cache: Pick<Aside, 'invalidate'>, changed: ReadonlyMap<string, readonly string[]>) => {
  for (const [projection, rows] of changed) {
    const keys = keysOf[projection];
    if (keys) for (const key of new Set(rows.flatMap(keys))) void cache.invalidate(key);
  }
};
