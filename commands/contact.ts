// What was bought by an e-mail address, a number or an account: limits of cash on delivery, and guests' purchases that an account takes over.
import { type Account, account } from '../domain/account/account.ts';
import { checkout } from '../domain/checkout/checkout.ts';
import { type Checkout, isPurchase, type Quote } from '../domain/checkout/state.ts';
import { type Contact, contact, openCodOrders } from '../domain/contact/contact.ts';
import { normalEmail } from '../domain/email.ts';
import { DomainError } from '../domain/error.ts';
import { order } from '../domain/order/order.ts';
import type { Method } from '../domain/payment/deadlines.ts';
import { normalPhone } from '../domain/phone.ts';
import type { Seals } from '../infra/vault/port.ts';
import { type Context, type Handle, subcommand } from './handle.ts';

export type BlindIndex = (kind: string, value: string) => string;

export interface CodOptions {
  /** How many orders one buyer may have on the way that are paid at the door. */
  readonly maxOpenOrders: number;
  readonly needsVerifiedEmail: boolean;
}

const emailContact = (blindIndex: BlindIndex, email: string) => `email.${blindIndex('contact email', normalEmail(email))}`;

/** What limits count a guest's purchases by, in this order: address, number. */
export const contactsOf = (blindIndex: BlindIndex, { email, phone }: { email: string; phone: string }): string[] => [
  emailContact(blindIndex, email),
  `phone.${blindIndex('contact phone', normalPhone(phone))}`,
];

const isThrough = new Set(['Delivered', 'Completed', 'Cancelled', 'Returned']);

/** Whether nothing of this checkout can be paid at a door any more. */
const isSettled = async (handle: Handle, state: Checkout, at: string): Promise<boolean> => {
  if (state.status === 'None' || state.status === 'Failed' || state.status === 'Expired') return true;
  if (!isPurchase(state)) return at > state.expiresAt;
  if (state.status !== 'Confirmed' && state.status !== 'Completed') return false;
  const states = await Promise.all(state.plan.orders.map(async ({ orderId }) => (await handle.load(order, orderId)).state));
  return states.every(({ status }) => isThrough.has(status));
};

/** Looked up only where the limit would refuse: how earlier purchases ended. */
const settledOf = async (handle: Handle, { purchases }: Contact, at: string): Promise<string[]> => {
  const settled: string[] = [];
  for (const { checkoutId, codOrders } of purchases) {
    if (codOrders > 0 && (await isSettled(handle, (await handle.load(checkout, checkoutId)).state, at))) settled.push(checkoutId);
  }
  return settled;
};

const hasVerifiedEmail = (state: Account) => 'emailVerified' in state && state.emailVerified;

/**
 * Counts a checkout that begins for all by which its buyer is limited. Throws checkout.cod_limit, auth.email_not_verified. The stream of
 * each contact decides between all checkouts that begin at once.
 */
export const useContacts = async (handle: Handle, quote: Quote, method: Method, cod: CodOptions, context: Context) => {
  const { checkoutId, buyerId, countedFor, lines } = quote;
  const isCod = method === 'cod';
  if (isCod && cod.needsVerifiedEmail && !hasVerifiedEmail((await handle.load(account, buyerId)).state))
    throw new DomainError('auth.email_not_verified', 'Sign in with a verified e-mail address to pay at the door, or pay in another way.');
  const codOrders = isCod ? new Set(lines.map(({ sellerId }) => sellerId)).size : 0;
  const { at } = context;
  for (const contactId of countedFor ?? (isCod ? [`account.${buyerId}`] : [])) {
    const { state } = await handle.load(contact, contactId);
    const isFull = codOrders > 0 && openCodOrders(state, [checkoutId]) + codOrders > cod.maxOpenOrders;
    const over = isFull ? await settledOf(handle, state, at) : [];
    const use = { type: 'use', contactId, checkoutId, buyerId, codOrders, maxCodOrders: cod.maxOpenOrders, over, at } as const;
    await handle(contact, contactId, use, subcommand(context, contactId));
  }
};

/** Gives an account whose address is verified all that guests have bought with it. Bears to be done again. */
export const takeOverPurchases = async (
  { handle, seals, blindIndex }: { handle: Handle; seals: Pick<Seals, 'open'>; blindIndex: BlindIndex },
  userId: string,
  context: Context,
): Promise<void> => {
  const { state } = await handle.load(account, userId);
  if (!('email' in state) || state.email === null || !state.emailVerified) return;
  const contactId = emailContact(blindIndex, String(await seals.open(state.email)));
  for (let n = 0; ; n += 1) {
    const { events } = await handle(
      contact,
      contactId,
      { type: 'take', contactId, userId, at: context.at },
      subcommand(context, `take ${n}`),
    );
    if (events.length === 0 || events.some(({ event }) => event.type === 'contact.taken')) return;
  }
};

/** Under which buyer's id this account may act on a purchase: a guest's whose purchase it has taken over, or null. */
export const buyerTakenOver = async (handle: Handle, userId: string, checkoutId: string): Promise<string | null> => {
  const { state } = await handle.load(checkout, checkoutId);
  const contactId = state.status === 'None' ? undefined : state.countedFor?.[0];
  if (state.status === 'None' || contactId === undefined) return null;
  const { state: known } = await handle.load(contact, contactId);
  return known.taken[state.buyerId] === userId ? state.buyerId : null;
};

/** Forgets a purchase for each of its contacts; a saga destroys what the guest has told. */
export const forgetPurchase = async (
  handle: Handle,
  { checkoutId, buyerId, countedFor }: { checkoutId: string; buyerId: string; countedFor: readonly string[] },
  context: Context,
): Promise<void> => {
  for (const contactId of countedFor) {
    const forget = { type: 'forget', contactId, checkoutId, buyerId, at: context.at } as const;
    await handle(contact, contactId, forget, subcommand(context, `forget ${contactId} ${buyerId}`));
  }
};

/** What an account has taken over goes with it. */
export const forgetTakenOver = async (
  { handle, blindIndex }: { handle: Handle; blindIndex: BlindIndex },
  userId: string,
  email: string,
  context: Context,
): Promise<void> => {
  const { state } = await handle.load(contact, emailContact(blindIndex, email));
  for (const { checkoutId, buyerId } of state.purchases) {
    if (state.taken[buyerId] !== userId) continue;
    const { state: bought } = await handle.load(checkout, checkoutId);
    if (bought.status !== 'None' && bought.countedFor)
      await forgetPurchase(handle, { checkoutId, buyerId, countedFor: bought.countedFor }, context);
  }
};

/** Whether nothing more can become of a purchase: its orders are over, return window included. */
export const isOverForGood = async (handle: Handle, purchase: Checkout): Promise<boolean> => {
  if (!isPurchase(purchase)) return false;
  if (purchase.status === 'Failed' || purchase.status === 'Expired') return true;
  const states = await Promise.all(purchase.plan.orders.map(async ({ orderId }) => (await handle.load(order, orderId)).state));
  return states.every(({ status }) => status === 'Completed' || status === 'Cancelled' || status === 'Returned');
};
