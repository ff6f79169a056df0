// A payment takes a buyer's money for one checkout, whatever order its provider's notices come in, and gives back no more than it took.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { isSameMoney, minus, plus, sum } from '../money.ts';
import { capture, captured, giveBack, ids, isBelow, reconcile } from './captures.ts';
import type { CreatePayment, NotePayment, PaymentCommand, RequestRefund } from './commands.ts';
import type { PaymentEvent } from './events.ts';
import { refundAmounts, refundedOf } from './refunds.ts';
import type { Share } from './shares.ts';
import { evolve, isCod, isSettledWithout, isUnpaid, type OpenPayment, type PartState, type Payment, type RefundState } from './state.ts';

type Of<T extends PaymentCommand['type']> = Extract<PaymentCommand, { type: T }>;

/** A provider that floods us with wrong notices must not grow the state without end; the webhook inbox keeps them all anyway. */
const keptAnomalies = 100;

/** A seller asks for a refund anew as often as this when the provider has failed it; the staff as often as they like. */
const maxFailedRefunds = 3;

const mustExist = (payment: Payment): OpenPayment => {
  if (payment.status === 'none') throw new DomainError('payment.not_found', 'There is no such payment.');
  return payment;
};

const create = (payment: Payment, command: CreatePayment): PaymentEvent[] => {
  if (payment.status !== 'none') return [];
  const { amount, parts, orders, interest, rounding } = command;
  const inParts = sum(
    parts.map((part) => part.amount),
    amount.currency,
  );
  const inShares = sum([...orders.map((share) => share.amount), interest, rounding], amount.currency);
  // Beyond 2^53 sums are no longer exact, and what was captured could not be booked.
  const isExact = Number.isSafeInteger(amount.amount);
  if (!isExact || !isSameMoney(inParts, amount) || !isSameMoney(inShares, amount) || !orders.every(isWhole)) {
    throw new DomainError('payment.unbalanced', 'Parts and shares must add up to the amount.', { amount, inParts, inShares });
  }
  return [{ ...command, type: 'payment.created', parts: [...parts], orders: [...orders] }];
};

const isWhole = ({ amount, shipping, lines }: Share) =>
  isSameMoney(
    amount,
    lines.reduce((total, line) => plus(total, line.amount), shipping),
  );

const instruct = (payment: Payment, command: Of<'instruct'>): PaymentEvent[] => {
  const open = mustExist(payment);
  const part = open.parts.find((each) => each.partId === command.partId) ?? open.parts[0];
  if (!part || part.instructed || !isBelow(part, 'Failed')) return [];
  const { instructions, expiresAt = open.expiresAt } = command;
  return [{ type: 'payment.pending', ...ids(open, command), partId: part.partId, instructions, expiresAt }];
};

const note = (payment: Payment, notice: NotePayment): PaymentEvent[] => {
  const open = mustExist(payment);
  const part =
    open.parts.find((each) => each.partId === notice.partId) ?? (notice.partId || open.parts.length > 1 ? undefined : open.parts[0]);
  const reason = mismatch(open, part, notice);
  if (reason || !part) return noteAnomaly(open, notice, reason ?? 'part');
  switch (notice.status) {
    case 'pending':
      return isBelow(part, 'Pending')
        ? [{ type: 'payment.pending', ...ids(open, notice), partId: part.partId, expiresAt: open.expiresAt }]
        : [];
    case 'authorized':
      return isBelow(part, 'Authorized') ? [{ type: 'payment.authorized', ...ids(open, notice), partId: part.partId }] : [];
    case 'failed': {
      const failed = { type: 'payment.failed', ...ids(open, notice), partId: part.partId, reason: notice.reason ?? 'declined' } as const;
      return isBelow(part, 'Failed') ? [failed] : [];
    }
    case 'expired':
      return isBelow(part, 'Expired') ? [{ type: 'payment.expired', ...ids(open, notice) }] : [];
    case 'voided':
      return isBelow(part, 'Voided') ? [{ type: 'payment.voided', ...ids(open, notice), final: false }] : [];
    case 'captured':
      return noteCapture(open, part, notice);
    default:
      return notice.status satisfies never;
  }
};

/**
 * Whoever pays twice is told of by two notices, and so is money that is told of twice: what the provider holds tells which it is.
 * An answer to a question of ours says what is there, not that more has come.
 */
const noteCapture = (payment: OpenPayment, part: PartState, notice: NotePayment): PaymentEvent[] => {
  if (part.status !== 'Captured') return capture(payment, part, notice.at, notice.providerEventId);
  return notice.asked ? [] : noteAnomaly(payment, notice, 'repeated');
};

