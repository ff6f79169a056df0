// A parcel on its way. The courier's notices may come in any order and more than once: it only goes forward, and skips no step.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { Money } from '../money.ts';
import type { Sealed } from '../privacy.ts';
import type { ShipmentEvent } from './events.ts';

export type TrackingStatus = 'picked_up' | 'in_transit' | 'delivered' | 'failed' | 'returning' | 'returned';

export type ShipmentCommand =
  | {
      type: 'book';
      shipmentId: string;
      orderId: string;
      checkoutId: string;
      buyerId: string;
      sellerId: string;
      courier: string;
      service: string;
      trackingNumber: string;
      weightGrams: number;
      price: Money;
      address: Sealed;
      at: string;
    }
  /** A courier's notice. `at` is when we learn of it, `courierAt` what the courier says; `collected` at the door. */
  | { type: 'track'; status: TrackingStatus; reason?: string; courierAt?: string; collected?: Money; at: string };

type Status = 'Booked' | 'PickedUp' | 'InTransit' | 'Failed' | 'Returning' | 'Delivered' | 'Returned';

export type Shipment =
  | { readonly status: 'none' }
  | {
      readonly status: Status;
      readonly shipmentId: string;
      readonly orderId: string;
      readonly checkoutId: string;
      readonly buyerId: string;
      readonly sellerId: string;
      readonly courier: string;
      readonly trackingNumber: string;
    };

type Existing = Exclude<Shipment, { status: 'none' }>;
type Track = Extract<ShipmentCommand, { type: 'track' }>;

const evolve = (shipment: Shipment, event: ShipmentEvent): Shipment => {
  if (event.type === 'shipment.booked') {
    const { shipmentId, orderId, checkoutId, buyerId, sellerId, courier, trackingNumber } = event;
    return { status: 'Booked', shipmentId, orderId, checkoutId, buyerId, sellerId, courier, trackingNumber };
  }
  if (shipment.status === 'none') return shipment;
  switch (event.type) {
    case 'shipment.picked_up':
      return { ...shipment, status: 'PickedUp' };
    case 'shipment.in_transit':
      return { ...shipment, status: 'InTransit' };
    case 'shipment.delivered':
      return { ...shipment, status: 'Delivered' };
    case 'shipment.failed':
      return { ...shipment, status: 'Failed' };
    case 'shipment.returning':
      return { ...shipment, status: 'Returning' };
    case 'shipment.returned':
      return { ...shipment, status: 'Returned' };
    default:
      return event satisfies never;
  }
};

/** The two ways a parcel can go. A failed attempt may still be followed by a delivery; the two ends are final. */
const toTheBuyer = ['picked_up', 'in_transit', 'delivered'] as const;
const backAgain = ['picked_up', 'in_transit', 'failed', 'returning', 'returned'] as const;

const reached: Readonly<Record<Status, readonly TrackingStatus[]>> = {
  Booked: [],
  PickedUp: ['picked_up'],
  InTransit: ['picked_up', 'in_transit'],
  Failed: ['picked_up', 'in_transit', 'failed'],
  Returning: ['picked_up', 'in_transit', 'failed', 'returning'],
  Delivered: [...toTheBuyer, ...backAgain],
  Returned: [...toTheBuyer, ...backAgain],
};

const eventOf = (shipment: Existing, step: TrackingStatus, notice: Track): ShipmentEvent => {
  const { shipmentId, orderId, checkoutId, buyerId, sellerId, courier, trackingNumber } = shipment;
  const time = { at: notice.at, ...(notice.courierAt !== undefined && { courierAt: notice.courierAt }) };
  const common = { shipmentId, orderId, checkoutId, buyerId, sellerId, ...time };
  switch (step) {
    case 'picked_up':
      return { type: 'shipment.picked_up', ...common, courier, trackingNumber };
    case 'failed':
      return { type: 'shipment.failed', ...common, reason: notice.reason ?? 'not_delivered' };
    case 'in_transit':
      return { type: 'shipment.in_transit', ...common };
    case 'delivered':
      return { type: 'shipment.delivered', ...common, ...(notice.collected && { collected: notice.collected }) };
    case 'returning':
      return { type: 'shipment.returning', ...common };
    case 'returned':
      return { type: 'shipment.returned', ...common };
    default:
      return step satisfies never;
  }
};

const book = (shipment: Shipment, command: Extract<ShipmentCommand, { type: 'book' }>): ShipmentEvent[] =>
  shipment.status === 'none' ? [{ ...command, type: 'shipment.booked' }] : [];

/** What was skipped on the way to `status` is filled in, so that the end is the same whatever order the notices came in. */
const track = (shipment: Shipment, notice: Track): ShipmentEvent[] => {
  if (shipment.status === 'none') throw new DomainError('shipping.not_found', 'There is no such shipment.');
  const way: readonly TrackingStatus[] = notice.status === 'delivered' ? toTheBuyer : backAgain;
  const behind = reached[shipment.status];
  const ahead = way.slice(0, way.indexOf(notice.status) + 1).filter((step) => !behind.includes(step));
  return ahead.map((step) => eventOf(shipment, step, notice));
};

export const shipment: Decider<Shipment, ShipmentCommand, ShipmentEvent> = {
  category: 'shipment',
  version: 1,
  initial: { status: 'none' },
  evolve,
  decide: (command, state) => (command.type === 'book' ? book(state, command) : track(state, command)),
};
