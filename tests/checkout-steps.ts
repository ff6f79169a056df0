// The steps of a checkout for tests of its saga: what stands in its own stream, and what the other streams say.

import { checkout } from '../commands/sagas/checkout.ts';
import type { Settled, TimerDue } from '../commands/sagas/saga.ts';
import { checkout as decider, type StartCheckout } from '../domain/checkout/checkout.ts';
import type { Ask, AskType, CheckoutEvent, Done } from '../domain/checkout/events.ts';
import { partOf } from '../domain/checkout/state.ts';
import type { Recorded } from '../domain/metadata.ts';
import { money } from '../domain/money.ts';
import type { OrderEvent } from '../domain/order/events.ts';
import type { PaymentEvent } from '../domain/payment/events.ts';
import { givenSaga, recorded } from './given-saga.ts';
import { quote, soon, start } from './sample-purchase.ts';

export const common = { checkoutId: 'k1', buyerId: 'b1', at: soon };
export const payment = { ...common, paymentId: 'pay1' };
export const whole = money(291_004, 'IDR');
export const none = money(0, 'IDR');
export type Type = CheckoutEvent['type'];
export type Of<T extends Type> = Extract<CheckoutEvent, { type: T }>;

export const begun = (by: Partial<StartCheckout> = {}): CheckoutEvent[] => {
  const quoted = decider.decide(quote, decider.initial);
  return [...quoted, ...decider.decide({ ...start, ...by }, quoted.reduce(decider.evolve, decider.initial))];
};
export const each = <Event>(ids: readonly string[], make: (id: string) => Event) => ids.map(make);

/** A step of a checkout: an event, something that was done, or something that is asked for. */
type Step = CheckoutEvent | Done | Ask;

/** The events that say these steps: what was done together is one event, and what is asked for stands in the event before it. */
export const told = (...steps: readonly Step[]): CheckoutEvent[] => {
  const events: CheckoutEvent[] = [];
  for (const step of steps) {
    const last = events.at(-1);
    if ('type' in step) events.push(step);
    else if ('attempt' in step) {
      if (!last || last.type === 'checkout.quoted') throw new Error(`nothing leads to ${step.ask}`);
      events[events.length - 1] = { ...last, asks: [...(last.asks ?? []), step] };
    } else if (last?.type === 'checkout.advanced' && !last.asks) events[events.length - 1] = { ...last, done: [...last.done, step] };
    else events.push({ type: 'checkout.advanced', ...common, done: [step] });
  }
  return events;
};

// What is asked for.
export const ordering = (orderId: string): Ask => ({ ask: 'create_order', attempt: 1, orderId });
export const holding = (lineId: string, attempt = 1, until = '2026-01-01T12:31:00.000Z'): Ask => ({
  ...{ ask: 'hold', attempt, lineId, holdId: `${lineId}.${attempt}`, until },
});
export const paying: Ask = { ask: 'pay', attempt: 1, paymentId: 'pay1' };
export const committing = (lineId: string, attempt = 1): Ask => ({ ask: 'commit', attempt, lineId, holdId: `${lineId}.${attempt}` });
export const confirming = (orderId: string): Ask => ({ ask: 'confirm_order', attempt: 1, orderId });
export const booking = (orderId: string): Ask => ({ ask: 'book', attempt: 1, bookingId: `capture.${orderId}`, orderId });
export const refunding = (orderId: string, reason: string): Ask => ({ ask: 'refund', attempt: 1, orderId, reason });
export const clearing: Ask = { ask: 'clear_cart', attempt: 1, cartId: 'b1' };
export const voiding: Ask = { ask: 'void', attempt: 1, paymentId: 'pay1' };
export const releasing = (lineId: string, attempt = 1): Ask => ({ ask: 'release', attempt, lineId, holdId: `${lineId}.${attempt}` });
export const cancelling = (orderId: string, reason: string): Ask => ({ ask: 'cancel_order', attempt: 1, orderId, reason });

// What was done.
export const opened = (subject: string): Done => ({ ask: 'create_order', subject });
export const held = (subject: string): Done => ({ ask: 'hold', subject });
export const payable: Done = { ask: 'pay', subject: 'pay1' };
export const committed = (subject: string): Done => ({ ask: 'commit', subject });
export const confirmed = (subject: string): Done => ({ ask: 'confirm_order', subject });
export const booked = (orderId: string): Done => ({ ask: 'book', subject: `capture.${orderId}` });
export const refunded = (subject: string): Done => ({ ask: 'refund', subject });
export const cleared: Done = { ask: 'clear_cart', subject: 'b1' };
export const voided: Done = { ask: 'void', subject: 'pay1' };
export const released = (subject: string): Done => ({ ask: 'release', subject });

