// What the stream of a refund on its way may contain: what is asked of the gateway and the books, and how far it is. These schemas are the storage contract.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Money } from '../money.ts';
import { open } from '../privacy.ts';
import { decided } from '../process.ts';

const id = () => open(z.string());
const common = { refundId: id(), at: open(Instant) };
const whose = { paymentId: id(), checkoutId: id(), buyerId: id(), orderId: id(), amount: open(Money) };

/** Intents. `key` names each in this refund. */
export const RefundSendRequested = z.object({
  type: z.literal('refund.send_requested'),
  ...common,
  ...whose,
  key: id(),
  booked: open(z.boolean()),
});
/** The gateway's answer is missing: ask what became of it, never send blindly again. */
export const RefundStatusRequested = z.object({
  type: z.literal('refund.status_requested'),
  ...common,
  paymentId: id(),
  key: id(),
  attempt: open(z.int().positive()),
});
/** Money that came too late stands on the platform's books while it is owed. */
export const RefundBookingRequested = z.object({
  type: z.literal('refund.booking_requested'),
  ...common,
  ...whose,
  key: id(),
  way: open(z.enum(['owed', 'paid_back'])),
});

export const RefundStepped = z.object({
  type: z.literal('refund.stepped'),
  ...common,
  to: open(z.enum(['sent', 'unknown', 'refunded', 'failed'])),
});
export const RefundDone = z.object({ type: z.literal('refund.done'), ...common, key: id() });
export const RefundCommandRefused = z.object({ type: z.literal('refund.command_refused'), ...common, key: id(), code: id() });

/** An operator's decision about what was refused, or about a refund that the provider has failed. */
export const RefundResolved = z.object({ type: z.literal('refund.resolved'), ...common, ...decided });

export const RefundEvent = z.discriminatedUnion('type', [
  RefundSendRequested,
  RefundStatusRequested,
  RefundBookingRequested,
  RefundStepped,
  RefundDone,
  RefundCommandRefused,
  RefundResolved,
]);
export type RefundEvent = z.infer<typeof RefundEvent>;
