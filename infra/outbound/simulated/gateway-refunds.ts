// What the simulated gateway does with refunds: never more than was captured, never one id twice.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { GatewayRefund, PaymentNotice, RefundRequest } from '../payment-gateway.port.ts';
import type { NoticeBehaviour } from '../simulation.ts';
import { acting, type GatewayParts, instant, mustFindPayment } from './gateway-payments.ts';
import { Refusal } from './server.ts';

export const refundActs = ({ store, webhooks, board, clock }: GatewayParts) => {
  const now = () => instant(clock);
  const act = acting(store, webhooks);

  const mustFind = (refundId: string): GatewayRefund => {
    const found = store.refund(refundId);
    if (!found) throw new Refusal(404, 'unknown_refund', 'There is no such refund.');
    return found;
  };

  const settleRefund = (refund: GatewayRefund, status: 'succeeded' | 'failed', behaviour: NoticeBehaviour): GatewayRefund => {
    const payment = mustFindPayment(store, refund.paymentId);
    const at = now();
    const { paymentId, checkoutId } = payment;
    const { refundId, orderId, amount } = refund;
    const next: GatewayRefund = { ...refund, status, updatedAt: at };
    store.saveRefund(next);
    if (status === 'succeeded') {
      store.move({ kind: 'refund', id: refundId, paymentId, checkoutId, account: payment.account, amount, occurredAt: at });
    } else {
      // What was reserved when the refund was taken on may be refunded again.
      const refunded = { ...payment.refunded, amount: payment.refunded.amount - amount.amount };
      store.updatePayment({ ...payment, refunded, updatedAt: at });
    }
    const notice: PaymentNotice = {
      type: `refund.${status}`,
      eventId: randomUUID(),
      occurredAt: at,
      account: payment.account,
      paymentId,
      checkoutId,
      amount,
      refundId,
      orderId,
    };
    webhooks.enqueue(paymentId, [notice], behaviour);
    return next;
  };

  const refund = (request: RefundRequest): GatewayRefund => {
    const known = store.refund(request.refundId);
    if (known) {
      const { status: _status, updatedAt: _updatedAt, ...asked } = known;
      if (!isDeepStrictEqual(asked, request)) throw new Refusal(422, 'id_reused', 'This refund id was used with other values.');
      return known;
    }
    const payment = mustFindPayment(store, request.paymentId);
    const { amount, currency } = request.amount;
    if (currency !== payment.amount.currency) throw new Refusal(422, 'wrong_currency', `The payment is in ${payment.amount.currency}.`);
    if (amount <= 0) throw new Refusal(422, 'invalid_amount', 'A refund is more than nothing.');
    if (payment.refunded.amount + amount > payment.captured.amount)
      throw new Refusal(409, 'exceeds_captured', 'More than what was captured.');
    const at = now();
    store.updatePayment({ ...payment, refunded: { currency, amount: payment.refunded.amount + amount }, updatedAt: at });
    const taken: GatewayRefund = { ...request, status: 'pending', updatedAt: at };
    store.saveRefund(taken);
    if (board.strikes('refundsPending')) return taken;
    return settleRefund(taken, board.strikes('refundsFail') ? 'failed' : 'succeeded', board.current());
  };

  return {
    create: (request: RefundRequest): GatewayRefund => act(() => refund(request)),
    status: mustFind,
    simulate: (refundId: string, outcome: 'succeed' | 'fail'): GatewayRefund =>
      act(() => {
        const found = mustFind(refundId);
        if (found.status !== 'pending') return found;
        return settleRefund(found, outcome === 'succeed' ? 'succeeded' : 'failed', board.current());
      }),
  };
};
