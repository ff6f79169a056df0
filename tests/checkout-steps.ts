// The steps of a checkout for tests of its saga: what stands in its own stream, and what the other streams say.
import { checkout as decider, type StartCheckout } from '../domain/checkout/checkout.ts';
import type { CheckoutEvent } from '../domain/checkout/events.ts';
import { money } from '../domain/money.ts';
import type { OrderEvent } from '../domain/order/events.ts';
import type { PaymentEvent } from '../domain/payment/events.ts';
import type { StockEvent } from '../domain/stock/events.ts';
import { recorded } from './given-saga.ts';
import { address, quote, soon, start } from './sample-purchase.ts';

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

// The checkout's own events.
export const opened = (orderId: string): CheckoutEvent => ({ type: 'checkout.order_opened', ...common, orderId });
export const holding = (lineId: string, attempt = 1, until = '2026-01-01T12:31:00.000Z'): Of<'checkout.hold_requested'> => ({
  ...{ type: 'checkout.hold_requested', ...common, attempt, lineId, holdId: `${lineId}.${attempt}`, until },
});
export const held = (lineId: string, attempt = 1): CheckoutEvent => ({
  type: 'checkout.stock_held',
  ...common,
  lineId,
  holdId: `${lineId}.${attempt}`,
});
export const paying: Of<'checkout.payment_requested'> = { type: 'checkout.payment_requested', ...payment, attempt: 1 };
export const payable: CheckoutEvent = { type: 'checkout.payment_opened', ...payment };
export const awaiting: CheckoutEvent = { type: 'checkout.awaiting_payment', ...payment, expiresAt: '2026-01-01T12:16:00.000Z' };
export const paid: CheckoutEvent = { type: 'checkout.paid', ...payment, amount: whole };
export const committing = (lineId: string, attempt = 1): Of<'checkout.commit_requested'> => ({
  ...{ type: 'checkout.commit_requested', ...common, attempt, lineId, holdId: `${lineId}.${attempt}` },
});
export const committed = (lineId: string, attempt = 1): CheckoutEvent => ({
  ...{ type: 'checkout.stock_committed', ...common, lineId, holdId: `${lineId}.${attempt}` },
});
export const confirming = (orderId: string): Of<'checkout.confirm_requested'> => ({
  type: 'checkout.confirm_requested',
  ...common,
  attempt: 1,
  orderId,
});
export const confirmed = (orderId: string): CheckoutEvent => ({ type: 'checkout.order_confirmed', ...common, orderId });
export const booking = (orderId: string): Of<'checkout.booking_requested'> => ({
  ...{ type: 'checkout.booking_requested', ...common, attempt: 1, bookingId: `capture.${orderId}`, orderId },
});
export const booked = (orderId: string): CheckoutEvent => ({ type: 'checkout.booked', ...common, bookingId: `capture.${orderId}` });
export const refunding = (orderId: string, reason: string): Of<'checkout.refund_requested'> => ({
  ...{ type: 'checkout.refund_requested', ...common, attempt: 1, orderId, reason },
});
export const done = (orderIds: string[]): CheckoutEvent => ({ type: 'checkout.confirmed', ...common, orderIds });
export const clearing: Of<'checkout.cart_removal_requested'> = {
  type: 'checkout.cart_removal_requested',
  ...common,
  attempt: 1,
  cartId: 'b1',
};
export const completed: CheckoutEvent = { type: 'checkout.completed', ...common };
export const givingUp = (reason: string, outcome: 'failed' | 'expired' = 'failed', at = soon): CheckoutEvent => ({
  ...{ type: 'checkout.compensating', ...common, at, outcome, reason },
});
export const voiding: Of<'checkout.void_requested'> = { type: 'checkout.void_requested', ...payment, attempt: 1 };
export const voided: CheckoutEvent = { type: 'checkout.payment_voided', ...payment };
export const releasing = (lineId: string, attempt = 1): Of<'checkout.release_requested'> => ({
  ...{ type: 'checkout.release_requested', ...common, attempt, lineId, holdId: `${lineId}.${attempt}` },
});
export const released = (lineId: string, attempt = 1): CheckoutEvent => ({
  ...{ type: 'checkout.stock_released', ...common, lineId, holdId: `${lineId}.${attempt}` },
});
export const cancelling = (orderId: string, reason: string): Of<'checkout.cancel_requested'> => ({
  ...{ type: 'checkout.cancel_requested', ...common, attempt: 1, orderId, reason },
});
export const cancelled = (orderId: string): CheckoutEvent => ({ type: 'checkout.order_cancelled', ...common, orderId });
export const failed = (reason: string, lines: Of<'checkout.failed'>['lines'] = []): CheckoutEvent => ({
  type: 'checkout.failed',
  ...common,
  reason,
  lines,
});
export const refused = (intent: Type, subject: string, code: string): CheckoutEvent => ({
  ...{ type: 'checkout.command_refused', ...common, intent, subject, code, details: {} },
});
export const human = (reason: string): CheckoutEvent => ({ type: 'checkout.human_needed', ...common, reason });
export const missing = (lineId: string, code = 'stock.insufficient') => ({ lineId, variantId: `v-${lineId}`, sku: `SKU-${lineId}`, code });

