// Commands of a seller's stock: what came in, what a count found, what came back, and when to be warned.
import { DomainError } from '../domain/error.ts';
import { product } from '../domain/product/product.ts';
import { stock, stockId } from '../domain/stock/stock.ts';
import { type Context, type Handle, newId } from './handle.ts';

/** A variant's stock at one location. */
export interface Place {
  readonly variantId: string;
  readonly location: string;
}

/** The first receipt opens the stock, so that it must know that the variant is this seller's. Throws product.not_found, product.variant_not_found. */
export const receiveStock = async (
  handle: Handle,
  sellerId: string,
  { variantId, location }: Place,
  input: { productId: string; quantity: number; reason: string },
  context: Context,
) => {
  const id = stockId(variantId, location);
  const before = await handle.first(stock, id, context);
  if (before) return before; // also when the product is gone by now
  const { productId, quantity, reason } = input;
  const { state } = await handle.load(product, productId);
  if (state.status === 'None' || state.sellerId !== sellerId) throw new DomainError('product.not_found', 'There is no such product.');
  if (state.status === 'Archived') throw new DomainError('product.archived', 'This product is archived.');
  if (!state.variants.some((variant) => variant.variantId === variantId))
    throw new DomainError('product.variant_not_found', 'There is no such variant.', { variantId });
  const movement = { movementId: newId(context, 0), quantity, reason, at: context.at };
  return handle(stock, id, { type: 'receive', variantId, location, productId, sellerId, ...movement }, context);
};

/** Somebody else's stock is answered like one that does not exist. */
const ownStock = async (handle: Handle, sellerId: string, { variantId, location }: Place): Promise<string> => {
  const id = stockId(variantId, location);
  const { state } = await handle.load(stock, id);
  if (state.status === 'none' || state.sellerId !== sellerId)
    throw new DomainError('stock.not_found', 'Nothing of this variant was ever received here.');
  return id;
};

export const adjustStock = async (
  handle: Handle,
  sellerId: string,
  place: Place,
  input: { delta: number; reason: string },
  context: Context,
) => {
  const id = await ownStock(handle, sellerId, place);
  return handle(stock, id, { type: 'adjust', movementId: newId(context, 0), ...input, at: context.at }, context);
};

export const returnStock = async (
  handle: Handle,
  sellerId: string,
  place: Place,
  input: { orderId: string | null; quantity: number; condition: 'sellable' | 'damaged' },
  context: Context,
) => {
  const id = await ownStock(handle, sellerId, place);
  return handle(stock, id, { type: 'return', movementId: newId(context, 0), ...input, at: context.at }, context);
};

export const setLowLevel = async (handle: Handle, sellerId: string, place: Place, level: number, context: Context) => {
  const id = await ownStock(handle, sellerId, place);
  return handle(stock, id, { type: 'set_low_level', level, at: context.at }, context);
};
