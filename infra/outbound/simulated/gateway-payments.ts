// What the simulated gateway does with payments: every act is one transaction of state, books and notices, and a repeat finds the first result.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { GatewayPayment, GatewayPaymentStatus, PaymentNotice, PaymentRequest, SimulatePayment } from '../payment-gateway.port.ts';
import type { NoticeBehaviour } from '../simulation.ts';
import type { Switchboard } from './faults.ts';
import type { GatewayStore } from './gateway-store.ts';
import { instructionsFor } from './instructions.ts';
import { Refusal } from './server.ts';
import type { Webhooks } from './webhooks.ts';

type PaymentNoticeType = Exclude<PaymentNotice['type'], `refund.${string}`>;

const noticeOf: Record<Exclude<GatewayPaymentStatus, 'pending'>, PaymentNoticeType> = {
  authorized: 'payment.authorized',
  captured: 'payment.captured',
  failed: 'payment.failed',
  expired: 'payment.expired',
  voided: 'payment.voided',
};

export interface GatewayParts {
  readonly store: GatewayStore;
  readonly webhooks: Webhooks;
  readonly board: Switchboard;
  /** The merchant whose payments this gateway takes. */
  readonly account: string;
  readonly clock: () => number;
}

export const instant = (clock: () => number): string => new Date(clock()).toISOString();

export const mustFindPayment = (store: GatewayStore, paymentId: string): GatewayPayment => {
  const payment = store.payment(paymentId);
  if (!payment) throw new Refusal(404, 'unknown_payment', 'There is no such payment.');
  return payment;
};

/** One transaction, then the notices go out. */
export const acting =
  (store: GatewayStore, webhooks: Webhooks) =>
  <T>(what: () => T): T => {
    const result = store.transaction(what);
    webhooks.wake();
    return result;
  };

const waits = ({ status }: GatewayPayment) => status === 'pending' || status === 'authorized';

/** Refuses an id that comes again with other values: an id names one payment for ever. */
const mustBeSame = (known: GatewayPayment, { channel: _channel, ...asked }: PaymentRequest) => {
  const { paymentId, checkoutId, account, amount, method, expiresAt } = known;
  if (!isDeepStrictEqual({ paymentId, checkoutId, account, amount, method, expiresAt }, asked)) {
    throw new Refusal(422, 'id_reused', 'This payment id was used with other values.');
  }
};

