// One seller's part of a purchase, from awaiting its payment to the end of its return window. Only its seller and its buyer may move it.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { days, hours, later } from '../id.ts';
import { isSameMoney, type Money, minus, sum } from '../money.ts';
import type { Sealed } from '../privacy.ts';
import type { CreateOrder, OrderCommand } from './commands.ts';
import type { OrderEvent } from './events.ts';
import type { OrderLine, ShippingTerms } from './terms.ts';

/** A seller who does not accept in this time loses the order. */
export const timeToAccept = hours(48);
/** How long a buyer may send goods back, and how long the seller's money waits. */
export const returnWindow = days(7);

export interface OrderTerms {
  readonly orderId: string;
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly paymentId: string;
  readonly cod: boolean;
  readonly total: Money;
  readonly sellerNet: Money;
  readonly shipping: ShippingTerms;
  readonly address: Sealed;
}

/** `cancelRequested`: the buyer's reason, while the seller has not answered. */
export type Order =
  | { readonly status: 'none' }
  | (OrderTerms & { readonly status: 'AwaitingPayment'; readonly payUntil: string })
  | (OrderTerms & { readonly status: 'Confirmed'; readonly acceptBy: string })
  | (OrderTerms & { readonly status: 'Accepted' | 'Packed'; readonly cancelRequested: string | null })
  | (OrderTerms & { readonly status: 'Shipped' | 'DeliveryFailed' | 'Returned' })
  | (OrderTerms & { readonly status: 'Delivered'; readonly returnUntil: string })
  | (OrderTerms & { readonly status: 'Completed' | 'Cancelled' });

type Existing = Exclude<Order, { status: 'none' }>;
type Of<T extends OrderCommand['type']> = Extract<OrderCommand, { type: T }>;
type Timed = { at: string; timeInferred?: true; sourceAt?: string };

const termsOf = (order: OrderTerms): OrderTerms => {
  const { orderId, checkoutId, buyerId, sellerId, paymentId, cod, total, sellerNet, shipping, address } = order;
  return { orderId, checkoutId, buyerId, sellerId, paymentId, cod, total, sellerNet, shipping, address };
};

const netOf = (lines: readonly OrderLine[], { currency }: Money): Money =>
  sum(
    lines.map((line) => minus(minus(line.amount, line.tax.amount), line.commission.amount)),
    currency,
  );

const evolve = (order: Order, event: OrderEvent): Order => {
  if (event.type === 'order.created') {
    const { totals, payUntil, lines, ...ids } = event;
    const total = totals.total;
    return { ...termsOf({ ...ids, total, sellerNet: netOf(lines, total) }), status: 'AwaitingPayment', payUntil };
  }
  if (order.status === 'none') return order;
  const terms = termsOf(order);
  switch (event.type) {
    case 'order.confirmed':
      return { ...terms, status: 'Confirmed', acceptBy: event.acceptBy };
    case 'order.accepted':
      return { ...terms, status: 'Accepted', cancelRequested: null };
    case 'order.packed':
      return { ...terms, status: 'Packed', cancelRequested: 'cancelRequested' in order ? order.cancelRequested : null };
    case 'order.cancel_requested':
      return 'cancelRequested' in order ? { ...order, cancelRequested: event.reason } : order;
    case 'order.cancel_declined':
      return 'cancelRequested' in order ? { ...order, cancelRequested: null } : order;
    case 'order.shipped':
      return { ...terms, status: 'Shipped' };
    case 'order.delivered':
      return { ...terms, status: 'Delivered', returnUntil: event.returnUntil };
    case 'order.completed':
      return { ...terms, status: 'Completed' };
    case 'order.cancelled':
      return { ...terms, status: 'Cancelled' };
    case 'order.delivery_failed':
      return { ...terms, status: 'DeliveryFailed' };
    case 'order.returned':
      return { ...terms, status: 'Returned' };
    default:
      return event satisfies never;
  }
};

/** How far along the good way an order is: what lies behind it is "already so". */
const step: Readonly<Record<Order['status'], number>> = {
  none: 0,
  AwaitingPayment: 1,
  Confirmed: 2,
  Accepted: 3,
  Packed: 4,
  Shipped: 5,
  DeliveryFailed: 6,
  Returned: 7,
  Delivered: 6,
  Completed: 7,
  Cancelled: 8,
};

