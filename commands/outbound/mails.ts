// Mails a buyer what happened to an order, and somebody that a shop asks for him or her. Each event mails once; imported history mails nobody.
import { account, isStaff } from '../../domain/account/account.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { SellerEvent } from '../../domain/seller/events.ts';
import { seller } from '../../domain/seller/seller.ts';
import { shipment } from '../../domain/shipment/shipment.ts';
import type { UserEvent } from '../../domain/user/events.ts';
import { user } from '../../domain/user/user.ts';
import type { MailContent, MailOutbox } from '../../infra/outbound/mail.port.ts';
import type { Handle } from '../handle.ts';
import { type Follower, type FollowNeeds, follow } from './follow.ts';

export interface MailNeeds extends FollowNeeds {
  readonly handle: Handle;
  readonly mail: MailOutbox;
}

type Trigger = OrderEvent | PaymentEvent | SellerEvent | UserEvent;
const reads = [
  'order.confirmed',
  'order.shipped',
  'order.delivered',
  'order.cancelled',
  'payment.refunded',
  'seller.member_invited',
  'user.erased',
] as const satisfies readonly Trigger['type'][];
type Read = Extract<Trigger, { type: (typeof reads)[number] }>;

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
const contentOf = async (handle: Handle, event: Exclude<Read, UserEvent>): Promise<MailContent | null> => {
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

const mailFor = async ({ handle, mail }: MailNeeds, event: Exclude<Read, UserEvent>, { eventId, occurredAt }: Recorded['metadata']) => {
  const personId = event.type === 'seller.member_invited' ? event.memberId : event.buyerId;
  const { state: buyer } = await handle.load(account, personId);
  const to = 'email' in buyer ? buyer.email : null;
  const content = to === null ? null : await contentOf(handle, event);
  if (to === null || content === null) return;
  const { state: person } = await handle.load(user, personId);
  const { name, language } = person.status === 'Active' ? person : { name: null, language: 'id' as const };
  const addressed = { to, ...(name !== null && { name }), language: language === 'id' ? ('id' as const) : ('en' as const) };
  await mail.send({ messageId: eventId, userId: personId, ...addressed, at: occurredAt, ...content });
};

export const followMails = (needs: MailNeeds): Promise<Follower> =>
  follow(
    'mails',
    new Set(reads),
    async ({ event, metadata }) => {
      if (!isRead(event)) return;
      if (event.type === 'user.erased') await needs.mail.removeOf(event.userId);
      else await mailFor(needs, event, metadata);
    },
    needs,
  );
