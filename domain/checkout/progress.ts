// What a checkout does next, read off its state alone: so that it makes no difference in which order the outcomes came.
import { later, minutes } from '../id.ts';
import { bookingIds } from '../ledger/entries.ts';
import type { CheckoutEvent } from './events.ts';
import type { PlannedOrder } from './plan.ts';
import { platformAmount } from './pricing.ts';
import { evolve, type IntentType, isPurchase, type Purchase } from './state.ts';

/** A phase that takes longer than this is shown to an operator; nothing stops trying meanwhile. */
export const patience = minutes(15);

/** Goods held again for a payment that has arrived: as long as the commit that follows at once may need. */
const secondHold = minutes(15);

/** `events` and all that follows from them, in the order in which it is to be appended. */
export const follow = (purchase: Purchase, events: readonly CheckoutEvent[], at: string): CheckoutEvent[] => {
  const all = [...events];
  let now = apply(purchase, events);
  for (;;) {
    const more = next(now, at);
    if (more.length === 0) return all;
    all.push(...more);
    now = apply(now, more);
  }
};

const apply = (purchase: Purchase, events: readonly CheckoutEvent[]): Purchase =>
  events.reduce<Purchase>((now, event) => {
    const then = evolve(now, event);
    return isPurchase(then) ? then : now;
  }, purchase);

export const says = ({ checkoutId, buyerId }: { checkoutId: string; buyerId: string }, at: string) => ({ checkoutId, buyerId, at });

/** The intent that asks for one command; `attempt` counts from 1. */
export const ask = (purchase: Purchase, at: string, type: IntentType, subject: string, attempt = 1): CheckoutEvent => {
  const common = { ...says(purchase, at), attempt };
  switch (type) {
    case 'checkout.order_requested':
    case 'checkout.confirm_requested':
      return { type, ...common, orderId: subject };
    case 'checkout.cancel_requested':
    case 'checkout.refund_requested':
      return { type, ...common, orderId: subject, reason: reasonFor(purchase, subject) };
    case 'checkout.hold_requested': {
      const until = purchase.status === 'Priced' ? purchase.plan.holdUntil : later(at, secondHold);
      return { type, ...common, lineId: subject, holdId: `${subject}.${attempt}`, until };
    }
    case 'checkout.commit_requested':
    case 'checkout.release_requested':
      return { type, ...common, lineId: subject, holdId: purchase.holds[subject]?.holdId ?? '' };
    case 'checkout.payment_requested':
    case 'checkout.void_requested':
      return { type, ...common, paymentId: subject };
    case 'checkout.booking_requested': {
      const order = purchase.plan.orders.find(({ orderId }) => bookingIds.capture(orderId) === subject);
      return { type, ...common, bookingId: subject, orderId: order?.orderId ?? null };
    }
    case 'checkout.cart_removal_requested':
      return { type, ...common, cartId: subject };
    default:
      return type satisfies never;
  }
};

/** Why an order is cancelled or its share given back, as orders and payments note it. */
const reasonFor = (purchase: Purchase, orderId: string) => {
  if (purchase.giveUp) return purchase.giveUp.reason.replace('checkout.', '');
  return stepsOf(purchase, orderId).includes('lost') ? 'out_of_stock' : 'cancelled';
};

export const giveUp = (purchase: Purchase, at: string, reason: string, outcome: 'failed' | 'expired' = 'failed'): CheckoutEvent => ({
  type: 'checkout.compensating',
  ...says(purchase, at),
  outcome,
  reason,
});

/** Whether the purchase is past the point where the buyer may still leave it: paid, or on COD promised. */
export const isForward = ({ status, plan, payment }: Purchase) =>
  status === 'Paid' || (status === 'Reserved' && plan.method === 'cod' && payment === 'open');

const stepOf = (purchase: Purchase, { orderId }: PlannedOrder) => purchase.orders[orderId];
const stepsOf = (purchase: Purchase, orderId: string) =>
  purchase.plan.orders.flatMap((order) => (order.orderId === orderId ? order.lines.map(({ lineId }) => purchase.holds[lineId]?.step) : []));

