// Commands of the cart: whoever comes, signed in or not, has one, and it opens with its first line.
import { type CartCommand, cart, type OpenCart } from '../domain/cart/cart.ts';
import { DomainError } from '../domain/error.ts';
import { isForSale, type Listing, type Variant } from '../domain/product/listing.ts';
import { product } from '../domain/product/product.ts';
import { type Context, type Handle, newId, subcommand } from './handle.ts';

/** Whose cart it is: a user's or a guest's id. `ownSellerId`: the seller that the buyer is, if any. */
export interface Buyer {
  readonly cartId: string;
  readonly ownSellerId: string | null;
}

export interface NewCartLine {
  readonly productId: string;
  /** May be left out where the product comes in one variant only. */
  readonly variantId?: string | undefined;
  readonly quantity: number;
}

const unavailable = (details: Record<string, unknown>) =>
  new DomainError('cart.product_unavailable', 'This product is not on sale.', details);

const variantOf = ({ variants }: Listing, variantId: string | undefined): Variant | undefined =>
  variantId === undefined && variants.length === 1 ? variants[0] : variants.find((variant) => variant.variantId === variantId);

/** Throws cart.product_unavailable, cart.own_goods, cart.mixed_currencies, cart.quantity_exceeded, cart.too_many_lines. */
export const addCartLine = async (handle: Handle, { cartId, ownSellerId }: Buyer, input: NewCartLine, context: Context) => {
  const { productId, quantity } = input;
  const add = async (): Promise<CartCommand> => {
    const { state } = await handle.load(product, productId);
    if (state.status !== 'Active') throw unavailable({ productId });
    const variant = variantOf(state, input.variantId);
    if (!variant?.price || !isForSale(variant)) throw unavailable({ productId, variantId: input.variantId ?? null });
    const { sellerId } = state;
    const { variantId, price } = variant;
    const item = { lineId: newId(context, 0), productId, variantId, sellerId, quantity, currency: price.currency };
    return { type: 'add', cartId, ...item, additionId: context.commandId, ownSellerId, at: context.at };
  };
  return handle.prepared(cart, cartId, add, context);
};

export const changeCartLine = (handle: Handle, cartId: string, lineId: string, quantity: number, context: Context) =>
  handle(cart, cartId, { type: 'change', lineId, quantity, at: context.at }, context);

export const removeCartLine = (handle: Handle, cartId: string, lineId: string, context: Context) =>
  handle(cart, cartId, { type: 'remove', lineId, at: context.at }, context);

/** Which lines the next checkout is about. */
export const selectCartLines = (handle: Handle, cartId: string, lineIds: readonly string[], selected: boolean, context: Context) =>
  handle(cart, cartId, { type: selected ? 'select' : 'deselect', lineIds, at: context.at }, context);

export const clearCart = (handle: Handle, cartId: string, context: Context) =>
  handle(cart, cartId, { type: 'clear', at: context.at }, context);

const itemsOf = ({ lines, currency }: OpenCart) =>
  currency === null ? [] : lines.map(({ selected: _selected, ...line }) => ({ ...line, currency }));

/** Takes a guest's cart over into the cart of the person whom the guest turned out to be, and empties it. */
export const mergeCart = async (handle: Handle, { cartId, ownSellerId }: Buyer, guestId: string | null, context: Context) => {
  const guest = guestId === null ? null : (await handle.load(cart, guestId)).state;
  const lines = guest?.status === 'open' ? itemsOf(guest) : [];
  const merged = await handle(cart, cartId, { type: 'merge', cartId, lines, ownSellerId, at: context.at }, context);
  if (guestId !== null) await handle(cart, guestId, { type: 'clear', at: context.at }, subcommand(context, 'clear'));
  return merged;
};
