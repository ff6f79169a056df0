// What this market tells the world: fourteen messages, the contract with everybody outside. Ids and public facts, no personal data.
// A message never loses a field nor changes what one means; that would be a new version beside it.
import { z } from 'zod';
import { Instant } from './id.ts';
import { Money } from './money.ts';

const id = z.string();
/** Whose order it is; every message about an order says so. */
const order = { orderId: id, checkoutId: id, buyerId: id, sellerId: id };
const payment = { paymentId: id, checkoutId: id, buyerId: id };

/** A message: its data, the aggregate that it is about, by whose id it is partitioned and ordered, and when it is sent. */
const message = <Data extends z.ZodObject>(data: Data, subject: string, when: string) => ({ version: 1, data, subject, when });

export const publicMessages = {
  'order.cancelled': message(
    z.object({ ...order, reason: id, by: z.enum(['buyer', 'seller', 'system']) }),
    'order',
    'An order will not be fulfilled.',
  ),
  'order.completed': message(z.object(order), 'order', 'The time to return the goods is over: the sale is final.'),
  'order.confirmed': message(
    z.object({ ...order, paymentId: id, cod: z.boolean(), total: Money, acceptBy: Instant }),
    'order',
    'An order is paid, or is to be paid on delivery; the seller has until `acceptBy` to accept it.',
  ),
  'order.created': message(
    z.object({
      ...order,
      paymentId: id,
      cod: z.boolean(),
      lines: z.array(
        z.object({ lineId: id, productId: id, variantId: id, sku: id, quantity: z.int().positive(), unitPrice: Money, amount: Money }),
      ),
      shipping: z.object({ courier: id, service: id, price: Money }),
      totals: z.object({ items: Money, tax: Money, shipping: Money, total: Money }),
      payUntil: Instant,
    }),
    'order',
    'A checkout has opened an order with one seller; it waits for its payment.',
  ),
  'order.delivered': message(z.object({ ...order, returnUntil: Instant }), 'order', 'The buyer has the goods.'),
  'order.shipped': message(
    z.object({ ...order, shipmentId: id.optional(), courier: id, trackingNumber: id.optional() }),
    'order',
    'The courier has the goods.',
  ),
  'payment.completed': message(
    z.object({
      ...payment,
      method: id,
      cod: z.boolean(),
      amount: Money,
      orderIds: z.array(id),
      orders: z.array(z.object({ orderId: id, sellerId: id, amount: Money })),
    }),
    'payment',
    'All the money of a payment is there; `orders` says what it pays.',
  ),
  'payment.failed': message(z.object({ ...payment, reason: id }), 'payment', 'A payment was refused, or its time is over (`expired`).'),
  'payment.refunded': message(
    z.object({ ...payment, refundId: id, orderId: id, sellerId: id, amount: Money, reason: id }),
    'payment',
    'Money has gone back to the buyer.',
  ),
  'product.updated': message(
    z.object({ productId: id, sellerId: id, change: id, variantId: id.optional() }),
    'product',
    'A product has changed; `change` says what, its new state is in the catalog.',
  ),
  'review.created': message(
    z.object({
      reviewId: id,
      kind: z.enum(['line', 'order']),
      authorId: id,
      orderId: id,
      productIds: z.array(id),
      sellerIds: z.array(id),
      rating: z.int().min(1).max(5),
    }),
    'review',
    'A buyer has rated what was bought.',
  ),
  'seller.approved': message(z.object({ sellerId: id, userId: id, storeName: id, slug: id, city: id }), 'seller', 'A store may sell.'),
  'stock.changed': message(
    z.object({
      variantId: id,
      location: id,
      productId: id,
      sellerId: id,
      available: z.int().nonnegative(),
      onHand: z.int().nonnegative(),
      change: id,
    }),
    'stock',
    'How much of a variant can be sold or stands on the shelf has changed, and why.',
  ),
  'user.registered': message(z.object({ userId: id, roles: z.array(z.string()) }), 'user', 'A person has an account.'),
} as const;

export type PublicType = keyof typeof publicMessages;
export type PublicData<Type extends PublicType> = z.infer<(typeof publicMessages)[Type]['data']>;

/** The name of a message's schema, as `dataschema` gives it. */
export const schemaName = (type: PublicType): string => `urn:tokobapak:message:${type}:${publicMessages[type].version}`;

/**
 * A CloudEvent 1.0. `id` is the event's, so that who hears it twice can tell. `source` names the log. Our own attributes: `revision` counts from 0 in the
 * subject's stream and leaves gaps where nothing was public; `position` is what reads take as `minPosition`.
 */
export const cloudEvent = <Data extends z.ZodType>(type: PublicType, data: Data) =>
  z.object({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.literal(type),
    subject: z.string(),
    time: Instant,
    datacontenttype: z.literal('application/json'),
    dataschema: z.literal(schemaName(type)),
    revision: z.int().nonnegative(),
    position: z.string(),
    data,
  });
