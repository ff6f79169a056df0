// Queries about payments and refunds: for their buyer, for the seller of the order, for staff.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { positionText } from '../domain/position.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { Actor, Fields, Instructions, Moment, Money } from '../infra/http/answers.ts';
import type { Env, Principal } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText, storedText } from '../infra/http/json.ts';
import { page as pageFields, pageSchema } from '../infra/http/pages.ts';
import { allow, isAllowed, principalOf } from '../infra/http/policy.ts';
import { Time } from '../infra/http/time.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { PaymentRow } from '../projections/payment/payments.ts';
import type { RefundRow } from '../projections/payment/refunds.ts';
import type { Buyers } from './buyers.ts';
import { json, page, pageText, periodOf, tagged } from './http.ts';

/** A payment without what is between seller and platform: shares show their amounts, not the commission in them. */
const shown = ({ payment, instructions, createdAt, updatedAt }: PaymentRow) => ({
  paymentId: payment.paymentId,
  checkoutId: payment.checkoutId,
  status: payment.status,
  method: payment.method,
  amount: payment.amount,
  interest: payment.interest,
  rounding: payment.rounding,
  expiresAt: payment.expiresAt,
  parts: payment.parts.map(({ partId, method, amount, status, orderId, installments }) => ({
    partId,
    method,
    amount,
    status,
    ...(orderId !== undefined && { orderId }),
    ...(installments !== undefined && { installments }),
    instructions: instructions[partId] ?? null,
  })),
  orders: payment.orders.map(({ orderId, sellerId, amount, shipping, paid }) => ({ orderId, sellerId, amount, shipping, paid })),
  refunds: Object.entries(payment.refunds).map(([refundId, { orderId, status, amount }]) => ({ refundId, orderId, status, amount })),
  createdAt,
  updatedAt,
});

const sees = async (buyers: Buyers, principal: Principal, row: Pick<RefundRow, 'buyerId' | 'sellerId' | 'checkoutId'>) =>
  principal.sellerId === row.sellerId || isAllowed(['ADMIN'], principal) || (await buyers.isBuyer(principal, row));

const paymentStatuses = [
  ...['Created', 'Pending', 'Authorized', 'Failed', 'Expired', 'Voided'],
  ...['Captured', 'PartiallyRefunded', 'RefundDue', 'Refunded'],
] as const;

const partStatuses = ['Created', 'Pending', 'Authorized', 'Failed', 'Expired', 'Voided', 'Collected', 'Captured'] as const;
const refundStatuses = ['Requested', 'Sent', 'Unknown', 'Failed', 'Refunded'] as const;

const ofPayment = {
  paymentId: Id,
  checkoutId: z.string(),
  status: z.enum(paymentStatuses),
  method: z.string(),
  amount: Money,
  interest: Money.describe('For paying in instalments; part of the amount, and in no order.'),
  rounding: Money,
  expiresAt: Moment,
  parts: z.array(
    z.object({
      partId: z.string(),
      method: z.string(),
      amount: Money,
      status: z.enum(partStatuses),
      orderId: z.string().optional().describe('Of a part that is paid at the door.'),
      installments: z.int().optional(),
      instructions: Instructions.nullable().describe('How to pay it, once that is known.'),
    }),
  ),
  orders: z.array(z.object({ orderId: z.string(), sellerId: z.string(), amount: Money, shipping: Money, paid: z.boolean() })),
  refunds: z.array(z.object({ refundId: z.string(), orderId: z.string(), status: z.enum(refundStatuses), amount: Money })),
  createdAt: Moment,
  updatedAt: Moment,
};
const Payment = z.object(ofPayment).meta({ id: 'Payment' });
const ofStaff = { ...ofPayment, buyerId: z.string(), anomalies: z.array(z.string()).describe('What was reported and did not fit.') };
const StaffPayment = z.object(ofStaff).meta({ id: 'StaffPayment' });
const PaymentHistory = z
  .object({
    ...ofStaff,
    history: z.array(
      z.object({
        type: z.string(),
        revision: z.int(),
        position: z.string(),
        occurredAt: Moment,
        recordedAt: Moment,
        actor: Actor,
        data: Fields,
      }),
    ),
  })
  .meta({ id: 'PaymentHistory' });
const Refund = z
  .object({
    refundId: z.string(),
    paymentId: z.string(),
    checkoutId: z.string(),
    orderId: z.string(),
    buyerId: z.string(),
    sellerId: z.string(),
    status: z.enum(refundStatuses),
    method: z.string(),
    reason: z.string(),
    amount: Money,
    shipping: Money,
    lines: z.array(z.object({ lineId: z.string(), quantity: z.int(), amount: Money })),
    failure: z.string().nullable(),
    requestedAt: Moment,
    updatedAt: Moment,
  })
  .meta({ id: 'Refund' });

/** As staff see it: with whose it is, and what did not fit. */
const shownToStaff = (row: PaymentRow) => ({ ...shown(row), buyerId: row.payment.buyerId, anomalies: row.payment.anomalies });

