// Each parcel with all that its courier has told of it: the rows behind tracking. Where it goes stands with its order, not here.
import type { Money } from '../../domain/money.ts';
import type { ShipmentEvent } from '../../domain/shipment/events.ts';
import type { Projection } from '../projection.ts';

export type ShipmentStatus = 'Booked' | 'PickedUp' | 'InTransit' | 'Delivered' | 'Failed' | 'Returning' | 'Returned';

export interface ShipmentRow {
  readonly shipmentId: string;
  readonly orderId: string;
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly courier: string;
  readonly service: string;
  readonly trackingNumber: string;
  readonly weightGrams: number;
  readonly price: Money;
  readonly status: ShipmentStatus;
  /** `at`: when we knew it; `courierAt`: the courier's own time, where it gave one. */
  readonly history: readonly {
    readonly status: ShipmentStatus;
    readonly at: string;
    readonly courierAt?: string;
    readonly reason?: string;
  }[];
}

const statusOf = {
  'shipment.booked': 'Booked',
  'shipment.picked_up': 'PickedUp',
  'shipment.in_transit': 'InTransit',
  'shipment.delivered': 'Delivered',
  'shipment.failed': 'Failed',
  'shipment.returning': 'Returning',
  'shipment.returned': 'Returned',
} as const satisfies Record<ShipmentEvent['type'], ShipmentStatus>;

const booked = (event: Extract<ShipmentEvent, { type: 'shipment.booked' }>): ShipmentRow => {
  const { shipmentId, orderId, checkoutId, buyerId, sellerId, courier, service, trackingNumber, weightGrams, price } = event;
  const ids = { shipmentId, orderId, checkoutId, buyerId, sellerId };
  return { ...ids, courier, service, trackingNumber, weightGrams, price, status: 'Booked', history: [] };
};

export const shipments: Projection<ShipmentRow, ShipmentEvent> = {
  name: 'shipping-shipments',
  service: 'shipping',
  version: 2,
  own: { category: 'shipment' },
  reads: [
    'shipment.booked',
    'shipment.picked_up',
    'shipment.in_transit',
    'shipment.delivered',
    'shipment.failed',
    'shipment.returning',
    'shipment.returned',
  ],
  key: ({ event }) => event.shipmentId,
  evolve: (row, { event }) => {
    const known = event.type === 'shipment.booked' ? booked(event) : row;
    if (!known) return null;
    const status = statusOf[event.type];
    const step = {
      status,
      at: event.at,
      ...(event.courierAt !== undefined && { courierAt: event.courierAt }),
      ...(event.type === 'shipment.failed' && { reason: event.reason }),
    };
    return { ...known, status, history: [...known.history, step] };
  },
  shape: { columns: { trackingNumber: 'text' }, indexes: [['trackingNumber']] },
  columns: ({ trackingNumber }) => ({ trackingNumber }),
};
