// What a payment's events mean: how far each part is, what each order has paid, and which refunds are on their way.

import type { Money } from '../money.ts';
import type { PaymentEvent } from './events.ts';
import type { Part, Share, ShareLine } from './shares.ts';

export type PartStatus = 'Created' | 'Pending' | 'Authorized' | 'Failed' | 'Expired' | 'Voided' | 'Collected' | 'Captured';
/** `instructed`: the buyer knows how to pay it; of no interest once it is paid or over. */
export type PartState = Part & { readonly status: PartStatus; readonly instructed: boolean };
export type ShareState = Share & { readonly paid: boolean };
export type RefundStatus = 'Requested' | 'Sent' | 'Unknown' | 'Failed' | 'Refunded';

export interface RefundState {
  readonly status: RefundStatus;
  readonly orderId: string;
  readonly sellerId: string;
  readonly amount: Money;
  readonly shipping: Money;
  readonly lines: readonly ShareLine[];
  readonly booked: boolean;
  readonly reason: string;
}

export type PaymentStatus =
  | 'Created'
  | 'Pending'
  | 'Authorized'
  | 'Failed'
  | 'Expired'
  | 'Voided'
  | 'Captured'
  | 'PartiallyRefunded'
  | 'RefundDue'
  | 'Refunded';

/**
 * NOTE: nothing here may depend on the order in which notices came, since a provider keeps none: statuses only rise by `rank`,
 * lists of ids are sorted, and a reinstated payment is a captured one.
 */
export interface OpenPayment {
  readonly status: PaymentStatus;
  readonly paymentId: string;
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly method: string;
  readonly amount: Money;
  readonly interest: Money;
  readonly rounding: Money;
  readonly expiresAt: string;
  readonly until: string;
  readonly account: string | null;
  /** The checkout gave it up, or money came too late: whatever comes now goes back. */
  readonly final: boolean;
  readonly parts: readonly PartState[];
  readonly orders: readonly ShareState[];
  readonly refunds: Readonly<Record<string, RefundState>>;
  readonly anomalies: readonly string[];
  /** The notices that told of captures. */
  readonly captures: readonly string[];
}

export type Payment = { readonly status: 'none' } | OpenPayment;

/** How far a part is: notices only ever raise it. Money beats everything that was said before. */
export const rank: Readonly<Record<PartStatus, number>> = {
  Created: 0,
  Pending: 1,
  Authorized: 2,
  Failed: 3,
  Expired: 4,
  Voided: 5,
  Collected: 6,
  Captured: 7,
};

export const isCod = (payment: OpenPayment) => payment.method === 'cod';

export const isUnpaid = (part: PartState) => part.status !== 'Captured' && part.status !== 'Collected';

/** A COD part is over when voided; any other part may still be paid, however often its provider has given it up. */
const isSettled = (payment: OpenPayment, part: PartState) => part.status === 'Captured' || (isCod(payment) && part.status === 'Voided');

export const isSettledWithout = (payment: OpenPayment, partId: string) =>
  payment.parts.every((part) => part.partId === partId || isSettled(payment, part));

const paidStatus = (payment: OpenPayment): PaymentStatus => {
  // Of a sale that is off all goes back; of one that stands, what was paid beyond it is not its refund.
  const refunds = Object.values(payment.refunds).filter((refund) => payment.final || refund.booked);
  const refunded = refunds.filter((refund) => refund.status === 'Refunded');
  if (refunded.length === 0) return payment.final ? 'RefundDue' : 'Captured';
  if (payment.final) return refunded.length === refunds.length ? 'Refunded' : 'RefundDue';
  const back = refunded.reduce((sum, refund) => sum + refund.amount.amount, 0);
  const paid = payment.orders.reduce((sum, share) => sum + (share.paid ? share.amount.amount : 0), 0);
  return back >= paid ? 'Refunded' : 'PartiallyRefunded';
};

const statusOf = (payment: OpenPayment): PaymentStatus => {
  const goesBack = payment.final && Object.keys(payment.refunds).length > 0;
  const hasMoney = goesBack || payment.parts.some((part) => part.status === 'Captured');
  if (hasMoney && (payment.final || payment.parts.every((part) => isSettled(payment, part)))) return paidStatus(payment);
  const waiting = payment.parts.filter((part) => !isSettled(payment, part) && part.status !== 'Collected');
  if (isCod(payment)) return payment.parts.every((part) => part.status === 'Voided') ? 'Voided' : 'Pending';
  const furthest = waiting.reduce((far, part) => (rank[part.status] > rank[far] ? part.status : far), 'Created' as PartStatus);
  return furthest === 'Collected' || furthest === 'Captured' ? 'Captured' : furthest;
};

const raised = (part: PartState, status: PartStatus): PartState =>
  rank[status] > rank[part.status] ? { ...part, status, instructed: part.instructed && rank[status] < rank.Failed } : part;

const withPart = (payment: OpenPayment, partId: string, status: PartStatus): OpenPayment => ({
  ...payment,
  parts: payment.parts.map((part) => (part.partId === partId ? raised(part, status) : part)),
});

