// What becomes of money that a provider has: it counts for its sale, in time or late, or all of it goes back.
import { DomainError } from '../error.ts';
import { type Money, sum, zero } from '../money.ts';
import type { ReconcilePayment } from './commands.ts';
import type { PaymentEvent } from './events.ts';
import { lateAmounts } from './refunds.ts';
import type { Part, Share } from './shares.ts';
import { isCod, isSettledWithout, type OpenPayment, type PartState, rank, type ShareState } from './state.ts';

export const ids = ({ paymentId, checkoutId, buyerId }: OpenPayment, { at }: { at: string }) => ({ paymentId, checkoutId, buyerId, at });

export const isBelow = (part: PartState, status: PartState['status']) => rank[part.status] < rank[status];

/** A part's money is there: in time, late but good, or to be given back. */
export const capture = (payment: OpenPayment, part: PartState, at: string, noticeId?: string): PaymentEvent[] => {
  if (part.status === 'Captured') return [];
  const notice = noticeId === undefined ? {} : { providerEventId: noticeId };
  if (payment.final || (!isCod(payment) && at >= payment.until)) return giveBack(payment, [...capturedParts(payment), part], at, notice);
  const share = payment.orders.find((each) => each.orderId === part.orderId);
  const isLast = isSettledWithout(payment, part.partId);
  const single = payment.parts.length === 1 && !share;
  const partCaptured: PaymentEvent = {
    type: 'payment.part_captured',
    ...ids(payment, { at }),
    ...notice,
    partId: part.partId,
    amount: part.amount,
    ...(share && { order: shareOf(share) }),
  };
  if (!isLast) return [partCaptured];
  const wasGivenUp = ['Failed', 'Expired', 'Voided'].includes(payment.status) && !isCod(payment);
  return [
    ...(single ? [] : [partCaptured]),
    ...(wasGivenUp ? [{ type: 'payment.captured_late', ...ids(payment, { at }), amount: part.amount } as const] : []),
    { ...captured(payment, part.partId, at, wasGivenUp ? 'payment.reinstated' : 'payment.captured'), ...notice },
  ];
};

const capturedParts = (payment: OpenPayment) => (payment.final ? [] : payment.parts.filter((part) => part.status === 'Captured'));

const shareOf = ({ paid: _paid, ...share }: ShareState): Share => share;

/** The event of a payment of which no part is pending any more, `lastPartId` being the last. */
export const captured = (
  payment: OpenPayment,
  lastPartId: string | null,
  at: string,
  type: 'payment.captured' | 'payment.reinstated',
): Extract<PaymentEvent, { type: 'payment.captured' | 'payment.reinstated' }> => {
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
export const giveBack = (
  payment: OpenPayment,
  parts: readonly PartState[],
  at: string,
  notice: { providerEventId?: string } = {},
): PaymentEvent[] => {
  const amount = sum(
    parts.map((part) => part.amount),
    payment.amount.currency,
  );
  const refunds = parts.flatMap((part) =>
    unbookedRefunds(payment, part.amount, { id: `late.${part.partId}`, reason: 'captured_late' }, at),
  );
  const late: PaymentEvent[] = parts.some((part) => part.status !== 'Captured')
    ? [{ type: 'payment.captured_late', ...ids(payment, { at }), ...notice, amount }]
    : [];
  return [...late, { type: 'payment.refund_due', ...ids(payment, { at }), amount, partIds: parts.map((part) => part.partId) }, ...refunds];
};

/** Refunds of money that is nobody's sale, shared out over the orders that it was meant for. */
const unbookedRefunds = (payment: OpenPayment, amount: Money, { id, reason }: { id: string; reason: string }, at: string): PaymentEvent[] =>
  lateAmounts(payment, amount)
    .filter((share) => share.amount.amount > 0)
    .map((share) => ({
      type: 'payment.refund_requested',
      ...ids(payment, { at }),
      ...share,
      refundId: `${share.orderId}.${id}`,
      shipping: zero(amount.currency),
      lines: [],
      booked: false,
      reason,
      method: payment.method,
    }));

const surplus = 'amount_mismatch';

/** What of the provider's money this payment knows of: what it took, and what it gives back beside that. */
const accountedFor = (payment: OpenPayment): number => {
  const taken = payment.parts.filter((part) => part.status === 'Captured').map((part) => part.amount.amount);
  const beside = Object.values(payment.refunds).filter((refund) => refund.reason === surplus);
  return [...taken, ...beside.map((refund) => refund.amount.amount)].reduce((all, each) => all + each, 0);
};

/**
 * The provider says what it holds, because a notice did not fit. What it holds beyond what this payment knows of goes back in full: it is
 * refunded, and a payment that is not whole is off, for money of another amount is never a sale. What that does not explain is a human's matter.
 */
export const reconcile = (payment: OpenPayment, command: ReconcilePayment): PaymentEvent[] => {
  const { held, reason, at, checkoutId, account, ownAccount } = command;
  const isOurs = checkoutId === payment.checkoutId && account === (payment.account ?? ownAccount);
  const known = accountedFor(payment);
  const more = held.amount - known;
  if (isCod(payment) || !isOurs || held.currency !== payment.amount.currency || more < 0) throw unexplained(command, known);
  if (more === 0) {
    // Money that is named a second time is no more money; any other notice is about money that nobody has found.
    const isNamed = reason === 'repeated' || (reason === 'amount' && command.amount === held.amount);
    if (isNamed) return [];
    throw unexplained(command, known);
  }
  const [part, ...others] = payment.parts;
  const isWhole = part !== undefined && others.length === 0 && part.status !== 'Captured' && more === part.amount.amount;
  if (isWhole) return capture(payment, part, at);
  const refunds = unbookedRefunds(payment, { ...held, amount: more }, { id: `surplus.${known}`, reason: surplus }, at);
  if (payment.final || payment.parts.every((each) => each.status === 'Captured')) return refunds;
  const failed = payment.parts
    .filter((each) => isBelow(each, 'Failed'))
    .map(({ partId }): PaymentEvent => ({ type: 'payment.failed', ...ids(payment, { at }), partId, reason: surplus }));
  // What other parts have brought already goes back with it.
  const paid = capturedParts(payment);
  const due: PaymentEvent[] =
    paid.length > 0
      ? giveBack(payment, paid, at)
      : [{ type: 'payment.refund_due', ...ids(payment, { at }), amount: { ...held, amount: more }, partIds: [] }];
  return [...failed, ...due, ...refunds];
};

const unexplained = ({ reason, amount, currency, held }: ReconcilePayment, known: number) =>
  new DomainError(
    'payment.anomaly',
    'The provider has told of money that does not fit its payment, and what it holds does not explain it.',
    {
      reason,
      amount,
      currency,
      held,
      known,
    },
  );
