// What a stock's stream (one variant at one location) may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open } from '../privacy.ts';

const id = () => open(z.string());
const count = () => open(z.int().nonnegative());
const pieces = () => open(z.int().positive());

/** Every event: whose goods these are, and how many can be sold and stand on the shelf after it. */
const common = { variantId: id(), location: id(), productId: id(), sellerId: id(), available: count(), onHand: count(), at: open(Instant) };

export const StockReceived = z.object({
  type: z.literal('stock.received'),
  ...common,
  movementId: id(),
  quantity: pieces(),
  reason: open(z.string()),
});
/** `delta` pieces were found (positive) or missed (negative) by a count, a breakage … */
export const StockAdjusted = z.object({
  type: z.literal('stock.adjusted'),
  ...common,
  movementId: id(),
  delta: open(z.int()),
  reason: open(z.string()),
});
/** Goods came back. Damaged ones do not go on the shelf again. */
export const StockReturned = z.object({
  type: z.literal('stock.returned'),
  ...common,
  movementId: id(),
  orderId: open(z.string().nullable()),
  quantity: pieces(),
  condition: open(z.enum(['sellable', 'damaged'])),
});

const hold = { ...common, holdId: id(), checkoutId: id(), orderId: id(), buyerId: id(), quantity: pieces(), until: open(Instant) };
/** `countedFor`: what the limit counts by instead of the buyer. `cod`: what is paid at the door counts as unpaid until it is shipped. */
export const StockHeld = z.object({
  type: z.literal('stock.held'),
  ...hold,
  countedFor: open(z.array(z.string()).optional()),
  cod: open(z.literal(true).optional()),
});
export const StockHoldCommitted = z.object({ type: z.literal('stock.hold_committed'), ...hold });
/** Shipped: these pieces left the shelf. */
export const StockHoldConsumed = z.object({ type: z.literal('stock.hold_consumed'), ...hold });
export const StockHoldReleased = z.object({ type: z.literal('stock.hold_released'), ...hold });
export const StockHoldExpired = z.object({ type: z.literal('stock.hold_expired'), ...hold });

export const StockLowLevelSet = z.object({ type: z.literal('stock.low_level_set'), ...common, level: count() });
/** What can be sold has just fallen to the low level or below it. */
export const StockLow = z.object({ type: z.literal('stock.low'), ...common, level: count() });

export const StockEvent = z.discriminatedUnion('type', [
  StockReceived,
  StockAdjusted,
  StockReturned,
  StockHeld,
  StockHoldCommitted,
  StockHoldConsumed,
  StockHoldReleased,
  StockHoldExpired,
  StockLowLevelSet,
  StockLow,
]);
export type StockEvent = z.infer<typeof StockEvent>;