const mismatch = (payment: OpenPayment, part: PartState | undefined, notice: NotePayment) => {
  const account = payment.account ?? notice.ownAccount;
  if (notice.account !== undefined && account !== undefined && notice.account !== account) return 'account';
  if (notice.checkoutId !== undefined && notice.checkoutId !== payment.checkoutId) return 'checkout';
  if (!part) return 'part';
  if (notice.currency !== part.amount.currency) return 'currency';
  return notice.amount === part.amount.amount ? null : 'amount';
};

const noteAnomaly = (
  payment: OpenPayment,
  notice: NotePayment,
  reason: Extract<PaymentEvent, { type: 'payment.anomaly_noted' }>['reason'],
): PaymentEvent[] => {
  const known = [...payment.anomalies, ...payment.captures];
  if (known.includes(notice.providerEventId) || known.length >= keptAnomalies) return [];
  const { providerEventId, amount, currency } = notice;
  const money = notice.status === 'captured' ? ({ captured: true } as const) : {};
  return [{ type: 'payment.anomaly_noted', ...ids(payment, notice), providerEventId, reason, amount, currency, ...money }];
};

const expire = (payment: Payment, command: Of<'expire'>): PaymentEvent[] => {
  const open = mustExist(payment);
  if (isCod(open) || command.at < open.expiresAt || open.final) return [];
  return open.parts.some((part) => isBelow(part, 'Expired')) ? [{ type: 'payment.expired', ...ids(open, command) }] : [];
};

/** NOTE: only a checkout that was never paid gives up, so nothing captured here stands on the sellers' books. */
const giveUp = (payment: Payment, command: Of<'void'>): PaymentEvent[] => {
  if (payment.status === 'none' || payment.final) return [];
  if (Object.keys(payment.refunds).length > 0)
    throw new DomainError('payment.already_refunding', 'This payment was taken and is being refunded.');
  // Whatever was recorded first wins: a payment that is whole and in time carries its purchase on.
  if (payment.status === 'Captured') throw new DomainError('payment.already_captured', 'This payment was taken in time.');
  const paid = payment.parts.filter((part) => part.status === 'Captured');
  const voided: PaymentEvent[] = payment.parts.some(isUnpaid) ? [{ type: 'payment.voided', ...ids(payment, command), final: true }] : [];
  return paid.length === 0 ? voided : [...voided, ...giveBack(payment, paid, command.at)];
};

const codPart = (payment: OpenPayment, orderId: string) => {
  const part = payment.parts.find((each) => each.orderId === orderId);
  if (!part || !isCod(payment)) throw new DomainError('order.not_found', 'No part of this payment is paid at the door for that order.');
  return part;
};

const collect = (payment: Payment, command: Of<'collect'>): PaymentEvent[] => {
  const open = mustExist(payment);
  const { partId, amount, status } = codPart(open, command.orderId);
  if (status === 'Voided') throw new DomainError('payment.wrong_status', 'This part was voided.', { orderId: command.orderId });
  const collected: PaymentEvent[] =
    status === 'Pending' ? [{ type: 'payment.part_collected', ...ids(open, command), partId, orderId: command.orderId, amount }] : [];
  return command.remitted ? [...collected, ...capture(open, codPart(open, command.orderId), command.at)] : collected;
};

const remit = (payment: Payment, command: Of<'remit'>): PaymentEvent[] => {
  const open = mustExist(payment);
  const part = codPart(open, command.orderId);
  if (part.status === 'Voided') throw new DomainError('payment.wrong_status', 'This part was voided.', { orderId: command.orderId });
  return capture(open, part, command.at);
};

const voidPart = (payment: Payment, command: Of<'void_part'>): PaymentEvent[] => {
  const open = mustExist(payment);
  const part = codPart(open, command.orderId);
  if (part.status === 'Voided') return [];
  if (!isUnpaid(part)) throw new DomainError('payment.wrong_status', 'This part was paid: refund it.', { orderId: command.orderId });
  const voided: PaymentEvent = { type: 'payment.part_voided', ...ids(open, command), partId: part.partId, orderId: command.orderId };
  const isOver = isSettledWithout(open, part.partId) && open.parts.some((each) => each.status === 'Captured');
  return isOver ? [voided, captured(open, null, command.at, 'payment.captured')] : [voided];
};

