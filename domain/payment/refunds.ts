// What a refund of some lines comes to: never more than the order's share that is left, and the last one takes the rest.
import { DomainError } from '../error.ts';
import { type Money, minus, money, plus, split, sum, zero } from '../money.ts';
import type { Share, ShareLine } from './shares.ts';
import type { OpenPayment, RefundState } from './state.ts';

const isTaken = (refund: RefundState) => refund.status !== 'Failed';

/** The booked refunds of an order that have given something back or may yet do so. */
const takenOf = (payment: OpenPayment, orderId: string) =>
  Object.values(payment.refunds).filter((refund) => refund.booked && refund.orderId === orderId && isTaken(refund));

/** What is left of a line, in quantity, amount, tax and commission, after what refunds have taken. */
const restOf = (line: ShareLine, refunds: readonly RefundState[]): Omit<ShareLine, 'quantity'> & { quantity: number } => {
  let rest = line;
  for (const refund of refunds) {
    for (const taken of refund.lines) {
      if (taken.lineId !== line.lineId) continue;
      rest = {
        ...rest,
        quantity: rest.quantity - taken.quantity,
        amount: minus(rest.amount, taken.amount),
        tax: { ...rest.tax, amount: minus(rest.tax.amount, taken.tax.amount) },
        commission: { ...rest.commission, amount: minus(rest.commission.amount, taken.commission.amount) },
      };
    }
  }
  return rest;
};

const floorShare = (whole: Money, quantity: number, of: number): Money =>
  money(Number((BigInt(whole.amount) * BigInt(quantity)) / BigInt(of)), whole.currency);

/** `quantity` of what is left of a line: rounded down, so that the last piece takes what rounding has left over. */
const piece = (rest: ShareLine, quantity: number): ShareLine =>
  quantity === rest.quantity
    ? rest
    : {
        ...rest,
        quantity,
        amount: floorShare(rest.amount, quantity, rest.quantity),
        tax: { ...rest.tax, amount: floorShare(rest.tax.amount, quantity, rest.quantity) },
        commission: { ...rest.commission, amount: floorShare(rest.commission.amount, quantity, rest.quantity) },
      };

export interface RefundAmounts {
  readonly amount: Money;
  readonly shipping: Money;
  readonly lines: ShareLine[];
}

type Wish = 'rest' | { lines: readonly { lineId: string; quantity: number }[]; shipping: boolean };

const tooMuch = (details: Record<string, unknown>) =>
  new DomainError('payment.refund_exceeds_share', 'That is more than is left to refund.', details);

/** Of each line what is left of the wish; lines of which nothing is left are passed over. */
const piecesLeft = (rests: readonly ShareLine[], wishes: Exclude<Wish, 'rest'>['lines']): ShareLine[] =>
  rests.flatMap((rest) => {
    const wished = wishes.reduce((all, wish) => (wish.lineId === rest.lineId ? all + wish.quantity : all), 0);
    const quantity = Math.min(wished, rest.quantity);
    return quantity > 0 ? [piece(rest, quantity)] : [];
  });

const linePieces = (rests: readonly ShareLine[], wishes: Exclude<Wish, 'rest'>['lines']): ShareLine[] =>
  wishes.map(({ lineId, quantity }, index) => {
    const rest = rests.find((line) => line.lineId === lineId);
    const isRepeated = wishes.findIndex((wish) => wish.lineId === lineId) !== index;
    if (!rest || isRepeated || !(quantity > 0) || quantity > rest.quantity) throw tooMuch({ lineId, quantity, left: rest?.quantity ?? 0 });
    return piece(rest, quantity);
  });

/** What was paid back of an order's share. */
export const refundedOf = (refunds: OpenPayment['refunds'], { orderId, amount }: Share): Money =>
  sum(
    Object.values(refunds)
      .filter((refund) => refund.booked && refund.orderId === orderId && refund.status === 'Refunded')
      .map((refund) => refund.amount),
    amount.currency,
  );

/**
 * What `wish` comes to of this paid share. Throws payment.refund_exceeds_share beyond captured share − refunded − in flight; with `atMost` it
 * comes to what is left of the wish, which may be nothing.
 */
export const refundAmounts = (payment: OpenPayment, share: Share, wish: Wish, atMost = false): RefundAmounts => {
  const { currency } = share.amount;
  const before = takenOf(payment, share.orderId);
  const rests = share.lines.map((line) => restOf(line, before));
  const shippingLeft = before.reduce((left, refund) => minus(left, refund.shipping), share.shipping);
  if (!atMost && wish !== 'rest' && wish.shipping && shippingLeft.amount < share.shipping.amount)
    throw tooMuch({ shipping: shippingLeft.amount });
  const lines = wish === 'rest' ? rests.filter((line) => line.quantity > 0) : (atMost ? piecesLeft : linePieces)(rests, wish.lines);
  const shipping = wish === 'rest' || wish.shipping ? shippingLeft : zero(currency);
  const amount = plus(
    sum(
      lines.map((line) => line.amount),
      currency,
    ),
    shipping,
  );
  if (amount.amount <= 0 && !atMost) throw tooMuch({ left: 0 });
  return { amount, shipping, lines };
};

/** How a part that goes back in full is shared out over the orders that it was meant for. */
export const lateAmounts = (payment: OpenPayment, part: Money): { orderId: string; sellerId: string; amount: Money }[] => {
  const shares = split(
    part,
    payment.orders.map((share) => share.amount.amount),
  );
  return payment.orders.map(({ orderId, sellerId }, index) => ({ orderId, sellerId, amount: shares[index] ?? zero(part.currency) }));
};