// Turns.
export const awaiting: CheckoutEvent = { type: 'checkout.awaiting_payment', ...payment, expiresAt: '2026-01-01T12:16:00.000Z' };
export const paid: CheckoutEvent = { type: 'checkout.paid', ...payment, amount: whole };
export const done = (orderIds: string[]): CheckoutEvent => ({ type: 'checkout.confirmed', ...common, orderIds });
export const completed: CheckoutEvent = { type: 'checkout.completed', ...common };
export const givingUp = (reason: string, outcome: 'failed' | 'expired' = 'failed', at = soon): CheckoutEvent => ({
  ...{ type: 'checkout.compensating', ...common, at, outcome, reason },
});
export const cancelled = (orderId: string): CheckoutEvent => ({ type: 'checkout.order_cancelled', ...common, orderId });
export const failed = (reason: string, lines: Of<'checkout.failed'>['lines'] = []): CheckoutEvent => ({
  type: 'checkout.failed',
  ...common,
  reason,
  lines,
});
export const refused = (ask: AskType, subject: string, code: string): CheckoutEvent => ({
  ...{ type: 'checkout.command_refused', ...common, ask, subject, code, details: {} },
});
export const human = (reason: string): CheckoutEvent => ({ type: 'checkout.human_needed', ...common, reason });
export const missing = (lineId: string, code = 'stock.insufficient') => ({ lineId, variantId: `v-${lineId}`, sku: `SKU-${lineId}`, code });

/** given / when / then with steps: `whenDone` is what the sender tells, `whenSettled` also what it was refused. */
export const givenCheckout = (...past: readonly Step[]) => {
  const events = told(...past);
  const given = givenSaga(checkout, ...events);
  const inSteps = (outcome: ReturnType<typeof given.when>) => ({
    ...outcome,
    // biome-ignore lint/suspicious/noThenProperty: given / when / then is the vocabulary; nobody awaits this object
    then: (...expected: readonly Step[]) => outcome.then(...told(...expected)),
  });
  const settle = (asks: Ask[], [first, ...more]: Settled[]) => {
    if (!first) throw new Error('nothing was settled');
    return inSteps(given.whenSettled({ type: 'checkout.advanced', ...common, done: [], asks }, [first, ...more]));
  };
  const settled = (ask: Ask, code: string): Settled => ({ part: partOf(ask), code, details: {}, at: soon });
  const asked = events.flatMap((event) => ('asks' in event && event.asks) || []);
  return {
    ...given,
    when: (trigger: Recorded | TimerDue) => inSteps(given.when(trigger)),
    whenDone: (...what: readonly Done[]) => {
      const asks = what.flatMap(({ ask, subject }) => asked.findLast((each) => partOf(each) === `${ask}:${subject}`) ?? []);
      return settle(
        asks,
        asks.map((ask) => settled(ask, 'done')),
      );
    },
    whenSettled: (ask: Ask, code: string) => settle([ask], [settled(ask, code)]),
  };
};

// How far a purchase is.
export const lineIds = ['l1', 'l2', 'l3'];
export const orderIds = ['o1', 'o2'];
export const started: Step[] = begun();
export const reserving = [...started, ...each(orderIds, opened), ...each(lineIds, (id) => holding(id))];
export const reserved = [...reserving, ...each(lineIds, (id) => held(id)), paying];
export const waiting = [...reserved, awaiting];
export const captured = [...waiting, paid, ...each(orderIds, booking), ...each(lineIds, (id) => committing(id))];

// What other streams say.
export const order = (orderId: string) => ({ ...common, orderId, sellerId: orderId === 'o1' ? 's1' : 's2' });
export const orderCancelled = (orderId: string, isConfirmed: boolean, by: 'buyer' | 'seller' = 'buyer') => {
  const event: OrderEvent = {
    ...{ type: 'order.cancelled', ...order(orderId), reason: 'any', by, paymentId: 'pay1', cod: false, confirmed: isConfirmed },
  };
  return recorded(event, soon);
};
export const pending = recorded<PaymentEvent>({ type: 'payment.pending', ...payment, partId: 'pay1.1', expiresAt: soon }, soon);
export const settledPayment = { ...payment, method: 'qris', amount: whole, interest: none, rounding: none, orders: [], cod: false };
export const paymentCaptured = recorded<PaymentEvent>({ type: 'payment.captured', ...settledPayment }, soon);
export const reinstated = recorded<PaymentEvent>({ type: 'payment.reinstated', ...settledPayment }, soon);
export const paymentFailed = recorded<PaymentEvent>({ type: 'payment.failed', ...payment, partId: 'pay1.1', reason: 'declined' }, soon);
export const paymentVoided = (final: boolean) => recorded<PaymentEvent>({ type: 'payment.voided', ...payment, final }, soon);
