// In which category each product is, also when it is no longer for sale: what was sold of it still counts there.
import type { ProductEvent } from '../../domain/product/events.ts';
import type { Projection } from '../projection.ts';

export interface ProductCategoryRow {
  readonly categoryId: string | null;
}

export const productCategories: Projection<ProductCategoryRow, Extract<ProductEvent, { type: 'product.created' | 'product.edited' }>> = {
  name: 'figures-products',
  service: 'analytics',
  version: 1,
  reads: ['product.created', 'product.edited'],
  key: ({ event }) => event.productId,
  evolve: (_row, { event }) => ({ categoryId: event.categoryId }),
};
