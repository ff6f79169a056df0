// What an order can be asked. The actor's id stands in the command: somebody else's order is not found.
import type { Sealed } from '../privacy.ts';
import type { HeldLine, OrderLine, ShippingTerms, Totals } from './terms.ts';

/** `at`: business time. An import also says that it inferred the time, or the source's own time where it had to clamp it. */
type Timed = { at: string; timeInferred?: true; sourceAt?: string };
type BySeller = { sellerId: string };

export type CreateOrder = Timed & {
  type: 'create';
  orderId: string;
  checkoutId: string;
  buyerId: string;
  sellerId: string;
  paymentId: string;
  cod: boolean;
  lines: readonly OrderLine[];
  shipping: ShippingTerms;
  totals: Totals;
  address: Sealed;
  /** The `until` of the holds: unpaid at this instant the order expires. */
  payUntil: string;
  promisedAt?: string;
  shipBy?: string;
  sourceStatus?: string;
};

export type OrderCommand =
  | CreateOrder
  /** `holds`: what `order.shipped` consumes and a cancellation releases, so they must be the committed ones. */
  | (Timed & { type: 'confirm'; holds: readonly HeldLine[] })
  | (Timed & BySeller & { type: 'accept' })
  | (Timed & BySeller & { type: 'pack' })
  | (Timed & { type: 'ship'; sellerId?: string; shipmentId?: string; courier?: string; trackingNumber?: string })
  /** Without `buyerId`: the courier says so; with it: the buyer does. */
  | (Timed & { type: 'deliver'; buyerId?: string })
  /** Without `buyerId`: the return window is over (too early changes nothing); with it: the buyer waives the rest of it. */
  | (Timed & { type: 'complete'; buyerId?: string })
  | (Timed & { type: 'cancel'; by: 'buyer'; buyerId: string; reason: string })
  | (Timed & { type: 'cancel'; by: 'seller'; sellerId: string; reason: string })
  | (Timed & { type: 'cancel'; by: 'system'; reason: string })
  | (Timed & BySeller & { type: 'agree_to_cancel' })
  | (Timed & BySeller & { type: 'decline_to_cancel'; reason: string })
  /** Cancels what has been waited for too long: payment until `payUntil`, acceptance until `acceptBy`. */
  | (Timed & { type: 'expire' })
  | (Timed & { type: 'fail_delivery'; reason: string })
  | (Timed & { type: 'return' });