const next = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const [refused] = purchase.stuck;
  if (refused && purchase.human === null) return [{ type: 'checkout.human_needed', ...says(purchase, at), reason: refused.intent }];
  if (isForward(purchase)) return goForward(purchase, at);
  switch (purchase.status) {
    case 'Priced':
      return openOrders(purchase, at);
    case 'Reserving':
      return reserve(purchase, at);
    case 'Reserved':
      if (purchase.payment === 'gone') return [giveUp(purchase, at, 'checkout.payment_failed')];
      return leaveIfAllCancelled(purchase, at);
    case 'AwaitingPayment':
      return leaveIfAllCancelled(purchase, at);
    case 'Confirmed':
      return clearCart(purchase, at);
    case 'Compensating':
      return undo(purchase, at);
    case 'Paid':
    case 'Completed':
    case 'Failed':
    case 'Expired':
      return [];
    default:
      return purchase.status satisfies never;
  }
};

const openOrders = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const { orders } = purchase.plan;
  if (Object.keys(purchase.orders).length === 0) return orders.map(({ orderId }) => ask(purchase, at, 'checkout.order_requested', orderId));
  const steps = orders.map((order) => stepOf(purchase, order));
  if (steps.includes('refused')) return [giveUp(purchase, at, 'checkout.failed')];
  if (steps.includes('requested')) return [];
  if (!steps.includes('open')) return [giveUp(purchase, at, 'checkout.cancelled')];
  const lines = orders.filter((order) => stepOf(purchase, order) === 'open').flatMap((order) => order.lines);
  return lines.map(({ lineId }) => ask(purchase, at, 'checkout.hold_requested', lineId));
};

const reserve = (purchase: Purchase, at: string): CheckoutEvent[] => {
  if (purchase.missing.length > 0) {
    const isLimit = purchase.missing.every(({ code }) => code === 'stock.too_many_holds');
    return [giveUp(purchase, at, isLimit ? 'checkout.hold_limit' : 'checkout.out_of_stock')];
  }
  const left = leaveIfAllCancelled(purchase, at);
  if (left.length > 0 || Object.values(purchase.holds).some(({ step }) => step === 'requested')) return left;
  return [ask(purchase, at, 'checkout.payment_requested', purchase.plan.paymentId)];
};

/** An order that was cancelled by itself lets its goods go; when none is left, so does the checkout. */
const leaveIfAllCancelled = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const gone = purchase.plan.orders.filter((order) => stepOf(purchase, order) === 'cancelled');
  if (gone.length === purchase.plan.orders.length) return [giveUp(purchase, at, 'checkout.cancelled')];
  return gone.flatMap((order) => releases(purchase, at, order));
};

const releases = (purchase: Purchase, at: string, order: PlannedOrder): CheckoutEvent[] =>
  order.lines
    .filter(({ lineId }) => ['held', 'committed'].includes(purchase.holds[lineId]?.step ?? ''))
    .map(({ lineId }) => ask(purchase, at, 'checkout.release_requested', lineId));

/** Paid, or COD: commit the goods and confirm each order by itself, so that what one seller lacks never stops the others. */
const goForward = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const { orders } = purchase.plan;
  const events = [...bookings(purchase, at), ...orders.flatMap((order) => advance(purchase, at, order))];
  if (events.length > 0) return events;
  const steps = orders.map((order) => stepOf(purchase, order));
  if (!steps.every((step) => step === 'confirmed' || step === 'cancelled')) return [];
  if (!steps.includes('confirmed'))
    return [giveUp(purchase, at, purchase.missing.length > 0 ? 'checkout.out_of_stock' : 'checkout.cancelled')];
  const orderIds = orders.filter((order) => stepOf(purchase, order) === 'confirmed').map(({ orderId }) => orderId);
  return [{ type: 'checkout.confirmed', ...says(purchase, at), orderIds }];
};

