// Erasing an account: only when it owes nothing and nothing is owed to it, and nothing can begin meanwhile.
import { account } from '../domain/account/account.ts';
import { cart } from '../domain/cart/cart.ts';
import type { CartEvent } from '../domain/cart/events.ts';
import { checkout } from '../domain/checkout/checkout.ts';
import { type Checkout, isPurchase } from '../domain/checkout/state.ts';
import { DomainError } from '../domain/error.ts';
import { fulfilment } from '../domain/fulfilment/fulfilment.ts';
import { later, minutes } from '../domain/id.ts';
import { ledger } from '../domain/ledger/ledger.ts';
import { order } from '../domain/order/order.ts';
import { payment } from '../domain/payment/payment.ts';
import type { Payment } from '../domain/payment/state.ts';
import { seller } from '../domain/seller/seller.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { claimantOf } from './claims.ts';
import { type Context, type Handle, subcommand } from './handle.ts';

export interface ErasureDeps {
  readonly handle: Handle;
  readonly store: Pick<EventStore, 'read'>;
}

/** What of an account is still open, by what it is called in the answer. */
interface Open {
  readonly checkouts: string[];
  readonly orders: string[];
  readonly payments: string[];
}

/** The shop that the person has, or has had. */
const storeOf = async (handle: Handle, userId: string): Promise<string | null> => {
  const applied = await claimantOf(handle, { kind: 'applicant', id: userId });
  const { state: known } = await handle.load(account, userId);
  return ('sellerId' in known ? known.sellerId : null) ?? (applied?.confirmed ? applied.owner : null);
};

/** Throws while the person owns a shop, or has applied for one: somebody must answer for its orders, and have its money. */
const mustOwnNoStore = async (handle: Handle, userId: string) => {
  const sellerId = await storeOf(handle, userId);
  if (sellerId === null) return;
  const { state } = await handle.load(seller, sellerId);
  if (state.status === 'None' || state.userId !== userId) return;
  if (state.status !== 'Closed' && state.status !== 'Rejected')
    throw new DomainError('user.has_store', 'Close the shop first.', { sellerId });
  const { state: books } = await handle.load(ledger, sellerId);
  const owed = Object.entries(books.balances).filter(([name, amount]) => name.startsWith('seller_') && amount !== 0);
  if (owed.length > 0)
    throw new DomainError('user.has_balance', 'The books of the shop are not settled yet.', {
      sellerId,
      balances: Object.fromEntries(owed),
    });
};

/** Pages of a cart's stream; carts have hundreds of events. */
const pageSize = 1_000;

/** The checkouts of all that was ever bought out of this cart, and of what is being bought. */
const checkoutsOf = async ({ store }: ErasureDeps, cartId: string): Promise<readonly string[]> => {
  const found = new Set<string>();
  for (let from = 0; ; from += pageSize) {
    const page = await store.read(`cart-${cartId}`, from, pageSize);
    for (const { event } of page) if (isPurchaseOfCart(event)) found.add(event.checkoutId);
    if (page.length < pageSize) return [...found];
  }
};

const isPurchaseOfCart = (event: { type: string }): event is Extract<CartEvent, { type: 'cart.lines_removed' | 'cart.checked_out' }> =>
  event.type === 'cart.lines_removed' || event.type === 'cart.checked_out';

/** A start that the cart has let in has surely been decided by then, in milliseconds after its quote's end. */
const startGrace = minutes(1);

const isUnderWay = (state: Checkout, at: string): boolean =>
  state.status === 'Quoted' ? at <= later(state.expiresAt, startGrace) : !['None', 'Completed', 'Failed', 'Expired'].includes(state.status);

/** Money that is on its way back, or cash that the courier has yet to bring. */
const isOwing = (state: Payment): boolean =>
  state.status !== 'none' &&
  (Object.values(state.refunds).some(({ status }) => status !== 'Refunded') ||
    (state.method === 'cod' && state.parts.some(({ status }) => status === 'Pending' || status === 'Collected')));

const noteOrder = async (handle: Handle, orderId: string, open: Open) => {
  const { state } = await handle.load(order, orderId);
  const { state: carried } = await handle.load(fulfilment, orderId);
  const isOver = ['none', 'Completed', 'Cancelled', 'Returned'].includes(state.status);
  if (!isOver || !['NotStarted', 'Completed'].includes(fulfilment.outcome(carried))) open.orders.push(orderId);
};

const openOf = async (deps: ErasureDeps, userId: string, at: string): Promise<Open> => {
  const { handle } = deps;
  const open: Open = { checkouts: [], orders: [], payments: [] };
  for (const checkoutId of await checkoutsOf(deps, userId)) {
    const { state } = await handle.load(checkout, checkoutId);
    if (isUnderWay(state, at)) open.checkouts.push(checkoutId);
    if (!isPurchase(state)) continue;
    const { paymentId, orders } = state.plan;
    if (isOwing((await handle.load(payment, paymentId)).state)) open.payments.push(paymentId);
    for (const { orderId } of orders) await noteOrder(handle, orderId, open);
  }
  return open;
};

/** As often as the buyer goes on with the cart in between. */
const attempts = 5;

/**
 * Ends the account for good; a saga destroys what is kept beside the log. Throws user.has_open_orders, which names what is open.
 * NOTE: every purchase begins in the cart's stream. It is closed at the revision at which nothing was found open, so that a purchase that
 * begins at the same moment comes first, and is found, or finds the cart closed.
 */
export const eraseAccount = async (deps: ErasureDeps, userId: string, context: Context) => {
  const { handle } = deps;
  const done = await handle.first(account, userId, context);
  if (done) return done;
  await mustOwnNoStore(handle, userId);
  for (let attempt = 1; ; attempt += 1) {
    const { revision } = await handle.load(cart, userId);
    const open = await openOf(deps, userId, context.at);
    if (Object.values(open).some((ids) => ids.length > 0))
      throw new DomainError('user.has_open_orders', 'Something is still to be delivered, paid or given back; the answer names it.', {
        ...open,
      });
    try {
      await handle(cart, userId, { type: 'close', cartId: userId, at: context.at }, { ...subcommand(context, 'cart'), ifMatch: revision });
      return await handle(account, userId, { type: 'erase' }, context);
    } catch (error) {
      const isChanged = error instanceof DomainError && error.code === 'request.precondition_failed' && context.ifMatch === undefined;
      if (!isChanged || attempt === attempts) throw error;
    }
  }
};
