// Carries a purchase from its split plan to its end: orders, holds, payment, commits, confirmations, cart; or everything undone again.
import type { CartEvent } from '../../domain/cart/events.ts';
import type { CheckoutEvent } from '../../domain/checkout/events.ts';
import { checkoutProcess, wakeAt } from '../../domain/checkout/process.ts';
import { follow, giveUp, isForward, lineOfHold, says } from '../../domain/checkout/progress.ts';
import {
  type Checkout,
  type HoldStep,
  type Intent,
  isIntent,
  isOpen,
  isPurchase,
  keyOf,
  type Purchase,
  subjectOf,
} from '../../domain/checkout/state.ts';
import type { LedgerEvent } from '../../domain/ledger/events.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { StockEvent } from '../../domain/stock/events.ts';
import { sendsOf } from './checkout-commands.ts';
import { refundIds } from './fulfilment.ts';
import type { Saga, Settled } from './saga.ts';

type Trigger = OrderEvent | StockEvent | PaymentEvent | LedgerEvent | CartEvent;

const reads = [
  'order.created',
  'order.confirmed',
  'order.cancelled',
  'stock.held',
  'stock.hold_committed',
  'stock.hold_released',
  'stock.hold_expired',
  'payment.created',
  'payment.pending',
  'payment.captured',
  'payment.reinstated',
  'payment.failed',
  'payment.voided',
  'payment.part_voided',
  'payment.refund_due',
  'payment.refund_requested',
  'ledger.booked',
  'cart.lines_removed',
] as const satisfies readonly Trigger['type'][];

type Read = Extract<Trigger, { type: (typeof reads)[number] }>;

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

/** What a trigger says about this purchase, in its own words; nothing when that is known already. What follows from it is added by `follow`. */
const taken = (purchase: Purchase, event: Read, at: string): CheckoutEvent[] => {
  const common = says(purchase, at);
  switch (event.type) {
    case 'order.created':
      return purchase.orders[event.orderId] === 'requested' ? [{ type: 'checkout.order_opened', ...common, orderId: event.orderId }] : [];
    case 'order.confirmed':
      return purchase.orders[event.orderId] === 'confirming'
        ? [{ type: 'checkout.order_confirmed', ...common, orderId: event.orderId }]
        : [];
    case 'order.cancelled': {
      // NOTE: a confirmed order is the fulfilment's affair, whoever cancels it, and touches no other order.
      const step = purchase.orders[event.orderId];
      const isOurs = step !== undefined && step !== 'cancelled' && !event.confirmed;
      return isOurs ? [{ type: 'checkout.order_cancelled', ...common, orderId: event.orderId }] : [];
    }
    case 'stock.held':
      return onHold(purchase, event.holdId, 'requested', { type: 'checkout.stock_held', ...common });
    case 'stock.hold_committed':
      return onHold(purchase, event.holdId, 'committing', { type: 'checkout.stock_committed', ...common });
    case 'stock.hold_released':
    case 'stock.hold_expired':
      return onHold(purchase, event.holdId, 'releasing', { type: 'checkout.stock_released', ...common });
    case 'ledger.booked':
      return isAwaited(purchase, 'checkout.booking_requested', event.bookingId)
        ? [{ type: 'checkout.booked', ...common, bookingId: event.bookingId }]
        : [];
    case 'cart.lines_removed':
      return isAwaited(purchase, 'checkout.cart_removal_requested', purchase.cartId) ? [{ type: 'checkout.completed', ...common }] : [];
    default:
      return takenOfPayment(purchase, event, at);
  }
};

const isAwaited = (purchase: Purchase, type: Intent['type'], subject: string) => keyOf(type, subject) in purchase.open;

type OfHold = Extract<CheckoutEvent, { type: 'checkout.stock_held' | 'checkout.stock_committed' | 'checkout.stock_released' }>;

const onHold = (purchase: Purchase, holdId: string, awaited: HoldStep, said: Omit<OfHold, 'lineId' | 'holdId'>): CheckoutEvent[] => {
  const lineId = lineOfHold(holdId);
  const hold = purchase.holds[lineId];
  return hold?.holdId === holdId && hold.step === awaited ? [{ ...said, lineId, holdId }] : [];
};

const takenOfPayment = (purchase: Purchase, event: Extract<Read, PaymentEvent>, at: string): CheckoutEvent[] => {
  const { payment, status, plan } = purchase;
  const common = { ...says(purchase, at), paymentId: plan.paymentId };
  switch (event.type) {
    case 'payment.created':
      return payment === 'requested' ? [{ type: 'checkout.payment_opened', ...common }] : [];
    case 'payment.pending':
      return status === 'Reserved' && plan.method !== 'cod' ? [...openedNow(purchase, common), awaiting(purchase, at)] : [];
    case 'payment.captured':
    case 'payment.reinstated': {
      // NOTE: while it is being given up the answer to the void decides: the payment gives back what it took before.
      const isWaiting = (payment === 'requested' || payment === 'open') && status !== 'Compensating';
      return isWaiting && !event.cod ? [paid(purchase, at)] : [];
    }
    case 'payment.failed':
      return isUnpaid(purchase) ? [...openedNow(purchase, common), giveUp(purchase, at, 'checkout.payment_failed')] : [];
    case 'payment.voided':
      if (event.final) return payment === 'voiding' ? [{ type: 'checkout.payment_voided', ...common }] : [];
      return isUnpaid(purchase) ? [...openedNow(purchase, common), giveUp(purchase, at, 'checkout.payment_failed')] : [];
    case 'payment.refund_due':
      return payment === 'voiding' ? [{ type: 'checkout.payment_voided', ...common }] : [];
    case 'payment.part_voided':
      return refunding(purchase, event.orderId, at);
    case 'payment.refund_requested':
      return event.refundId === refundIds.cancelled(event.orderId) ? refunding(purchase, event.orderId, at) : [];
    default:
      return event satisfies never;
  }
};

