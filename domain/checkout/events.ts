// What a checkout's stream may contain: the quote, the split plan, and the saga's own bookkeeping. These schemas are the storage contract.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Currency, Money } from '../money.ts';
import { methods } from '../payment/deadlines.ts';
import { open, pii } from '../privacy.ts';
import { Plan, PlanTotals, PlatformLine, QuotedLine, ShippingOption } from './plan.ts';

const id = () => open(z.string());
const instant = () => open(Instant);
const code = () => open(z.string());
const common = { checkoutId: id(), buyerId: id(), at: instant() };

export const CheckoutQuoted = z.object({
  type: z.literal('checkout.quoted'),
  ...common,
  cartId: id(),
  currency: open(Currency),
  lines: open(z.array(QuotedLine).min(1)),
  shipping: open(z.array(ShippingOption).min(1)),
  platform: open(z.array(PlatformLine)),
  /** Shipping is not chosen yet: it counts as zero here. */
  totals: open(PlanTotals),
  address: pii(),
  expiresAt: instant(),
});

export const CheckoutStarted = z.object({
  type: z.literal('checkout.started'),
  ...common,
  method: open(z.enum(methods)),
  choices: open(z.array(z.object({ sellerId: z.string(), optionId: z.string() }))),
});
export const CheckoutPriced = z.object({ type: z.literal('checkout.priced'), ...common, plan: open(Plan) });

// Intents: each asks for one command. `attempt` counts the tries, so that a later one is a command of its own.
const intent = { ...common, attempt: open(z.int().positive()) };

export const OrderRequested = z.object({ type: z.literal('checkout.order_requested'), ...intent, orderId: id() });
/** The hold's id is `<lineId>.<attempt>`. */
export const HoldRequested = z.object({
  type: z.literal('checkout.hold_requested'),
  ...intent,
  lineId: id(),
  holdId: id(),
  until: instant(),
});
export const PaymentRequested = z.object({ type: z.literal('checkout.payment_requested'), ...intent, paymentId: id() });
export const CommitRequested = z.object({ type: z.literal('checkout.commit_requested'), ...intent, lineId: id(), holdId: id() });
export const ConfirmRequested = z.object({ type: z.literal('checkout.confirm_requested'), ...intent, orderId: id() });
/** `orderId` is null for what belongs to the platform alone. */
export const BookingRequested = z.object({
  type: z.literal('checkout.booking_requested'),
  ...intent,
  bookingId: id(),
  orderId: open(z.string().nullable()),
});
/** The share of an order that was paid and cannot be had: given back, or on COD no longer asked for. */
export const RefundRequested = z.object({ type: z.literal('checkout.refund_requested'), ...intent, orderId: id(), reason: code() });
export const CartRemovalRequested = z.object({ type: z.literal('checkout.cart_removal_requested'), ...intent, cartId: id() });
export const VoidRequested = z.object({ type: z.literal('checkout.void_requested'), ...intent, paymentId: id() });
export const ReleaseRequested = z.object({ type: z.literal('checkout.release_requested'), ...intent, lineId: id(), holdId: id() });
export const CancelRequested = z.object({ type: z.literal('checkout.cancel_requested'), ...intent, orderId: id(), reason: code() });

// Outcomes of those commands.
export const OrderOpened = z.object({ type: z.literal('checkout.order_opened'), ...common, orderId: id() });
export const StockHeld = z.object({ type: z.literal('checkout.stock_held'), ...common, lineId: id(), holdId: id() });
export const PaymentOpened = z.object({ type: z.literal('checkout.payment_opened'), ...common, paymentId: id() });
/** The buyer has been told how to pay. */
export const AwaitingPayment = z.object({ type: z.literal('checkout.awaiting_payment'), ...common, paymentId: id(), expiresAt: instant() });
export const CheckoutPaid = z.object({ type: z.literal('checkout.paid'), ...common, paymentId: id(), amount: open(Money) });
export const StockCommitted = z.object({ type: z.literal('checkout.stock_committed'), ...common, lineId: id(), holdId: id() });
export const OrderConfirmed = z.object({ type: z.literal('checkout.order_confirmed'), ...common, orderId: id() });
export const Booked = z.object({ type: z.literal('checkout.booked'), ...common, bookingId: id() });
export const ShareRefunding = z.object({ type: z.literal('checkout.share_refunding'), ...common, orderId: id() });
export const PaymentVoided = z.object({ type: z.literal('checkout.payment_voided'), ...common, paymentId: id() });
export const StockReleased = z.object({ type: z.literal('checkout.stock_released'), ...common, lineId: id(), holdId: id() });
export const OrderCancelled = z.object({ type: z.literal('checkout.order_cancelled'), ...common, orderId: id() });
/** A rule refused the command of the intent `intent` about `subject` (an id of an order, a line, a payment …). */
export const CommandRefused = z.object({
  type: z.literal('checkout.command_refused'),
  ...common,
  intent: id(),
  subject: id(),
  code: code(),
  details: open(z.record(z.string(), z.json())),
});

// Turns of the whole.
/** The goods are committed and the orders confirmed: those of `orderIds`. From here on only forward. */
export const CheckoutConfirmed = z.object({ type: z.literal('checkout.confirmed'), ...common, orderIds: open(z.array(z.string())) });
export const CheckoutCompleted = z.object({ type: z.literal('checkout.completed'), ...common });
/** A line whose goods could not be held, and the code of the refusal. */
export const MissingLine = z.object({ lineId: z.string(), variantId: z.string(), sku: z.string(), code: z.string() });
export type MissingLine = z.infer<typeof MissingLine>;
/** Everything is undone from here on; `outcome` is how it will end, `reason` one of the checkout's error codes. */
export const CheckoutCompensating = z.object({
  type: z.literal('checkout.compensating'),
  ...common,
  outcome: open(z.enum(['failed', 'expired'])),
  reason: code(),
});
export const CheckoutFailed = z.object({
  type: z.literal('checkout.failed'),
  ...common,
  reason: code(),
  lines: open(z.array(MissingLine)),
});
export const CheckoutExpired = z.object({ type: z.literal('checkout.expired'), ...common, reason: code() });
export const HumanNeeded = z.object({ type: z.literal('checkout.human_needed'), ...common, reason: code() });
/** An operator's decision: `retry` what was refused, or `close`: take it as settled by hand. */
export const CheckoutResolved = z.object({
  type: z.literal('checkout.resolved'),
  ...common,
  decision: open(z.enum(['retry', 'close'])),
  operatorId: id(),
});

export const CheckoutEvent = z.discriminatedUnion('type', [
  CheckoutQuoted,
  CheckoutStarted,
  CheckoutPriced,
  OrderRequested,
  OrderOpened,
  HoldRequested,
  StockHeld,
  PaymentRequested,
  PaymentOpened,
  AwaitingPayment,
  CheckoutPaid,
  CommitRequested,
  StockCommitted,
  ConfirmRequested,
  OrderConfirmed,
  BookingRequested,
  Booked,
  RefundRequested,
  ShareRefunding,
  CheckoutConfirmed,
  CartRemovalRequested,
  CheckoutCompleted,
  CheckoutCompensating,
  VoidRequested,
  PaymentVoided,
  ReleaseRequested,
  StockReleased,
  CancelRequested,
  OrderCancelled,
  CommandRefused,
  CheckoutFailed,
  CheckoutExpired,
  HumanNeeded,
  CheckoutResolved,
]);
export type CheckoutEvent = z.infer<typeof CheckoutEvent>;