const withInstructions = (payment: OpenPayment, partId: string): OpenPayment => ({
  ...payment,
  parts: payment.parts.map((part) => (part.partId === partId ? { ...part, instructed: true } : part)),
});

const withUnpaidParts = (payment: OpenPayment, status: PartStatus): OpenPayment => ({
  ...payment,
  parts: payment.parts.map((part) => (isUnpaid(part) ? raised(part, status) : part)),
});

const withPaid = (payment: OpenPayment, paid: readonly Share[]): OpenPayment => ({
  ...payment,
  orders: payment.orders.map((share) =>
    share.paid || !paid.some((each) => each.orderId === share.orderId) ? share : { ...share, paid: true },
  ),
});

const withAllCaptured = (payment: OpenPayment, orders: readonly Share[]): OpenPayment => {
  const { parts, ...rest } = withPaid(payment, orders);
  return { ...rest, parts: parts.map((part) => (isSettled(payment, part) ? part : raised(part, 'Captured'))) };
};

const withCapture = (payment: OpenPayment, noticeId: string | undefined): OpenPayment =>
  noticeId === undefined || payment.captures.includes(noticeId)
    ? payment
    : { ...payment, captures: [...payment.captures, noticeId].sort() };

const withRefund = (payment: OpenPayment, refundId: string, status: RefundStatus): OpenPayment => {
  const refund = payment.refunds[refundId];
  return refund ? { ...payment, refunds: { ...payment.refunds, [refundId]: { ...refund, status } } } : payment;
};

const created = (event: Extract<PaymentEvent, { type: 'payment.created' }>): OpenPayment => {
  const { type: _type, at: _at, account, parts, orders, ...terms } = event;
  const cod = event.method === 'cod';
  return {
    ...terms,
    status: cod ? 'Pending' : 'Created',
    account: account ?? null,
    final: false,
    parts: parts.map((part) => ({ ...part, status: cod ? 'Pending' : 'Created', instructed: false })),
    orders: orders.map((share) => ({ ...share, paid: false })),
    refunds: {},
    anomalies: [],
    captures: [],
  };
};

const requested = (payment: OpenPayment, event: Extract<PaymentEvent, { type: 'payment.refund_requested' }>): OpenPayment => {
  const { refundId, orderId, sellerId, amount, shipping, lines, booked, reason } = event;
  const refund: RefundState = { status: 'Requested', orderId, sellerId, amount, shipping, lines, booked, reason };
  return { ...payment, refunds: { ...payment.refunds, [refundId]: refund } };
};

/** What an event changes, the payment's own status apart. */
const changed = (payment: OpenPayment, event: Exclude<PaymentEvent, { type: 'payment.created' }>): OpenPayment => {
  switch (event.type) {
    case 'payment.pending':
      return event.instructions
        ? withInstructions(withPart(payment, event.partId, 'Pending'), event.partId)
        : withPart(payment, event.partId, 'Pending');
    case 'payment.authorized':
      return withPart(payment, event.partId, 'Authorized');
    case 'payment.failed':
      return withPart(payment, event.partId, 'Failed');
    case 'payment.expired':
      return withUnpaidParts(payment, 'Expired');
    case 'payment.voided':
      return { ...withUnpaidParts(payment, 'Voided'), final: payment.final || event.final };
    case 'payment.part_collected':
      return withPart(payment, event.partId, 'Collected');
    case 'payment.part_voided':
      return withPart(payment, event.partId, 'Voided');
    case 'payment.part_captured': {
      const captured = withPart(withCapture(payment, event.providerEventId), event.partId, 'Captured');
      return event.order ? withPaid(captured, [event.order]) : captured;
    }
    case 'payment.captured':
    case 'payment.reinstated':
      return withAllCaptured(withCapture(payment, event.providerEventId), event.orders);
    case 'payment.captured_late':
      return withCapture(payment, event.providerEventId);
    case 'payment.refund_due': {
      const parts = payment.parts.map((part) => (event.partIds.includes(part.partId) ? raised(part, 'Captured') : part));
      // None of it is anybody's sale any more.
      return { ...payment, parts, orders: payment.orders.map((share) => ({ ...share, paid: false })), final: true };
    }
    case 'payment.anomaly_noted':
      return event.reason === 'repeated'
        ? withCapture(payment, event.providerEventId)
        : { ...payment, anomalies: [...payment.anomalies, event.providerEventId].sort() };
    case 'payment.refund_requested':
      return requested(payment, event);
    case 'payment.refund_sent':
      return withRefund(payment, event.refundId, 'Sent');
    case 'payment.refund_unknown':
      return withRefund(payment, event.refundId, 'Unknown');
    case 'payment.refund_failed':
      return withRefund(payment, event.refundId, 'Failed');
    case 'payment.refunded':
      return withRefund(payment, event.refundId, 'Refunded');
    default:
      return event satisfies never;
  }
};

export const evolve = (payment: Payment, event: PaymentEvent): Payment => {
  if (event.type === 'payment.created') return created(event);
  if (payment.status === 'none') return payment;
  const next = changed(payment, event);
  return { ...next, status: statusOf(next) };
};