const requestRefund = (payment: Payment, command: RequestRefund): PaymentEvent[] => {
  const open = mustExist(payment);
  const { refundId, orderId, sellerId, reason } = command;
  if (open.refunds[refundId]) return [];
  const share = open.orders.find((each) => each.orderId === orderId);
  if (!share || (sellerId !== undefined && sellerId !== share.sellerId))
    throw new DomainError('order.not_found', 'This payment has no such order.');
  if (open.final) throw new DomainError('payment.already_refunding', 'All of this payment goes back already.');
  if (!share.paid) throw new DomainError('payment.not_captured', 'This order is not paid.', { status: open.status });
  // A provider that fails them all would fill the operators' list with whatever a seller tries.
  const failed = Object.values(open.refunds).filter((refund) => refund.orderId === orderId && refund.status === 'Failed');
  if (sellerId !== undefined && failed.length >= maxFailedRefunds)
    throw new DomainError('payment.too_many_failed_refunds', 'The staff settle the refunds that have failed first.', { orderId });
  const amounts = refundAmounts(open, share, command.of, command.atMost);
  if (amounts.amount.amount === 0) return [];
  const { method } = open;
  return [
    {
      type: 'payment.refund_requested',
      ...ids(open, command),
      refundId,
      orderId,
      sellerId: share.sellerId,
      ...amounts,
      booked: true,
      reason,
      method,
    },
  ];
};

/** Only of a sale that stands is anything left. */
const leftAfter = ({ orders, refunds }: OpenPayment, { orderId, booked, amount }: RefundState) => {
  const share = orders.find((each) => each.orderId === orderId);
  return share && booked ? { left: minus(minus(share.amount, refundedOf(refunds, share)), amount) } : {};
};

/** A refund only goes forward; what the provider says at last about money counts, even after it had said that it failed. */
const refundResult = (payment: Payment, command: Of<'refund_result'>): PaymentEvent[] => {
  const open = mustExist(payment);
  const { refundId, result } = command;
  const refund = open.refunds[refundId];
  if (!refund) throw new DomainError('payment.refund_not_found', 'There is no such refund.', { refundId });
  const { status, orderId, sellerId, amount, shipping, lines, booked, reason } = refund;
  const step = { ...ids(open, command), refundId, orderId, sellerId };
  const isOver = status === 'Failed' || status === 'Refunded';
  switch (result) {
    case 'sent':
      return status === 'Requested' ? [{ type: 'payment.refund_sent', ...step }] : [];
    case 'unknown':
      return isOver || status === 'Unknown' ? [] : [{ type: 'payment.refund_unknown', ...step }];
    case 'failed':
      return isOver ? [] : [{ type: 'payment.refund_failed', ...step, reason: command.reason ?? 'declined' }];
    case 'refunded':
      if (status === 'Refunded') return [];
      return [{ type: 'payment.refunded', ...step, amount, shipping, lines: [...lines], booked, reason, ...leftAfter(open, refund) }];
    default:
      return result satisfies never;
  }
};

/** A refund that failed may have been asked for anew: what the other one has taken is not paid back twice. */
const settleRefund = (payment: Payment, command: Of<'settle_refund'>): PaymentEvent[] => {
  const open = mustExist(payment);
  const { refundId, at } = command;
  const refund = open.refunds[refundId];
  if (refund?.status === 'Refunded') return [];
  const isFailed = refund?.status === 'Failed';
  if (refund && !isFailed && !isCod(open))
    throw new DomainError('payment.wrong_status', 'The gateway itself says how this refund ends.', { status: refund.status });
  const share = open.orders.find((each) => each.orderId === refund?.orderId);
  if (isFailed && refund.booked && share) refundAmounts(open, share, { lines: refund.lines, shipping: refund.shipping.amount > 0 });
  return refundResult(payment, { type: 'refund_result', refundId, result: 'refunded', at });
};

export const payment: Decider<Payment, PaymentCommand, PaymentEvent> = {
  category: 'payment',
  version: 2,
  initial: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'create':
        return create(state, command);
      case 'instruct':
        return instruct(state, command);
      case 'note':
        return note(state, command);
      case 'reconcile':
        return reconcile(mustExist(state), command);
      case 'expire':
        return expire(state, command);
      case 'void':
        return giveUp(state, command);
      case 'collect':
        return collect(state, command);
      case 'remit':
        return remit(state, command);
      case 'void_part':
        return voidPart(state, command);
      case 'request_refund':
        return requestRefund(state, command);
      case 'settle_refund':
        return settleRefund(state, command);
      case 'refund_result':
        return refundResult(state, command);
      default:
        return command satisfies never;
    }
  },
};
