// A cart: one line per variant, in one currency, never a price. It opens by itself with its first line.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { Currency } from '../money.ts';
import type { CartEvent } from './events.ts';

/** What the edge looked up about a variant; nothing of it comes from the client but the choice. */
export interface CartItem {
  readonly lineId: string;
  readonly productId: string;
  readonly variantId: string;
  readonly sellerId: string;
  readonly quantity: number;
  readonly currency: Currency;
}

export type CartCommand =
  /** `ownSellerId`: the seller that the buyer is, if any. */
  | (CartItem & { type: 'add'; cartId: string; additionId: string; ownSellerId: string | null; at: string })
  | { type: 'change'; lineId: string; quantity: number; at: string }
  | { type: 'remove'; lineId: string; at: string }
  | { type: 'select'; lineIds: readonly string[]; at: string }
  | { type: 'deselect'; lineIds: readonly string[]; at: string }
  | { type: 'clear'; at: string }
  /** `lines`: the guest's cart, taken over at the login. */
  | { type: 'merge'; cartId: string; lines: readonly CartItem[]; ownSellerId: string | null; at: string }
  /** A checkout of a quote begins. `over`: checkouts that came to nothing, so that their lines may be bought again. */
  | { type: 'check_out'; cartId: string; checkoutId: string; lines: readonly QuotedCartLine[]; over: readonly string[]; at: string }
  /** Its owner goes: from then on no checkout of it begins. */
  | { type: 'close'; cartId: string; at: string }
  | { type: 'remove_bought'; checkoutId: string; lines: readonly { lineId: string; quantity: number }[]; at: string };

/** A line as it was quoted: how many pieces, and whether it was among the selected ones. */
export interface QuotedCartLine {
  readonly lineId: string;
  readonly quantity: number;
  readonly selected: boolean;
}

/** Pieces of a line that a checkout has begun to buy. They stay in the cart until they are bought. */
export interface CheckedOutLine {
  readonly lineId: string;
  readonly checkoutId: string;
  readonly quantity: number;
}

export interface CartLine {
  readonly lineId: string;
  readonly productId: string;
  readonly variantId: string;
  readonly sellerId: string;
  readonly quantity: number;
  readonly selected: boolean;
}

/** `recent`: the last additions and purchases, so that a repeat neither adds nor takes twice. `currency` is null while it is empty. */
export interface OpenCart {
  readonly status: 'open';
  readonly cartId: string;
  readonly currency: Currency | null;
  readonly lines: readonly CartLine[];
  readonly recent: readonly string[];
  readonly checkedOut: readonly CheckedOutLine[];
  readonly closed?: true;
}
export type Cart = { readonly status: 'none' } | OpenCart;

type Of<T extends CartCommand['type']> = Extract<CartCommand, { type: T }>;

/** A cart is loaded and shown whole. */
export const linesPerCart = 100;
export const piecesPerLine = 999;
const keptRecent = 100;

const linesOf = (cart: Cart) => (cart.status === 'open' ? cart.lines : []);

const opened = { status: 'open', currency: null, lines: [], recent: [], checkedOut: [] } as const;

const evolve = (cart: Cart, event: CartEvent): Cart => {
  const open: OpenCart = cart.status === 'open' ? cart : { ...opened, cartId: event.cartId };
  switch (event.type) {
    case 'cart.line_added': {
      const { lineId, productId, variantId, sellerId, quantity, currency, additionId } = event;
      const lines = [...open.lines, { lineId, productId, variantId, sellerId, quantity, selected: true }];
      return { ...open, currency, lines, recent: remember(open, additionId) };
    }
    case 'cart.quantity_changed': {
      const { lineId, quantity, additionId } = event;
      const changed = withLine(open, lineId, (line) => ({ ...line, quantity }));
      return additionId === null ? changed : { ...changed, recent: remember(open, additionId) };
    }
    case 'cart.line_removed':
      return withLines(
        open,
        open.lines.filter((line) => line.lineId !== event.lineId),
      );
    case 'cart.line_selected':
      return withLine(open, event.lineId, (line) => ({ ...line, selected: true }));
    case 'cart.line_deselected':
      return withLine(open, event.lineId, (line) => ({ ...line, selected: false }));
    case 'cart.cleared':
      return withLines(open, []);
    case 'cart.lines_removed': {
      const left = new Map(event.lines.map((line) => [line.lineId, line.left]));
      const lines = open.lines.map((line) => ({ ...line, quantity: left.get(line.lineId) ?? line.quantity }));
      const kept = lines.filter((line) => line.quantity > 0);
      const checkedOut = open.checkedOut.filter(({ checkoutId }) => checkoutId !== event.checkoutId);
      return { ...withLines({ ...open, checkedOut }, kept), recent: remember(open, event.checkoutId) };
    }
    case 'cart.checked_out': {
      const { checkoutId, over } = event;
      const still = open.checkedOut.filter((each) => each.checkoutId !== checkoutId && !over.includes(each.checkoutId));
      return { ...open, checkedOut: [...still, ...event.lines.map((line) => ({ ...line, checkoutId }))] };
    }
    case 'cart.closed':
      return { ...open, closed: true };
    default:
      return event satisfies never;
  }
};

