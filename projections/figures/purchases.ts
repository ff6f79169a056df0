// Each purchase with what was paid for it, over all its sellers: the rows from which purchases are counted.
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Projection } from '../projection.ts';

/** Amounts in minor units of `currency`. `platform`: interest and rounding, which no seller has. */
export interface PurchaseFigureRow {
  readonly checkoutId: string;
  readonly currency: string;
  /** What an imported purchase's source says of it. */
  readonly sourceStatus: string | null;
  readonly orders: number;
  readonly captured: number;
  readonly platform: number;
}

type PurchaseEvent =
  | Extract<OrderEvent, { type: 'order.created' }>
  | Extract<PaymentEvent, { type: 'payment.captured' | 'payment.reinstated' }>;

export const purchaseFigures: Projection<PurchaseFigureRow, PurchaseEvent> = {
  name: 'figures-purchases',
  service: 'analytics',
  version: 1,
  reads: ['order.created', 'payment.captured', 'payment.reinstated'],
  key: ({ event }) => event.checkoutId,
  evolve: (row, { event }) => {
    if (event.type === 'order.created') {
      const { checkoutId, totals, sourceStatus = null } = event;
      if (row) return { ...row, orders: row.orders + 1 };
      return { checkoutId, currency: totals.total.currency, sourceStatus, orders: 1, captured: 0, platform: 0 };
    }
    if (!row) throw new Error(`${event.type} before an order was placed`);
    const { amount, interest, rounding } = event;
    return { ...row, captured: amount.amount, platform: interest.amount + rounding.amount };
  },
  shape: {
    columns: { currency: 'text', sourceStatus: 'text', paid: 'integer', orders: 'integer', captured: 'integer', platform: 'integer' },
    indexes: [['currency', 'sourceStatus', 'paid', 'orders', 'captured', 'platform']],
  },
  columns: ({ currency, sourceStatus, orders, captured, platform }) => {
    return { currency, sourceStatus, paid: captured > 0 ? 1 : 0, orders, captured, platform };
  },
  onPoison: 'stop',
};
