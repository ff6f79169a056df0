// Turns quoted lines and the buyer's choices into the split plan: one order per seller, exact to the last unit. Pure arithmetic, no state.
import { DomainError } from '../error.ts';
import { atRate, type Currency, isSameMoney, type Money, minus, money, plus, split, sum, times, zero } from '../money.ts';
import type { Commission, Tax } from '../order/terms.ts';
import type { Method } from '../payment/deadlines.ts';
import type {
  CommissionTerm,
  PaymentPart,
  Plan,
  PlannedLine,
  PlannedOrder,
  PlanTotals,
  PlatformLine,
  QuotedLine,
  ShippingOption,
  TaxTerm,
} from './plan.ts';

/** Prices in rupiah hold 11 % PPN, as shops must show them; elsewhere no tax is added unless a rule says so. */
export const defaultTax = (currency: Currency): TaxTerm =>
  currency === 'IDR' ? { rule: 'ppn@1', rate: 1100, included: true } : { rule: 'none@1', rate: 0, included: true };

export const defaultCommission: CommissionTerm = { ruleId: 'default', version: 1, rate: 0 };

/** The tax on `price`: taken out of it when it is included, else to be added. `base` is what the rate applies to. */
export const taxOn = (price: Money, { rule, rate, included }: TaxTerm): Tax => {
  if (!included) return { rule, rate, base: price, amount: atRate(price, rate), included };
  const [base, amount] = split(price, [10_000, rate]);
  if (!base || !amount) throw new RangeError('a split over two weights has two shares');
  return { rule, rate, base, amount, included };
};

const commissionOn = (base: Money, { ruleId, version, rate }: CommissionTerm): Commission => ({
  ruleId,
  version,
  rate,
  base,
  amount: atRate(base, rate),
});

/** What the buyer pays for a line without its shipping. */
export const lineTerms = ({ unitPrice, quantity, tax: taxTerm, commission: commissionTerm }: QuotedLine) => {
  const price = times(unitPrice, quantity);
  const tax = taxOn(price, taxTerm);
  return { price, tax, commission: commissionOn(price, commissionTerm), amount: tax.included ? price : plus(price, tax.amount) };
};

const addedTax = ({ included, amount }: Tax): Money => (included ? zero(amount.currency) : amount);

/** The totals of a quote: shipping is not chosen yet and counts as zero. */
export const quoteTotals = (lines: readonly QuotedLine[], platform: readonly PlatformLine[], currency: Currency): PlanTotals => {
  const terms = lines.map(lineTerms);
  const items = sum(
    terms.map((each) => each.price),
    currency,
  );
  const tax = sum(
    terms.map((each) => addedTax(each.tax)),
    currency,
  );
  const own = platformTotal(platform, currency);
  return { items, tax, shipping: zero(currency), platform: own, total: plus(plus(items, tax), own) };
};

const platformTotal = (platform: readonly PlatformLine[], currency: Currency) =>
  sum(
    platform.map((line) => line.amount),
    currency,
  );

/** How the price of shipping falls on the lines, in their order: pinned by an external quote, else by weight. */
const freights = (lines: readonly QuotedLine[], option: ShippingOption): Money[] => {
  const { freight, price } = option;
  if (!freight) {
    return split(
      price,
      lines.map((line) => line.weightGrams * line.quantity),
    );
  }
  const pinned = lines.map(({ lineId }) => freight.find((each) => each.lineId === lineId)?.amount ?? zero(price.currency));
  if (!isSameMoney(sum(pinned, price.currency), price)) {
    throw new DomainError('checkout.unbalanced_quote', 'The freight of the lines must add up to the price of shipping.', {
      sellerId: option.sellerId,
    });
  }
  return pinned;
};

const planLine = (line: QuotedLine, freight: Money): PlannedLine => {
  const { lineId, cartLineId, productId, variantId, location, sku, name, quantity, unitPrice } = line;
  const { tax, commission, amount } = lineTerms(line);
  return { lineId, cartLineId, productId, variantId, location, sku, name, quantity, unitPrice, amount, tax, commission, freight };
};

