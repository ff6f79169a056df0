// Commands of stock over HTTP, for the seller of the token.
import { Hono } from 'hono';
import { z } from 'zod';
import type { Handle, Result } from '../commands/handle.ts';
import { adjustStock, type Place, receiveStock, returnStock, setLowLevel } from '../commands/inventory.ts';
import { Id } from '../domain/id.ts';
import type { StockEvent } from '../domain/stock/events.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, sellerOf } from '../infra/http/policy.ts';
import { line } from '../infra/http/text.ts';
import { answer, context, type WriteEnv, written } from './http.ts';

/** Sellers with one shelf need not name it. */
const location = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, 'lower-case letters, digits and hyphens')
  .default('main');
/** Beyond it somebody has scanned a bar code into the field. */
const pieces = z.int().min(1).max(1_000_000);
const reason = line(200);
const OfVariant = params(z.object({ variantId: Id }));

const notFound = ['stock.not_found'];
const seller = { owner: 'seller' } as const;

const ChangedStock = written('ChangedStock', {
  variantId: Id,
  location: z.string(),
  available: z.int().optional().describe('How many can be sold after it; absent, as what is on hand, where nothing has changed.'),
  onHand: z.int().optional(),
});

/** What can be sold and what stands on the shelf after it. */
const figuresAt =
  (place: Place) =>
  ({ events }: Result<StockEvent>) => {
    const last = events[events.length - 1]?.event;
    return { ...place, ...(last && { available: last.available, onHand: last.onHand }) };
  };

export const inventoryCommands = (handle: Handle) =>
  new Hono<WriteEnv>()
    .post(
      '/inventory/:variantId/receipts',
      allow('SELLER', {
        ...seller,
        operation: 'receiveStock',
        summary: 'Receive goods onto the shelf.',
        answer: ChangedStock,
        status: 201,
        errors: ['product.not_found', 'product.variant_not_found', 'product.archived'],
      }),
      OfVariant,
      body(z.object({ productId: Id, location, quantity: pieces, reason: reason.default('receipt') })),
      async (c) => {
        const { location: at, ...input } = c.req.valid('json');
        const place = { variantId: c.req.valid('param').variantId, location: at };
        return answer(c, 201, await receiveStock(handle, sellerOf(c), place, input, context(c)), figuresAt(place));
      },
    )
    .post(
      '/inventory/:variantId/adjustments',
      allow('SELLER', {
        ...seller,
        operation: 'adjustStock',
        summary: 'Correct what a count has found.',
        answer: ChangedStock,
        status: 201,
        errors: [...notFound, 'stock.below_zero'],
      }),
      OfVariant,
      body(z.object({ location, delta: z.int().min(-1_000_000).max(1_000_000), reason })),
      async (c) => {
        const { location: at, ...input } = c.req.valid('json');
        const place = { variantId: c.req.valid('param').variantId, location: at };
        return answer(c, 201, await adjustStock(handle, sellerOf(c), place, input, context(c)), figuresAt(place));
      },
    )
    .post(
      '/inventory/:variantId/returns',
      allow('SELLER', {
        ...seller,
        operation: 'returnStock',
        summary: 'Take goods back; damaged ones stay off the shelf.',
        answer: ChangedStock,
        status: 201,
        errors: notFound,
      }),
      OfVariant,
      body(z.object({ location, orderId: Id.nullable().default(null), quantity: pieces, condition: z.enum(['sellable', 'damaged']) })),
      async (c) => {
        const { location: at, ...input } = c.req.valid('json');
        const place = { variantId: c.req.valid('param').variantId, location: at };
        return answer(c, 201, await returnStock(handle, sellerOf(c), place, input, context(c)), figuresAt(place));
      },
    )
    .put(
      '/inventory/:variantId/low-stock-level',
      allow('SELLER', {
        ...seller,
        operation: 'setLowStockLevel',
        summary: 'Say from how few pieces on to warn.',
        answer: ChangedStock,
        errors: notFound,
      }),
      OfVariant,
      body(z.object({ location, level: z.int().min(0).max(1_000_000) })),
      async (c) => {
        const { location: at, level } = c.req.valid('json');
        const place = { variantId: c.req.valid('param').variantId, location: at };
        return answer(c, 200, await setLowLevel(handle, sellerOf(c), place, level, context(c)), figuresAt(place));
      },
    );
