// What a checkout does next, read off its state alone: so that it makes no difference in which order the outcomes came.
import { later, minutes } from '../id.ts';
import { bookingIds } from '../ledger/entries.ts';
import type { Ask, AskType, CheckoutEvent } from './events.ts';
import type { PlannedOrder } from './plan.ts';
import { platformAmount } from './pricing.ts';
import { asked, evolve, isPurchase, keyOf, type Purchase } from './state.ts';

/** A phase that takes longer than this is shown to an operator; nothing stops trying meanwhile. */
export const patience = minutes(15);

/** Goods held again for a payment that has arrived: as long as the commit that follows at once may need. */
const secondHold = minutes(15);

/** `said` and all that follows from it, in the order in which it is to be appended: commands are asked for by the event that leads to them. */
export const follow = (purchase: Purchase, said: readonly CheckoutEvent[], at: string): CheckoutEvent[] => {
  const all = [...said];
  let now = said.reduce(apply, purchase);
  for (;;) {
    const more = next(now, at);
    const asks = more.filter((each): each is Ask => !('type' in each));
    const events = more.filter((each): each is CheckoutEvent => 'type' in each);
    const last = all.length - 1;
    const cause = all[last];
    if (more.length === 0 || !cause || cause.type === 'checkout.quoted') return all;
    if (asks.length > 0) all[last] = { ...cause, asks: [...(cause.asks ?? []), ...asks] };
    all.push(...events);
    now = events.reduce(apply, asks.reduce(asked, now));
  }
};

const apply = (purchase: Purchase, event: CheckoutEvent): Purchase => {
  const then = evolve(purchase, event);
  return isPurchase(then) ? then : purchase;
};

export const says = ({ checkoutId, buyerId }: { checkoutId: string; buyerId: string }, at: string) => ({ checkoutId, buyerId, at });

