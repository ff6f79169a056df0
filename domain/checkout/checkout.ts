// A checkout: one purchase from many sellers, quoted for 15 minutes, started once, and cancelled by its buyer only before it is paid.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { later, minutes } from '../id.ts';
import { isSameMoney, type Money, maxPurchase, sum } from '../money.ts';
import { deadlines, holdGrace, type Method } from '../payment/deadlines.ts';
import type { Sealed } from '../privacy.ts';
import type { CheckoutEvent } from './events.ts';
import type { PaymentPart, PlatformLine, QuotedLine, ShippingOption } from './plan.ts';
import { quoteTotals, splitPlan } from './pricing.ts';
import { ask, ended, follow, giveUp, isForward, says } from './progress.ts';
import { type Checkout, evolve, type GuestContact, isPurchase, type Purchase, type Quote } from './state.ts';

/** What a purchase would cost now. */
export interface Prices {
  readonly lines: readonly QuotedLine[];
  readonly shipping: readonly ShippingOption[];
  readonly platform: readonly PlatformLine[];
}

export type QuoteCheckout = Prices & {
  readonly type: 'quote';
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly cartId: string;
  /** The seller that the buyer is, if any: nobody buys own goods. */
  readonly ownSellerId: string | null;
  readonly address: Sealed;
  /** Of a buyer without an account. */
  readonly guest?: GuestContact & { readonly countedFor: readonly string[] };
  /** The most that it may come to, in minor units; without it what the market bears at all. */
  readonly maxAmount?: number;
  readonly at: string;
};

export interface StartCheckout {
  readonly type: 'start';
  readonly buyerId: string;
  /** One shipping option for every seller, with the id for that seller's order. */
  readonly choices: readonly { readonly sellerId: string; readonly optionId: string; readonly orderId: string }[];
  readonly method: Method;
  /** The bank, wallet or shop to pay through; left out: the gateway's first. */
  readonly channel?: string | undefined;
  readonly paymentId: string;
  /** Several payments for one purchase; empty: one for all, or on COD one per order. */
  readonly parts: readonly PaymentPart[];
  /** The same lines and options at the prices of this moment. */
  readonly fresh: Prices;
  /** When the money is known to arrive, where the source says so: the payment does not expire before it. */
  readonly payBy: string | null;
  /** As of the quote. */
  readonly maxAmount?: number;
  readonly at: string;
}

export type CheckoutCommand =
  | QuoteCheckout
  | StartCheckout
  | { readonly type: 'cancel'; readonly buyerId: string; readonly at: string }
  | { readonly type: 'resolve'; readonly decision: 'retry' | 'close'; readonly operatorId: string; readonly at: string };

export const quoteLasts = minutes(15);

/** Each line and each order may ask for a command at the same moment: as many as a moment can bear. */
export const linesPerCheckout = 40;

const quote = (checkout: Checkout, command: QuoteCheckout): CheckoutEvent[] => {
  if (checkout.status !== 'None') return [];
  const { checkoutId, buyerId, cartId, ownSellerId, address, guest, at } = command;
  const { lines, shipping, platform } = command;
  const [first] = lines;
  if (!first) throw new DomainError('checkout.cart_empty', 'There is nothing to buy.');
  if (lines.length > linesPerCheckout) {
    throw new DomainError('checkout.too_many_lines', `Buy at most ${linesPerCheckout} lines at once.`, { limit: linesPerCheckout });
  }
  const own = lines.filter(({ sellerId }) => sellerId === ownSellerId).map(({ lineId }) => lineId);
  if (own.length > 0) throw new DomainError('checkout.own_goods', 'Sellers do not buy their own goods.', { lines: own });
  const { currency } = first.unitPrice;
  mustBeIn(currency, command);
  const { maxAmount = maxPurchase } = command;
  mustBePayable(lines, maxAmount);
  const totals = quoteTotals(lines, platform, currency);
  if (totals.total.amount > maxAmount) throw tooLarge(maxAmount);
  return [
    {
      type: 'checkout.quoted',
      ...says({ checkoutId, buyerId }, at),
      cartId,
      currency,
      lines: [...lines],
      shipping: [...shipping],
      platform: [...platform],
      totals,
      address,
      ...(guest && { ...guest, countedFor: [...guest.countedFor] }),
      expiresAt: later(at, quoteLasts),
    },
  ];
};

