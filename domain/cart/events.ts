// What a cart's stream may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Currency } from '../money.ts';
import { open } from '../privacy.ts';

const id = () => open(z.string());
const pieces = () => open(z.int().min(1).max(999));
const common = { cartId: id(), at: open(Instant) };
const line = { ...common, lineId: id(), productId: id(), variantId: id(), sellerId: id() };

/** The first one opens the cart and fixes its currency. A line comes selected. */
export const CartLineAdded = z.object({
  type: z.literal('cart.line_added'),
  ...line,
  quantity: pieces(),
  currency: open(Currency),
  additionId: id(),
});
/** `additionId`: the addition that made it more, or null where the buyer set the quantity. */
export const CartQuantityChanged = z.object({
  type: z.literal('cart.quantity_changed'),
  ...line,
  quantity: pieces(),
  additionId: open(z.string().nullable()),
});
export const CartLineRemoved = z.object({ type: z.literal('cart.line_removed'), ...line });
export const CartLineSelected = z.object({ type: z.literal('cart.line_selected'), ...line });
export const CartLineDeselected = z.object({ type: z.literal('cart.line_deselected'), ...line });
export const CartCleared = z.object({ type: z.literal('cart.cleared'), ...common });
/** Bought: each line loses `quantity`, and goes when nothing is left (`left` = 0). */
export const CartLinesRemoved = z.object({
  type: z.literal('cart.lines_removed'),
  ...common,
  checkoutId: id(),
  lines: open(
    z.array(z.object({ lineId: z.string(), variantId: z.string(), quantity: z.int().positive(), left: z.int().nonnegative().max(999) })),
  ),
});

/** A checkout of these lines has begun. What earlier ones of `over` had of them, which came to nothing, is free again. */
export const CartCheckedOut = z.object({
  type: z.literal('cart.checked_out'),
  ...common,
  checkoutId: id(),
  lines: open(z.array(z.object({ lineId: z.string(), quantity: z.int().positive().max(999) })).min(1)),
  over: open(z.array(z.string())),
});

/** Its owner goes for good: nothing is bought from it any more. */
export const CartClosed = z.object({ type: z.literal('cart.closed'), ...common });

export const CartEvent = z.discriminatedUnion('type', [
  CartLineAdded,
  CartQuantityChanged,
  CartLineRemoved,
  CartLineSelected,
  CartLineDeselected,
  CartCleared,
  CartLinesRemoved,
  CartCheckedOut,
  CartClosed,
]);
export type CartEvent = z.infer<typeof CartEvent>;
