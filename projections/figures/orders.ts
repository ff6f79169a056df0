// What each order brought in and what of it went back: the rows from which sales figures are summed, by seller, time and status.
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Projection } from '../projection.ts';

/** Amounts in minor units of `currency`: `items` are the prices with their taxes, `freight` is the shipping. */
export interface OrderFigureRow {
  readonly orderId: string;
  readonly checkoutId: string;
  readonly sellerId: string;
  readonly currency: string;
  /** The half hour in which it was placed, such as 2026-01-31T14:30 (UTC): fine enough for the days and months of every time zone. */
  readonly slot: string;
  /** What an imported order's source says of it. */
  readonly sourceStatus: string | null;
  readonly paid: boolean;
  readonly items: number;
  readonly freight: number;
  readonly itemsBack: number;
  readonly freightBack: number;
}

type Created = Extract<OrderEvent, { type: 'order.created' }>;
export type SaleEvent =
  | Created
  | Extract<PaymentEvent, { type: 'payment.part_captured' | 'payment.captured' | 'payment.reinstated' | 'payment.refunded' }>;

export const saleReads = [
  'order.created',
  'payment.part_captured',
  'payment.captured',
  'payment.reinstated',
  'payment.refunded',
] as const satisfies readonly SaleEvent['type'][];

/** The orders that an event says something of. */
const ordersIn = (event: SaleEvent): readonly string[] => {
  switch (event.type) {
    case 'order.created':
    case 'payment.refunded':
      return [event.orderId];
    case 'payment.part_captured':
      return event.order ? [event.order.orderId] : [];
    case 'payment.captured':
    case 'payment.reinstated':
      return event.orders.map(({ orderId }) => orderId);
    default:
      return event satisfies never;
  }
};

const slotOf = (instant: string) => `${instant.slice(0, 14)}${instant.slice(14, 16) < '30' ? '00' : '30'}`;

const placed = ({ event, metadata }: Recorded<Created>): OrderFigureRow => {
  const { orderId, checkoutId, sellerId, totals, sourceStatus = null } = event;
  return {
    ...{ orderId, checkoutId, sellerId, currency: totals.total.currency, slot: slotOf(metadata.occurredAt), sourceStatus, paid: false },
    ...{ items: totals.items.amount + totals.tax.amount, freight: totals.shipping.amount, itemsBack: 0, freightBack: 0 },
  };
};

export const orderFigures: Projection<OrderFigureRow, SaleEvent> = {
  name: 'figures-orders',
  service: 'analytics',
  version: 2,
  reads: saleReads,
  key: ({ event }) => ordersIn(event),
  evolve: (row, recorded) => {
    const { event } = recorded;
    if (event.type === 'order.created') return placed({ ...recorded, event });
    if (!row) throw new Error(`${event.type} before the order was placed`);
    if (event.type !== 'payment.refunded') return row.paid ? row : { ...row, paid: true };
    // Money that came too late was never anybody's sale.
    if (!event.booked) return row;
    const { amount, shipping } = event;
    return { ...row, itemsBack: row.itemsBack + amount.amount - shipping.amount, freightBack: row.freightBack + shipping.amount };
  },
  shape: {
    columns: {
      currency: 'text',
      sellerId: 'text',
      slot: 'text',
      sourceStatus: 'text',
      paid: 'integer',
      gross: 'integer',
      net: 'integer',
      freight: 'integer',
      netFreight: 'integer',
    },
    indexes: [
      ['currency', 'sellerId', 'paid', 'gross', 'net', 'freight', 'netFreight'],
      ['currency', 'slot', 'paid', 'gross', 'net', 'freight', 'netFreight'],
    ],
  },
  /** Only what was paid is revenue. */
  columns: ({ currency, sellerId, slot, sourceStatus, paid, items, freight, itemsBack, freightBack }) => ({
    ...{ currency, sellerId, slot, sourceStatus, paid: paid ? 1 : 0 },
    gross: paid ? items : 0,
    net: paid ? items - itemsBack : 0,
    freight: paid ? freight : 0,
    netFreight: paid ? freight - freightBack : 0,
  }),
  onPoison: 'stop',
};