/** Asks for one command; `attempt` counts from 1. */
export const ask = (purchase: Purchase, at: string, type: AskType, subject: string, attempt = 1): Ask => {
  switch (type) {
    case 'create_order':
    case 'confirm_order':
      return { ask: type, attempt, orderId: subject };
    case 'cancel_order':
    case 'refund':
      return { ask: type, attempt, orderId: subject, reason: reasonFor(purchase, subject) };
    case 'hold': {
      const until = purchase.status === 'Priced' ? purchase.plan.holdUntil : later(at, secondHold);
      return { ask: type, attempt, lineId: subject, holdId: `${subject}.${attempt}`, until };
    }
    case 'commit':
    case 'release':
      return { ask: type, attempt, lineId: subject, holdId: purchase.holds[subject]?.holdId ?? '' };
    case 'pay':
    case 'void':
      return { ask: type, attempt, paymentId: subject };
    case 'book': {
      const order = purchase.plan.orders.find(({ orderId }) => bookingIds.capture(orderId) === subject);
      return { ask: type, attempt, bookingId: subject, orderId: order?.orderId ?? null };
    }
    case 'clear_cart':
      return { ask: type, attempt, cartId: subject };
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

const next = (purchase: Purchase, at: string): (Ask | CheckoutEvent)[] => {
  const [refused] = purchase.stuck;
  if (refused && purchase.human === null) return [{ type: 'checkout.human_needed', ...says(purchase, at), reason: refused.ask }];
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

const openOrders = (purchase: Purchase, at: string): (Ask | CheckoutEvent)[] => {
  const { orders } = purchase.plan;
  if (Object.keys(purchase.orders).length === 0) return orders.map(({ orderId }) => ask(purchase, at, 'create_order', orderId));
  const steps = orders.map((order) => stepOf(purchase, order));
  if (steps.includes('refused')) return [giveUp(purchase, at, 'checkout.failed')];
  if (steps.includes('requested')) return [];
  if (!steps.includes('open')) return [giveUp(purchase, at, 'checkout.cancelled')];
  const lines = orders.filter((order) => stepOf(purchase, order) === 'open').flatMap((order) => order.lines);
  return lines.map(({ lineId }) => ask(purchase, at, 'hold', lineId));
};

const reserve = (purchase: Purchase, at: string): (Ask | CheckoutEvent)[] => {
  if (purchase.missing.length > 0) {
    const isLimit = purchase.missing.every(({ code }) => code === 'stock.too_many_holds');
    return [giveUp(purchase, at, isLimit ? 'checkout.hold_limit' : 'checkout.out_of_stock')];
  }
  const left = leaveIfAllCancelled(purchase, at);
  if (left.length > 0 || Object.values(purchase.holds).some(({ step }) => step === 'requested')) return left;
  return [ask(purchase, at, 'pay', purchase.plan.paymentId)];
};

/** An order that was cancelled by itself lets its goods go; when none is left, so does the checkout. */
const leaveIfAllCancelled = (purchase: Purchase, at: string): (Ask | CheckoutEvent)[] => {
  const gone = purchase.plan.orders.filter((order) => stepOf(purchase, order) === 'cancelled');
  if (gone.length === purchase.plan.orders.length) return [giveUp(purchase, at, 'checkout.cancelled')];
  return gone.flatMap((order) => releases(purchase, at, order));
};

const releases = (purchase: Purchase, at: string, order: PlannedOrder): Ask[] =>
  order.lines
    .filter(({ lineId }) => ['held', 'committed'].includes(purchase.holds[lineId]?.step ?? ''))
    .map(({ lineId }) => ask(purchase, at, 'release', lineId));

/** Paid, or COD: commit the goods and confirm each order by itself, so that what one seller lacks never stops the others. */
const goForward = (purchase: Purchase, at: string): (Ask | CheckoutEvent)[] => {
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
const bookings = (purchase: Purchase, at: string): Ask[] => {
  const { plan, payment, booked } = purchase;
  if (payment !== 'captured') return [];
  const hasPlatform = plan.platform.some(({ kind }) => platformAmount(plan, kind).amount !== 0);
  const ids = plan.orders.map(({ orderId }) => bookingIds.capture(orderId));
  return [...ids, ...(hasPlatform ? [bookingIds.platform(plan.paymentId)] : [])]
    .filter((bookingId) => !booked.includes(bookingId))
    .map((bookingId) => ask(purchase, at, 'book', bookingId));
};

const advance = (purchase: Purchase, at: string, order: PlannedOrder): Ask[] => {
  const { orderId, lines } = order;
  const step = stepOf(purchase, order);
  if (step === 'cancelled') {
    const refund = purchase.refunded.includes(orderId) ? [] : [ask(purchase, at, 'refund', orderId)];
    return [...releases(purchase, at, order), ...refund];
  }
  if (step !== 'open') return [];
  const steps = stepsOf(purchase, orderId);
  if (steps.includes('lost')) return [ask(purchase, at, 'cancel_order', orderId)];
  if (steps.every((each) => each === 'committed')) return [ask(purchase, at, 'confirm_order', orderId)];
  return lines.flatMap(({ lineId }): Ask[] => {
    const hold = purchase.holds[lineId];
    if (hold?.step === 'held') return [ask(purchase, at, 'commit', lineId, hold.attempt)];
    return hold?.step === 'expired' ? [ask(purchase, at, 'hold', lineId, hold.attempt + 1)] : [];
  });
};

const clearCart = (purchase: Purchase, at: string): (Ask | CheckoutEvent)[] => {
  if (purchase.cartRemoval !== 'none') return [];
  if (boughtLines(purchase).length === 0) return [{ type: 'checkout.completed', ...says(purchase, at) }];
  return [ask(purchase, at, 'clear_cart', purchase.cartId)];
};

/** What was really bought of the cart: the lines of confirmed orders. */
export const boughtLines = (purchase: Purchase): { lineId: string; quantity: number }[] =>
  purchase.plan.orders
    .filter((order) => stepOf(purchase, order) === 'confirmed')
    .flatMap(({ lines }) => lines.flatMap(({ cartLineId, quantity }) => (cartLineId === null ? [] : [{ lineId: cartLineId, quantity }])));

/** The payment first: only when it can no longer bring money are goods and orders let go. */
const undo = (purchase: Purchase, at: string): (Ask | CheckoutEvent)[] => {
  const { plan, payment, giveUp: why } = purchase;
  if (payment === 'open') return [ask(purchase, at, 'void', plan.paymentId)];
  if (payment === 'requested') return askAgain(purchase, at);
  if (payment === 'voiding') return [];
  const events = plan.orders.flatMap((order) => [
    ...releases(purchase, at, order),
    ...(stepOf(purchase, order) === 'open' ? [ask(purchase, at, 'cancel_order', order.orderId)] : []),
  ]);
  if (events.length > 0 || Object.keys(purchase.open).length > 0 || purchase.stuck.length > 0) return events;
  return [ended(purchase, at, why ?? { outcome: 'failed', reason: 'checkout.failed' })];
};

/** NOTE: that a payment is there need not have been noted. Asked for once more, it is there for sure, and noted. */
const askAgain = (purchase: Purchase, at: string): Ask[] => {
  const { paymentId } = purchase.plan;
  return purchase.open[keyOf('pay', paymentId)] === 1 ? [ask(purchase, at, 'pay', paymentId, 2)] : [];
};

export const ended = (purchase: Purchase, at: string, why: NonNullable<Purchase['giveUp']>): CheckoutEvent =>
  why.outcome === 'expired'
    ? { type: 'checkout.expired', ...says(purchase, at), reason: why.reason }
    : { type: 'checkout.failed', ...says(purchase, at), reason: why.reason, lines: [...purchase.missing] };
