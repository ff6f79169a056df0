// Mails a buyer what happened to an order, and somebody that a shop asks for him or her. Each event mails once; imported history mails nobody.
import { account, isStaff } from '../../domain/account/account.ts';
import { checkout } from '../../domain/checkout/checkout.ts';
import type { CheckoutEvent } from '../../domain/checkout/events.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Sealed } from '../../domain/privacy.ts';
import type { SellerEvent } from '../../domain/seller/events.ts';
import { seller } from '../../domain/seller/seller.ts';
import { shipment } from '../../domain/shipment/shipment.ts';
import type { UserEvent } from '../../domain/user/events.ts';
import { user } from '../../domain/user/user.ts';
import type { Mail, MailContent, MailOutbox } from '../../infra/outbound/mail.port.ts';
import type { PurchaseLinks } from '../../infra/tokens/port.ts';
import type { Seals } from '../../infra/vault/port.ts';
import { sealedLink } from '../guest.ts';
import type { Handle } from '../handle.ts';
import { type Follower, type FollowNeeds, follow } from './follow.ts';

export interface MailNeeds extends FollowNeeds {
  readonly handle: Handle;
  readonly mail: MailOutbox;
  readonly seals: Pick<Seals, 'open' | 'seal'>;
  readonly purchaseLinks: PurchaseLinks;
}

type AwaitingPayment = Extract<CheckoutEvent, { type: 'checkout.awaiting_payment' }>;
type Trigger = OrderEvent | PaymentEvent | SellerEvent | UserEvent | AwaitingPayment;
const reads = [
  'order.confirmed',
  'order.shipped',
  'order.delivered',
  'order.cancelled',
  'payment.refunded',
  'seller.member_invited',
  'user.erased',
  'checkout.awaiting_payment',
] as const satisfies readonly Trigger['type'][];
type Read = Extract<Trigger, { type: (typeof reads)[number] }>;
type Told = Exclude<Read, UserEvent | AwaitingPayment>;

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

const shipped = async (handle: Handle, { orderId, shipmentId, courier, trackingNumber }: Extract<Read, { type: 'order.shipped' }>) => {
  const parcel = shipmentId === undefined ? null : (await handle.load(shipment, shipmentId)).state;
  const known = parcel && parcel.status !== 'none' ? parcel.trackingNumber : '-';
  return { template: 'order_shipped', data: { orderId, courier, trackingNumber: trackingNumber ?? known } } as const;
};

/** NOTE: staff cannot sell, so that there is nothing for them to accept. */
const invited = async (handle: Handle, event: Extract<Read, { type: 'seller.member_invited' }>): Promise<MailContent | null> => {
  const { sellerId, memberId, expiresAt } = event;
  const [{ state: person }, { state: shop }] = await Promise.all([handle.load(account, memberId), handle.load(seller, sellerId)]);
  if (!('storeName' in shop) || !('roles' in person) || isStaff(person.roles)) return null;
  return { template: 'shop_invitation', data: { sellerId, storeName: shop.storeName, expiresAt } };
};

/** What an event has to say to the person; null: nothing. */
const contentOf = async (handle: Handle, event: Told): Promise<MailContent | null> => {
  if (event.type === 'seller.member_invited') return invited(handle, event);
  const { orderId } = event;
  switch (event.type) {
    case 'order.confirmed':
      return { template: 'order_confirmed', data: { orderId, total: event.total } };
    case 'order.shipped':
      return shipped(handle, event);
    case 'order.delivered':
      return { template: 'order_delivered', data: { orderId } };
    case 'order.cancelled':
      // An order that was never confirmed is told of by its checkout's answer.
      return event.confirmed ? { template: 'order_cancelled', data: { orderId, reason: event.reason } } : null;
    case 'payment.refunded':
      return { template: 'order_refunded', data: { orderId, amount: event.amount } };
    default:
      return event satisfies never;
  }
};

type Addressed = Pick<Mail, 'to' | 'language'> & { readonly name?: Sealed };

/** Of an account: its address and name. */
const accountOf = async (handle: Handle, buyerId: string): Promise<Addressed | null> => {
  const { state: buyer } = await handle.load(account, buyerId);
  const to = 'email' in buyer ? buyer.email : null;
  if (to === null) return null;
  const { state: person } = await handle.load(user, buyerId);
  const { name, language } = person.status === 'Active' ? person : { name: null, language: 'id' as const };
  return { to, ...(name !== null && { name }), language: language === 'id' ? 'id' : 'en' };
};

/** Of a guest: the address that the purchase was made with. */
const guestOf = async (handle: Handle, checkoutId: string): Promise<Addressed | null> => {
  const { state } = await handle.load(checkout, checkoutId);
  const contact = state.status === 'None' ? undefined : state.contact;
  return contact ? { to: contact.email, language: contact.language } : null;
};

/** A guest is told where to pay; who has an account sees it there. */
const mailLink = async (needs: MailNeeds, event: AwaitingPayment, { eventId, occurredAt: at }: Recorded['metadata']) => {
  const { checkoutId, buyerId } = event;
  const guest = await guestOf(needs.handle, checkoutId);
  if (!guest) return;
  const data = await sealedLink(needs, { checkoutId, buyerId }, at);
  await needs.mail.send({ messageId: eventId, userId: buyerId, ...guest, at, template: 'purchase_link', data });
};

/** Whom an event is about. What is kept of somebody who is erased goes after all that was sent before. */
const personOf = (event: Read): string => {
  if (event.type === 'user.erased') return event.userId;
  return event.type === 'seller.member_invited' ? event.memberId : event.buyerId;
};

const mailFor = async (needs: MailNeeds, event: Told, { eventId, occurredAt: at }: Recorded['metadata']) => {
  const { handle, mail } = needs;
  const userId = personOf(event);
  const customer = await accountOf(handle, userId);
  const purchase = customer || event.type === 'seller.member_invited' ? null : { checkoutId: event.checkoutId, buyerId: event.buyerId };
  const guest = purchase && (await guestOf(handle, purchase.checkoutId));
  const addressed = customer ?? guest;
  const content = addressed && (await contentOf(handle, event));
  if (!addressed || !content) return;
  const token = purchase && (await sealedLink(needs, purchase, at)).token;
  // NOTE: the spread forgets which template the data belong to; nothing but the token is added to them.
  const told = { ...content, data: { ...content.data, ...(token && { token }) } } as MailContent;
  await mail.send({ messageId: eventId, userId, ...addressed, at, ...told });
};

export const followMails = (needs: MailNeeds): Promise<Follower> =>
  follow(
    'mails',
    { types: new Set(reads), aboutOf: (event) => (isRead(event) ? personOf(event) : null) },
    async ({ event, metadata }) => {
      if (!isRead(event)) return;
      if (event.type === 'user.erased') await needs.mail.removeOf(event.userId);
      else if (event.type === 'checkout.awaiting_payment') await mailLink(needs, event, metadata);
      else await mailFor(needs, event, metadata);
    },
    needs,
  );
