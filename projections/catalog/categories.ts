// The categories as they hang in their tree: the rows behind GET /categories.
import type { Attribute, CategoryEvent } from '../../domain/category/events.ts';
import type { Projection } from '../projection.ts';

export interface CategoryRow {
  readonly categoryId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly slug: string;
  readonly order: number;
  readonly active: boolean;
  readonly attributes: readonly Attribute[];
}

export const categories: Projection<CategoryRow, CategoryEvent> = {
  name: 'catalog-categories',
  service: 'catalog',
  version: 2,
  own: { category: 'category' },
  reads: [
    'category.created',
    'category.renamed',
    'category.moved',
    'category.activated',
    'category.deactivated',
    'category.attribute_defined',
    'category.attribute_removed',
  ],
  key: ({ event }) => event.categoryId,
  evolve: (row, { event }) => {
    if (event.type === 'category.created') {
      const { categoryId, parentId, name, slug, order } = event;
      return { categoryId, parentId, name, slug, order, active: true, attributes: [] };
    }
    if (!row) return null;
    switch (event.type) {
      case 'category.renamed':
        return { ...row, name: event.name, slug: event.slug };
      case 'category.moved':
        return { ...row, parentId: event.parentId, order: event.order };
      case 'category.activated':
        return { ...row, active: true };
      case 'category.deactivated':
        return { ...row, active: false };
      case 'category.attribute_defined':
        return {
          ...row,
          attributes: [...row.attributes.filter((known) => known.attributeId !== event.attribute.attributeId), event.attribute],
        };
      case 'category.attribute_removed':
        return { ...row, attributes: row.attributes.filter((known) => known.attributeId !== event.attributeId) };
      default:
        return event satisfies never;
    }
  },
  shape: {
    columns: { parentId: 'text', slug: 'text', order: 'integer', active: 'integer' },
    indexes: [['slug'], ['parentId', 'order'], ['position']],
  },
  columns: ({ parentId, slug, order, active }) => ({ parentId, slug, order, active: active ? 1 : 0 }),
};