/** A payment that does anything at all was created, even if we hear of it in another order. */
const openedNow = ({ payment }: Purchase, common: ReturnType<typeof says> & { paymentId: string }): CheckoutEvent[] =>
  payment === 'requested' ? [{ type: 'checkout.payment_opened', ...common }] : [];

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

const refunding = (purchase: Purchase, orderId: string, at: string): CheckoutEvent[] =>
  isAwaited(purchase, 'checkout.refund_requested', orderId) ? [{ type: 'checkout.share_refunding', ...says(purchase, at), orderId }] : [];

const isUnpaid = (purchase: Purchase) => (purchase.status === 'Reserved' || purchase.status === 'AwaitingPayment') && !isForward(purchase);

/** The holds are over: the purchase expires. What takes too long elsewhere is shown to an operator. */
const wake = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const due = wakeAt(purchase);
  if (due === null || at < due) return [];
  const isWaiting = ['Priced', 'Reserving', 'Reserved', 'AwaitingPayment'].includes(purchase.status) && !isForward(purchase);
  if (isWaiting) return [giveUp(purchase, at, 'checkout.expired', 'expired')];
  return [{ type: 'checkout.human_needed', ...says(purchase, at), reason: 'too_slow' }];
};

/** The outcome of a command that was done before: what its event would have said. */
const doneBefore = (purchase: Purchase, intent: Intent, at: string): CheckoutEvent => {
  const common = says(purchase, at);
  switch (intent.type) {
    case 'checkout.order_requested':
      return { type: 'checkout.order_opened', ...common, orderId: intent.orderId };
    case 'checkout.hold_requested':
      return { type: 'checkout.stock_held', ...common, lineId: intent.lineId, holdId: intent.holdId };
    case 'checkout.payment_requested':
      return { type: 'checkout.payment_opened', ...common, paymentId: intent.paymentId };
    case 'checkout.commit_requested':
      return { type: 'checkout.stock_committed', ...common, lineId: intent.lineId, holdId: intent.holdId };
    case 'checkout.confirm_requested':
      return { type: 'checkout.order_confirmed', ...common, orderId: intent.orderId };
    case 'checkout.booking_requested':
      return { type: 'checkout.booked', ...common, bookingId: intent.bookingId };
    case 'checkout.refund_requested':
      return { type: 'checkout.share_refunding', ...common, orderId: intent.orderId };
    case 'checkout.cart_removal_requested':
      return { type: 'checkout.completed', ...common };
    case 'checkout.void_requested':
      return { type: 'checkout.payment_voided', ...common, paymentId: intent.paymentId };
    case 'checkout.release_requested':
      return { type: 'checkout.stock_released', ...common, lineId: intent.lineId, holdId: intent.holdId };
    case 'checkout.cancel_requested':
      return { type: 'checkout.order_cancelled', ...common, orderId: intent.orderId };
    default:
      return intent satisfies never;
  }
};

type Refused = Extract<CheckoutEvent, { type: 'checkout.command_refused' }>;

const settled = (purchase: Purchase, intent: Intent, { code, details, at }: Settled): CheckoutEvent => {
  if (code === 'already_so') return doneBefore(purchase, intent, at);
  // The order was cancelled by itself a moment before, and the money was there a moment before: both came first, so both win.
  if (intent.type === 'checkout.confirm_requested' && code === 'order.cancelled')
    return { type: 'checkout.order_cancelled', ...says(purchase, at), orderId: intent.orderId };
  if (intent.type === 'checkout.void_requested' && code === 'payment.already_captured') return paid(purchase, at);
  const plain: Refused['details'] = JSON.parse(JSON.stringify(details));
  return { type: 'checkout.command_refused', ...says(purchase, at), intent: intent.type, subject: subjectOf(intent), code, details: plain };
};

export const checkout: Saga<Checkout, CheckoutEvent> = {
  process: checkoutProcess,
  reads,
  correlate: ({ event }: Recorded) => (isRead(event) ? (event.checkoutId ?? null) : null),
  react: (state, trigger) => {
    if (!isPurchase(state)) return [];
    const at = 'event' in trigger ? trigger.metadata.occurredAt : trigger.at;
    const said = 'type' in trigger ? wake(state, at) : isRead(trigger.event) ? taken(state, trigger.event, at) : [];
    return said.length === 0 ? [] : follow(state, said, at);
  },
  sends: (intent, state) => {
    if (!isIntent(intent) || !isPurchase(state)) throw new RangeError(`${intent.type} asks for nothing`);
    return sendsOf(state, intent);
  },
  settled: (intent, state, outcome) => {
    if (!isIntent(intent) || !isPurchase(state) || !isOpen(state, intent)) return [];
    return follow(state, [settled(state, intent, outcome)], outcome.at);
  },
};
