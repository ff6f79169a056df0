// Payments over HTTP: the methods to choose from, refunds, and playing the buyer where the gateway is simulated.
import { Hono } from 'hono';
import { z } from 'zod';
import type { BlindIndex } from '../commands/contact.ts';
import type { Handle } from '../commands/handle.ts';
import { requestRefund, settleRefund, simulatePayment } from '../commands/payment.ts';
import { Id } from '../domain/id.ts';
import { methods, timeToPay } from '../domain/payment/deadlines.ts';
import { Money } from '../infra/http/answers.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, isAllowed, principalOf, sellerOf } from '../infra/http/policy.ts';
import { line } from '../infra/http/text.ts';
import { type PaymentSimulation, SimulatePayment } from '../infra/outbound/payment-gateway.port.ts';
import { channelsOf } from './channels.ts';
import { askingOf } from './guest.ts';
import { answer, context, reply, type WriteEnv, written } from './http.ts';

export interface PaymentNeeds {
  readonly handle: Handle;
  readonly blindIndex: BlindIndex;
  /** Null: there is a real gateway. */
  readonly payments: PaymentSimulation | null;
}

const RefundLine = z.object({ lineId: line(64), quantity: z.int().min(1).max(999) });
/** Without `lines`: all that is left of the order's share. */
const NewRefund = z.object({
  lines: z.array(RefundLine).max(100).optional(),
  shipping: z.boolean().default(false),
  reason: z.string().regex(/^[a-z_]{1,40}$/, 'a word such as damaged or not_as_described'),
});
const Order = params(z.object({ orderId: Id }));

const PaymentMethods = z
  .object({
    items: z.array(
      z.object({
        method: z.enum(methods),
        channels: z.array(z.string()),
        minutesToPay: z.int().nullable().describe('Null: paid at the door.'),
      }),
    ),
  })
  .meta({ id: 'PaymentMethods' });
const RequestedRefund = written('RequestedRefund', {
  paymentId: Id,
  // A repeat long after may find none of them.
  ...z.object({ refundId: z.string(), orderId: Id, amount: Money, shipping: Money, status: z.literal('Requested') }).partial().shape,
});
const SettledRefund = written('SettledRefund', { refundId: z.string(), status: z.literal('Refunded') });
const SimulatedPayment = z.object({ paymentId: Id, status: z.string(), captured: Money }).meta({ id: 'SimulatedPayment' });

const offered = {
  items: methods.map((method) => {
    const time = timeToPay[method];
    return { method, channels: channelsOf[method], minutesToPay: time === null ? null : time / 60_000 };
  }),
};

const refundCommands = (handle: Handle) =>
  new Hono<WriteEnv>()
    .post(
      '/orders/:orderId/refunds',
      allow(['SELLER', 'ADMIN'], {
        operation: 'requestRefund',
        answer: RequestedRefund,
        summary: 'Refund an order: some of its lines, with or without the shipping, or all that is left.',
        owner: 'seller',
        status: 201,
        load: 'payment',
        errors: [
          'order.not_found',
          'payment.not_captured',
          'payment.refund_exceeds_share',
          'payment.already_refunding',
          'payment.too_many_failed_refunds',
        ],
      }),
      Order,
      body(NewRefund),
      async (c) => {
        const { lines, shipping, reason } = c.req.valid('json');
        const sellerId = isAllowed(['ADMIN'], principalOf(c)) ? null : sellerOf(c);
        const of = lines === undefined ? 'rest' : ({ lines, shipping } as const);
        const refund = await requestRefund(handle, c.req.valid('param').orderId, { of, reason, sellerId }, context(c));
        return answer(c, 201, refund, ({ id, events }) => {
          const [requested] = events.map(({ event }) => event);
          if (requested?.type !== 'payment.refund_requested') return { paymentId: id };
          const { refundId, orderId, amount, shipping: carriage } = requested;
          return { refundId, paymentId: id, orderId, amount, shipping: carriage, status: 'Requested' as const };
        });
      },
    )
    .post(
      '/orders/:orderId/refunds/:refundId/settlement',
      allow('ADMIN', {
        operation: 'settleRefund',
        answer: SettledRefund,
        summary: 'Say that a refund was paid back by hand: of cash paid at the door, or one that the provider has failed.',
        load: 'payment',
        errors: ['order.not_found', 'payment.refund_not_found', 'payment.refund_exceeds_share', 'payment.wrong_status'],
      }),
      params(z.object({ orderId: Id, refundId: z.string().min(1).max(128) })),
      async (c) => {
        const { orderId, refundId } = c.req.valid('param');
        return answer(c, 200, await settleRefund(handle, orderId, refundId, context(c)), () => ({ refundId, status: 'Refunded' as const }));
      },
    );

export const paymentCommands = ({ handle, payments, blindIndex }: PaymentNeeds) => {
  const app = new Hono<WriteEnv>()
    .get(
      '/payments/methods',
      allow('public', {
        operation: 'listPaymentMethods',
        answer: PaymentMethods,
        summary: 'The payment methods, with their channels and the time to pay.',
      }),
      (c) => reply(c, 200, offered),
    )
    .route('/', refundCommands(handle));
  if (!payments) return app;
  return app.post(
    '/payments/:paymentId/simulate',
    allow('buyer', {
      operation: 'simulatePayment',
      answer: SimulatedPayment,
      summary: 'Play the buyer with the simulated gateway; what follows comes by webhook. Not in production.',
      owner: 'buyer',
      exempt: true,
      load: 'payment',
      status: 202,
      errors: ['payment.not_found', 'payment.wrong_status', 'payment.provider_failed', 'log.stream_damaged'],
    }),
    params(z.object({ paymentId: Id })),
    body(SimulatePayment),
    async (c) => {
      const principal = principalOf(c);
      const { nameIn } = askingOf(blindIndex, principal);
      const { paymentId } = c.req.valid('param');
      const isTheirs = ({ buyerId, checkoutId }: { buyerId: string; checkoutId: string }) =>
        isAllowed(['ADMIN'], principal) || buyerId === (nameIn ? nameIn(checkoutId) : principal.id);
      const known = await simulatePayment({ handle, payments }, paymentId, c.req.valid('json'), isTheirs);
      return reply(c, 202, { paymentId, status: known.status, captured: known.captured });
    },
  );
};
