// The brands: the rows behind GET /brands.
import type { BrandEvent } from '../../domain/brand/events.ts';
import type { Projection } from '../projection.ts';

export interface BrandRow {
  readonly brandId: string;
  readonly name: string;
  readonly slug: string;
  readonly active: boolean;
}

export const brands: Projection<BrandRow, BrandEvent> = {
  name: 'catalog-brands',
  service: 'catalog',
  version: 2,
  own: { category: 'brand' },
  reads: ['brand.created', 'brand.renamed', 'brand.activated', 'brand.deactivated'],
  key: ({ event }) => event.brandId,
  evolve: (row, { event }) => {
    if (event.type === 'brand.created') return { brandId: event.brandId, name: event.name, slug: event.slug, active: true };
    if (!row) return null;
    switch (event.type) {
      case 'brand.renamed':
        return { ...row, name: event.name, slug: event.slug };
      case 'brand.activated':
        return { ...row, active: true };
      case 'brand.deactivated':
        return { ...row, active: false };
      default:
        return event satisfies never;
    }
  },
  shape: { columns: { name: 'text', active: 'integer' }, indexes: [['active', 'name'], ['position']] },
  columns: ({ name, active }) => ({ name, active: active ? 1 : 0 }),
};
