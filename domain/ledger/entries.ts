// How a capture, a completion and a refund are booked: pure functions from what was agreed to entries that sum to zero, each with its rule.
import { type Money, minus, negate, plus, sum } from '../money.ts';
import type { ShareLine } from '../payment/shares.ts';
import type { Account, Entry } from './events.ts';
import type { LedgerCommand } from './ledger.ts';

/** The ledger of the platform's own money; every other one belongs to the seller of that id. */
export const platformLedger = 'platform';

/** Part of what a buyer pays or gets back for one order: `amount` = the lines + `shipping`. */
export interface Slice {
  readonly amount: Money;
  readonly shipping: Money;
  readonly lines: readonly ShareLine[];
}

const version = 1;
const entry = (account: Account, amount: Money, rule: string, ruleVersion = version): Entry => ({
  account,
  amount,
  rule,
  version: ruleVersion,
});

/** One entry per rule: the sum of what that rule made of each line. */
const perRule = (entries: readonly Entry[]): Entry[] => {
  const sums = new Map<string, Entry>();
  for (const each of entries) {
    const key = `${each.rule}@${each.version}`;
    const before = sums.get(key);
    sums.set(key, before ? { ...each, amount: plus(before.amount, each.amount) } : each);
  }
  return [...sums.values()];
};

/** What the seller gets of a slice: the lines without tax and commission. */
export const sellerNet = ({ lines, amount }: Slice): Money =>
  sum(
    lines.map((line) => minus(minus(line.amount, line.tax.amount), line.commission.amount)),
    amount.currency,
  );

const isSome = ({ amount }: Entry) => amount.amount !== 0;

const sliceEntries = (slice: Slice, seller: 'seller_pending' | 'seller_available'): Entry[] =>
  [
    entry('buyer_funds', negate(slice.amount), 'buyer_payment'),
    entry(seller, sellerNet(slice), 'seller_share'),
    entry('shipping', slice.shipping, 'shipping_price'),
    ...perRule(slice.lines.map(({ tax }) => entry('tax', tax.amount, tax.rule))),
    ...perRule(slice.lines.map(({ commission }) => entry('platform_commission', commission.amount, commission.ruleId, commission.version))),
  ].filter(isSome);

/** A buyer's money for one order: the seller's part is pending until the order is completed. */
export const captureEntries = (share: Slice): Entry[] => sliceEntries(share, 'seller_pending');

/** The order is completed: what is left of the seller's part may be paid out. */
export const completionEntries = (left: Money): Entry[] =>
  [entry('seller_pending', negate(left), 'order_completed'), entry('seller_available', left, 'order_completed')].filter(isSome);

/** The reverse of a capture, for the slice that is given back: commission and tax at the rules that were pinned. `from`: where the seller's part stands now. */
export const refundEntries = (refunded: Slice, from: 'seller_pending' | 'seller_available'): Entry[] =>
  sliceEntries(refunded, from).map((each) => ({ ...each, amount: negate(each.amount) }));

/** What a buyer paid beyond goods and shipping (interest of instalments, a rounding difference): the platform's. Either may be negative. */
export const platformEntries = ({ interest, rounding }: { interest: Money; rounding: Money }): Entry[] =>
  [
    entry('buyer_funds', negate(plus(interest, rounding)), 'buyer_payment'),
    entry('interest', interest, 'instalment_interest'),
    entry('rounding', rounding, 'rounding'),
  ].filter(isSome);

/** Money that came too late for its sale is owed to the buyer until it is given back. */
export const lateEntries = (amount: Money): Entry[] => [
  entry('buyer_funds', negate(amount), 'captured_late'),
  entry('refunds_due', amount, 'captured_late'),
];
export const lateRefundEntries = (amount: Money): Entry[] => lateEntries(amount).map((each) => ({ ...each, amount: negate(each.amount) }));

/** Ids of bookings: one per thing that happened, so that however often it is asked for it is booked once. */
export const bookingIds = {
  capture: (orderId: string) => `capture.${orderId}`,
  platform: (paymentId: string) => `platform.${paymentId}`,
  completion: (orderId: string) => `completion.${orderId}`,
  refund: (refundId: string) => `refund.${refundId}`,
  late: (refundId: string) => `late.${refundId}`,
};

/** `at`: when it was captured; of a repeat, the same. */
interface Purchase {
  readonly checkoutId: string;
  readonly paymentId: string;
  readonly buyerId: string;
  readonly at: string;
}

/** The command for the seller's ledger, `ledger-<sellerId>`, when an order's share is captured. */
export const bookCapture = (
  share: Slice & { orderId: string; sellerId: string },
  { checkoutId, paymentId, buyerId, at }: Purchase,
): LedgerCommand => ({
  type: 'book',
  bookingId: bookingIds.capture(share.orderId),
  ledgerId: share.sellerId,
  kind: 'capture',
  orderId: share.orderId,
  checkoutId,
  paymentId,
  buyerId,
  entries: captureEntries(share),
  valueAt: at,
  at,
});

/** The command for `ledger-platform` when a payment with interest or rounding is captured, or null where it has neither. */
export const bookPlatform = (
  { interest, rounding }: { interest: Money; rounding: Money },
  { checkoutId, paymentId, buyerId, at }: Purchase,
): LedgerCommand | null => {
  const entries = platformEntries({ interest, rounding });
  if (entries.length === 0) return null;
  return {
    type: 'book',
    bookingId: bookingIds.platform(paymentId),
    ledgerId: platformLedger,
    kind: 'capture',
    checkoutId,
    paymentId,
    buyerId,
    entries,
    valueAt: at,
    at,
  };
};