const remember = (cart: OpenCart, id: string) => (cart.recent.includes(id) ? cart.recent : [...cart.recent.slice(1 - keptRecent), id]);

const withLines = (cart: OpenCart, lines: readonly CartLine[]): OpenCart => ({
  ...cart,
  lines,
  currency: lines.length === 0 ? null : cart.currency,
  checkedOut: cart.checkedOut.filter(({ lineId }) => lines.some((line) => line.lineId === lineId)),
});

const withLine = (cart: OpenCart, lineId: string, change: (line: CartLine) => CartLine): OpenCart => ({
  ...cart,
  lines: cart.lines.map((line) => (line.lineId === lineId ? change(line) : line)),
});

const mustBeAllowed = (cart: Cart, { currency, sellerId, quantity }: CartItem, ownSellerId: string | null) => {
  if (sellerId === ownSellerId) throw new DomainError('cart.own_goods', 'Sellers do not buy their own goods.');
  mustBeInRange(quantity);
  mustBeUsed(cart);
  if (cart.status === 'open' && cart.currency !== null && cart.currency !== currency)
    throw new DomainError('cart.mixed_currencies', `This cart is in ${cart.currency}.`, { currency: cart.currency });
};

const mustBeUsed = (cart: Cart) => {
  if (cart.status === 'open' && cart.closed) throw new DomainError('user.erased', 'This account is being erased.');
};

const mustBeInRange = (quantity: number) => {
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > piecesPerLine)
    throw new DomainError('cart.quantity_exceeded', `A line holds 1 to ${piecesPerLine} pieces.`, { limit: piecesPerLine });
};

const add = (cart: Cart, command: Of<'add'>): CartEvent[] => {
  const { cartId, additionId, ownSellerId, at } = command;
  if (cart.status === 'open' && cart.recent.includes(additionId)) return [];
  mustBeAllowed(cart, command, ownSellerId);
  const line = linesOf(cart).find((each) => each.variantId === command.variantId);
  if (!line) return [added(cart, cartId, command, additionId, at)];
  const quantity = line.quantity + command.quantity;
  mustBeInRange(quantity);
  return [{ type: 'cart.quantity_changed', ...facts(cartId, line, at), quantity, additionId }];
};

const added = (cart: Cart, cartId: string, item: CartItem, additionId: string, at: string): CartEvent => {
  if (linesOf(cart).length >= linesPerCart)
    throw new DomainError('cart.too_many_lines', `A cart holds at most ${linesPerCart} lines.`, { limit: linesPerCart });
  const { lineId, productId, variantId, sellerId, quantity, currency } = item;
  return { type: 'cart.line_added', cartId, at, lineId, productId, variantId, sellerId, quantity, currency, additionId };
};

const facts = (cartId: string, { lineId, productId, variantId, sellerId }: CartLine, at: string) => ({
  cartId,
  at,
  lineId,
  productId,
  variantId,
  sellerId,
});

const mustHave = (cart: Cart, lineId: string) => {
  const line = linesOf(cart).find((each) => each.lineId === lineId);
  if (cart.status === 'none' || !line) throw new DomainError('cart.line_not_found', 'The cart has no such line.', { lineId });
  return { cartId: cart.cartId, line };
};

const change = (cart: Cart, { lineId, quantity, at }: Of<'change'>): CartEvent[] => {
  const { cartId, line } = mustHave(cart, lineId);
  mustBeInRange(quantity);
  return line.quantity === quantity ? [] : [{ type: 'cart.quantity_changed', ...facts(cartId, line, at), quantity, additionId: null }];
};

const remove = (cart: Cart, { lineId, at }: Of<'remove'>): CartEvent[] => {
  if (cart.status === 'none') return [];
  const line = cart.lines.find((each) => each.lineId === lineId);
  return line ? [{ type: 'cart.line_removed', ...facts(cart.cartId, line, at) }] : [];
};

const choose = (cart: Cart, { type, lineIds, at }: Of<'select' | 'deselect'>): CartEvent[] => {
  const selected = type === 'select';
  return lineIds
    .map((lineId) => mustHave(cart, lineId))
    .filter(({ line }) => line.selected !== selected)
    .map(({ cartId, line }) => ({ type: selected ? 'cart.line_selected' : 'cart.line_deselected', ...facts(cartId, line, at) }));
};

/**
 * The guest's lines come in addition; of a variant that both carts hold the larger quantity stays. (NOTE: not the sum, so that the
 * same merge twice changes nothing.) What does not fit (another currency, own goods, a full cart) is left behind: a login never fails for it.
 */