const planOrder = (orderId: string, quoted: readonly QuotedLine[], option: ShippingOption): PlannedOrder => {
  const { sellerId, courier, service, weightGrams, price, rule, promisedAt, shipBy } = option;
  const freight = freights(quoted, option);
  const lines = quoted.map((line, n) => planLine(line, freight[n] ?? zero(price.currency)));
  const { currency } = price;
  const tax = sum(
    lines.map((line) => addedTax(line.tax)),
    currency,
  );
  const amount = sum(
    lines.map((line) => line.amount),
    currency,
  );
  const totals = { items: minus(amount, tax), tax, shipping: price, total: plus(amount, price) };
  const shipping = { courier, service, weightGrams, price };
  return { orderId, sellerId, lines, shipping, shippingRule: rule, promisedAt, shipBy, totals };
};

export interface PlanInput {
  readonly currency: Currency;
  readonly lines: readonly QuotedLine[];
  /** The chosen option of every seller, with the id that the seller's order shall have. */
  readonly chosen: readonly { readonly orderId: string; readonly option: ShippingOption }[];
  readonly platform: readonly PlatformLine[];
  readonly paymentId: string;
  readonly method: Method;
  readonly channel?: string | undefined;
  /** Several payments for one purchase; empty: one for all of it, or on COD one per order. */
  readonly parts: readonly PaymentPart[];
  readonly paymentExpiresAt: string;
  readonly holdUntil: string;
}

/** Throws checkout.unbalanced_quote when pinned figures do not add up, money.mixed_currencies when they are of several currencies. */
export const splitPlan = (input: PlanInput): Plan => {
  const { currency, lines, platform, paymentId, method, paymentExpiresAt, holdUntil } = input;
  const orders = input.chosen.map(({ orderId, option }) =>
    planOrder(
      orderId,
      lines.filter((line) => line.sellerId === option.sellerId),
      option,
    ),
  );
  const totals = planTotals(orders, platform, currency);
  if (method === 'cod' && platform.length > 0) {
    throw new DomainError('checkout.unbalanced_quote', 'At the door only orders are paid: no interest and no rounding.');
  }
  const parts = input.parts.length > 0 ? [...input.parts] : defaultParts(orders, totals, input);
  const inParts = sum(
    parts.map((part) => part.amount),
    currency,
  );
  if (!isSameMoney(inParts, totals.total)) {
    throw new DomainError('checkout.unbalanced_quote', 'The parts of the payment must add up to the total.', {
      parts: inParts,
      total: totals.total,
    });
  }
  return { currency, orders, platform: [...platform], totals, paymentId, method, parts, paymentExpiresAt, holdUntil };
};

const planTotals = (orders: readonly PlannedOrder[], platform: readonly PlatformLine[], currency: Currency): PlanTotals => {
  const total = (of: (order: PlannedOrder) => Money) => sum(orders.map(of), currency);
  const own = platformTotal(platform, currency);
  return {
    items: total(({ totals }) => totals.items),
    tax: total(({ totals }) => totals.tax),
    shipping: total(({ totals }) => totals.shipping),
    platform: own,
    total: plus(
      total(({ totals }) => totals.total),
      own,
    ),
  };
};

/** One payment for all, or on COD one at each order's door. */
const defaultParts = (orders: readonly PlannedOrder[], totals: PlanTotals, { method, channel, paymentId }: PlanInput): PaymentPart[] => {
  const whole = { method, ...(channel !== undefined && { channel }), installments: 1, sourceType: null };
  if (method !== 'cod') return [{ ...whole, partId: `${paymentId}.1`, amount: totals.total, orderId: null }];
  return orders.map(({ orderId, totals: { total } }, n) => ({ ...whole, partId: `${paymentId}.${n + 1}`, amount: total, orderId }));
};

/** How much of the platform's lines is of `kind`. */
export const platformAmount = ({ platform, currency }: Plan, kind: PlatformLine['kind']): Money =>
  money(
    platform.reduce((all, line) => (line.kind === kind ? all + line.amount.amount : all), 0),
    currency,
  );
