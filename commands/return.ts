// Commands about returns: the buyer asks and sends, the seller decides and inspects, staff decide what the two dispute.
import { DomainError } from '../domain/error.ts';
import { fulfilment } from '../domain/fulfilment/fulfilment.ts';
import { order } from '../domain/order/order.ts';
import type { HeldLine } from '../domain/order/terms.ts';
import type { Sealed } from '../domain/privacy.ts';
import type { ReturnLine } from '../domain/return/events.ts';
import { type ReturnCommand, returns } from '../domain/return/return.ts';
import type { Context, Handle } from './handle.ts';
import { derivedId } from './ids.ts';

export interface NewReturn {
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[];
  readonly reason: string;
  readonly note: Sealed | null;
}

/** How much of each line other returns have taken that were not turned down. */
const takenBy = async (handle: Handle, returnIds: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const taken = new Map<string, number>();
  for (const returnId of returnIds) {
    const { state } = await handle.load(returns, returnId);
    if (state.status === 'none' || state.status === 'Rejected' || state.status === 'Denied') continue;
    for (const { lineId, quantity } of state.lines) taken.set(lineId, (taken.get(lineId) ?? 0) + quantity);
  }
  return taken;
};

const linesOf = (asked: NewReturn['lines'], bought: readonly HeldLine[], taken: ReadonlyMap<string, number>): ReturnLine[] => {
  const twice = asked.find(({ lineId }, index) => asked.findIndex((each) => each.lineId === lineId) !== index);
  if (twice) throw new DomainError('return.too_much', 'A line is named once.', { lineId: twice.lineId });
  return asked.map(({ lineId, quantity }) => {
    const line = bought.find((each) => each.lineId === lineId);
    const left = line ? line.quantity - (taken.get(lineId) ?? 0) : 0;
    if (!line || quantity > left)
      throw new DomainError('return.too_much', 'That is more than is left to return.', { lineId, quantity, left });
    return { lineId, stockId: line.stockId, quantity };
  });
};

/**
 * Asks to send goods back. NOTE: the n-th return of an order has an id that follows from both, so that of two at once, which
 * would not see each other, only one is taken.
 */
export const requestReturn = async (handle: Handle, orderId: string, input: NewReturn & { buyerId: string }, context: Context) => {
  const { state } = await handle.load(order, orderId);
  const { buyerId, reason, note } = input;
  if (state.status === 'none' || state.buyerId !== buyerId) throw new DomainError('order.not_found', 'There is no such order.');
  const { state: carried } = await handle.load(fulfilment, orderId);
  const known = Object.keys(carried.returns);
  const returnId = derivedId('return', orderId, known.length);
  for (const each of [...known, returnId]) {
    const before = await handle.first(returns, each, context);
    if (before) return before; // also when the window is over by now
  }
  if (state.status === 'Completed') throw new DomainError('order.return_window_closed', 'The return window is over.');
  if (state.status !== 'Delivered') {
    throw new DomainError('order.not_delivered', `This order is ${state.status}.`, { status: state.status });
  }
  // What the courier has not collected was not paid, and cannot be given back.
  if (carried.terms?.cod && !carried.captured)
    throw new DomainError('payment.not_captured', 'The cash for this order has not come in yet.');
  const lines = linesOf(input.lines, carried.terms?.holds ?? [], await takenBy(handle, known));
  const { checkoutId, sellerId } = state;
  const ids = { returnId, orderId, checkoutId, buyerId, sellerId };
  const asked = { ...ids, lines, reason, returnUntil: state.returnUntil, at: context.at, ...(note !== null && { note }) };
  const requested = await handle(returns, returnId, { type: 'request', ...asked }, context);
  if (requested.events.length > 0) return requested;
  throw new DomainError('request.conflict', 'Another return of this order came at the same time; look at it first.');
};

/** A command on a return that stands: who sends it is named in it. */
export const moveReturn = (handle: Handle, returnId: string, command: Exclude<ReturnCommand, { type: 'request' }>, context: Context) =>
  handle(returns, returnId, command, context);
