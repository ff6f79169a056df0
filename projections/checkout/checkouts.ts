// Each purchase as its buyer sees it from the start on: its orders, what is to be paid and how, and how it ended. A quote needs no row.
import type { CheckoutEvent, MissingLine } from '../../domain/checkout/events.ts';
import type { PlanTotals } from '../../domain/checkout/plan.ts';
import type { Money } from '../../domain/money.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Instructions } from '../../domain/payment/shares.ts';
import type { Projection } from '../projection.ts';

export interface CheckoutRow {
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly status: 'Priced' | 'AwaitingPayment' | 'Paid' | 'Confirmed' | 'Completed' | 'Compensating' | 'Failed' | 'Expired';
  readonly orders: readonly { readonly orderId: string; readonly sellerId: string; readonly total: Money }[];
  readonly totals: PlanTotals;
  readonly payment: {
    readonly paymentId: string;
    readonly method: string;
    readonly amount: Money;
    readonly expiresAt: string;
    /** One per part of the payment, when they are known. */
    readonly instructions: readonly Instructions[];
  };
  /** Why it failed or expired: one of the error codes, with the lines that could not be had. */
  readonly reason: string | null;
  readonly missing: readonly MissingLine[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

type Turn = Extract<
  CheckoutEvent,
  {
    type: `checkout.${'awaiting_payment' | 'paid' | 'confirmed' | 'completed' | 'compensating' | 'failed' | 'expired'}`;
  }
>;
type Read = Extract<CheckoutEvent, { type: 'checkout.started' }> | Turn | Extract<PaymentEvent, { type: 'payment.pending' }>;

const started = ({ checkoutId, buyerId, plan, at }: Extract<Read, { type: 'checkout.started' }>): CheckoutRow => ({
  checkoutId,
  buyerId,
  status: 'Priced',
  orders: plan.orders.map(({ orderId, sellerId, totals }) => ({ orderId, sellerId, total: totals.total })),
  totals: plan.totals,
  payment: {
    paymentId: plan.paymentId,
    method: plan.method,
    amount: plan.totals.total,
    expiresAt: plan.paymentExpiresAt,
    instructions: [],
  },
  reason: null,
  missing: [],
  createdAt: at,
  updatedAt: at,
});

const changes = (row: CheckoutRow, event: Exclude<Read, { type: 'checkout.started' }>): Partial<CheckoutRow> => {
  switch (event.type) {
    case 'payment.pending':
      if (!event.instructions) return {};
      return { payment: { ...row.payment, instructions: [...row.payment.instructions, event.instructions] } };
    case 'checkout.awaiting_payment':
      return { status: 'AwaitingPayment' };
    case 'checkout.paid':
      return { status: 'Paid', reason: null };
    case 'checkout.confirmed':
      return { status: 'Confirmed' };
    case 'checkout.completed':
      return { status: 'Completed' };
    case 'checkout.compensating':
      return { status: 'Compensating', reason: event.reason };
    case 'checkout.failed':
      return { status: 'Failed', reason: event.reason, missing: event.lines };
    case 'checkout.expired':
      return { status: 'Expired', reason: event.reason };
    default:
      return event satisfies never;
  }
};

export const checkouts: Projection<CheckoutRow, Read> = {
  name: 'checkout-checkouts',
  service: 'order',
  version: 3,
  own: {
    category: 'checkout',
    alsoReads: [
      'checkout.quoted',
      'checkout.advanced',
      'checkout.order_cancelled',
      'checkout.command_refused',
      'checkout.human_needed',
      'checkout.resolved',
    ],
  },
  reads: [
    'checkout.started',
    'checkout.awaiting_payment',
    'checkout.paid',
    'checkout.confirmed',
    'checkout.completed',
    'checkout.compensating',
    'checkout.failed',
    'checkout.expired',
    'payment.pending',
  ],
  key: ({ event }) => event.checkoutId,
  evolve: (row, { event }) => {
    if (event.type === 'checkout.started') return started(event);
    return row && { ...row, ...changes(row, event), updatedAt: event.at };
  },
  shape: {
    columns: { buyerId: 'text', status: 'text', createdAt: 'text' },
    indexes: [['buyerId', 'createdAt'], ['createdAt'], ['status', 'createdAt']],
  },
  columns: ({ buyerId, status, createdAt }) => ({ buyerId, status, createdAt }),
};