const common = (order: Existing, { at, timeInferred, sourceAt }: Timed) => ({
  orderId: order.orderId,
  checkoutId: order.checkoutId,
  buyerId: order.buyerId,
  sellerId: order.sellerId,
  at,
  ...(timeInferred && { timeInferred }),
  ...(sourceAt !== undefined && { sourceAt }),
});

/** Somebody else's order is answered like one that does not exist. */
const mustSee = (order: Order, actor: { buyerId?: string; sellerId?: string }): Existing => {
  const isMine =
    order.status !== 'none' &&
    (actor.buyerId === undefined || actor.buyerId === order.buyerId) &&
    (actor.sellerId === undefined || actor.sellerId === order.sellerId);
  if (!isMine) throw new DomainError('order.not_found', 'There is no such order.');
  return order;
};

const refusal = (order: Existing, code: `order.${string}`) =>
  new DomainError(order.status === 'Cancelled' ? 'order.cancelled' : code, `This order is ${order.status}.`, { status: order.status });

const create = (order: Order, command: CreateOrder): OrderEvent[] =>
  order.status === 'none' ? [{ ...command, type: 'order.created', lines: [...command.lines] }] : [];

const confirm = (state: Order, command: Of<'confirm'>): OrderEvent[] => {
  const order = mustSee(state, {});
  if (order.status === 'Cancelled') throw refusal(order, 'order.wrong_status');
  if (order.status !== 'AwaitingPayment') return [];
  const { paymentId, cod, total, sellerNet } = order;
  const acceptBy = later(command.at, timeToAccept);
  return [{ type: 'order.confirmed', ...common(order, command), paymentId, cod, total, sellerNet, holds: [...command.holds], acceptBy }];
};

const accept = (state: Order, command: Of<'accept'>): OrderEvent[] => {
  const order = mustSee(state, command);
  if (order.status === 'Confirmed' && command.at >= order.acceptBy) {
    throw new DomainError('order.acceptance_over', 'It was not accepted in time.', { acceptBy: order.acceptBy });
  }
  if (order.status === 'Confirmed') return [{ type: 'order.accepted', ...common(order, command) }];
  if (order.status === 'AwaitingPayment' || order.status === 'Cancelled') throw refusal(order, 'order.not_paid');
  return [];
};

const pack = (state: Order, command: Of<'pack'>): OrderEvent[] => {
  const order = mustSee(state, command);
  if (order.status === 'Accepted') {
    return [{ type: 'order.packed', ...common(order, command), shipping: order.shipping, address: order.address }];
  }
  if (step[order.status] < step.Accepted || order.status === 'Cancelled') throw refusal(order, 'order.not_accepted');
  return [];
};

const ship = (state: Order, command: Of<'ship'>): OrderEvent[] => {
  const order = mustSee(state, command.sellerId === undefined ? {} : { sellerId: command.sellerId });
  const { shipmentId, courier = order.shipping.courier, trackingNumber } = command;
  if (order.status === 'Packed') {
    const parcel = { courier, ...(shipmentId !== undefined && { shipmentId }), ...(trackingNumber !== undefined && { trackingNumber }) };
    return [{ type: 'order.shipped', ...common(order, command), ...parcel }];
  }
  if (step[order.status] < step.Packed || order.status === 'Cancelled') throw refusal(order, 'order.not_packed');
  return [];
};

const deliver = (state: Order, command: Of<'deliver'>): OrderEvent[] => {
  const order = mustSee(state, command.buyerId === undefined ? {} : { buyerId: command.buyerId });
  if (order.status === 'Shipped' || order.status === 'DeliveryFailed') {
    return [{ type: 'order.delivered', ...common(order, command), returnUntil: later(command.at, returnWindow) }];
  }
  if (order.status === 'Delivered' || order.status === 'Completed') return [];
  throw refusal(order, 'order.not_shipped');
};

const complete = (state: Order, command: Of<'complete'>): OrderEvent[] => {
  const order = mustSee(state, command.buyerId === undefined ? {} : { buyerId: command.buyerId });
  if (order.status === 'Completed') return [];
  if (order.status !== 'Delivered') throw refusal(order, 'order.not_delivered');
  const isOver = command.buyerId !== undefined || command.at >= order.returnUntil;
  return isOver ? [{ type: 'order.completed', ...common(order, command) }] : [];
};

