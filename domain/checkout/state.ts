// What a checkout's events mean: how far every order, hold and payment of one purchase is, and which commands are still under way.
import type { Currency } from '../money.ts';
import type { Sealed } from '../privacy.ts';
import type { CheckoutEvent, MissingLine } from './events.ts';
import type { Plan, PlannedLine, PlannedOrder, PlatformLine, QuotedLine, ShippingOption } from './plan.ts';

export interface Quote {
  readonly status: 'Quoted' | 'Started';
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly cartId: string;
  readonly currency: Currency;
  readonly lines: readonly QuotedLine[];
  readonly shipping: readonly ShippingOption[];
  readonly platform: readonly PlatformLine[];
  readonly address: Sealed;
  readonly expiresAt: string;
}

export type PurchaseStatus =
  | 'Priced'
  | 'Reserving'
  | 'Reserved'
  | 'AwaitingPayment'
  | 'Paid'
  | 'Confirmed'
  | 'Completed'
  | 'Compensating'
  | 'Failed'
  | 'Expired';

export type OrderStep = 'requested' | 'open' | 'refused' | 'confirming' | 'confirmed' | 'cancelling' | 'cancelled';
/** `lost`: the goods could not be held, `expired`: they were, but not long enough. */
export type HoldStep = 'requested' | 'held' | 'lost' | 'committing' | 'committed' | 'expired' | 'releasing' | 'released';
/** `gone`: nothing will ever be paid by it. */
export type PaymentStep = 'none' | 'requested' | 'open' | 'voiding' | 'gone' | 'captured';

export interface HoldProgress {
  readonly holdId: string;
  readonly attempt: number;
  readonly step: HoldStep;
}

/** An intent whose command was refused although the plan has no other way: an operator decides. */
export interface Stuck {
  readonly intent: IntentType;
  readonly subject: string;
  readonly attempt: number;
}

/**
 * `open`: the attempt of every intent whose outcome is awaited, by `<type>:<subject>`. `since`: when the present phase began.
 * `human`: why an operator is asked, or null. `booked` and `refunded`: what was asked for already, whatever comes twice.
 */
export interface Purchase {
  readonly status: PurchaseStatus;
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly cartId: string;
  readonly address: Sealed;
  readonly plan: Plan;
  readonly orders: Readonly<Record<string, OrderStep>>;
  readonly holds: Readonly<Record<string, HoldProgress>>;
  readonly payment: PaymentStep;
  readonly cartRemoval: 'none' | 'requested' | 'done';
  readonly booked: readonly string[];
  readonly refunded: readonly string[];
  readonly missing: readonly MissingLine[];
  readonly giveUp: { readonly outcome: 'failed' | 'expired'; readonly reason: string } | null;
  readonly open: Readonly<Record<string, number>>;
  readonly stuck: readonly Stuck[];
  readonly human: string | null;
  readonly since: string;
}

export type Checkout = { readonly status: 'None' } | Quote | Purchase;

export type Intent = Extract<CheckoutEvent, { attempt: number }>;
export type IntentType = Intent['type'];

export const isPurchase = (checkout: Checkout): checkout is Purchase => 'plan' in checkout;

export const isIntent = (event: CheckoutEvent): event is Intent => 'attempt' in event;

/** What an intent is about: the id of an order, a line, the payment, a booking or the cart. */
export const subjectOf = (intent: Intent): string => {
  switch (intent.type) {
    case 'checkout.order_requested':
    case 'checkout.confirm_requested':
    case 'checkout.cancel_requested':
    case 'checkout.refund_requested':
      return intent.orderId;
    case 'checkout.hold_requested':
    case 'checkout.commit_requested':
    case 'checkout.release_requested':
      return intent.lineId;
    case 'checkout.payment_requested':
    case 'checkout.void_requested':
      return intent.paymentId;
    case 'checkout.booking_requested':
      return intent.bookingId;
    case 'checkout.cart_removal_requested':
      return intent.cartId;
    default:
      return intent satisfies never;
  }
};

export const keyOf = (type: IntentType, subject: string) => `${type}:${subject}`;

/** Whether the outcome of this very attempt is awaited. */
export const isOpen = (checkout: Checkout, intent: Intent): boolean =>
  isPurchase(checkout) && checkout.open[keyOf(intent.type, subjectOf(intent))] === intent.attempt;

export const orderOf = ({ plan }: Purchase, orderId: string): PlannedOrder => {
  const order = plan.orders.find((each) => each.orderId === orderId);
  if (!order) throw new RangeError(`no order ${orderId} in this plan`);
  return order;
};

