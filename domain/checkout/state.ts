// What a checkout's events mean: how far every order, hold and payment of one purchase is, and which commands are still under way.
import type { Currency } from '../money.ts';
import type { Sealed } from '../privacy.ts';
import type { Ask, AskType, CheckoutEvent, Done, MissingLine } from './events.ts';
import type { Plan, PlannedLine, PlannedOrder, PlatformLine, QuotedLine, ShippingOption } from './plan.ts';

/** How a guest is reached. */
export interface GuestContact {
  readonly email: Sealed;
  readonly phone: Sealed;
  readonly language: 'en' | 'id';
}

/** `contact` and `countedFor` are a guest's. */
interface Whose {
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly cartId: string;
  readonly address: Sealed;
  readonly contact?: GuestContact;
  readonly countedFor?: readonly string[];
}

export interface Quote extends Whose {
  readonly status: 'Quoted';
  readonly currency: Currency;
  readonly lines: readonly QuotedLine[];
  readonly shipping: readonly ShippingOption[];
  readonly platform: readonly PlatformLine[];
  readonly expiresAt: string;
}

export const purchaseStatuses = [
  'Priced',
  'Reserving',
  'Reserved',
  'AwaitingPayment',
  'Paid',
  'Confirmed',
  'Completed',
  'Compensating',
  'Failed',
  'Expired',
] as const;
export type PurchaseStatus = (typeof purchaseStatuses)[number];

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

/** A command that was refused although the plan has no other way: an operator decides. */
export interface Stuck {
  readonly ask: AskType;
  readonly subject: string;
  readonly attempt: number;
}

/**
 * `open`: the attempt of every command whose outcome is awaited, by `<ask>:<subject>`. `since`: when the present phase began.
 * `human`: why an operator is asked, or null. `booked` and `refunded`: what was asked for already, whatever comes twice.
 */
export interface Purchase extends Whose {
  readonly status: PurchaseStatus;
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

/** An event that asks for commands. */
export type Intent = Exclude<CheckoutEvent, { type: 'checkout.quoted' }> & { readonly asks: readonly Ask[] };

export const isPurchase = (checkout: Checkout): checkout is Purchase => 'plan' in checkout;

export const isIntent = (event: CheckoutEvent): event is Intent => 'asks' in event && event.asks !== undefined;

/** What a command is about: the id of an order, a line, the payment, a booking or the cart. */
export const subjectOf = (ask: Ask): string => {
  switch (ask.ask) {
    case 'create_order':
    case 'confirm_order':
    case 'cancel_order':
    case 'refund':
      return ask.orderId;
    case 'hold':
    case 'commit':
    case 'release':
      return ask.lineId;
    case 'pay':
    case 'void':
      return ask.paymentId;
    case 'book':
      return ask.bookingId;
    case 'clear_cart':
      return ask.cartId;
    default:
      return ask satisfies never;
  }
};

export const keyOf = (ask: AskType, subject: string) => `${ask}:${subject}`;

/** Names a command among those of one event. */
export const partOf = (ask: Ask) => keyOf(ask.ask, subjectOf(ask));

/** Whether the outcome of this very attempt is awaited. */
export const isAwaited = (purchase: Purchase, ask: Ask): boolean => purchase.open[partOf(ask)] === ask.attempt;

/** Whether the outcome of any of its commands is awaited, or of that one. */
export const isOpen = (checkout: Checkout, { asks }: Intent, part?: string): boolean =>
  isPurchase(checkout) && asks.some((ask) => (part === undefined || partOf(ask) === part) && isAwaited(checkout, ask));

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
  const then = event.type === 'checkout.started' ? started(checkout, event) : isPurchase(checkout) && happened(checkout, event);
  if (!then) return checkout;
  return event.asks ? event.asks.reduce(asked, then) : then;
};

const quoted = (event: Extract<CheckoutEvent, { type: 'checkout.quoted' }>): Quote => {
  const { checkoutId, buyerId, cartId, currency, lines, shipping, platform, address, expiresAt } = event;
  const quote: Quote = { status: 'Quoted', checkoutId, buyerId, cartId, currency, lines, shipping, platform, address, expiresAt };
  const { email, phone, language = 'id', countedFor } = event;
  return email && phone && countedFor ? { ...quote, contact: { email, phone, language }, countedFor } : quote;
};

const started = (checkout: Quote | Purchase, { plan, at }: Extract<CheckoutEvent, { type: 'checkout.started' }>): Purchase => {
  if (isPurchase(checkout)) return checkout;
  const { checkoutId, buyerId, cartId, address, contact, countedFor } = checkout;
  return {
    ...(contact && { contact }),
    ...(countedFor && { countedFor }),
    ...{ status: 'Priced', checkoutId, buyerId, cartId, address, plan, orders: {}, holds: {}, payment: 'none' },
    ...{ cartRemoval: 'none', booked: [], refunded: [], missing: [], giveUp: null, open: {}, stuck: [], human: null, since: at },
  };
};

