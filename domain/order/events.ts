// What an order's stream may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Money } from '../money.ts';
import { open, pii } from '../privacy.ts';
import { HeldLine, OrderLine, ShippingTerms, Totals } from './terms.ts';

const id = () => open(z.string());
const code = () => open(z.string().regex(/^[A-Za-z_]{1,40}$/));
const instant = () => open(Instant);
const optionalInstant = () => open(Instant.optional());

/** Every event: whose order it is, when (business time), and for imports whether that time was inferred or clamped from `sourceAt`. */
const common = {
  orderId: id(),
  checkoutId: id(),
  buyerId: id(),
  sellerId: id(),
  at: instant(),
  timeInferred: open(z.literal(true).optional()),
  sourceAt: optionalInstant(),
};

export const OrderCreated = z.object({
  type: z.literal('order.created'),
  ...common,
  paymentId: id(),
  cod: open(z.boolean()),
  lines: open(z.array(OrderLine).min(1)),
  shipping: open(ShippingTerms),
  totals: open(Totals),
  address: pii(),
  /** The order expires unpaid at this instant: the `until` of its holds. */
  payUntil: instant(),
  promisedAt: optionalInstant(),
  shipBy: optionalInstant(),
  sourceStatus: open(z.string().optional()),
});

export const OrderConfirmed = z.object({
  type: z.literal('order.confirmed'),
  ...common,
  paymentId: id(),
  cod: open(z.boolean()),
  total: open(Money),
  /** The seller's part of the total: what waits for the order's completion. */
  sellerNet: open(Money),
  holds: open(z.array(HeldLine)),
  acceptBy: instant(),
});

export const OrderAccepted = z.object({ type: z.literal('order.accepted'), ...common });

export const OrderPacked = z.object({ type: z.literal('order.packed'), ...common, shipping: open(ShippingTerms), address: pii() });

export const OrderShipped = z.object({
  type: z.literal('order.shipped'),
  ...common,
  shipmentId: open(z.string().optional()),
  courier: open(z.string()),
  trackingNumber: open(z.string().optional()),
});

export const OrderDelivered = z.object({ type: z.literal('order.delivered'), ...common, returnUntil: instant() });

export const OrderCompleted = z.object({ type: z.literal('order.completed'), ...common });

export const OrderCancelRequested = z.object({ type: z.literal('order.cancel_requested'), ...common, reason: code() });

export const OrderCancelDeclined = z.object({ type: z.literal('order.cancel_declined'), ...common, reason: code() });

export const OrderCancelled = z.object({
  type: z.literal('order.cancelled'),
  ...common,
  reason: code(),
  by: open(z.enum(['buyer', 'seller', 'system'])),
  paymentId: id(),
  cod: open(z.boolean()),
  /** Whether it had been confirmed: then its holds are committed and, unless COD, its share of the payment is captured. */
  confirmed: open(z.boolean()),
});

export const OrderDeliveryFailed = z.object({ type: z.literal('order.delivery_failed'), ...common, reason: code() });

export const OrderReturned = z.object({ type: z.literal('order.returned'), ...common, paymentId: id(), cod: open(z.boolean()) });

export const OrderEvent = z.discriminatedUnion('type', [
  OrderCreated,
  OrderConfirmed,
  OrderAccepted,
  OrderPacked,
  OrderShipped,
  OrderDelivered,
  OrderCompleted,
  OrderCancelRequested,
  OrderCancelDeclined,
  OrderCancelled,
  OrderDeliveryFailed,
  OrderReturned,
]);
export type OrderEvent = z.infer<typeof OrderEvent>;