// How far a purchase is.
export const lineIds = ['l1', 'l2', 'l3'];
export const orderIds = ['o1', 'o2'];
export const started = begun();
export const reserving = [...started, ...each(orderIds, opened), ...each(lineIds, (id) => holding(id))];
export const reserved = [...reserving, ...each(lineIds, (id) => held(id)), paying];
export const waiting = [...reserved, payable, awaiting];
export const captured = [...waiting, paid, ...each(orderIds, booking), ...each(lineIds, (id) => committing(id))];

// What other streams say.
export const order = (orderId: string) => ({ ...common, orderId, sellerId: orderId === 'o1' ? 's1' : 's2' });
export const orderCreated = (orderId: string) => {
  const terms = { courier: 'JNE', service: 'REG', weightGrams: 1, price: none };
  const totals = { items: none, tax: none, shipping: none, total: none };
  const event: OrderEvent = {
    ...{
      type: 'order.created',
      ...order(orderId),
      paymentId: 'pay1',
      cod: false,
      lines: [],
      shipping: terms,
      totals,
      address,
      payUntil: soon,
    },
  };
  return recorded(event, soon);
};
export const orderConfirmed = (orderId: string) => {
  const said = { paymentId: 'pay1', cod: false, total: none, sellerNet: none, holds: [], acceptBy: soon };
  const event: OrderEvent = { type: 'order.confirmed', ...order(orderId), ...said };
  return recorded(event, soon);
};
export const orderCancelled = (orderId: string, isConfirmed: boolean, by: 'buyer' | 'seller' = 'buyer') => {
  const event: OrderEvent = {
    ...{ type: 'order.cancelled', ...order(orderId), reason: 'any', by, paymentId: 'pay1', cod: false, confirmed: isConfirmed },
  };
  return recorded(event, soon);
};
export const onStock = (type: 'stock.held' | 'stock.hold_committed' | 'stock.hold_released' | 'stock.hold_expired', holdId: string) => {
  const goods = { variantId: 'v', location: 'main', productId: 'p', sellerId: 's1', available: 1, onHand: 1, at: soon };
  const event: StockEvent = { type, ...goods, holdId, checkoutId: 'k1', orderId: 'o1', buyerId: 'b1', quantity: 1, until: soon };
  return recorded(event, soon);
};
export const paymentCreated = recorded({ type: 'payment.created', ...payment }, soon);
export const pending = recorded<PaymentEvent>({ type: 'payment.pending', ...payment, partId: 'pay1.1', expiresAt: soon }, soon);
export const settledPayment = { ...payment, method: 'qris', amount: whole, interest: none, rounding: none, orders: [], cod: false };
export const paymentCaptured = recorded<PaymentEvent>({ type: 'payment.captured', ...settledPayment }, soon);
export const reinstated = recorded<PaymentEvent>({ type: 'payment.reinstated', ...settledPayment }, soon);
export const paymentFailed = recorded<PaymentEvent>({ type: 'payment.failed', ...payment, partId: 'pay1.1', reason: 'declined' }, soon);
export const paymentVoided = (final: boolean) => recorded<PaymentEvent>({ type: 'payment.voided', ...payment, final }, soon);
export const refundDue = recorded({ type: 'payment.refund_due', ...payment }, soon);
export const refundRequested = (orderId: string, refundId: string) =>
  recorded({ type: 'payment.refund_requested', ...payment, orderId, refundId }, soon);
export const ledgerBooked = (orderId: string) => recorded({ type: 'ledger.booked', ...payment, bookingId: `capture.${orderId}` }, soon);
export const linesRemoved = recorded({ type: 'cart.lines_removed', ...common, cartId: 'b1', lines: [] }, soon);
