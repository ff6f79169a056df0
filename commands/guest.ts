// Guests and their purchases: the link that is mailed, what it opens, and under whose name a purchase is changed.
import { checkout } from '../domain/checkout/checkout.ts';
import { isPurchase, type Purchase } from '../domain/checkout/state.ts';
import { normalEmail } from '../domain/email.ts';
import { DomainError } from '../domain/error.ts';
import { order } from '../domain/order/order.ts';
import { returns } from '../domain/return/return.ts';
import type { MailOutbox } from '../infra/outbound/mail.port.ts';
import type { AccessTokens, PurchaseLinks } from '../infra/tokens/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import { buyerTakenOver, forgetPurchase, isOverForGood } from './contact.ts';
import type { Context, Handle, Result } from './handle.ts';
import { derivedUuid } from './ids.ts';

export interface GuestDeps {
  readonly handle: Handle;
  readonly seals: Pick<Seals, 'open' | 'openAll' | 'seal'>;
  readonly tokens: Pick<AccessTokens, 'sign'>;
  readonly purchaseLinks: PurchaseLinks;
  readonly mail: Pick<MailOutbox, 'send'>;
}

export interface PurchaseAccess {
  readonly checkoutId: string;
  readonly orderIds: readonly string[];
  readonly paymentId: string;
  readonly accessToken: string;
  readonly accessExpiresAt: string;
}

type GuestPurchase = Purchase & Required<Pick<Purchase, 'contact' | 'countedFor'>>;

const purchaseOf = async (handle: Handle, checkoutId: string): Promise<GuestPurchase | null> => {
  const { state } = await handle.load(checkout, checkoutId);
  if (!isPurchase(state)) return null;
  const { contact, countedFor } = state;
  return contact && countedFor ? { ...state, contact, countedFor } : null;
};

const accessTo = async ({ tokens }: GuestDeps, { checkoutId, buyerId, plan }: Purchase): Promise<PurchaseAccess> => {
  const { token, expiresAt } = await tokens.sign({ sub: buyerId, sid: checkoutId, roles: [], seller: null, epoch: 0 });
  const orderIds = plan.orders.map(({ orderId }) => orderId);
  return { checkoutId, orderIds, paymentId: plan.paymentId, accessToken: token, accessExpiresAt: expiresAt };
};

/** What the link of a mail opens. Throws auth.link_used. */
export const openPurchaseLink = async (deps: GuestDeps, token: string, at: string): Promise<PurchaseAccess> => {
  const checkoutId = deps.purchaseLinks.read(token, at);
  const purchase = checkoutId === null ? null : await purchaseOf(deps.handle, checkoutId);
  if (!purchase) throw new DomainError('auth.link_used', 'The link is not valid or has expired; ask for a new one.');
  return accessTo(deps, purchase);
};

const ownPurchase = async (handle: Handle, checkoutId: string, buyerId: string): Promise<GuestPurchase> => {
  const purchase = await purchaseOf(handle, checkoutId);
  if (!purchase || purchase.buyerId !== buyerId) throw new DomainError('checkout.not_found', 'There is no such checkout.');
  return purchase;
};

/** The same for who has bought with this very browser. Throws checkout.not_found. */
export const openOwnPurchase = async (deps: GuestDeps, checkoutId: string, buyerId: string): Promise<PurchaseAccess> =>
  accessTo(deps, await ownPurchase(deps.handle, checkoutId, buyerId));

/** All that a guest has told for a purchase, opened, and what was bought. Throws checkout.not_found. */
export const exportPurchase = async ({ handle, seals }: GuestDeps, checkoutId: string, buyerId: string) => {
  const { contact, address, plan, status } = await ownPurchase(handle, checkoutId, buyerId);
  const [email = null, phone = null] = (await seals.openAll([contact.email, contact.phone])) as (string | null)[];
  const [where] = await seals.openAll([address]);
  const orders = plan.orders.map(({ orderId, lines, totals }) => ({
    ...{ orderId, total: totals.total },
    lines: lines.map(({ name, sku, quantity, amount }) => ({ name, sku, quantity, amount })),
  }));
  return { checkoutId, status, contact: { email, phone, language: contact.language }, address: where, orders };
};

