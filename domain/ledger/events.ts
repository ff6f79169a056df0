// What a ledger's stream may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Money } from '../money.ts';
import { open } from '../privacy.ts';

export const Account = z.enum([
  'buyer_funds',
  'seller_pending',
  'seller_available',
  'platform_commission',
  'shipping',
  'tax',
  'interest',
  'rounding',
  'refunds_due',
]);
export type Account = z.infer<typeof Account>;

/** One side of a booking: positive is what the account now owes or has earned, negative where it came from. `rule` + `version`: why this amount. */
export const Entry = z.object({ account: Account, amount: Money, rule: z.string(), version: z.int().nonnegative() });
export type Entry = z.infer<typeof Entry>;

export const BookingKind = z.enum(['capture', 'completion', 'refund', 'adjustment']);
export type BookingKind = z.infer<typeof BookingKind>;

const optionalId = () => open(z.string().optional());

export const LedgerBooked = z.object({
  type: z.literal('ledger.booked'),
  bookingId: open(z.string()),
  /** A seller's id, or `platform`. */
  ledgerId: open(z.string()),
  kind: open(BookingKind),
  orderId: optionalId(),
  checkoutId: optionalId(),
  paymentId: optionalId(),
  buyerId: optionalId(),
  refundId: optionalId(),
  entries: open(z.array(Entry).min(1)),
  /** When the thing booked happened; `at` is when it was booked. */
  valueAt: open(Instant),
  at: open(Instant),
});

export const LedgerEvent = z.discriminatedUnion('type', [LedgerBooked]);
export type LedgerEvent = z.infer<typeof LedgerEvent>;