/** More than one payment ever has. */
const maxHistory = 1_000;

const staffQueries = (tables: TableReader, log: Pick<EventStore, 'logId' | 'read'>) =>
  new Hono<Env>()
    .get(
      '/admin/payments',
      allow('ADMIN', {
        operation: 'listPayments',
        answer: pageSchema(StaffPayment),
        summary: 'Payments, the latest first: all, or by status and by when they were made.',
        load: 'reports',
      }),
      query(z.object({ ...pageFields, status: z.enum(paymentStatuses).optional(), from: Time.optional(), to: Time.optional() })),
      async (c) => {
        const { status, from, to, ...asked } = c.req.valid('query');
        const where = { ...(status && { status }), ...periodOf('createdAt', from, to) };
        return json(
          c,
          await page(tables, 'payment-payments', { where, order: [['createdAt', 'desc']] }, asked, ({ row }) =>
            jsonText(shownToStaff(JSON.parse(row) as PaymentRow)),
          ),
        );
      },
    )
    .get(
      '/admin/payments/:paymentId',
      allow('ADMIN', {
        operation: 'getPaymentHistory',
        answer: PaymentHistory,
        summary: 'One payment with its history: every event of it, as it was recorded.',
        load: 'reports',
        errors: ['payment.not_found', 'log.stream_damaged'],
      }),
      params(z.object({ paymentId: Id })),
      async (c) => {
        const { paymentId } = c.req.valid('param');
        const text = await tables.get('payment-payments', paymentId);
        if (text === null) throw new DomainError('payment.not_found', 'There is no such payment.');
        tagged(c, text);
        const events = await log.read(`payment-${paymentId}`, 0, maxHistory);
        const history = events.map(({ event: { type, ...data }, revision, position, metadata }) => {
          const { occurredAt, recordedAt, actor } = metadata;
          return {
            type,
            revision,
            position: positionText(log.logId, position),
            occurredAt,
            recordedAt,
            actor,
            data: data as z.output<typeof Fields>,
          };
        });
        return json(c, jsonText({ ...shownToStaff(JSON.parse(text) as PaymentRow), history }));
      },
    );

export const paymentQueries = (tables: TableReader, log: Pick<EventStore, 'logId' | 'read'>, buyers: Buyers) =>
  new Hono<Env>()
    .route('/', staffQueries(tables, log))
    .get(
      '/payments/:paymentId',
      allow('buyer', {
        operation: 'getPayment',
        answer: Payment,
        summary: 'A payment: how far it is, how to pay each part until when, and what has gone back.',
        owner: 'buyer',
        errors: ['payment.not_found'],
      }),
      params(z.object({ paymentId: Id })),
      async (c) => {
        const text = await tables.get('payment-payments', c.req.valid('param').paymentId);
        const row = text === null ? null : (JSON.parse(text) as PaymentRow);
        const principal = principalOf(c);
        if (!row || !((await buyers.isBuyer(principal, row.payment)) || isAllowed(['ADMIN'], principal))) {
          throw new DomainError('payment.not_found', 'There is no such payment.');
        }
        tagged(c, text);
        return json(c, jsonText(shown(row)));
      },
    )
    .get(
      '/refunds/:refundId',
      allow('buyer', {
        operation: 'getRefund',
        answer: Refund,
        summary: 'A refund, and how far it is.',
        owner: 'buyer or seller',
        errors: ['payment.refund_not_found'],
      }),
      params(z.object({ refundId: z.string().min(1).max(128) })),
      async (c) => {
        const text = await tables.get('payment-refunds', c.req.valid('param').refundId);
        if (text === null || !(await sees(buyers, principalOf(c), JSON.parse(text) as RefundRow))) {
          throw new DomainError('payment.refund_not_found', 'There is no such refund.');
        }
        return json(c, storedText<RefundRow>(text));
      },
    )
    .get(
      '/orders/:orderId/refunds',
      allow('buyer', {
        operation: 'listOrderRefunds',
        answer: pageSchema(Refund),
        summary: "An order's refunds, the newest first. Nothing for who is neither its buyer nor its seller.",
      }),
      params(z.object({ orderId: Id })),
      query(z.object(pageFields)),
      async (c) => {
        const principal = principalOf(c);
        const isStaff = isAllowed(['ADMIN'], principal);
        const { orderId } = c.req.valid('param');
        // All refunds of an order have its buyer and its seller: the first tells for all.
        const [first] = await tables.find('payment-refunds', { where: { orderId }, limit: 1 });
        if (!first || !(isStaff || (await sees(buyers, principal, JSON.parse(first.row) as RefundRow)))) return json(c, pageText([], null));
        return json(
          c,
          await page<RefundRow>(tables, 'payment-refunds', { where: { orderId }, order: [['requestedAt', 'desc']] }, c.req.valid('query')),
        );
      },
    );