/** Destroys what a guest has told for a purchase, once nothing more can become of it. Throws checkout.not_found, checkout.still_open. */
export const erasePurchase = async ({ handle }: GuestDeps, checkoutId: string, buyerId: string, context: Context): Promise<void> => {
  const purchase = await ownPurchase(handle, checkoutId, buyerId);
  if (!(await isOverForGood(handle, purchase))) {
    throw new DomainError('checkout.still_open', 'Cancel or receive the orders first, and wait until they can no longer be returned.');
  }
  await forgetPurchase(handle, purchase, context);
};

/** A link to one purchase, sealed for its buyer, as mails carry it. */
export const sealedLink = async (
  { seals, purchaseLinks }: { readonly seals: Pick<Seals, 'seal'>; readonly purchaseLinks: PurchaseLinks },
  { checkoutId, buyerId }: { checkoutId: string; buyerId: string },
  at: string,
) => {
  const { token, expiresAt } = purchaseLinks.issue(checkoutId, at);
  return { token: await seals.seal(buyerId, token), expiresAt };
};

/** Mails a new link to the address that the order was bought with, if it is this one, and never says whether. */
export const resendPurchaseLink = async (
  deps: GuestDeps,
  { orderId, email }: { orderId: string; email: string },
  at: string,
): Promise<void> => {
  const { handle, seals, mail } = deps;
  const { state } = await handle.load(order, orderId);
  const purchase = state.status === 'none' ? null : await purchaseOf(handle, state.checkoutId);
  const known = purchase ? String(await seals.open(purchase.contact.email)) : null;
  if (!purchase || known === null || normalEmail(known) !== normalEmail(email)) return;
  const { checkoutId, buyerId, contact } = purchase;
  await mail.send({
    messageId: derivedUuid('purchase link', orderId, at),
    ...{ userId: buyerId, to: contact.email, language: contact.language, at },
    ...{ template: 'purchase_link', data: await sealedLink(deps, { checkoutId, buyerId }, at) },
  });
};

/** Who asks for a change of a purchase, as the edge knows it. */
export interface Asking {
  readonly id: string;
  /** Of a guest's cookie: under which name it bought what has become this checkout. */
  readonly nameIn: ((checkoutId: string) => string) | null;
}

type Owned = { readonly buyerId: string; readonly checkoutId: string } | null;

/** `act` under the caller's own name; where that buyer has no such thing, under the name by which the caller has bought it as a guest. */
const asBuyer = async <Event extends { type: string }>(
  handle: Handle,
  asking: Asking,
  code: string,
  owned: () => Promise<Owned>,
  act: (buyerId: string) => Promise<Result<Event>>,
): Promise<Result<Event>> => {
  try {
    return await act(asking.id);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== code) throw error;
    const thing = await owned();
    if (!thing || thing.buyerId === asking.id) throw error;
    const name = asking.nameIn ? asking.nameIn(thing.checkoutId) : await buyerTakenOver(handle, asking.id, thing.checkoutId);
    if (name !== thing.buyerId) throw error;
    return act(name);
  }
};

export const asBuyerOfOrder = <Event extends { type: string }>(
  handle: Handle,
  asking: Asking,
  orderId: string,
  act: (buyerId: string) => Promise<Result<Event>>,
) => {
  const owned = async () => {
    const { state } = await handle.load(order, orderId);
    return state.status === 'none' ? null : state;
  };
  return asBuyer(handle, asking, 'order.not_found', owned, act);
};

export const asBuyerOfReturn = <Event extends { type: string }>(
  handle: Handle,
  asking: Asking,
  returnId: string,
  act: (buyerId: string) => Promise<Result<Event>>,
) => {
  const owned = async () => {
    const { state } = await handle.load(returns, returnId);
    return state.status === 'none' ? null : state;
  };
  return asBuyer(handle, asking, 'return.not_found', owned, act);
};
