// What we ask of couriers: a price by weight and city, a booking, and where a parcel is. Nobody's name or street goes there from here.
import { z } from 'zod';
import { Currency, Money } from '../../domain/money.ts';
import { type Faults, NoticeBehaviour } from './simulation.ts';

export const RateRequest = z.strictObject({
  originCity: z.string().min(1).max(100),
  destinationCity: z.string().min(1).max(100),
  weightGrams: z.int().positive().max(1_000_000),
  currency: Currency,
});
export type RateRequest = z.infer<typeof RateRequest>;

/** `courier` and `service` together name the choice, such as `jne` and `REG`. Days are working days after pick-up; 0 is the same day. */
export const Rate = z.object({
  courier: z.string(),
  courierName: z.string(),
  service: z.string(),
  price: Money,
  minDays: z.int(),
  maxDays: z.int(),
});
export type Rate = z.infer<typeof Rate>;

/** `shipmentId` is the idempotency key. `collect` is what the courier takes at the door (cash on delivery). */
export const BookingRequest = z.strictObject({
  shipmentId: z.string().min(1).max(64),
  orderId: z.string().min(1).max(64),
  courier: z.string().min(1).max(32),
  service: z.string().min(1).max(32),
  originCity: z.string().min(1).max(100),
  destinationCity: z.string().min(1).max(100),
  weightGrams: z.int().positive().max(1_000_000),
  collect: Money.optional(),
});
export type BookingRequest = z.infer<typeof BookingRequest>;

export const ParcelStatus = z.enum(['booked', 'picked_up', 'in_transit', 'delivered', 'failed', 'returning', 'returned']);
export type ParcelStatus = z.infer<typeof ParcelStatus>;

export const Parcel = z.object({
  ...BookingRequest.shape,
  trackingNumber: z.string(),
  status: ParcelStatus,
  history: z.array(z.object({ status: ParcelStatus, at: z.string(), city: z.string() })),
});
export type Parcel = z.infer<typeof Parcel>;

/** A courier's webhook; `eventId` tells repeats. `collected` is there when a cash parcel was delivered. */
export const ShipmentNotice = z.object({
  type: z.enum([
    'shipment.picked_up',
    'shipment.in_transit',
    'shipment.delivered',
    'shipment.failed',
    'shipment.returning',
    'shipment.returned',
  ]),
  eventId: z.string(),
  occurredAt: z.string(),
  shipmentId: z.string(),
  orderId: z.string(),
  courier: z.string(),
  trackingNumber: z.string(),
  city: z.string(),
  collected: Money.optional(),
});
export type ShipmentNotice = z.infer<typeof ShipmentNotice>;

/** `book` throws ProviderRefused (nothing was booked) or OutcomeUnknown (book again with the same id); queries throw OutcomeUnknown, and `rates` ProviderRefused for a weight nobody carries. */
export interface Courier {
  /** Names the stream of the webhook inbox: `webhook-<provider>.<event id>`. */
  readonly provider: string;
  /** Cheapest first. May be some minutes old. */
  rates(request: RateRequest): Promise<readonly Rate[]>;
  book(request: BookingRequest): Promise<Parcel>;
  parcel(trackingNumber: string): Promise<Parcel | null>;
  /** Proves a webhook's origin over its raw bytes and reads it; `now` in ms since the epoch. Throws NoticeRejected. */
  readNotice(headers: Pick<Headers, 'get'>, rawBody: Uint8Array, now: number): Promise<ShipmentNotice>;
  close(): Promise<void>;
}

/** Where a simulated parcel goes next, and how its notices are treated. */
export const SimulateParcel = z.strictObject({ to: ParcelStatus.exclude(['booked']), ...NoticeBehaviour.shape });
export type SimulateParcel = z.infer<typeof SimulateParcel>;

/** The part that only a simulated courier has: moving a parcel, through every state on the way. */
export interface CourierSimulation {
  simulateParcel(trackingNumber: string, to: Exclude<ParcelStatus, 'booked'>, behaviour?: NoticeBehaviour): Promise<Parcel>;
  setFaults(faults: Faults): Promise<void>;
}
