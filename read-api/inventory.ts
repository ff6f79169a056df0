// Queries of stock: what can be sold, for everybody; levels, movements and warnings, for the seller.
import { Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../domain/id.ts';
import type { Revised } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText } from '../infra/http/json.ts';
import { listSchema, pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow, sellerOf } from '../infra/http/policy.ts';
import type { Query, TableReader } from '../infra/tables/port.ts';
import type { LevelRow } from '../projections/inventory/levels.ts';
import type { MovementRow } from '../projections/inventory/movements.ts';
import { Availability, StockLevel, StockMovement } from './answers/inventory.ts';
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
  return jsonText({ items });
};

const levels = (tables: TableReader, where: { sellerId: string; low?: 1 }, asked: Parameters<typeof page>[3]) =>
  page<LevelRow & Revised>(tables.asSeller(where.sellerId), 'inventory-levels', { where }, asked);

export const inventoryQueries = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/inventory/products/:productId',
      allow('public', {
        operation: 'listProductAvailability',
        summary: "How much of each of a product's variants can be bought.",
        answer: listSchema(Availability),
      }),
      params(z.object({ productId: Id })),
      async (c) => json(c, await availability(tables, { productId: c.req.valid('param').productId })),
    )
    .get(
      '/inventory/variants/:variantId',
      allow('public', {
        operation: 'listVariantAvailability',
        summary: 'How much of a variant can be bought, by location.',
        answer: listSchema(Availability),
      }),
      params(z.object({ variantId: Id })),
      async (c) => json(c, await availability(tables, { variantId: c.req.valid('param').variantId })),
    )
    .get(
      '/sellers/me/inventory',
      allow('SELLER', {
        operation: 'listStockLevels',
        summary: 'What stands on your shelves, and what of it can be sold.',
        owner: 'seller',
        answer: pageSchema(StockLevel),
      }),
      query(z.object({ ...paging })),
      async (c) => json(c, await levels(tables, { sellerId: sellerOf(c) }, c.req.valid('query'))),
    )
    .get(
      '/sellers/me/inventory/alerts',
      allow('SELLER', {
        operation: 'listLowStock',
        summary: 'What has fallen to its low level or below it.',
        owner: 'seller',
        answer: pageSchema(StockLevel),
      }),
      query(z.object({ ...paging })),
      async (c) => json(c, await levels(tables, { sellerId: sellerOf(c), low: 1 }, c.req.valid('query'))),
    )
    .get(
      '/sellers/me/inventory/movements',
      allow('SELLER', {
        operation: 'listStockMovements',
        summary: 'What came onto your shelves or left them, the latest first.',
        owner: 'seller',
        answer: pageSchema(StockMovement),
      }),
      query(z.object({ ...paging, variant: Id.optional() })),
      async (c) => {
        const { variant, ...asked } = c.req.valid('query');
        const where = { sellerId: sellerOf(c), ...(variant !== undefined && { variantId: variant }) };
        return json(
          c,
          await page<MovementRow>(tables.asSeller(where.sellerId), 'inventory-movements', { where, order: [['at', 'desc']] }, asked),
        );
      },
    );
