// Queries of the catalogue: the tree of categories, one level of it, and the brands. Cached 5 minutes, and dropped when one changes.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import type { Aside } from '../infra/cache/port.ts';
import type { Env } from '../infra/http/env.ts';
import { params } from '../infra/http/input.ts';
import { allow } from '../infra/http/policy.ts';
import type { TableReader } from '../infra/tables/port.ts';
import { all, categoryTree, ttl } from './category-tree.ts';
import { kept, keptFor, keptRow } from './kept.ts';

const noCategory = () => new DomainError('catalog.category_not_found', 'There is no such category.');
const noBrand = () => new DomainError('catalog.brand_not_found', 'There is no such brand.');

export const catalogQueries = (tables: TableReader, cache: Aside) => {
  const tree = categoryTree(tables, cache);
  return new Hono<Env>()
    .get('/categories', allow('public', { summary: 'The tree of active categories.' }), async (c) => kept(c, await tree(), keptFor.catalog))
    .get(
      '/categories/:categoryId',
      allow('public', { summary: 'A category, with what is asked about its products.', errors: ['catalog.category_not_found'] }),
      params(z.object({ categoryId: Id })),
      async (c) => keptRow(c, await tables.get('catalog-categories', c.req.valid('param').categoryId), keptFor.catalog, noCategory),
    )
    .get(
      '/categories/:categoryId/children',
      allow('public', { summary: 'The categories right below one.' }),
      params(z.object({ categoryId: Id })),
      async (c) => {
        const { categoryId } = c.req.valid('param');
        const found = await tables.find('catalog-categories', {
          where: { parentId: categoryId, active: 1 },
          order: [['order', 'asc']],
          limit: all,
        });
        return kept(c, `{"items":[${found.map((one) => one.row).join(',')}]}`, keptFor.catalog);
      },
    )
    .get('/brands', allow('public', { summary: 'The active brands by name.' }), async (c) =>
      kept(
        c,
        (await cache.cached('catalog:brands', ttl, async () => {
          const found = await tables.find('catalog-brands', { where: { active: 1 }, order: [['name', 'asc']], limit: all });
          return `{"items":[${found.map((one) => one.row).join(',')}]}`;
        })) ?? '',
        keptFor.catalog,
      ),
    )
    .get(
      '/brands/:brandId',
      allow('public', { summary: 'A brand.', errors: ['catalog.brand_not_found'] }),
      params(z.object({ brandId: Id })),
      async (c) => keptRow(c, await tables.get('catalog-brands', c.req.valid('param').brandId), keptFor.catalog, noBrand),
    );
};
