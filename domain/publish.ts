// Which events the world hears of, and what it is told: out of each such event one public message.
import type { AccountEvent } from './account/events.ts';
import type { Recorded } from './metadata.ts';
import type { OrderEvent } from './order/events.ts';
import type { PaymentEvent } from './payment/events.ts';
import { positionText } from './position.ts';
import type { ProductEvent } from './product/events.ts';
import { type PublicData, type PublicType, publicMessages, schemaName } from './public-messages.ts';
import type { ReviewEvent } from './review/events.ts';
import type { SellerEvent } from './seller/events.ts';
import type { StockEvent } from './stock/events.ts';

type Internal = AccountEvent | OrderEvent | PaymentEvent | ProductEvent | ReviewEvent | SellerEvent | StockEvent;
type Told = { [Type in PublicType]: { readonly type: Type; readonly key: string; readonly data: PublicData<Type> } }[PublicType];

const orderOf = ({ orderId, checkoutId, buyerId, sellerId }: OrderEvent) => ({ orderId, checkoutId, buyerId, sellerId });
const paymentOf = ({ paymentId, checkoutId, buyerId }: PaymentEvent) => ({ paymentId, checkoutId, buyerId });

/** What happened, without the category that it happened to: `price_changed`. */
const changeOf = (type: string) => type.slice(type.indexOf('.') + 1);

const ofOrder = (event: OrderEvent): Told | null => {
  const [key, order] = [event.orderId, orderOf(event)];
  switch (event.type) {
    case 'order.created': {
      const { paymentId, cod, shipping, totals, payUntil } = event;
      const lines = event.lines.map(({ lineId, productId, variantId, sku, quantity, unitPrice, amount }) => ({
        lineId,
        productId,
        variantId,
        sku,
        quantity,
        unitPrice,
        amount,
      }));
      const { courier, service, price } = shipping;
      return { type: event.type, key, data: { ...order, paymentId, cod, lines, shipping: { courier, service, price }, totals, payUntil } };
    }
    case 'order.confirmed': {
      const { paymentId, cod, total, acceptBy } = event;
      return { type: event.type, key, data: { ...order, paymentId, cod, total, acceptBy } };
    }
    case 'order.shipped': {
      const { shipmentId, courier, trackingNumber } = event;
      return { type: event.type, key, data: { ...order, shipmentId, courier, trackingNumber } };
    }
    case 'order.delivered':
      return { type: event.type, key, data: { ...order, returnUntil: event.returnUntil } };
    case 'order.completed':
      return { type: event.type, key, data: order };
    case 'order.cancelled':
      return { type: event.type, key, data: { ...order, reason: event.reason, by: event.by } };
    default:
      return null;
  }
};

const ofPayment = (event: PaymentEvent): Told | null => {
  const [key, payment] = [event.paymentId, paymentOf(event)];
  switch (event.type) {
    case 'payment.captured':
    case 'payment.reinstated': {
      const { method, cod, amount } = event;
      const orders = event.orders.map((share) => ({ orderId: share.orderId, sellerId: share.sellerId, amount: share.amount }));
      const orderIds = orders.map(({ orderId }) => orderId);
      return { type: 'payment.completed', key, data: { ...payment, method, cod, amount, orderIds, orders } };
    }
    case 'payment.failed':
      return { type: event.type, key, data: { ...payment, reason: event.reason } };
    case 'payment.expired':
      return { type: 'payment.failed', key, data: { ...payment, reason: 'expired' } };
    case 'payment.refunded': {
      const { refundId, orderId, sellerId, amount, reason } = event;
      return { type: event.type, key, data: { ...payment, refundId, orderId, sellerId, amount, reason } };
    }
    default:
      return null;
  }
};

const ofProduct = (event: ProductEvent): Told => ({
  type: 'product.updated',
  key: event.productId,
  data: {
    productId: event.productId,
    sellerId: event.sellerId,
    change: changeOf(event.type),
    ...('variantId' in event && { variantId: event.variantId }),
  },
});

const ofStock = (event: StockEvent): Told | null => {
  switch (event.type) {
    case 'stock.hold_committed':
    case 'stock.low_level_set':
    case 'stock.low':
      return null; // nothing has moved
    default: {
      const { variantId, location, productId, sellerId, available, onHand } = event;
      const data = { variantId, location, productId, sellerId, available, onHand, change: changeOf(event.type) };
      return { type: 'stock.changed', key: `${variantId}.${location}`, data };
    }
  }
};

const ofReview = (event: ReviewEvent): Told | null => {
  if (event.type !== 'review.posted') return null;
  const { reviewId, kind, authorId, orderId, productIds, sellerIds, rating } = event;
  return { type: 'review.created', key: reviewId, data: { reviewId, kind, authorId, orderId, productIds, sellerIds, rating } };
};

const ofSeller = (event: SellerEvent): Told | null => {
  if (event.type !== 'seller.approved') return null;
  const { sellerId, userId, storeName, slug, city } = event;
  return { type: event.type, key: sellerId, data: { sellerId, userId, storeName, slug, city } };
};

const ofAccount = (event: AccountEvent): Told | null =>
  event.type === 'account.registered'
    ? { type: 'user.registered', key: event.userId, data: { userId: event.userId, roles: event.roles } }
    : null;

const isOf = <Event extends Internal>(event: { readonly type: string }, category: string): event is Event =>
  event.type.startsWith(`${category}.`);

const toldOf = (event: { readonly type: string }): Told | null => {
  if (isOf<OrderEvent>(event, 'order')) return ofOrder(event);
  if (isOf<PaymentEvent>(event, 'payment')) return ofPayment(event);
  if (isOf<StockEvent>(event, 'stock')) return ofStock(event);
  if (isOf<ProductEvent>(event, 'product')) return ofProduct(event);
  if (isOf<ReviewEvent>(event, 'review')) return ofReview(event);
  if (isOf<SellerEvent>(event, 'seller')) return ofSeller(event);
  if (isOf<AccountEvent>(event, 'account')) return ofAccount(event);
  return null;
};

export interface PublicMessage {
  readonly type: PublicType;
  /** The aggregate's id: messages of one key stay in order. */
  readonly key: string;
  readonly version: number;
  /** A CloudEvent as JSON. */
  readonly value: string;
}

/** What the world is told of an event (of its current version), or null. */
export const publish = (recorded: Recorded, logId: string): PublicMessage | null => {
  const told = toldOf(recorded.event);
  if (!told) return null;
  const { type, key, data } = told;
  const value = JSON.stringify({
    specversion: '1.0',
    id: recorded.metadata.eventId,
    source: `urn:tokobapak:log:${logId}`,
    type,
    subject: key,
    time: recorded.metadata.occurredAt,
    datacontenttype: 'application/json',
    dataschema: schemaName(type),
    revision: recorded.revision,
    position: positionText(logId, recorded.position),
    data,
  });
  return { type, key, version: publicMessages[type].version, value };
};
