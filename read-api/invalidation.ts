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

/**
 * To be called with the rows that each projection has changed, as soon as they can be read, and to be awaited before anybody is told that they
 * can: whoever waits for a position must not be given what was kept before it.
 */
export const invalidate = (cache: Pick<Aside, 'invalidate'>, changed: ReadonlyMap<string, readonly string[]>): void | Promise<void> => {
  const keys = new Set<string>();
  for (const [projection, rows] of changed) {
    const keysOfRow = keysOf[projection];
    if (keysOfRow) for (const row of rows) for (const key of keysOfRow(row)) keys.add(key);
  }
  return cache.invalidate([...keys]);
};
