// Each product with all that is known of it: what GET /products/:productId is made of, and what the search index follows.

import { evolveListing, type Listed, type ListingEvent, listingKey, listingReads } from '../listing.ts';
import type { Projection } from '../projection.ts';

export type DetailRow = Listed;

export const productDetails: Projection<DetailRow, ListingEvent> = {
  name: 'product-details',
  service: 'product',
  version: 2,
  own: { category: 'product' },
  reads: listingReads,
  key: listingKey,
  evolve: evolveListing,
  shape: {
    columns: { slug: 'text', sellerId: 'text', categoryId: 'text', brandId: 'text' },
    indexes: [['slug'], ['sellerId'], ['categoryId'], ['brandId'], ['position']],
    partition: { by: 'categoryId', kind: 'hash', into: 8 },
  },
  columns: ({ slug, sellerId, categoryId, brandId }) => ({ slug, sellerId, categoryId, brandId }),
};