const tooLarge = (limit: number, details: Record<string, unknown> = {}) =>
  new DomainError('checkout.amount_too_large', `One purchase comes to at most ${limit} minor units.`, { limit, ...details });

/** Before anything is added up: a product beyond 2^53 is no longer exact, but surely beyond the limit. */
const mustBePayable = (lines: readonly QuotedLine[], limit: number) => {
  const beyond = lines.filter(({ unitPrice, quantity }) => unitPrice.amount * quantity > limit);
  if (beyond.length > 0)
    throw tooLarge(limit, {
      lines: beyond.map(({ lineId, cartLineId, productId, variantId }) => ({ lineId, cartLineId, productId, variantId })),
    });
};

const mustBeIn = (currency: string, { lines, shipping, platform }: Prices) => {
  const all: Money[] = [
    ...lines.map((line) => line.unitPrice),
    ...shipping.map(({ price }) => price),
    ...platform.map(({ amount }) => amount),
  ];
  const currencies = [...new Set(all.map((each) => each.currency))];
  if (currencies.length > 1 || currencies[0] !== currency)
    throw new DomainError('checkout.mixed_currencies', 'One checkout has one currency.', { currencies });
};

type Offered = Pick<StartCheckout, 'choices' | 'fresh' | 'maxAmount' | 'at'>;

/** The chosen options, if the quote can still be bought as it stands; else throws what stands in its way. */
export const chosenOf = (quoted: Quote, { choices, fresh, maxAmount = maxPurchase, at }: Offered) => {
  const { expiresAt } = quoted;
  if (at > expiresAt) throw new DomainError('checkout.quote_expired', 'This quote is over; ask for a new one.', { expiresAt });
  const chosen = choose(quoted, choices);
  // The shipping is known only now.
  const total = chosen.reduce(
    (amount, { option }) => amount + option.price.amount,
    quoteTotals(quoted.lines, quoted.platform, quoted.currency).total.amount,
  );
  if (total > maxAmount) throw tooLarge(maxAmount);
  const changes = changesSince(
    quoted,
    chosen.map(({ option }) => option),
    fresh,
  );
  if (changes.length > 0) throw new DomainError('checkout.quote_changed', 'Prices or fees have changed.', { changes });
  return chosen;
};

const start = (checkout: Checkout, command: StartCheckout): CheckoutEvent[] => {
  const { buyerId, method, channel, paymentId, parts, at } = command;
  if (checkout.status === 'None' || checkout.buyerId !== buyerId)
    throw new DomainError('checkout.quote_not_found', 'There is no such quote.');
  if (isPurchase(checkout)) {
    if (checkout.plan.paymentId === paymentId) return [];
    throw new DomainError('checkout.already_started', 'This quote was turned into a checkout before.');
  }
  const { checkoutId, currency, lines, platform } = checkout;
  const chosen = chosenOf(checkout, command);
  const { paymentExpiresAt, holdUntil } = timesOf(command);
  const plan = splitPlan({ currency, lines, chosen, platform, paymentId, method, channel, parts, paymentExpiresAt, holdUntil });
  const started: CheckoutEvent = { type: 'checkout.started', ...says({ checkoutId, buyerId }, at), plan };
  const purchase = evolve(checkout, started);
  return isPurchase(purchase) ? follow(purchase, [started], at) : [];
};

/** The option that was chosen for each seller, in the order of the quote's lines. */
const choose = ({ lines, shipping }: Quote, choices: StartCheckout['choices']) => {
  const sellers = [...new Set(lines.map(({ sellerId }) => sellerId))];
  const chosen = sellers.map((sellerId) => {
    const choice = choices.find((each) => each.sellerId === sellerId);
    const option = shipping.find((each) => each.sellerId === sellerId && each.optionId === choice?.optionId);
    if (!choice || !option)
      throw new DomainError('checkout.shipping_choice_missing', 'Choose one shipping option for each seller.', { sellerId });
    return { orderId: choice.orderId, option };
  });
  const named = choices.map(({ sellerId }) => sellerId);
  const extra = named.filter((sellerId, n) => !sellers.includes(sellerId) || named.indexOf(sellerId) !== n);
  if (extra.length > 0) {
    const message = 'Choose once for each seller of the quote, and for no other.';
    throw new DomainError('checkout.shipping_choice_invalid', message, { sellers: [...new Set(extra)] });
  }
  return chosen;
};