const closed = (purchase: Purchase, ask: AskType, subject: string): Purchase => {
  const { [keyOf(ask, subject)]: _outcome, ...open } = purchase.open;
  if (purchase.stuck.length === 0) return { ...purchase, open };
  const stuck = purchase.stuck.filter((each) => each.ask !== ask || each.subject !== subject);
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

/** A command is asked for: its outcome is awaited from here on. */
export const asked = (before: Purchase, ask: Ask): Purchase => {
  const purchase: Purchase = { ...before, open: { ...before.open, [partOf(ask)]: ask.attempt } };
  switch (ask.ask) {
    case 'create_order':
      return order(purchase, ask.orderId, 'requested');
    case 'hold': {
      const status = purchase.status === 'Priced' ? 'Reserving' : purchase.status;
      const { lineId, holdId, attempt } = ask;
      return { ...hold(purchase, lineId, { holdId, attempt, step: 'requested' }), status };
    }
    case 'pay':
      return { ...purchase, status: purchase.status === 'Compensating' ? 'Compensating' : 'Reserved', payment: 'requested' };
    case 'commit':
      return hold(purchase, ask.lineId, { step: 'committing' });
    case 'confirm_order':
      return order(purchase, ask.orderId, 'confirming');
    case 'book':
      return purchase.booked.includes(ask.bookingId) ? purchase : { ...purchase, booked: [...purchase.booked, ask.bookingId] };
    case 'refund':
      return purchase.refunded.includes(ask.orderId) ? purchase : { ...purchase, refunded: [...purchase.refunded, ask.orderId] };
    case 'clear_cart':
      return { ...purchase, cartRemoval: 'requested' };
    case 'void':
      return { ...purchase, payment: 'voiding' };
    case 'release':
      return hold(purchase, ask.lineId, { step: 'releasing' });
    case 'cancel_order':
      return order(purchase, ask.orderId, 'cancelling');
    default:
      return ask satisfies never;
  }
};

const done = (before: Purchase, { ask, subject }: Done): Purchase => {
  const purchase = closed(before, ask, subject);
  switch (ask) {
    case 'create_order':
      return order(purchase, subject, 'open');
    case 'hold':
      return hold(purchase, subject, { step: 'held' });
    case 'pay':
      return { ...purchase, payment: 'open' };
    case 'commit':
      return hold(purchase, subject, { step: 'committed' });
    case 'confirm_order':
      return order(purchase, subject, 'confirmed');
    case 'book':
    case 'refund':
      return purchase;
    case 'void':
      return { ...purchase, payment: 'gone' };
    case 'release':
      return hold(purchase, subject, { step: 'released' });
    case 'cancel_order':
      return cancelled(purchase, subject);
    case 'clear_cart':
      return { ...purchase, cartRemoval: 'done' };
    default:
      return ask satisfies never;
  }
};

type Outcome = Exclude<CheckoutEvent, { type: 'checkout.quoted' | 'checkout.started' }>;

const happened = (purchase: Purchase, event: Outcome): Purchase => {
  switch (event.type) {
    case 'checkout.advanced':
      return event.done.reduce(done, purchase);
    case 'checkout.awaiting_payment':
      return { ...closed(purchase, 'pay', event.paymentId), status: 'AwaitingPayment', payment: 'open' };
    case 'checkout.paid':
      return paid(purchase, event);
    case 'checkout.order_cancelled':
      return cancelled(purchase, event.orderId);
    case 'checkout.confirmed':
      return { ...purchase, status: 'Confirmed', since: event.at };
    case 'checkout.completed':
      return { ...closed(purchase, 'clear_cart', purchase.cartId), status: 'Completed', cartRemoval: 'done', human: null, since: event.at };
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
  const settled = closed(closed(purchase, 'pay', paymentId), 'void', paymentId);
  return { ...settled, status: 'Paid', payment: 'captured', giveUp: null, since: at };
};

/** A cancelled order settles all that was asked of it. */
const cancelled = (purchase: Purchase, orderId: string): Purchase =>
  order(
    (['create_order', 'confirm_order', 'cancel_order'] as const).reduce((now, ask) => closed(now, ask, orderId), purchase),
    orderId,
    'cancelled',
  );

const refused = (purchase: Purchase, { ask, subject, code }: Extract<CheckoutEvent, { type: 'checkout.command_refused' }>): Purchase => {
  const attempt = purchase.open[keyOf(ask, subject)] ?? 1;
  const settled = closed(purchase, ask, subject);
  switch (ask) {
    case 'create_order':
      return order(settled, subject, 'refused');
    case 'hold': {
      const { variantId, sku } = lineOf(purchase, subject).line;
      return { ...hold(settled, subject, { step: 'lost' }), missing: [...purchase.missing, { lineId: subject, variantId, sku, code }] };
    }
    case 'pay':
      return { ...settled, payment: 'gone' };
    case 'commit':
      if (isOver(code)) return hold(settled, subject, { step: 'expired' });
      break;
  }
  return { ...settled, stuck: [...settled.stuck, { ask, subject, attempt }] };
};

/** Refusals of a commit that mean: these goods are no longer kept back, so hold them again. */
const isOver = (code: string) => code === 'stock.hold_expired' || code === 'stock.hold_released';
