// Every read model of the marketplace, by service.
import { brands } from './catalog/brands.ts';
import { categories } from './catalog/categories.ts';
import { inventoryLevels } from './inventory/levels.ts';
import { inventoryMovements } from './inventory/movements.ts';
import { productCards } from './product/cards.ts';
import { productDetails } from './product/details.ts';
import { productStores } from './product/stores.ts';
import type { AnyProjection } from './projection.ts';
import { ratings } from './review/ratings.ts';
import { reviews } from './review/reviews.ts';
import { allSagaInstances } from './sagas/all.ts';

export const projections: readonly AnyProjection[] = [
  allSagaInstances,
  brands,
  categories,
  inventoryLevels,
  inventoryMovements,
  productCards,
  productDetails,
  productStores,
  ratings,
  reviews,
];
