// Each order as its buyer and its seller see it, found by either of them and by the seller's next deadline.
import type { OrderEvent } from '../../domain/order/events.ts';
import type { OrderLine, ShippingTerms, Totals } from '../../domain/order/terms.ts';
import type { Sealed } from '../../domain/privacy.ts';
import type { ShipmentEvent } from '../../domain/shipment/events.ts';
import type { Projection } from '../projection.ts';

export type OrderStatus =
  | 'AwaitingPayment'
  | 'Confirmed'
  | 'Accepted'
  | 'Packed'
  | 'Shipped'
  | 'DeliveryFailed'
  | 'Returned'
  | 'Delivered'
  | 'Completed'
  | 'Cancelled';

export interface OrderRow {
  readonly orderId: string;
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly paymentId: string;
  readonly cod: boolean;
  readonly status: OrderStatus;
  readonly lines: readonly OrderLine[];
  readonly shipping: ShippingTerms;
  readonly totals: Totals;
  /** Sealed; opened for its buyer and its seller alone. */
  readonly address: Sealed;
  readonly parcel: { readonly courier: string; readonly shipmentId?: string; readonly trackingNumber?: string } | null;
  /** The buyer's reason while the seller has not answered. */
  readonly cancelRequested: string | null;
  readonly cancelled: { readonly reason: string; readonly by: 'buyer' | 'seller' | 'system' } | null;
  readonly payUntil: string;
  readonly acceptBy: string | null;
  readonly shipBy: string | null;
  readonly promisedAt: string | null;
  readonly returnUntil: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const created = (event: Extract<OrderEvent, { type: 'order.created' }>): OrderRow => {
  const { orderId, checkoutId, buyerId, sellerId, paymentId, cod, lines, shipping, totals, address, payUntil, at } = event;
  return {
    ...{ orderId, checkoutId, buyerId, sellerId, paymentId, cod, status: 'AwaitingPayment', lines, shipping, totals, address },
    ...{ parcel: null, cancelRequested: null, cancelled: null, payUntil, acceptBy: null, returnUntil: null },
    ...{ shipBy: event.shipBy ?? null, promisedAt: event.promisedAt ?? null, createdAt: at, updatedAt: at },
  };
};

type Read = OrderEvent | Extract<ShipmentEvent, { type: 'shipment.booked' }>;
type Later = Exclude<Read, { type: 'order.created' }>;

const changes = (row: OrderRow, event: Later): Partial<OrderRow> => {
  switch (event.type) {
    case 'shipment.booked': {
      // A parcel that goes back to the seller is not this one; nor one that was booked while the seller shipped by himself.
      if (row.parcel?.trackingNumber !== undefined) return {};
      const { courier, shipmentId, trackingNumber } = event;
      return shipmentId === row.orderId ? { parcel: { courier, shipmentId, trackingNumber } } : {};
    }
    case 'order.confirmed':
      return { status: 'Confirmed', acceptBy: event.acceptBy };
    case 'order.accepted':
      return { status: 'Accepted' };
    case 'order.packed':
      return { status: 'Packed' };
    case 'order.shipped': {
      const { courier, shipmentId, trackingNumber } = event;
      const parcel = {
        ...row.parcel,
        courier,
        ...(shipmentId !== undefined && { shipmentId }),
        ...(trackingNumber !== undefined && { trackingNumber }),
      };
      return { status: 'Shipped', parcel, cancelRequested: null };
    }
    case 'order.delivered':
      return { status: 'Delivered', returnUntil: event.returnUntil };
    case 'order.completed':
      return { status: 'Completed' };
    case 'order.cancel_requested':
      return { cancelRequested: event.reason };
    case 'order.cancel_declined':
      return { cancelRequested: null };
    case 'order.cancelled':
      return { status: 'Cancelled', cancelled: { reason: event.reason, by: event.by }, cancelRequested: null };
    case 'order.delivery_failed':
      return { status: 'DeliveryFailed' };
    case 'order.returned':
      return { status: 'Returned' };
    default:
      return event satisfies never;
  }
};

/** Until when the seller has to do the next thing; null where the seller has nothing to do. */
const deadlineOf = ({ status, acceptBy, shipBy, createdAt }: OrderRow): string | null => {
  if (status === 'Confirmed') return acceptBy;
  return status === 'Accepted' || status === 'Packed' ? (shipBy ?? createdAt) : null;
};

export const orders: Projection<OrderRow, Read> = {
  name: 'order-orders',
  service: 'order',
  version: 3,
  own: { category: 'order' },
  reads: [
    'order.created',
    'order.confirmed',
    'order.accepted',
    'order.packed',
    'order.shipped',
    'order.delivered',
    'order.completed',
    'order.cancel_requested',
    'order.cancel_declined',
    'order.cancelled',
    'order.delivery_failed',
    'order.returned',
    'shipment.booked',
  ],
  key: ({ event }) => event.orderId,
  evolve: (row, { event }) => {
    if (event.type === 'order.created') return created(event);
    return row && { ...row, ...changes(row, event), updatedAt: event.at };
  },
  shape: {
    columns: { buyerId: 'text', sellerId: 'text', status: 'text', deadline: 'text', createdAt: 'text' },
    indexes: [['buyerId', 'createdAt'], ['sellerId', 'deadline'], ['sellerId', 'status', 'createdAt'], ['createdAt']],
    partition: { by: 'createdAt', kind: 'month' },
  },
  columns: (row) => {
    const { buyerId, sellerId, status, createdAt } = row;
    return { buyerId, sellerId, status, deadline: deadlineOf(row), createdAt };
  },
};