export const lineOf = ({ plan }: Purchase, lineId: string): { order: PlannedOrder; line: PlannedLine } => {
  for (const order of plan.orders) {
    const line = order.lines.find((each) => each.lineId === lineId);
    if (line) return { order, line };
  }
  throw new RangeError(`no line ${lineId} in this plan`);
};

export const evolve = (checkout: Checkout, event: CheckoutEvent): Checkout => {
  if (event.type === 'checkout.quoted') return quoted(event);
  if (checkout.status === 'None') return checkout;
  if (event.type === 'checkout.started') return checkout.status === 'Quoted' ? { ...checkout, status: 'Started' } : checkout;
  if (event.type === 'checkout.priced') return isPurchase(checkout) ? checkout : priced(checkout, event);
  if (!isPurchase(checkout)) return checkout;
  return isIntent(event) ? asked(opened(checkout, event), event) : happened(checkout, event);
};

const quoted = (event: Extract<CheckoutEvent, { type: 'checkout.quoted' }>): Quote => {
  const { checkoutId, buyerId, cartId, currency, lines, shipping, platform, address, expiresAt } = event;
  return { status: 'Quoted', checkoutId, buyerId, cartId, currency, lines, shipping, platform, address, expiresAt };
};

const priced = (
  { checkoutId, buyerId, cartId, address }: Quote,
  { plan, at }: Extract<CheckoutEvent, { type: 'checkout.priced' }>,
): Purchase => ({
  status: 'Priced',
  checkoutId,
  buyerId,
  cartId,
  address,
  plan,
  orders: {},
  holds: {},
  payment: 'none',
  cartRemoval: 'none',
  booked: [],
  refunded: [],
  missing: [],
  giveUp: null,
  open: {},
  stuck: [],
  human: null,
  since: at,
});

const opened = (purchase: Purchase, intent: Intent): Purchase => ({
  ...purchase,
  open: { ...purchase.open, [keyOf(intent.type, subjectOf(intent))]: intent.attempt },
  since: purchase.status === 'Completed' ? intent.at : purchase.since,
});

const closed = (purchase: Purchase, type: IntentType, subject: string): Purchase => {
  const key = keyOf(type, subject);
  const { [key]: _outcome, ...open } = purchase.open;
  if (purchase.stuck.length === 0) return { ...purchase, open };
  const stuck = purchase.stuck.filter((each) => each.intent !== type || each.subject !== subject);
  return { ...purchase, open, stuck, human: stuck.length === 0 ? null : purchase.human };
};

const order = (purchase: Purchase, orderId: string, step: OrderStep): Purchase => ({
  ...purchase,
  orders: { ...purchase.orders, [orderId]: step },
});

const hold = (purchase: Purchase, lineId: string, change: Partial<HoldProgress>): Purchase => {
  const { holdId = '', attempt = 0, step = 'requested' } = purchase.holds[lineId] ?? {};
  return { ...purchase, holds: { ...purchase.holds, [lineId]: { holdId, attempt, step, ...change } } };
};

const asked = (purchase: Purchase, intent: Intent): Purchase => {
  switch (intent.type) {
    case 'checkout.order_requested':
      return order(purchase, intent.orderId, 'requested');
    case 'checkout.hold_requested': {
      const status = purchase.status === 'Priced' ? 'Reserving' : purchase.status;
      const { lineId, holdId, attempt } = intent;
      return { ...hold(purchase, lineId, { holdId, attempt, step: 'requested' }), status };
    }
    case 'checkout.payment_requested':
      return { ...purchase, status: purchase.status === 'Compensating' ? 'Compensating' : 'Reserved', payment: 'requested' };
    case 'checkout.commit_requested':
      return hold(purchase, intent.lineId, { step: 'committing' });
    case 'checkout.confirm_requested':
      return order(purchase, intent.orderId, 'confirming');
    case 'checkout.booking_requested':
      return purchase.booked.includes(intent.bookingId) ? purchase : { ...purchase, booked: [...purchase.booked, intent.bookingId] };
    case 'checkout.refund_requested':
      return purchase.refunded.includes(intent.orderId) ? purchase : { ...purchase, refunded: [...purchase.refunded, intent.orderId] };
    case 'checkout.cart_removal_requested':
      return { ...purchase, cartRemoval: 'requested' };
    case 'checkout.void_requested':
      return { ...purchase, payment: 'voiding' };
    case 'checkout.release_requested':
      return hold(purchase, intent.lineId, { step: 'releasing' });
    case 'checkout.cancel_requested':
      return order(purchase, intent.orderId, 'cancelling');
    default:
      return intent satisfies never;
  }
};

