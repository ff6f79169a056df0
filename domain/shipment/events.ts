// What a shipment's stream may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Money } from '../money.ts';
import { open, pii } from '../privacy.ts';

const id = () => open(z.string());
/** Every event: whose parcel it is. `at`: when we know it; `courierAt`: the courier's own time, where it gave one. */
const common = {
  shipmentId: id(),
  orderId: id(),
  checkoutId: id(),
  buyerId: id(),
  sellerId: id(),
  at: open(Instant),
  courierAt: open(Instant.optional()),
};

export const ShipmentBooked = z.object({
  type: z.literal('shipment.booked'),
  ...common,
  courier: id(),
  service: id(),
  trackingNumber: id(),
  weightGrams: open(z.int().nonnegative()),
  price: open(Money),
  address: pii(),
});
export const ShipmentPickedUp = z.object({ type: z.literal('shipment.picked_up'), ...common, courier: id(), trackingNumber: id() });
export const ShipmentInTransit = z.object({ type: z.literal('shipment.in_transit'), ...common });
/** `collected`: the cash that the courier says it took at the door. */
export const ShipmentDelivered = z.object({ type: z.literal('shipment.delivered'), ...common, collected: open(Money.optional()) });
export const ShipmentFailed = z.object({ type: z.literal('shipment.failed'), ...common, reason: id() });
export const ShipmentReturning = z.object({ type: z.literal('shipment.returning'), ...common });
export const ShipmentReturned = z.object({ type: z.literal('shipment.returned'), ...common });

export const ShipmentEvent = z.discriminatedUnion('type', [
  ShipmentBooked,
  ShipmentPickedUp,
  ShipmentInTransit,
  ShipmentDelivered,
  ShipmentFailed,
  ShipmentReturning,
  ShipmentReturned,
]);
export type ShipmentEvent = z.infer<typeof ShipmentEvent>;
