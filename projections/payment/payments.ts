// Each payment as its buyer sees it: how far it is, how to pay each part, what has gone back. The rows behind GET /payments/:id.
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Instructions } from '../../domain/payment/shares.ts';
import { evolve, type OpenPayment } from '../../domain/payment/state.ts';
import type { Projection } from '../projection.ts';

/** `instructions` by part. */
export interface PaymentRow {
  readonly payment: OpenPayment;
  readonly instructions: Readonly<Record<string, Instructions>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const payments: Projection<PaymentRow, PaymentEvent> = {
  name: 'payment-payments',
  service: 'payment',
  version: 3,
  own: { category: 'payment' },
  reads: [
    'payment.created',
    'payment.pending',
    'payment.authorized',
    'payment.failed',
    'payment.expired',
    'payment.voided',
    'payment.part_captured',
    'payment.part_collected',
    'payment.part_voided',
    'payment.captured',
    'payment.captured_late',
    'payment.reinstated',
    'payment.refund_due',
    'payment.anomaly_noted',
    'payment.refund_requested',
    'payment.refunded',
    'payment.refund_sent',
    'payment.refund_failed',
    'payment.refund_unknown',
  ],
  key: ({ event }) => event.paymentId,
  evolve: (row, { event }) => {
    const payment = evolve(row?.payment ?? { status: 'none' }, event);
    if (payment.status === 'none') return null;
    const shown = event.type === 'payment.pending' && event.instructions ? { [event.partId]: event.instructions } : {};
    return {
      payment,
      instructions: { ...row?.instructions, ...shown },
      createdAt: row?.createdAt ?? event.at,
      updatedAt: event.at,
    };
  },
  shape: {
    columns: { status: 'text', createdAt: 'text' },
    indexes: [['createdAt'], ['status', 'createdAt']],
  },
  columns: ({ payment, createdAt }) => ({ status: payment.status, createdAt }),
};
