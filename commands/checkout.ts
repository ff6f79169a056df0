// Commands of a checkout: a quote for what is in the cart, the start that plans and holds, and the buyer's way out before paying.
import { cart, checkedOutByOthers } from '../domain/cart/cart.ts';
import { type CheckoutCommand, checkout, chosenOf, type Prices, type QuoteCheckout } from '../domain/checkout/checkout.ts';
import type { MissingLine } from '../domain/checkout/events.ts';
import type { QuotedLine } from '../domain/checkout/plan.ts';
import { type Checkout, isPurchase, type Purchase, type Quote } from '../domain/checkout/state.ts';
import { DomainError } from '../domain/error.ts';
import { later, minutes } from '../domain/id.ts';
import { defaultLocation } from '../domain/location.ts';
import type { Method } from '../domain/payment/deadlines.ts';
import type { Sealed } from '../domain/privacy.ts';
import { availableOf, mayBeOver } from '../domain/stock/state.ts';
import { stock, stockId } from '../domain/stock/stock.ts';
import { user } from '../domain/user/user.ts';
import { type PricingNeeds, priceLines, shippingFor, type WantedLine } from './checkout-prices.ts';
import { type CodOptions, useContacts } from './contact.ts';
import { type Context, type Handle, newId, subcommand } from './handle.ts';
import type { Until } from './watch.ts';

export interface CheckoutNeeds extends PricingNeeds {
  readonly until: Until;
  readonly cod: CodOptions;
  /** The most that one purchase may come to, in minor units. */
  readonly maxAmount?: number;
}

export interface QuoteInput {
  readonly buyerId: string;
  /** Whose lines are quoted: the buyer's own, or those of the cookie that a guest came with. */
  readonly cartId: string;
  readonly guest?: QuoteCheckout['guest'];
  readonly ownSellerId: string | null;
  /** One of the buyer's own addresses, or one that was given with the request. */
  readonly address: { readonly addressId: string } | { readonly sealed: Sealed };
  /** Lines of the cart; none named: the selected ones. */
  readonly lineIds: readonly string[] | null;
}

const addressOf = async (handle: Handle, { buyerId, address }: QuoteInput): Promise<Sealed> => {
  if ('sealed' in address) return address.sealed;
  const { state } = await handle.load(user, buyerId);
  const known = state.status === 'Active' ? state.addresses.find(({ addressId }) => addressId === address.addressId) : undefined;
  if (!known) throw new DomainError('user.address_not_found', 'There is no such address.', { addressId: address.addressId });
  return known.address;
};

const wantedLines = async (handle: Handle, { cartId, lineIds }: QuoteInput, context: Context): Promise<WantedLine[]> => {
  const { state } = await handle.load(cart, cartId);
  const lines = state.status === 'open' ? state.lines : [];
  const known = new Set(lines.map(({ lineId }) => lineId));
  const missing = lineIds?.find((lineId) => !known.has(lineId));
  if (missing !== undefined) throw new DomainError('cart.line_not_found', 'The cart has no such line.', { lineId: missing });
  const wanted = lineIds ? lines.filter(({ lineId }) => lineIds.includes(lineId)) : lines.filter(({ selected }) => selected);
  if (wanted.length === 0) throw new DomainError('checkout.cart_empty', 'There is nothing to buy.');
  return wanted.map(({ lineId, productId, variantId, sellerId, quantity, selected }, n) => ({
    lineId: newId(context, n + 1),
    cartLineId: lineId,
    productId,
    variantId,
    sellerId,
    location: defaultLocation,
    quantity,
    selected,
  }));
};

/** Refuses what cannot be had even if every unpaid hold lapsed. Whether the rest can be had, only the hold itself decides. */
const mustBeInStock = async (handle: Handle, lines: readonly QuotedLine[]) => {
  const short = await Promise.all(
    lines.map(async ({ lineId, cartLineId, variantId, location, sku, quantity }) => {
      const { state } = await handle.load(stock, stockId(variantId, location));
      const left = state.status === 'open' ? state.onHand - state.committedPieces : 0;
      return left < quantity ? [{ lineId, cartLineId, variantId, sku, left }] : [];
    }),
  );
  const missing = short.flat();
  if (missing.length > 0) throw new DomainError('checkout.out_of_stock', 'Some lines are not in stock.', { lines: missing });
};

/**
 * Refuses at once what a hold would refuse now, so that a rush for the last piece costs nothing but a look. A shelf with holds that
 * may have lapsed is left to the hold.
 */
const mustBeFree = async (handle: Handle, lines: readonly QuotedLine[], at: string) => {
  const missing: MissingLine[] = [];
  for (const { lineId, variantId, location, sku, quantity } of lines) {
    const { state } = await handle.load(stock, stockId(variantId, location));
    const isSure = state.status === 'none' || !mayBeOver(state, at);
    const free = state.status === 'none' ? 0 : availableOf(state);
    if (isSure && free < quantity) missing.push({ lineId, variantId, sku, code: 'stock.insufficient' });
  }
  if (missing.length > 0)
    throw new DomainError('checkout.out_of_stock', 'Some lines are not in stock; nothing is held.', { lines: missing });
};

