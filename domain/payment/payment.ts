// A payment takes a buyer's money for one checkout, whatever order its provider's notices come in, and gives back no more than it took.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { isSameMoney, type Money, plus, sum } from '../money.ts';
import type { CreatePayment, NotePayment, PaymentCommand, RequestRefund } from './commands.ts';
import type { PaymentEvent } from './events.ts';
import { lateAmounts, refundAmounts } from './refunds.ts';
import type { Part, Share } from './shares.ts';
import {
  evolve,
  isCod,
  isSettledWithout,
  isUnpaid,
  type OpenPayment,
  type PartState,
  type Payment,
  rank,
  type ShareState,
} from './state.ts';

type Of<T extends PaymentCommand['type']> = Extract<PaymentCommand, { type: T }>;

/** A provider that floods us with wrong notices must not grow the state without end; the webhook inbox keeps them all anyway. */
const keptAnomalies = 100;

const mustExist = (payment: Payment): OpenPayment => {
  if (payment.status === 'none') throw new DomainError('payment.not_found', 'There is no such payment.');
  return payment;
};

const ids = ({ paymentId, checkoutId, buyerId }: OpenPayment, { at }: { at: string }) => ({ paymentId, checkoutId, buyerId, at });

const create = (payment: Payment, command: CreatePayment): PaymentEvent[] => {
  if (payment.status !== 'none') return [];
  const { amount, parts, orders, interest, rounding } = command;
  const inParts = sum(
    parts.map((part) => part.amount),
    amount.currency,
  );
  const inShares = sum([...orders.map((share) => share.amount), interest, rounding], amount.currency);
  if (!isSameMoney(inParts, amount) || !isSameMoney(inShares, amount) || !orders.every(isWhole)) {
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
      return capture(open, part, notice.at);
    default:
      return notice.status satisfies never;
  }
};

const isBelow = (part: PartState, status: PartState['status']) => rank[part.status] < rank[status];

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
  if (payment.anomalies.includes(notice.providerEventId) || payment.anomalies.length >= keptAnomalies) return [];
  const { providerEventId, amount, currency } = notice;
  return [{ type: 'payment.anomaly_noted', ...ids(payment, notice), providerEventId, reason, amount, currency }];
};

/** A part's money is there: in time, late but good, or to be given back. */
const capture = (payment: OpenPayment, part: PartState, at: string): PaymentEvent[] => {
  if (part.status === 'Captured') return [];
  if (payment.final || (!isCod(payment) && at >= payment.until)) return giveBack(payment, [...capturedParts(payment), part], at);
  const share = payment.orders.find((each) => each.orderId === part.orderId);
  const isLast = isSettledWithout(payment, part.partId);
  const single = payment.parts.length === 1 && !share;
  const partCaptured: PaymentEvent = {
    type: 'payment.part_captured',
    ...ids(payment, { at }),
    partId: part.partId,
    amount: part.amount,
    ...(share && { order: shareOf(share) }),
  };
  if (!isLast) return [partCaptured];
  const wasGivenUp = ['Failed', 'Expired', 'Voided'].includes(payment.status) && !isCod(payment);
  return [
    ...(single ? [] : [partCaptured]),
    ...(wasGivenUp ? [{ type: 'payment.captured_late', ...ids(payment, { at }), amount: part.amount } as const] : []),
    captured(payment, part.partId, at, wasGivenUp ? 'payment.reinstated' : 'payment.captured'),
  ];
};

const capturedParts = (payment: OpenPayment) => (payment.final ? [] : payment.parts.filter((part) => part.status === 'Captured'));

const shareOf = ({ paid: _paid, ...share }: ShareState): Share => share;

/** The event of a payment of which no part is pending any more, `lastPartId` being the last. */
const captured = (
  payment: OpenPayment,
  lastPartId: string | null,
  at: string,
  type: 'payment.captured' | 'payment.reinstated',
): PaymentEvent => {
  const parts = payment.parts.filter((part) => part.status === 'Captured' || part.partId === lastPartId);
  const { method, interest, rounding, amount } = payment;
  const isPaid = (share: Share) => !isCod(payment) || parts.some((part) => part.orderId === share.orderId);
  return {
    type,
    ...ids(payment, { at }),
    method,
    cod: isCod(payment),
    amount: sum(
      parts.map((part) => part.amount),
      amount.currency,
    ),
    interest,
    rounding,
    orders: payment.orders.filter(isPaid).map(shareOf),
    ...(parts.some((part) => part.sourceType !== undefined) && { parts: parts.map(partOf) }),
  };
};

const partOf = ({ status: _status, instructed: _instructed, ...part }: PartState): Part => part;

/** Requests the refund of whole parts whose sale is off. Their ids follow from part and order, so that no order of notices matters. */
const giveBack = (payment: OpenPayment, parts: readonly PartState[], at: string): PaymentEvent[] => {
  const { currency } = payment.amount;
  const amount = sum(
    parts.map((part) => part.amount),
    currency,
  );
  const nothing: Money = { amount: 0, currency };
  const refunds = parts.flatMap((part): PaymentEvent[] =>
    lateAmounts(payment, part.amount)
      .filter((share) => share.amount.amount > 0)
      .map((share) => ({
        type: 'payment.refund_requested',
        ...ids(payment, { at }),
        ...share,
        refundId: `${share.orderId}.late.${part.partId}`,
        shipping: nothing,
        lines: [],
        booked: false,
        reason: 'captured_late',
        method: payment.method,
      })),
  );
  const late: PaymentEvent[] = parts.some((part) => part.status !== 'Captured')
    ? [{ type: 'payment.captured_late', ...ids(payment, { at }), amount }]
    : [];
  return [...late, { type: 'payment.refund_due', ...ids(payment, { at }), amount, partIds: parts.map((part) => part.partId) }, ...refunds];
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
  const amounts = refundAmounts(open, share, command.of);
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
      return status === 'Refunded' ? [] : [{ type: 'payment.refunded', ...step, amount, shipping, lines: [...lines], booked, reason }];
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
  version: 1,
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
