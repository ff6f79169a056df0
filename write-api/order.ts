// Commands of orders over HTTP: the seller's work on them, and what buyers may still change.
import { Hono } from 'hono';
import { z } from 'zod';
import type { BlindIndex } from '../commands/contact.ts';
import { asBuyerOfOrder } from '../commands/guest.ts';
import type { Handle, Result } from '../commands/handle.ts';
import {
  acceptOrder,
  agreeToCancel,
  cancelOrder,
  completeOrder,
  confirmDelivery,
  declineToCancel,
  packOrder,
  shipOrder,
} from '../commands/order.ts';
import { Id } from '../domain/id.ts';
import type { OrderEvent } from '../domain/order/events.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import { askingOf } from './guest.ts';
import { answer, context, type WriteEnv, written } from './http.ts';

const Order = params(z.object({ orderId: Id }));
const Parcel = z.object({
  courier: z
    .string()
    .regex(/^[a-z0-9_]{2,32}$/, 'the short name of a courier')
    .optional(),
  trackingNumber: z
    .string()
    .regex(/^[A-Za-z0-9-]{4,40}$/, 'letters, digits and hyphens')
    .optional(),
});
const Cancel = z.object({
  reason: z
    .enum(['changed_mind', 'wrong_item', 'found_cheaper', 'too_slow', 'wrong_address', 'out_of_stock', 'cannot_ship', 'other'])
    .default('other'),
});
const Decline = z.object({ reason: z.enum(['packed_already', 'made_to_order', 'other']).default('other') });

const ChangedOrder = written('ChangedOrder', {
  orderId: Id,
  events: z.array(z.string()).describe('The types of the events, if any: a repeat finds that it was so already.'),
});

/** What happened, if anything: a repeat finds that it was so already. */
const orderIn = ({ id, events }: Result<OrderEvent>) => ({ orderId: id, events: events.map(({ event }) => event.type) });

const notFound = 'order.not_found';
const bySeller = { owner: 'seller', load: 'checkout' } as const;
const byBuyer = { owner: 'buyer', load: 'checkout' } as const;

export const orderCommands = ({ handle, blindIndex }: { readonly handle: Handle; readonly blindIndex: BlindIndex }) =>
  new Hono<WriteEnv>()
    .post(
      '/orders/:orderId/acceptance',
      allow('SELLER', {
        ...{ ...bySeller, operation: 'acceptOrder', answer: ChangedOrder, summary: 'Accept a paid order.' },
        errors: [notFound, 'order.not_paid', 'order.acceptance_over', 'order.cancelled'],
      }),
      Order,
      async (c) => answer(c, 200, await acceptOrder(handle, c.req.valid('param').orderId, sellerOf(c), context(c)), orderIn),
    )
    .post(
      '/orders/:orderId/packing',
      allow('SELLER', {
        ...{
          ...bySeller,
          operation: 'packOrder',
          answer: ChangedOrder,
          summary: 'Say that an order is packed: a courier is booked for it.',
        },
        errors: [notFound, 'order.not_accepted', 'order.cancelled'],
      }),
      Order,
      async (c) => answer(c, 200, await packOrder(handle, c.req.valid('param').orderId, sellerOf(c), context(c)), orderIn),
    )
    .post(
      '/orders/:orderId/shipment',
      allow('SELLER', {
        ...{
          ...bySeller,
          operation: 'shipOrder',
          answer: ChangedOrder,
          summary: 'Say that a packed order is on its way; the booked courier says so by itself.',
        },
        errors: [notFound, 'order.not_packed', 'order.cancelled'],
      }),
      Order,
      body(Parcel),
      async (c) =>
        answer(c, 200, await shipOrder(handle, c.req.valid('param').orderId, sellerOf(c), c.req.valid('json'), context(c)), orderIn),
    )
    .post(
      '/orders/:orderId/delivery-confirmation',
      allow('buyer', {
        ...byBuyer,
        operation: 'confirmDelivery',
        answer: ChangedOrder,
        summary: 'Say that an order has arrived.',
        errors: [notFound, 'order.not_shipped', 'order.cancelled'],
      }),
      Order,
      async (c) => {
        const { orderId } = c.req.valid('param');
        const act = (buyerId: string) => confirmDelivery(handle, orderId, buyerId, context(c));
        return answer(c, 200, await asBuyerOfOrder(handle, askingOf(blindIndex, principalOf(c)), orderId, act), orderIn);
      },
    )
    .post(
      '/orders/:orderId/completion',
      allow('buyer', {
        ...{
          ...byBuyer,
          operation: 'completeOrder',
          answer: ChangedOrder,
          summary: 'Be content with an order before its return window is over.',
        },
        errors: [notFound, 'order.not_delivered', 'order.cancelled'],
      }),
      Order,
      async (c) => {
        const { orderId } = c.req.valid('param');
        const act = (buyerId: string) => completeOrder(handle, orderId, buyerId, context(c));
        return answer(c, 200, await asBuyerOfOrder(handle, askingOf(blindIndex, principalOf(c)), orderId, act), orderIn);
      },
    )
    .post(
      '/orders/:orderId/cancellation',
      allow('buyer', {
        ...{ operation: 'cancelOrder', answer: ChangedOrder },
        ...{ summary: 'Cancel an order: its seller until it is shipped, its buyer until it is accepted; later the buyer asks the seller.' },
        ...{ owner: 'buyer or seller', load: 'checkout', errors: [notFound, 'order.already_shipped'] },
      }),
      Order,
      body(Cancel),
      async (c) => {
        const principal = principalOf(c);
        const { sellerId = null } = principal;
        const { orderId } = c.req.valid('param');
        const act = (buyerId: string) => cancelOrder(handle, orderId, { buyerId, sellerId }, c.req.valid('json').reason, context(c));
        return answer(c, 200, await asBuyerOfOrder(handle, askingOf(blindIndex, principal), orderId, act), orderIn);
      },
    )
    .post(
      '/orders/:orderId/cancellation/agreement',
      allow('SELLER', {
        ...{
          ...bySeller,
          operation: 'agreeToCancellation',
          answer: ChangedOrder,
          summary: 'Agree to the cancellation that the buyer asked for.',
        },
        errors: [notFound, 'order.wrong_status'],
      }),
      Order,
      async (c) => answer(c, 200, await agreeToCancel(handle, c.req.valid('param').orderId, sellerOf(c), context(c)), orderIn),
    )
    .post(
      '/orders/:orderId/cancellation/refusal',
      allow('SELLER', {
        ...bySeller,
        operation: 'declineCancellation',
        answer: ChangedOrder,
        summary: 'Decline the cancellation that the buyer asked for.',
        errors: [notFound],
      }),
      Order,
      body(Decline),
      async (c) => {
        const { orderId } = c.req.valid('param');
        return answer(c, 200, await declineToCancel(handle, orderId, sellerOf(c), c.req.valid('json').reason, context(c)), orderIn);
      },
    );
