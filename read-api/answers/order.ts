// What queries of orders answer.
import { z } from 'zod';
import { Id } from '../../domain/id.ts';
import { Address, Erased, Moment, Money, revised, StoreCard } from '../../infra/http/answers.ts';
import type { OrderStatus } from '../../projections/order/orders.ts';

export const statuses = [
  'AwaitingPayment',
  'Confirmed',
  'Accepted',
  'Packed',
  'Shipped',
  'DeliveryFailed',
  'Returned',
  'Delivered',
  'Completed',
  'Cancelled',
] as const satisfies readonly OrderStatus[];

const parties = ['buyer', 'seller', 'system'] as const;
const rate = z.int().describe('In basis points: 1100 is 11 %.');
const OrderLine = z
  .object({
    lineId: z.string(),
    productId: Id,
    variantId: Id,
    sku: z.string(),
    name: z.string(),
    quantity: z.int(),
    unitPrice: Money,
    amount: Money.describe('For the whole line: unit price × quantity, and the tax that is not included in it.'),
    tax: z.object({ rule: z.string(), rate, base: Money, amount: Money, included: z.boolean() }),
    commission: z
      .object({ ruleId: z.string(), version: z.int(), rate, base: Money, amount: Money })
      .optional()
      .describe('What the platform keeps; for the seller and the staff alone.'),
  })
  .meta({ id: 'OrderLine' });

const facts = {
  orderId: Id,
  checkoutId: Id,
  buyerId: Id,
  sellerId: Id,
  paymentId: Id,
  cod: z.boolean().describe('Paid in cash at the door.'),
  status: z.enum(statuses),
  lines: z.array(OrderLine),
  shipping: z.object({ courier: z.string(), service: z.string(), weightGrams: z.int(), price: Money }),
  totals: z.object({ items: Money, tax: Money, shipping: Money, total: Money }),
  parcel: z.object({ courier: z.string(), shipmentId: Id.optional(), trackingNumber: z.string().optional() }).nullable(),
  cancelRequested: z.string().nullable().describe("The buyer's reason, while the seller has not answered."),
  cancelled: z.object({ reason: z.string(), by: z.enum(parties) }).nullable(),
  payUntil: Moment,
  acceptBy: Moment.nullable(),
  shipBy: Moment.nullable(),
  promisedAt: Moment.nullable(),
  returnUntil: Moment.nullable(),
  createdAt: Moment,
  updatedAt: Moment,
  ...revised,
};

/** The source of an import knew no more: what is empty is not missing by mistake. */
const PartialAddress = Address.extend({ partial: z.literal(true) }).meta({ id: 'PartialAddress' });
const DeliveryAddress = z.union([Address, PartialAddress, Erased]);
export type DeliveryAddress = z.output<typeof DeliveryAddress>;

export const Order = z
  .object({ ...facts, address: DeliveryAddress.optional().describe('For its buyer and its seller alone.') })
  .meta({ id: 'Order' });

export const ListedOrder = z
  .object({
    ...facts,
    store: StoreCard.nullable(),
    image: z.string().nullable().describe('The picture of the first line.'),
  })
  .meta({ id: 'ListedOrder' });

export const OrderTimeline = z
  .object({
    orderId: Id,
    steps: z.array(
      z.object({
        type: z
          .string()
          .meta({ examples: ['order.created'] })
          .describe('The type of the event.'),
        at: Moment,
        reason: z.string().optional(),
        by: z.enum(parties).optional().describe('Who has cancelled.'),
      }),
    ),
  })
  .meta({ id: 'OrderTimeline' });