type Outcome = Exclude<CheckoutEvent, Intent | { type: 'checkout.quoted' | 'checkout.started' | 'checkout.priced' }>;

const happened = (purchase: Purchase, event: Outcome): Purchase => {
  switch (event.type) {
    case 'checkout.order_opened':
      return order(closed(purchase, 'checkout.order_requested', event.orderId), event.orderId, 'open');
    case 'checkout.stock_held':
      return hold(closed(purchase, 'checkout.hold_requested', event.lineId), event.lineId, { step: 'held' });
    case 'checkout.payment_opened':
      return { ...closed(purchase, 'checkout.payment_requested', event.paymentId), payment: 'open' };
    case 'checkout.awaiting_payment':
      return { ...purchase, status: 'AwaitingPayment' };
    case 'checkout.paid':
      return paid(purchase, event);
    case 'checkout.stock_committed':
      return hold(closed(purchase, 'checkout.commit_requested', event.lineId), event.lineId, { step: 'committed' });
    case 'checkout.order_confirmed':
      return order(closed(purchase, 'checkout.confirm_requested', event.orderId), event.orderId, 'confirmed');
    case 'checkout.booked':
      return closed(purchase, 'checkout.booking_requested', event.bookingId);
    case 'checkout.share_refunding':
      return closed(purchase, 'checkout.refund_requested', event.orderId);
    case 'checkout.payment_voided':
      return { ...closed(purchase, 'checkout.void_requested', event.paymentId), payment: 'gone' };
    case 'checkout.stock_released':
      return hold(closed(purchase, 'checkout.release_requested', event.lineId), event.lineId, { step: 'released' });
    case 'checkout.order_cancelled':
      return order(cancelled(purchase, event.orderId), event.orderId, 'cancelled');
    case 'checkout.confirmed':
      return { ...purchase, status: 'Confirmed', since: event.at };
    case 'checkout.completed':
      return {
        ...closed(purchase, 'checkout.cart_removal_requested', purchase.cartId),
        status: 'Completed',
        cartRemoval: 'done',
        human: null,
      };
    case 'checkout.compensating':
      return { ...purchase, status: 'Compensating', giveUp: { outcome: event.outcome, reason: event.reason }, since: event.at };
    case 'checkout.failed':
      return { ...purchase, status: 'Failed', human: null };
    case 'checkout.expired':
      return { ...purchase, status: 'Expired', human: null };
    case 'checkout.command_refused':
      return refused(purchase, event);
    case 'checkout.human_needed':
      return { ...purchase, human: event.reason };
    case 'checkout.resolved':
      return { ...purchase, human: null, stuck: [], since: event.at, ...(event.decision === 'close' && { open: {} }) };
    default:
      return event satisfies never;
  }
};

/** NOTE: also the way back out of Compensating, when the money came before the payment could be voided: nothing is undone until then. */
const paid = (purchase: Purchase, { paymentId, at }: { paymentId: string; at: string }): Purchase => {
  const settled = closed(closed(purchase, 'checkout.payment_requested', paymentId), 'checkout.void_requested', paymentId);
  return { ...settled, status: 'Paid', payment: 'captured', giveUp: null, since: at };
};

/** A cancelled order settles all that was asked of it. */
const cancelled = (purchase: Purchase, orderId: string): Purchase => {
  const types = ['checkout.order_requested', 'checkout.confirm_requested', 'checkout.cancel_requested'] as const;
  return types.reduce((now, type) => closed(now, type, orderId), purchase);
};

const refused = (purchase: Purchase, event: Extract<CheckoutEvent, { type: 'checkout.command_refused' }>): Purchase => {
  const { subject, code } = event;
  const intent = event.intent as IntentType;
  const attempt = purchase.open[keyOf(intent, subject)] ?? 1;
  const settled = closed(purchase, intent, subject);
  switch (intent) {
    case 'checkout.order_requested':
      return order(settled, subject, 'refused');
    case 'checkout.hold_requested': {
      const { variantId, sku } = lineOf(purchase, subject).line;
      return { ...hold(settled, subject, { step: 'lost' }), missing: [...purchase.missing, { lineId: subject, variantId, sku, code }] };
    }
    case 'checkout.payment_requested':
      return { ...settled, payment: 'gone' };
    case 'checkout.commit_requested':
      if (isOver(code)) return hold(settled, subject, { step: 'expired' });
      break;
  }
  return { ...settled, stuck: [...settled.stuck, { intent, subject, attempt }] };
};

/** Refusals of a commit that mean: these goods are no longer kept back, so hold them again. */
const isOver = (code: string) => code === 'stock.hold_expired' || code === 'stock.hold_released';
