// What a payment's stream may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Money } from '../money.ts';
import { open } from '../privacy.ts';
import { Instructions, Part, Share, ShareLine } from './shares.ts';

const id = () => open(z.string());
const instant = () => open(Instant);
/** The notice of the provider that told of this money, where it was one. */
const notice = { providerEventId: open(z.string().optional()) };
const common = { paymentId: id(), checkoutId: id(), buyerId: id(), at: instant() };

export const PaymentCreated = z.object({
  type: z.literal('payment.created'),
  ...common,
  method: id(),
  amount: open(Money),
  parts: open(z.array(Part).min(1)),
  orders: open(z.array(Share).min(1)),
  /** The platform's own, in no order's share: shares + interest + rounding = amount. */
  interest: open(Money),
  rounding: open(Money),
  expiresAt: instant(),
  /** The holds stand until then: a capture by this instant counts, a later one is to be refunded. */
  until: instant(),
  account: open(z.string().optional()),
});

export const PaymentPending = z.object({
  type: z.literal('payment.pending'),
  ...common,
  partId: id(),
  instructions: open(Instructions.optional()),
  expiresAt: instant(),
});

export const PaymentAuthorized = z.object({ type: z.literal('payment.authorized'), ...common, partId: id() });
export const PaymentFailed = z.object({ type: z.literal('payment.failed'), ...common, partId: id(), reason: id() });
export const PaymentExpired = z.object({ type: z.literal('payment.expired'), ...common });
/** `final`: the checkout gave it up, so that even a capture in time can only be refunded. */
export const PaymentVoided = z.object({ type: z.literal('payment.voided'), ...common, final: open(z.boolean()) });

/** One part's money is there. `order`: the share that a COD part pays. */
export const PaymentPartCaptured = z.object({
  type: z.literal('payment.part_captured'),
  ...common,
  ...notice,
  partId: id(),
  amount: open(Money),
  order: open(Share.optional()),
});
export const PaymentPartCollected = z.object({
  type: z.literal('payment.part_collected'),
  ...common,
  partId: id(),
  orderId: id(),
  amount: open(Money),
});
export const PaymentPartVoided = z.object({ type: z.literal('payment.part_voided'), ...common, partId: id(), orderId: id() });

const settled = {
  ...common,
  method: id(),
  amount: open(Money),
  interest: open(Money),
  rounding: open(Money),
  orders: open(z.array(Share)),
  /** How each part was paid, where the source of an import has its own words for it; elsewhere all parts were paid by `method`. */
  parts: open(z.array(Part).optional()),
};
/** No part is pending any more. `orders`: the shares that were paid (of COD only the collected ones). */
export const PaymentCaptured = z.object({ type: z.literal('payment.captured'), ...settled, ...notice, cod: open(z.boolean()) });
/** Money after Failed, Expired or Voided; payment.reinstated or payment.refund_due follows in the same append. */
export const PaymentCapturedLate = z.object({
  type: z.literal('payment.captured_late'),
  ...common,
  ...notice,
  amount: open(Money),
});
/** The late capture came in time for the holds: as good as payment.captured. */
export const PaymentReinstated = z.object({ type: z.literal('payment.reinstated'), ...settled, ...notice, cod: open(z.boolean()) });
/** Money that came too late for its sale, or after the checkout gave up: these parts go back; their refunds are requested in the same append. */
export const PaymentRefundDue = z.object({
  type: z.literal('payment.refund_due'),
  ...common,
  amount: open(Money),
  partIds: open(z.array(z.string())),
});

export const AnomalyReason = z.enum(['amount', 'currency', 'account', 'checkout', 'part', 'repeated']);
export type AnomalyReason = z.infer<typeof AnomalyReason>;

/** A notice that does not fit this payment. It moves no money; where it tells of money (`captured`), what the provider holds is reconciled. */
export const PaymentAnomalyNoted = z.object({
  type: z.literal('payment.anomaly_noted'),
  ...common,
  providerEventId: id(),
  reason: open(AnomalyReason),
  captured: open(z.literal(true).optional()),
  amount: open(z.int()),
  currency: id(),
});

/** What a refund gives back, all of it positive. Where `booked`, `shipping` and the lines add up to `amount`; else there are none. */
const refund = {
  ...common,
  refundId: id(),
  orderId: id(),
  sellerId: id(),
  amount: open(Money),
  shipping: open(Money),
  lines: open(z.array(ShareLine)),
  /** False: the money came too late to be anybody's sale, so it stands on the platform's books, not on the seller's. */
  booked: open(z.boolean()),
  reason: id(),
};
export const PaymentRefundRequested = z.object({ type: z.literal('payment.refund_requested'), ...refund, method: id() });
/** `left`: of the order's share, when all that was paid back until now is taken off. */
export const PaymentRefunded = z.object({ type: z.literal('payment.refunded'), ...refund, left: open(Money.optional()) });
const refundStep = { ...common, refundId: id(), orderId: id(), sellerId: id() };
export const PaymentRefundSent = z.object({ type: z.literal('payment.refund_sent'), ...refundStep });
export const PaymentRefundFailed = z.object({ type: z.literal('payment.refund_failed'), ...refundStep, reason: id() });
export const PaymentRefundUnknown = z.object({ type: z.literal('payment.refund_unknown'), ...refundStep });

export const PaymentEvent = z.discriminatedUnion('type', [
  PaymentCreated,
  PaymentPending,
  PaymentAuthorized,
  PaymentFailed,
  PaymentExpired,
  PaymentVoided,
  PaymentPartCaptured,
  PaymentPartCollected,
  PaymentPartVoided,
  PaymentCaptured,
  PaymentCapturedLate,
  PaymentReinstated,
  PaymentRefundDue,
  PaymentAnomalyNoted,
  PaymentRefundRequested,
  PaymentRefunded,
  PaymentRefundSent,
  PaymentRefundFailed,
  PaymentRefundUnknown,
]);
export type PaymentEvent = z.infer<typeof PaymentEvent>;