/** A quote holds for 15 minutes; its id becomes the checkout's. */
export const quoteCheckout = async (needs: CheckoutNeeds, input: QuoteInput, context: Context) => {
  const { handle } = needs;
  const { buyerId, cartId, ownSellerId, guest } = input;
  const { at } = context;
  const checkoutId = newId(context, 0);
  const quote = async (): Promise<CheckoutCommand> => {
    const address = await addressOf(handle, input);
    const { lines, stores } = await priceLines(handle, await wantedLines(handle, input, context), buyerId, at);
    await mustBeInStock(handle, lines);
    const shipping = await shippingFor(needs, stores, lines, address, at);
    const prices: Prices = { lines, shipping, platform: [] };
    const { maxAmount } = needs;
    const limits = maxAmount === undefined ? {} : { maxAmount };
    return { type: 'quote', checkoutId, buyerId, cartId, ownSellerId, address, ...(guest && { guest }), ...prices, ...limits, at };
  };
  return handle.prepared(checkout, checkoutId, quote, { ...context, fresh: true });
};

export interface StartInput {
  readonly quoteId: string;
  readonly buyerId: string;
  readonly shipping: readonly { readonly sellerId: string; readonly optionId: string }[];
  readonly method: Method;
  readonly channel?: string | undefined;
}

/** Milliseconds that a buyer is kept waiting for the outcome. */
const patience = 2_000;

const isTold = (state: Checkout): boolean =>
  isPurchase(state) && !['Priced', 'Reserving', 'Reserved', 'Compensating'].includes(state.status);

/** How a started checkout stands when its buyer is answered. */
export interface Started {
  readonly purchase: Purchase;
  /** False while it is still under way. */
  readonly isTold: boolean;
  readonly revision: number;
  readonly position: number;
}

/** A start that was let into the cart has surely been decided by then, in milliseconds after its quote's end. */
const startGrace = minutes(1);

/** Whether this checkout will never buy what it was let have of the cart, or has removed it already. */
const isOver = (state: Checkout, at: string): boolean =>
  ['None', 'Failed', 'Expired', 'Completed'].includes(state.status) ||
  (state.status === 'Quoted' && at > later(state.expiresAt, startGrace));

/**
 * Lets one checkout have the quoted lines: the cart's stream decides between all that are started. Nothing has to be given back when
 * one comes to nothing: the next one looks how it ended. Throws checkout.cart_changed.
 */
const checkOutCart = async (handle: Handle, { checkoutId, cartId, lines: quoted }: Quote, context: Context) => {
  const { at } = context;
  const lines = quoted.flatMap(({ cartLineId, quantity, selected = false }) =>
    cartLineId === null ? [] : [{ lineId: cartLineId, quantity, selected }],
  );
  const { state } = await handle.load(cart, cartId);
  const over: string[] = [];
  for (const other of new Set(checkedOutByOthers(state, checkoutId, lines).map((each) => each.checkoutId))) {
    if (isOver((await handle.load(checkout, other)).state, at)) over.push(other);
  }
  await handle(cart, cartId, { type: 'check_out', cartId, checkoutId, lines, over, at }, subcommand(context, 'cart'));
};

/**
 * Starts what was quoted, at the quoted prices or not at all (checkout.quote_changed), and waits a little for the outcome.
 * NOTE: a repeat is answered from how the checkout stands by then; it is not priced again.
 */
export const startCheckout = async (needs: CheckoutNeeds, input: StartInput, context: Context): Promise<Started> => {
  const { handle, until } = needs;
  const { quoteId, buyerId, method, channel } = input;
  const { at } = context;
  const { state: before } = await handle.load(checkout, quoteId);
  const paymentId = newId(context, 0);
  if (before.status === 'None' || before.buyerId !== buyerId) throw new DomainError('checkout.quote_not_found', 'There is no such quote.');
  if (!isPurchase(before) || before.plan.paymentId !== paymentId) {
    if (!isPurchase(before)) await mustBeFree(handle, before.lines, at);
    const fresh = isPurchase(before) ? { lines: [], shipping: [], platform: [] } : await pricesNow(needs, before, at);
    const choices = input.shipping.map((choice, n) => ({ ...choice, orderId: newId(context, n + 1) }));
    const limits = needs.maxAmount === undefined ? {} : { maxAmount: needs.maxAmount };
    const start = { type: 'start', buyerId, choices, method, channel, paymentId, parts: [], fresh, payBy: null, ...limits, at } as const;
    // Before the cart is asked, so that a start that is refused keeps nothing from the next quote.
    if (!isPurchase(before)) {
      chosenOf(before, start);
      await useContacts(handle, before, method, needs.cod, context);
      await checkOutCart(handle, before, context);
    }
    await handle(checkout, quoteId, start, context);
  }
  await until(checkout, quoteId, isTold, patience);
  const { state, revision, position } = await handle.load(checkout, quoteId);
  if (!isPurchase(state)) throw new DomainError('checkout.not_found', 'There is no such checkout.');
  return { purchase: state, isTold: isTold(state), revision, position };
};

/** The same lines and ways to ship at the prices of this moment. */
const pricesNow = async (needs: CheckoutNeeds, quote: Quote, at: string): Promise<Prices> => {
  const wanted = quote.lines.map(({ lineId, cartLineId, productId, variantId, sellerId, location, quantity }) => ({
    ...{ lineId, cartLineId, productId, variantId, sellerId, location, quantity },
  }));
  const { lines, stores } = await priceLines(needs.handle, wanted, quote.buyerId, at);
  return { lines, shipping: await shippingFor(needs, stores, lines, quote.address, at), platform: quote.platform };
};

export const cancelCheckout = (handle: Handle, checkoutId: string, buyerId: string, context: Context) =>
  handle(checkout, checkoutId, { type: 'cancel', buyerId, at: context.at }, context);
