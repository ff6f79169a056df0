// Queries of the catalogue: the tree of categories, one level of it, and the brands. Cached 5 minutes, and dropped when one changes.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import type { Aside } from '../infra/cache/port.ts';
import { type Revised, revised } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { params } from '../infra/http/input.ts';
import { type JsonText, storedText } from '../infra/http/json.ts';
import { listSchema } from '../infra/http/pages.ts';
import { allow } from '../infra/http/policy.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { BrandRow } from '../projections/catalog/brands.ts';
import type { CategoryRow } from '../projections/catalog/categories.ts';
import { all, categoryTree, ttl } from './category-tree.ts';
import { listText } from './http.ts';
import { kept, keptFor } from './kept.ts';

const CategoryAttribute = z
  .object({
    attributeId: Id,
    name: z.string(),
    kind: z.enum(['text', 'number', 'choice']),
    choices: z.array(z.string()).describe('Empty unless it is a choice.'),
    unit: z.string().nullable(),
    required: z.boolean(),
  })
  .meta({ id: 'CategoryAttribute' });
const Category = z
  .object({
    categoryId: Id,
    parentId: Id.nullable().describe('Null at the top of the tree.'),
    name: z.string(),
    slug: z.string(),
    order: z.int().describe('Its place among its siblings.'),
    active: z.boolean(),
    attributes: z.array(CategoryAttribute).describe('What is asked about products of this category.'),
    ...revised,
  })
  .meta({ id: 'Category' });
const CategoryBranch = Category.extend({
  get children(): z.ZodArray<typeof CategoryBranch> {
    return z.array(CategoryBranch).meta({ examples: [[]] });
  },
});
CategoryBranch.register(z.globalRegistry, { id: 'CategoryBranch' });
const Brand = z.object({ brandId: Id, name: z.string(), slug: z.string(), active: z.boolean(), ...revised }).meta({ id: 'Brand' });

const OfCategory = params(z.object({ categoryId: Id }));

export const catalogQueries = (tables: TableReader, cache: Aside) => {
  const tree = categoryTree(tables, cache);

  const brands = async (): Promise<JsonText<{ items: (BrandRow & Revised)[] }>> => {
    const text = await cache.cached('catalog:brands', ttl, async () =>
      listText(await tables.find('catalog-brands', { where: { active: 1 }, order: [['name', 'asc']], limit: all })),
    );
    return storedText(text ?? '');
  };

  return new Hono<Env>()
    .get(
      '/categories',
      allow('public', {
        operation: 'getCategoryTree',
        summary: 'The tree of active categories.',
        answer: listSchema(CategoryBranch),
        isKept: true,
      }),
      async (c) => kept(c, await tree(), keptFor.catalog),
    )
    .get(
      '/categories/:categoryId',
      allow('public', {
        operation: 'getCategory',
        summary: 'A category, with what is asked about its products.',
        answer: Category,
        isKept: true,
        errors: ['catalog.category_not_found'],
      }),
      OfCategory,
      async (c) => {
        const found = await tables.get('catalog-categories', c.req.valid('param').categoryId);
        if (found === null) throw new DomainError('catalog.category_not_found', 'There is no such category.');
        return kept(c, storedText<CategoryRow & Revised>(found), keptFor.catalog);
      },
    )
    .get(
      '/categories/:categoryId/children',
      allow('public', {
        operation: 'listChildCategories',
        summary: 'The categories right below one; none where there is no such category.',
        answer: listSchema(Category),
        isKept: true,
      }),
      OfCategory,
      async (c) => {
        const where = { parentId: c.req.valid('param').categoryId, active: 1 };
        const found = await tables.find('catalog-categories', { where, order: [['order', 'asc']], limit: all });
        return kept(c, listText<CategoryRow & Revised>(found), keptFor.catalog);
      },
    )
    .get(
      '/brands',
      allow('public', { operation: 'listBrands', summary: 'The active brands by name.', answer: listSchema(Brand), isKept: true }),
      async (c) => kept(c, await brands(), keptFor.catalog),
    )
    .get(
      '/brands/:brandId',
      allow('public', {
        operation: 'getBrand',
        summary: 'A brand.',
        answer: Brand,
        isKept: true,
        errors: ['catalog.brand_not_found'],
      }),
      params(z.object({ brandId: Id })),
      async (c) => {
        const found = await tables.get('catalog-brands', c.req.valid('param').brandId);
        if (found === null) throw new DomainError('catalog.brand_not_found', 'There is no such brand.');
        return kept(c, storedText<BrandRow & Revised>(found), keptFor.catalog);
      },
    );
};
