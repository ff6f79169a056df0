// Commands of an order: what its buyer and its seller may do with it. Somebody else's order is not found.
import type { OrderCommand } from '../domain/order/commands.ts';
import { order } from '../domain/order/order.ts';
import type { Context, Handle } from './handle.ts';

/** The buyer's id, and the seller that the same person is, if any: nobody is both of one order. */
export interface Party {
  readonly buyerId: string;
  readonly sellerId: string | null;
}

const tell = (handle: Handle, orderId: string, command: OrderCommand, context: Context) => handle(order, orderId, command, context);

export const acceptOrder = (handle: Handle, orderId: string, sellerId: string, context: Context) =>
  tell(handle, orderId, { type: 'accept', sellerId, at: context.at }, context);

/** The saga books the courier then. */
export const packOrder = (handle: Handle, orderId: string, sellerId: string, context: Context) =>
  tell(handle, orderId, { type: 'pack', sellerId, at: context.at }, context);

export interface Parcel {
  readonly courier?: string | undefined;
  readonly trackingNumber?: string | undefined;
}

export const shipOrder = (handle: Handle, orderId: string, sellerId: string, { courier, trackingNumber }: Parcel, context: Context) => {
  const parcel = { ...(courier !== undefined && { courier }), ...(trackingNumber !== undefined && { trackingNumber }) };
  return tell(handle, orderId, { type: 'ship', sellerId, ...parcel, at: context.at }, context);
};

export const confirmDelivery = (handle: Handle, orderId: string, buyerId: string, context: Context) =>
  tell(handle, orderId, { type: 'deliver', buyerId, at: context.at }, context);

/** The buyer waives the rest of the return window. */
export const completeOrder = (handle: Handle, orderId: string, buyerId: string, context: Context) =>
  tell(handle, orderId, { type: 'complete', buyerId, at: context.at }, context);

/** By its seller, or else by its buyer, who after the acceptance can only ask for it. */
export const cancelOrder = async (handle: Handle, orderId: string, { buyerId, sellerId }: Party, reason: string, context: Context) => {
  const { at } = context;
  const { state } = await handle.load(order, orderId);
  const isSeller = state.status !== 'none' && sellerId !== null && state.sellerId === sellerId;
  const command: OrderCommand = isSeller
    ? { type: 'cancel', by: 'seller', sellerId, reason, at }
    : { type: 'cancel', by: 'buyer', buyerId, reason, at };
  return tell(handle, orderId, command, context);
};

export const agreeToCancel = (handle: Handle, orderId: string, sellerId: string, context: Context) =>
  tell(handle, orderId, { type: 'agree_to_cancel', sellerId, at: context.at }, context);

export const declineToCancel = (handle: Handle, orderId: string, sellerId: string, reason: string, context: Context) =>
  tell(handle, orderId, { type: 'decline_to_cancel', sellerId, reason, at: context.at }, context);