interface Change {
  readonly subject: string;
  readonly field: 'price' | 'tax' | 'shipping' | 'fees' | 'gone';
  readonly old: unknown;
  readonly new: unknown;
}

/** What the buyer would pay differently from the quote. */
const changesSince = (quoted: Quote, chosen: readonly ShippingOption[], fresh: Prices): Change[] => {
  const changes: Change[] = [];
  for (const { lineId, unitPrice, tax, quantity } of quoted.lines) {
    const now = fresh.lines.find((each) => each.lineId === lineId);
    if (!now) changes.push({ subject: lineId, field: 'gone', old: quantity, new: null });
    else if (!isSameMoney(now.unitPrice, unitPrice)) changes.push({ subject: lineId, field: 'price', old: unitPrice, new: now.unitPrice });
    else if (now.tax.rate !== tax.rate || now.tax.included !== tax.included)
      changes.push({ subject: lineId, field: 'tax', old: tax, new: now.tax });
  }
  for (const { optionId, sellerId, price } of chosen) {
    const now = fresh.shipping.find((each) => each.optionId === optionId && each.sellerId === sellerId);
    if (!now) changes.push({ subject: optionId, field: 'gone', old: price, new: null });
    else if (!isSameMoney(now.price, price)) changes.push({ subject: optionId, field: 'shipping', old: price, new: now.price });
  }
  const fees = (lines: readonly PlatformLine[]) =>
    sum(
      lines.map(({ amount }) => amount),
      quoted.currency,
    );
  const [old, now] = [fees(quoted.platform), fees(fresh.platform)];
  return isSameMoney(old, now) ? changes : [...changes, { subject: quoted.checkoutId, field: 'fees', old, new: now }];
};

const timesOf = ({ method, at, payBy }: StartCheckout) => {
  const { expiresAt, until } = deadlines(method, at);
  if (payBy === null || payBy <= expiresAt) return { paymentExpiresAt: expiresAt, holdUntil: until };
  return { paymentExpiresAt: payBy, holdUntil: later(payBy, holdGrace) };
};

const mustBePurchase = (checkout: Checkout): Purchase => {
  if (!isPurchase(checkout)) throw new DomainError('checkout.not_found', 'There is no such checkout.');
  return checkout;
};

const cancel = (purchase: Purchase, { buyerId, at }: { buyerId: string; at: string }): CheckoutEvent[] => {
  if (purchase.buyerId !== buyerId) throw new DomainError('checkout.not_found', 'There is no such checkout.');
  const { status } = purchase;
  if (isForward(purchase) || status === 'Confirmed' || status === 'Completed')
    throw new DomainError('checkout.already_paid', 'Cancel its orders instead.');
  if (status === 'Compensating' || status === 'Failed' || status === 'Expired') return [];
  return follow(purchase, [giveUp(purchase, at, 'checkout.cancelled')], at);
};

type Resolve = Extract<CheckoutCommand, { type: 'resolve' }>;

const resolve = (purchase: Purchase, { decision, operatorId, at }: Resolve): CheckoutEvent[] => {
  if (purchase.human === null) return [];
  const resolved: CheckoutEvent = { type: 'checkout.resolved', ...says(purchase, at), decision, operatorId };
  if (decision === 'close') return [resolved, ...closing(purchase, at)];
  const again = purchase.stuck.map(({ ask: type, subject, attempt }) => ask(purchase, at, type, subject, attempt + 1));
  return follow(purchase, [{ ...resolved, ...(again.length > 0 && { asks: again }) }], at);
};

/** What an operator settled by hand ends as if everything under way had been done. */
const closing = (purchase: Purchase, at: string): CheckoutEvent[] => {
  const { status } = purchase;
  if (status === 'Completed' || status === 'Failed' || status === 'Expired') return [];
  if (isForward(purchase) || status === 'Confirmed') return [{ type: 'checkout.completed', ...says(purchase, at) }];
  return [ended(purchase, at, purchase.giveUp ?? { outcome: 'failed', reason: 'checkout.failed' })];
};

export const checkout: Decider<Checkout, CheckoutCommand, CheckoutEvent> = {
  category: 'checkout',
  version: 1,
  initial: { status: 'None' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'quote':
        return quote(state, command);
      case 'start':
        return start(state, command);
      case 'cancel':
        return cancel(mustBePurchase(state), command);
      case 'resolve':
        return resolve(mustBePurchase(state), command);
      default:
        return command satisfies never;
    }
  },
};
