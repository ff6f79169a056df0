import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { address, idr, noon } from '../payment/sale.fixture.ts';
import type { ShipmentEvent } from './events.ts';
import { type Shipment, type ShipmentCommand, shipment, type TrackingStatus } from './shipment.ts';

const ids = { shipmentId: 'o1', orderId: 'o1', checkoutId: 'c1', buyerId: 'b1', sellerId: 's1' };
const book: ShipmentCommand = {
  type: 'book',
  ...ids,
  courier: 'jne',
  service: 'REG',
  trackingNumber: 'JNE1',
  weightGrams: 1000,
  price: idr(9_000),
  address,
  at: noon,
};
const booked: ShipmentEvent = { ...book, type: 'shipment.booked' };
const track = (status: TrackingStatus): ShipmentCommand => ({ type: 'track', status, at: noon });
const common = { ...ids, at: noon };
const pickedUp: ShipmentEvent = { type: 'shipment.picked_up', ...common, courier: 'jne', trackingNumber: 'JNE1' };
const inTransit: ShipmentEvent = { type: 'shipment.in_transit', ...common };
const delivered: ShipmentEvent = { type: 'shipment.delivered', ...common };

const endOf = (statuses: readonly TrackingStatus[]) => {
  let state: Shipment = shipment.evolve(shipment.initial, booked);
  for (const status of statuses) for (const event of shipment.decide(track(status), state)) state = shipment.evolve(state, event);
  return state;
};

describe('a parcel', () => {
  it('is booked', () => given(shipment).when(book).then(booked));
  it('is picked up', () => given(shipment, booked).when(track('picked_up')).then(pickedUp));
  it('skips no step when a notice was lost', () => given(shipment, booked).when(track('delivered')).then(pickedUp, inTransit, delivered));
  it('does not go back', () => given(shipment, booked, pickedUp, inTransit, delivered).when(track('picked_up')).then());
  it('may be delivered after a failed attempt', () =>
    given(shipment, booked, pickedUp, inTransit, { type: 'shipment.failed', ...common, reason: 'nobody_there' })
      .when(track('delivered'))
      .then(delivered));
  it('that nobody booked is not found', () => given(shipment).when(track('delivered')).refuses('shipping.not_found'));
});

describe('notices in any order, some of them twice, end in one state', () => {
  it.each([
    [['picked_up', 'in_transit', 'failed', 'delivered'], 'Delivered'],
    [['picked_up', 'in_transit', 'failed', 'returning', 'returned'], 'Returned'],
  ] as const)('%o', (statuses, end) =>
    fc.assert(
      fc.property(fc.shuffledSubarray([...statuses, ...statuses], { minLength: statuses.length * 2 }), (notices) => {
        expect(endOf(notices).status).toBe(end);
      }),
    ),
  );
});