export const paymentActs = ({ store, webhooks, board, account, clock }: GatewayParts) => {
  const now = () => instant(clock);
  const mustFind = (paymentId: string) => mustFindPayment(store, paymentId);
  const act = acting(store, webhooks);

  /** Takes a payment through `statuses`, one notice each; captures enter the books. */
  const advance = (
    payment: GatewayPayment,
    statuses: readonly Exclude<GatewayPaymentStatus, 'pending'>[],
    behaviour: NoticeBehaviour,
    paid = payment.amount.amount,
  ): GatewayPayment => {
    const at = now();
    const { paymentId, checkoutId } = payment;
    const { currency } = payment.amount;
    const status = statuses.at(-1) ?? payment.status;
    const captured = status === 'captured' ? { amount: paid, currency } : payment.captured;
    const next: GatewayPayment = { ...payment, status, captured, updatedAt: at };
    store.updatePayment(next);
    if (status === 'captured') {
      store.move({ kind: 'capture', id: paymentId, paymentId, checkoutId, account: payment.account, amount: captured, occurredAt: at });
    }
    const notices = statuses.map((step): PaymentNotice => {
      const amount = step === 'captured' ? captured : payment.amount;
      return { type: noticeOf[step], eventId: randomUUID(), occurredAt: at, account: payment.account, paymentId, checkoutId, amount };
    });
    webhooks.enqueue(paymentId, notices, behaviour);
    return next;
  };

  const isOverdue = (payment: GatewayPayment) => waits(payment) && payment.expiresAt <= now();

  /** The payment as it stands now: one whose time has passed expires by being looked at, if no sweep came first. */
  const current = (paymentId: string): GatewayPayment => {
    const payment = mustFind(paymentId);
    return isOverdue(payment) ? advance(payment, ['expired'], board.current()) : payment;
  };

  const pay = (payment: GatewayPayment, act: SimulatePayment, behaviour: NoticeBehaviour): GatewayPayment => {
    if (payment.status === 'captured') return payment;
    if (!waits(payment) && !act.late) throw new Refusal(409, payment.status, `This payment is ${payment.status} already.`);
    const steps =
      payment.method === 'card' && payment.status === 'pending' ? (['authorized', 'captured'] as const) : (['captured'] as const);
    return advance(payment, steps, behaviour, act.amount);
  };

  const simulate = (payment: GatewayPayment, act: SimulatePayment, behaviour: NoticeBehaviour): GatewayPayment => {
    const mustWait = () => {
      if (!waits(payment)) throw new Refusal(409, payment.status, `This payment is ${payment.status} already.`);
    };
    switch (act.outcome) {
      case 'pay':
        return pay(payment, act, behaviour);
      case 'authorize':
        if (payment.status === 'authorized') return payment;
        if (payment.method !== 'card' && payment.method !== 'e_wallet') {
          throw new Refusal(422, 'not_authorizable', `${payment.method} is captured at once.`);
        }
        mustWait();
        return advance(payment, ['authorized'], behaviour);
      case 'capture':
        if (payment.status === 'pending') throw new Refusal(409, 'not_authorized', 'Only what is authorized can be captured.');
        return pay(payment, act, behaviour);
      case 'fail':
        if (payment.status === 'failed') return payment;
        mustWait();
        return advance(payment, ['failed'], behaviour);
      case 'expire':
        if (payment.status === 'expired') return payment;
        mustWait();
        return advance(payment, ['expired'], behaviour);
      default:
        return act.outcome satisfies never;
    }
  };

  return {
    create: (request: PaymentRequest): GatewayPayment =>
      act(() => {
        const known = store.payment(request.paymentId);
        if (known) {
          mustBeSame(known, request);
          return known;
        }
        if (request.account !== account) throw new Refusal(422, 'unknown_account', 'This merchant is not known here.');
        if (request.amount.amount <= 0) throw new Refusal(422, 'invalid_amount', 'A payment is more than nothing.');
        const at = now();
        if (request.expiresAt <= at) throw new Refusal(422, 'already_expired', 'The expiry is in the past.');
        const { channel: _channel, ...asked } = request;
        const none = { amount: 0, currency: request.amount.currency };
        const instructions = instructionsFor(request);
        const payment: GatewayPayment = { ...asked, status: 'pending', captured: none, refunded: none, instructions, updatedAt: at };
        store.addPayment(payment);
        return board.current().payAtOnce ? pay(payment, { outcome: 'pay' }, board.current()) : payment;
      }),
    status: (paymentId: string): GatewayPayment => {
      const payment = mustFind(paymentId);
      return isOverdue(payment) ? act(() => current(paymentId)) : payment;
    },
    simulate: (paymentId: string, wish: SimulatePayment): GatewayPayment =>
      // A payment that is paid late or expired by hand is not expired by the clock first.
      act(() => {
        const payment = wish.late || wish.outcome === 'expire' ? mustFind(paymentId) : current(paymentId);
        return simulate(payment, wish, { ...board.current(), ...wish });
      }),
    void: (paymentId: string): GatewayPayment =>
      act(() => {
        const payment = current(paymentId);
        if (payment.status === 'captured') throw new Refusal(409, 'already_captured', 'What is captured can only be refunded.');
        return waits(payment) ? advance(payment, ['voided'], board.current()) : payment;
      }),
    /** Expires what waits beyond its time; called by the gateway's own sweep. */
    expireOverdue: (): number =>
      act(() => {
        const overdue = store.overdue(now(), 500);
        for (const paymentId of overdue) current(paymentId);
        return overdue.length;
      }),
  };
};
