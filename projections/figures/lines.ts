// What each line of an order brought in and what of it went back: the rows from which sales by product, and so by category, are summed.

import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Projection } from '../projection.ts';

/** Amounts in minor units of `currency`. */
export interface LineFigureRow {
  readonly lineId: string;
  readonly productId: string;
  readonly currency: string;
  readonly paid: boolean;
  readonly quantity: number;
  readonly amount: number;
  readonly amountBack: number;
}

type LineEvent =
  | Extract<OrderEvent, { type: 'order.created' }>
  | Extract<PaymentEvent, { type: 'payment.part_captured' | 'payment.captured' | 'payment.reinstated' | 'payment.refunded' }>;

const linesIn = (event: LineEvent): readonly { readonly lineId: string }[] => {
  switch (event.type) {
    case 'order.created':
      return event.lines;
    case 'payment.refunded':
      return event.lines;
    case 'payment.part_captured':
      return event.order?.lines ?? [];
    case 'payment.captured':
    case 'payment.reinstated':
      return event.orders.flatMap(({ lines }) => lines);
    default:
      return event satisfies never;
  }
};

export const lineFigures: Projection<LineFigureRow, LineEvent> = {
  name: 'figures-lines',
  service: 'analytics',
  version: 2,
  reads: ['order.created', 'payment.part_captured', 'payment.captured', 'payment.reinstated', 'payment.refunded'],
  key: ({ event }) => linesIn(event).map(({ lineId }) => lineId),
  evolve: (row, { event }, lineId) => {
    if (event.type === 'order.created') {
      const line = event.lines.find((each) => each.lineId === lineId);
      if (!line) return row;
      const { productId, quantity, amount } = line;
      return { lineId, productId, currency: amount.currency, paid: false, quantity, amount: amount.amount, amountBack: 0 };
    }
    if (!row) throw new Error(`${event.type} before the order was placed`);
    if (event.type !== 'payment.refunded') return row.paid ? row : { ...row, paid: true };
    const back = event.lines.find((each) => each.lineId === lineId)?.amount.amount ?? 0;
    return event.booked ? { ...row, amountBack: row.amountBack + back } : row;
  },
  shape: {
    columns: { currency: 'text', productId: 'text', paid: 'integer', gross: 'integer', net: 'integer' },
    indexes: [['currency', 'productId', 'paid', 'gross', 'net']],
  },
  columns: ({ currency, productId, paid, amount, amountBack }) => ({
    currency,
    productId,
    paid: paid ? 1 : 0,
    gross: paid ? amount : 0,
    net: paid ? amount - amountBack : 0,
  }),
  onPoison: 'stop',
};
