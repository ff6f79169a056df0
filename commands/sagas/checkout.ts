// Carries a purchase from its split plan to its end: orders, holds, payment, commits, confirmations, cart; or everything undone again.
import type { CheckoutEvent, Done } from '../../domain/checkout/events.ts';
import { checkoutProcess, wakeAt } from '../../domain/checkout/process.ts';
import { follow, giveUp, isForward, says } from '../../domain/checkout/progress.ts';
import {
  type Checkout,
  type Intent,
  isAwaited,
  isIntent,
  isPurchase,
  type Purchase,
  partOf,
  subjectOf,
} from '../../domain/checkout/state.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import { sendOf } from './checkout-commands.ts';
import type { Outcomes, Saga, Settled } from './saga.ts';

type Trigger = OrderEvent | PaymentEvent;

/** What others do by themselves. How its own commands end, the sender tells. */
const reads = [
  'order.cancelled',
  'payment.pending',
  'payment.captured',
  'payment.reinstated',
  'payment.failed',
  'payment.voided',
] as const satisfies readonly Trigger['type'][];

type Read = Extract<Trigger, { type: (typeof reads)[number] }>;

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

/** What a trigger says about this purchase, in its own words; nothing when that is known already. What follows from it is added by `follow`. */
const taken = (purchase: Purchase, event: Read, at: string): CheckoutEvent[] => {
  if (event.type !== 'order.cancelled') return takenOfPayment(purchase, event, at);
  // NOTE: a confirmed order is the fulfilment's affair, whoever cancels it, and touches no other order.
  const step = purchase.orders[event.orderId];
  const isOurs = step !== undefined && step !== 'cancelled' && !event.confirmed;
  return isOurs ? [orderCancelled(purchase, event.orderId, at)] : [];
};

const orderCancelled = (purchase: Purchase, orderId: string, at: string): CheckoutEvent => ({
  type: 'checkout.order_cancelled',
  ...says(purchase, at),
  orderId,
});

const takenOfPayment = (purchase: Purchase, event: Extract<Read, PaymentEvent>, at: string): CheckoutEvent[] => {
  const { payment, status, plan } = purchase;
  switch (event.type) {
    case 'payment.pending':
      return status === 'Reserved' && plan.method !== 'cod' ? [awaiting(purchase, at)] : [];
    case 'payment.captured':
    case 'payment.reinstated': {
      // NOTE: while it is being given up the answer to the void decides: the payment gives back what it took before.
      const isWaiting = (payment === 'requested' || payment === 'open') && status !== 'Compensating';
      return isWaiting && !event.cod ? [paid(purchase, at)] : [];
    }
    case 'payment.failed':
      return failed(purchase, at);
    case 'payment.voided':
      return event.final ? [] : failed(purchase, at);
    default:
      return event satisfies never;
  }
};

const failed = (purchase: Purchase, at: string): CheckoutEvent[] =>
  isUnpaid(purchase) ? [...openedNow(purchase, at), giveUp(purchase, at, 'checkout.payment_failed')] : [];

/** A payment that does anything at all was created. */
const openedNow = (purchase: Purchase, at: string): CheckoutEvent[] =>
  purchase.payment === 'requested' ? [advanced(purchase, at, [{ ask: 'pay', subject: purchase.plan.paymentId }])] : [];

const advanced = (purchase: Purchase, at: string, done: Done[]): CheckoutEvent => ({
  type: 'checkout.advanced',
  ...says(purchase, at),
  done,
});

const awaiting = (purchase: Purchase, at: string): CheckoutEvent => ({
  type: 'checkout.awaiting_payment',
  ...says(purchase, at),
  paymentId: purchase.plan.paymentId,
  expiresAt: purchase.plan.paymentExpiresAt,
});

const paid = (purchase: Purchase, at: string): CheckoutEvent => ({
  type: 'checkout.paid',
  ...says(purchase, at),
  paymentId: purchase.plan.paymentId,
  amount: purchase.plan.totals.total,
});

const isUnpaid = (purchase: Purchase) => (purchase.status === 'Reserved' || purchase.status === 'AwaitingPayment') && !isForward(purchase);

/** The holds are over: the purchase expires. What takes too long elsewhere is shown to an operator. */
const wake = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const due = wakeAt(purchase);
  if (due === null || at < due) return [];
  const isWaiting = ['Priced', 'Reserving', 'Reserved', 'AwaitingPayment'].includes(purchase.status) && !isForward(purchase);
  if (isWaiting) return [giveUp(purchase, at, 'checkout.expired', 'expired')];
  return [{ type: 'checkout.human_needed', ...says(purchase, at), reason: 'too_slow' }];
};

/**
 * Nobody waits for a payment's being there: what comes next is that it can be paid, and its own event says so. But of cash nothing more comes,
 * and what is given up must be there to be voided.
 */
const isNoted = ({ plan, status }: Purchase, { ask }: Done) => ask !== 'pay' || plan.method === 'cod' || status === 'Compensating';

const refused = (purchase: Purchase, { ask, subject }: Done, { code, details, at }: Settled): CheckoutEvent => {
  // The order was cancelled by itself a moment before, and the money was there a moment before: both came first, so both win.
  if (ask === 'confirm_order' && code === 'order.cancelled') return orderCancelled(purchase, subject, at);
  if (ask === 'void' && code === 'payment.already_captured') return paid(purchase, at);
  const plain: Extract<CheckoutEvent, { type: 'checkout.command_refused' }>['details'] = JSON.parse(JSON.stringify(details));
  return { type: 'checkout.command_refused', ...says(purchase, at), ask, subject, code, details: plain };
};

/** All that was done is one event; what was refused has one each. */
const settled = (purchase: Purchase, { asks }: Intent, outcomes: Outcomes): CheckoutEvent[] => {
  const done: Done[] = [];
  const others: CheckoutEvent[] = [];
  const { at } = outcomes[0];
  for (const outcome of outcomes) {
    const ask = asks.find((each) => partOf(each) === outcome.part);
    if (!ask || !isAwaited(purchase, ask)) continue;
    const what: Done = { ask: ask.ask, subject: subjectOf(ask) };
    if (outcome.code !== 'done' && outcome.code !== 'already_so') others.push(refused(purchase, what, outcome));
    else if (what.ask === 'clear_cart') others.push({ type: 'checkout.completed', ...says(purchase, at) });
    else if (isNoted(purchase, what)) done.push(what);
  }
  return done.length > 0 ? [advanced(purchase, at, done), ...others] : others;
};

export const checkout: Saga<Checkout, CheckoutEvent> = {
  process: checkoutProcess,
  reads,
  hearsAll: true,
  correlate: ({ event }: Recorded) => (isRead(event) ? event.checkoutId : null),
  react: (state, trigger) => {
    if (!isPurchase(state)) return [];
    const at = 'event' in trigger ? trigger.metadata.occurredAt : trigger.at;
    const said = 'type' in trigger ? wake(state, at) : isRead(trigger.event) ? taken(state, trigger.event, at) : [];
    return said.length === 0 ? [] : follow(state, said, at);
  },
  sends: (intent, state) => {
    if (!isIntent(intent) || !isPurchase(state)) throw new RangeError(`${intent.type} asks for nothing`);
    return intent.asks.map((ask) => ({ ...sendOf(state, ask, intent.at), part: partOf(ask) }));
  },
  settled: (intent, state, outcomes) => {
    if (!isIntent(intent) || !isPurchase(state)) return [];
    const said = settled(state, intent, outcomes);
    return said.length === 0 ? [] : follow(state, said, outcomes[0].at);
  },
};