const merge = (cart: Cart, { cartId, lines, ownSellerId, at }: Of<'merge'>): CartEvent[] => {
  const currency = (cart.status === 'open' ? cart.currency : null) ?? lines.find(({ sellerId }) => sellerId !== ownSellerId)?.currency;
  const fitting = lines.filter((item) => item.sellerId !== ownSellerId && item.currency === currency);
  const mine = new Map(linesOf(cart).map((line) => [line.variantId, line]));
  const room = linesPerCart - mine.size;
  const raised = fitting.flatMap((item): CartEvent[] => {
    const line = mine.get(item.variantId);
    if (!line || line.quantity >= item.quantity) return [];
    return [{ type: 'cart.quantity_changed', ...facts(cartId, line, at), quantity: item.quantity, additionId: null }];
  });
  const fresh = fitting.filter((item) => !mine.has(item.variantId)).slice(0, room);
  return [...raised, ...fresh.map((item) => added(cart, cartId, item, item.lineId, at))];
};

/** Of these lines, what other checkouts than this one have begun to buy. */
export const checkedOutByOthers = (cart: Cart, checkoutId: string, lines: readonly { lineId: string }[]): readonly CheckedOutLine[] =>
  cart.status === 'none'
    ? []
    : cart.checkedOut.filter((each) => each.checkoutId !== checkoutId && lines.some(({ lineId }) => lineId === each.lineId));

/** How the cart's line differs from what was quoted; null: it still holds as many pieces, which no other checkout has begun to buy. */
const changeOf = (cart: Cart, others: readonly CheckedOutLine[], { lineId, quantity, selected }: QuotedCartLine) => {
  const line = linesOf(cart).find((each) => each.lineId === lineId);
  if (!line) return { lineId, field: 'removed', old: quantity, new: 0 };
  if (line.quantity < quantity) return { lineId, field: 'quantity', old: quantity, new: line.quantity };
  if (selected && !line.selected) return { lineId, field: 'selected', old: true, new: false };
  const elsewhere = others.filter((each) => each.lineId === lineId);
  const left = elsewhere.reduce((sum, each) => sum - each.quantity, line.quantity);
  if (left >= quantity) return null;
  const checkoutIds = elsewhere.map(({ checkoutId }) => checkoutId);
  return { lineId, field: 'checked_out', old: quantity, new: Math.max(0, left), checkoutIds };
};

/** A quote is bought while the cart still holds what was quoted; more pieces of a line than that stay in the cart. */
const checkOut = (cart: Cart, { cartId, checkoutId, lines, over, at }: Of<'check_out'>): CartEvent[] => {
  mustBeUsed(cart);
  const others = checkedOutByOthers(cart, checkoutId, lines).filter((each) => !over.includes(each.checkoutId));
  const changes = lines.flatMap((line) => changeOf(cart, others, line) ?? []);
  if (changes.length > 0)
    throw new DomainError('checkout.cart_changed', 'The cart has changed since this quote; ask for a new one.', { changes });
  const had = cart.status === 'open' && cart.checkedOut.some((each) => each.checkoutId === checkoutId);
  if (had || lines.length === 0) return [];
  const taken = lines.map(({ lineId, quantity }) => ({ lineId, quantity }));
  return [{ type: 'cart.checked_out', cartId, at, checkoutId, lines: taken, over: [...over] }];
};

const removeBought = (cart: Cart, { checkoutId, lines, at }: Of<'remove_bought'>): CartEvent[] => {
  if (cart.status === 'none' || cart.recent.includes(checkoutId)) return [];
  const bought = lines.flatMap(({ lineId, quantity }) => {
    const line = cart.lines.find((each) => each.lineId === lineId);
    return line ? [{ lineId, variantId: line.variantId, quantity, left: Math.max(0, line.quantity - quantity) }] : [];
  });
  return bought.length === 0 ? [] : [{ type: 'cart.lines_removed', cartId: cart.cartId, at, checkoutId, lines: bought }];
};

export const cart: Decider<Cart, CartCommand, CartEvent> = {
  category: 'cart',
  version: 2,
  initial: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'add':
        return add(state, command);
      case 'change':
        return change(state, command);
      case 'remove':
        return remove(state, command);
      case 'select':
      case 'deselect':
        return choose(state, command);
      case 'clear':
        return state.status === 'none' || state.lines.length === 0 ? [] : [{ type: 'cart.cleared', cartId: state.cartId, at: command.at }];
      case 'merge':
        return merge(state, command);
      case 'check_out':
        return checkOut(state, command);
      case 'close':
        return state.status === 'open' && state.closed ? [] : [{ type: 'cart.closed', cartId: command.cartId, at: command.at }];
      case 'remove_bought':
        return removeBought(state, command);
      default:
        return command satisfies never;
    }
  },
};
