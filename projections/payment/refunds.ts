// Each refund, from its request to the money back with the buyer: the rows behind GET /refunds/:id and an order's refunds.
import type { Money } from '../../domain/money.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Projection } from '../projection.ts';

export interface RefundRow {
  readonly refundId: string;
  readonly paymentId: string;
  readonly checkoutId: string;
  readonly orderId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly status: 'Requested' | 'Sent' | 'Unknown' | 'Failed' | 'Refunded';
  readonly method: string;
  readonly reason: string;
  readonly amount: Money;
  readonly shipping: Money;
  readonly lines: readonly { readonly lineId: string; readonly quantity: number; readonly amount: Money }[];
  readonly failure: string | null;
  readonly requestedAt: string;
  readonly updatedAt: string;
}

type Read = Extract<PaymentEvent, { refundId: string }>;

const statusOf = {
  'payment.refund_sent': 'Sent',
  'payment.refund_unknown': 'Unknown',
  'payment.refund_failed': 'Failed',
  'payment.refunded': 'Refunded',
} as const;

const requested = (event: Extract<Read, { type: 'payment.refund_requested' }>): RefundRow => {
  const { refundId, paymentId, checkoutId, orderId, buyerId, sellerId, method, reason, amount, shipping, lines, at } = event;
  return {
    refundId,
    paymentId,
    checkoutId,
    orderId,
    buyerId,
    sellerId,
    status: 'Requested',
    method,
    reason,
    amount,
    shipping,
    lines: lines.map((line) => ({ lineId: line.lineId, quantity: line.quantity, amount: line.amount })),
    failure: null,
    requestedAt: at,
    updatedAt: at,
  };
};

export const refunds: Projection<RefundRow, Read> = {
  name: 'payment-refunds',
  service: 'payment',
  version: 1,
  reads: ['payment.refund_requested', 'payment.refund_sent', 'payment.refund_unknown', 'payment.refund_failed', 'payment.refunded'],
  key: ({ event }) => event.refundId,
  evolve: (row, { event }) => {
    if (event.type === 'payment.refund_requested') return requested(event);
    if (!row) return null;
    const failure = event.type === 'payment.refund_failed' ? event.reason : null;
    return { ...row, status: statusOf[event.type], failure, updatedAt: event.at };
  },
  shape: { columns: { orderId: 'text', requestedAt: 'text' }, indexes: [['orderId', 'requestedAt']] },
  columns: ({ orderId, requestedAt }) => ({ orderId, requestedAt }),
};