/** A captured payment is booked whole, with the shares that are given back at once: the refund books them back. COD: as its parts are captured. */
const bookings = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const { plan, payment, booked } = purchase;
  if (payment !== 'captured') return [];
  const hasPlatform = plan.platform.some(({ kind }) => platformAmount(plan, kind).amount !== 0);
  const ids = plan.orders.map(({ orderId }) => bookingIds.capture(orderId));
  return [...ids, ...(hasPlatform ? [bookingIds.platform(plan.paymentId)] : [])]
    .filter((bookingId) => !booked.includes(bookingId))
    .map((bookingId) => ask(purchase, at, 'checkout.booking_requested', bookingId));
};

const advance = (purchase: Purchase, at: string, order: PlannedOrder): CheckoutEvent[] => {
  const { orderId, lines } = order;
  const step = stepOf(purchase, order);
  if (step === 'cancelled') {
    const refund = purchase.refunded.includes(orderId) ? [] : [ask(purchase, at, 'checkout.refund_requested', orderId)];
    return [...releases(purchase, at, order), ...refund];
  }
  if (step !== 'open') return [];
  const steps = stepsOf(purchase, orderId);
  if (steps.includes('lost')) return [ask(purchase, at, 'checkout.cancel_requested', orderId)];
  if (steps.every((each) => each === 'committed')) return [ask(purchase, at, 'checkout.confirm_requested', orderId)];
  return lines.flatMap(({ lineId }): CheckoutEvent[] => {
    const hold = purchase.holds[lineId];
    if (hold?.step === 'held') return [ask(purchase, at, 'checkout.commit_requested', lineId, hold.attempt)];
    return hold?.step === 'expired' ? [ask(purchase, at, 'checkout.hold_requested', lineId, hold.attempt + 1)] : [];
  });
};

const clearCart = (purchase: Purchase, at: string): CheckoutEvent[] => {
  if (purchase.cartRemoval !== 'none') return [];
  if (boughtLines(purchase).length === 0) return [{ type: 'checkout.completed', ...says(purchase, at) }];
  return [ask(purchase, at, 'checkout.cart_removal_requested', purchase.cartId)];
};

/** What was really bought of the cart: the lines of confirmed orders. */
export const boughtLines = (purchase: Purchase): { lineId: string; quantity: number }[] =>
  purchase.plan.orders
    .filter((order) => stepOf(purchase, order) === 'confirmed')
    .flatMap(({ lines }) => lines.flatMap(({ cartLineId, quantity }) => (cartLineId === null ? [] : [{ lineId: cartLineId, quantity }])));

/** The payment first: only when it can no longer bring money are goods and orders let go. */
const undo = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const { plan, payment, giveUp: why } = purchase;
  if (payment === 'open') return [ask(purchase, at, 'checkout.void_requested', plan.paymentId)];
  if (payment === 'requested' || payment === 'voiding') return [];
  const events = plan.orders.flatMap((order) => [
    ...releases(purchase, at, order),
    ...(stepOf(purchase, order) === 'open' ? [ask(purchase, at, 'checkout.cancel_requested', order.orderId)] : []),
  ]);
  if (events.length > 0 || Object.keys(purchase.open).length > 0 || purchase.stuck.length > 0) return events;
  return [ended(purchase, at, why ?? { outcome: 'failed', reason: 'checkout.failed' })];
};

export const ended = (purchase: Purchase, at: string, why: NonNullable<Purchase['giveUp']>): CheckoutEvent =>
  why.outcome === 'expired'
    ? { type: 'checkout.expired', ...says(purchase, at), reason: why.reason }
    : { type: 'checkout.failed', ...says(purchase, at), reason: why.reason, lines: [...purchase.missing] };

/** Of which line a hold is: its id ends with the attempt. */
export const lineOfHold = (holdId: string) => holdId.slice(0, holdId.lastIndexOf('.'));
