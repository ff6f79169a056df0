// What a checkout's stream may contain: the quote, the split plan, what is asked for and what became of it. These schemas are the storage contract.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Currency, Money } from '../money.ts';
import { open, pii } from '../privacy.ts';
import { Plan, PlanTotals, PlatformLine, QuotedLine, ShippingOption } from './plan.ts';

const id = () => open(z.string());
const instant = () => open(Instant);
const code = () => open(z.string());
/**
 * A command that is to be sent. `attempt` counts the tries, so that a later one is a command of its own; a hold's id is `<lineId>.<attempt>`.
 * `refund`: the share of an order that was paid and cannot be had is given back, or on COD no longer asked for.
 * `book`: `orderId` is null for what belongs to the platform alone.
 */
const attempt = z.int().positive();
export const Ask = z.discriminatedUnion('ask', [
  z.object({ ask: z.enum(['create_order', 'confirm_order']), attempt, orderId: z.string() }),
  z.object({ ask: z.enum(['cancel_order', 'refund']), attempt, orderId: z.string(), reason: z.string() }),
  z.object({ ask: z.literal('hold'), attempt, lineId: z.string(), holdId: z.string(), until: Instant }),
  z.object({ ask: z.enum(['commit', 'release']), attempt, lineId: z.string(), holdId: z.string() }),
  z.object({ ask: z.enum(['pay', 'void']), attempt, paymentId: z.string() }),
  z.object({ ask: z.literal('book'), attempt, bookingId: z.string(), orderId: z.string().nullable() }),
  z.object({ ask: z.literal('clear_cart'), attempt, cartId: z.string() }),
]);
export type Ask = z.infer<typeof Ask>;
export type AskType = Ask['ask'];

const asked = [
  'create_order',
  'hold',
  'pay',
  'commit',
  'book',
  'confirm_order',
  'clear_cart',
  'refund',
  'void',
  'release',
  'cancel_order',
] as const satisfies readonly AskType[];

const ids = { checkoutId: id(), buyerId: id(), at: instant() };
/** `asks`: the commands that follow from this event. */
const common = { ...ids, asks: open(z.array(Ask).min(1).optional()) };

export const CheckoutQuoted = z.object({
  type: z.literal('checkout.quoted'),
  ...ids,
  cartId: id(),
  currency: open(Currency),
  lines: open(z.array(QuotedLine).min(1)),
  shipping: open(z.array(ShippingOption).min(1)),
  platform: open(z.array(PlatformLine)),
  /** Shipping is not chosen yet: it counts as zero here. */
  totals: open(PlanTotals),
  address: pii(),
  /** How a guest is reached. */
  email: pii().optional(),
  phone: pii().optional(),
  language: open(z.enum(['en', 'id']).optional()),
  /** Names, instead of the buyer's id, what limits count by: a guest's address and number by blind indexes. */
  countedFor: open(z.array(z.string()).optional()),
  expiresAt: instant(),
});

export const CheckoutStarted = z.object({ type: z.literal('checkout.started'), ...common, plan: open(Plan) });

/** What was asked for has been done; `subject` as in `subjectOf`: the id of an order, a line, the payment … */
export const Done = z.object({ ask: z.enum(asked), subject: z.string() });
export type Done = z.infer<typeof Done>;
export const CheckoutAdvanced = z.object({ type: z.literal('checkout.advanced'), ...common, done: open(z.array(Done).min(1)) });
/** A rule refused what was asked for. */
export const CommandRefused = z.object({
  type: z.literal('checkout.command_refused'),
  ...common,
  ask: open(z.enum(asked)),
  subject: id(),
  code: code(),
  details: open(z.record(z.string(), z.json())),
});

// What happened by itself.
/** The buyer has been told how to pay. */
export const AwaitingPayment = z.object({ type: z.literal('checkout.awaiting_payment'), ...common, paymentId: id(), expiresAt: instant() });
export const CheckoutPaid = z.object({ type: z.literal('checkout.paid'), ...common, paymentId: id(), amount: open(Money) });
export const OrderCancelled = z.object({ type: z.literal('checkout.order_cancelled'), ...common, orderId: id() });

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
  CheckoutAdvanced,
  AwaitingPayment,
  CheckoutPaid,
  CheckoutConfirmed,
  CheckoutCompleted,
  OrderCancelled,
  CommandRefused,
  CheckoutCompensating,
  CheckoutFailed,
  CheckoutExpired,
  HumanNeeded,
  CheckoutResolved,
]);
export type CheckoutEvent = z.infer<typeof CheckoutEvent>;