const cancelled = (order: Existing, command: Timed & { by: 'buyer' | 'seller' | 'system'; reason: string }): OrderEvent[] => {
  const { by, reason } = command;
  const { paymentId, cod } = order;
  return [
    { type: 'order.cancelled', ...common(order, command), reason, by, paymentId, cod, confirmed: order.status !== 'AwaitingPayment' },
  ];
};

const cancel = (state: Order, command: Of<'cancel'>): OrderEvent[] => {
  const actor = command.by === 'buyer' ? { buyerId: command.buyerId } : command.by === 'seller' ? { sellerId: command.sellerId } : {};
  // NOTE: what an order was never created for needs no cancelling; its checkout compensates without looking.
  if (state.status === 'none' && command.by === 'system') return [];
  const order = mustSee(state, actor);
  if (order.status === 'Cancelled') return [];
  if (step[order.status] >= step.Shipped) throw refusal(order, 'order.already_shipped');
  const mustAsk = command.by === 'buyer' && 'cancelRequested' in order;
  if (!mustAsk) return cancelled(order, command);
  return order.cancelRequested === null ? [{ type: 'order.cancel_requested', ...common(order, command), reason: command.reason }] : [];
};

const agreeToCancel = (state: Order, command: Of<'agree_to_cancel'>): OrderEvent[] => {
  const order = mustSee(state, command);
  if (order.status === 'Cancelled') return [];
  if (!('cancelRequested' in order) || order.cancelRequested === null) throw refusal(order, 'order.wrong_status');
  return cancelled(order, { ...command, by: 'buyer', reason: order.cancelRequested });
};

const declineToCancel = (state: Order, command: Of<'decline_to_cancel'>): OrderEvent[] => {
  const order = mustSee(state, command);
  if (!('cancelRequested' in order) || order.cancelRequested === null) return [];
  return [{ type: 'order.cancel_declined', ...common(order, command), reason: command.reason }];
};

const expire = (state: Order, command: Of<'expire'>): OrderEvent[] => {
  const order = mustSee(state, {});
  if (order.status === 'AwaitingPayment' && command.at >= order.payUntil)
    return cancelled(order, { ...command, by: 'system', reason: 'not_paid' });
  if (order.status === 'Confirmed' && command.at >= order.acceptBy)
    return cancelled(order, { ...command, by: 'system', reason: 'not_accepted' });
  return [];
};

const failDelivery = (state: Order, command: Of<'fail_delivery'>): OrderEvent[] => {
  const order = mustSee(state, {});
  if (order.status === 'Shipped') return [{ type: 'order.delivery_failed', ...common(order, command), reason: command.reason }];
  if (order.status === 'DeliveryFailed' || order.status === 'Returned') return [];
  throw refusal(order, 'order.not_shipped');
};

const returnToSeller = (state: Order, command: Of<'return'>): OrderEvent[] => {
  const order = mustSee(state, {});
  if (order.status === 'Returned') return [];
  if (order.status !== 'DeliveryFailed') throw refusal(order, 'order.wrong_status');
  return [{ type: 'order.returned', ...common(order, command), paymentId: order.paymentId, cod: order.cod }];
};

/** Cash is taken exactly as it is owed, and only for an order that is paid at the door. */
export const isCollectedInFull = (sold: Order, collected: Money | null): boolean => {
  const owed = sold.status !== 'none' && sold.cod ? sold.total : null;
  return owed ? collected !== null && isSameMoney(owed, collected) : collected === null;
};

export const order: Decider<Order, OrderCommand, OrderEvent> = {
  category: 'order',
  version: 1,
  initial: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'create':
        return create(state, command);
      case 'confirm':
        return confirm(state, command);
      case 'accept':
        return accept(state, command);
      case 'pack':
        return pack(state, command);
      case 'ship':
        return ship(state, command);
      case 'deliver':
        return deliver(state, command);
      case 'complete':
        return complete(state, command);
      case 'cancel':
        return cancel(state, command);
      case 'agree_to_cancel':
        return agreeToCancel(state, command);
      case 'decline_to_cancel':
        return declineToCancel(state, command);
      case 'expire':
        return expire(state, command);
      case 'fail_delivery':
        return failDelivery(state, command);
      case 'return':
        return returnToSeller(state, command);
      default:
        return command satisfies never;
    }
  },
};
