// Queries of stock: what can be sold, for everybody; levels, movements and warnings, for the seller.
import { Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../domain/id.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { page as paging } from '../infra/http/pages.ts';
import { allow, sellerOf } from '../infra/http/policy.ts';
import type { Query, TableReader } from '../infra/tables/port.ts';
import type { LevelRow } from '../projections/inventory/levels.ts';
import { json, page } from './http.ts';

/** A product has at most 100 variants, at a few locations each. */
const most = 5_000;

/** How many pieces lie on a shelf is the seller's own affair; how many can be bought is everybody's. */
const availability = async (tables: TableReader, where: NonNullable<Query['where']>) => {
  const found = await tables.find('inventory-levels', { where, limit: most });
  const items = found.map(({ row }) => {
    const { productId, variantId, location, available, updatedAt } = JSON.parse(row) as LevelRow;
    return { productId, variantId, location, available, updatedAt };
  });
  return JSON.stringify({ items });
};

export const inventoryQueries = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/inventory/products/:productId',
      allow('public', { summary: "How much of each of a product's variants can be bought." }),
      params(z.object({ productId: Id })),
      async (c) => json(c, await availability(tables, { productId: c.req.valid('param').productId })),
    )
    .get(
      '/inventory/variants/:variantId',
      allow('public', { summary: 'How much of a variant can be bought, by location.' }),
      params(z.object({ variantId: Id })),
      async (c) => json(c, await availability(tables, { variantId: c.req.valid('param').variantId })),
    )
    .get(
      '/sellers/me/inventory',
      allow('SELLER', { summary: 'What stands on your shelves, and what of it can be sold.', owner: 'seller' }),
      query(z.object({ ...paging })),
      async (c) =>
        json(c, await page(tables.asSeller(sellerOf(c)), 'inventory-levels', { where: { sellerId: sellerOf(c) } }, c.req.valid('query'))),
    )
    .get(
      '/sellers/me/inventory/alerts',
      allow('SELLER', { summary: 'What has fallen to its low level or below it.', owner: 'seller' }),
      query(z.object({ ...paging })),
      async (c) =>
        json(
          c,
          await page(tables.asSeller(sellerOf(c)), 'inventory-levels', { where: { sellerId: sellerOf(c), low: 1 } }, c.req.valid('query')),
        ),
    )
    .get(
      '/sellers/me/inventory/movements',
      allow('SELLER', { summary: 'What came onto your shelves or left them, the latest first.', owner: 'seller' }),
      query(z.object({ ...paging, variant: Id.optional() })),
      async (c) => {
        const { variant, ...asked } = c.req.valid('query');
        const where = { sellerId: sellerOf(c), ...(variant !== undefined && { variantId: variant }) };
        return json(c, await page(tables.asSeller(where.sellerId), 'inventory-movements', { where, order: [['at', 'desc']] }, asked));
      },
    );
