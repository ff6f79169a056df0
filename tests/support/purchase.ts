// One purchase with everything that can come after it, so that every route has something to be asked about.
import type { Client } from './child.ts';
import {
  type Article,
  administrator,
  choicesOf,
  heard,
  homeOf,
  ok,
  openShop,
  type Person,
  register,
  type Shop,
  sell,
  signIn,
} from './shop.ts';

export interface Estate {
  readonly buyer: Person;
  readonly shop: Shop;
  /** What the routes' parameters mean here, by their names. */
  readonly ids: Readonly<Record<string, string>>;
  /** What fields of bodies mean here. */
  readonly known: Readonly<Record<string, string>>;
}

const sessionOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid;

/** Bought and paid, to the end of the checkout. */
export const order = async (client: Client, { token }: Pick<Person, 'token'>, { productId, variantId }: Article, quantity = 1) => {
  const post = async (path: string, body: object) => ok(await client.call('POST', path, { token, body }));
  await post('/cart/lines', { productId, variantId, quantity });
  const quote = await post('/checkouts/quote', { address: homeOf() });
  const placed = await post('/checkouts', { quoteId: quote.quoteId, shipping: choicesOf(quote), method: 'qris' });
  const becomes = (type: string) =>
    heard(client, ({ event, streamId }) => event.type === type && streamId === `checkout-${placed.checkoutId}`);
  await becomes('checkout.awaiting_payment');
  await post(`/payments/${placed.payment.paymentId}/simulate`, { outcome: 'pay' });
  await becomes('checkout.completed');
  const { lineId } = quote.lines[0];
  return { checkoutId: placed.checkoutId, paymentId: placed.payment.paymentId, orderId: placed.orders[0].orderId, lineId };
};

const deliver = async (client: Client, { token }: Shop, orderId: string) => {
  for (const step of ['acceptance', 'packing']) ok(await client.call('POST', `/orders/${orderId}/${step}`, { token }));
  const booked = await heard(client, ({ event }) => event.type === 'shipment.booked' && 'orderId' in event && event.orderId === orderId);
  const { shipmentId = '', trackingNumber = '' } = booked.event as { shipmentId?: string; trackingNumber?: string };
  ok(await client.call('POST', `/shipments/${shipmentId}/simulate`, { token, body: { to: 'delivered' } }));
  await heard(client, ({ event, streamId }) => event.type === 'order.delivered' && streamId === `order-${orderId}`);
  return { shipmentId, trackingNumber };
};

/** A buyer with an address, a cart, and a delivered order that is reviewed, partly refunded, and partly on its way back; and its shop. */
export const openEstate = async (client: Client): Promise<Estate> => {
  const [buyer, shop, member] = [await register(client), await openShop(client), await register(client)];
  const article = await sell(client, shop, 100);
  const { productId, variantId } = article;
  const asBuyer = async (path: string, body: object) => ok(await client.call('POST', path, { token: buyer.token, body }));
  const asSeller = async (path: string, body: object) => ok(await client.call('POST', path, { token: shop.token, body }));
  const { addressId } = await asBuyer('/users/me/addresses', { address: homeOf() });
  const { pictureId } = await asSeller(`/products/${productId}/pictures`, { url: 'https://example.com/1.webp' });
  await asSeller('/sellers/me/invitations', { userId: member.userId });
  ok(await client.call('POST', `/users/me/invitations/${shop.sellerId}/acceptance`, { token: member.token }));
  const bought = await order(client, buyer, article, 3);
  const parcel = await deliver(client, shop, bought.orderId);
  const { orderId } = bought;
  const { reviewId } = await asBuyer('/reviews', { orderId, lineId: bought.lineId, rating: 5, body: 'Enak.' });
  const { returnId } = await asBuyer(`/orders/${orderId}/returns`, { lines: [{ lineId: bought.lineId, quantity: 1 }], reason: 'damaged' });
  const some = { lines: [{ lineId: bought.lineId, quantity: 1 }], reason: 'damaged' };
  const { refundId } = await asSeller(`/orders/${orderId}/refunds`, some);
  const admin = await administrator(client);
  const kind = { name: 'Kopi', slug: `kopi-${shop.sellerId.toLowerCase()}` };
  const { categoryId } = ok(await client.call('POST', '/categories', { token: admin, body: kind }));
  const { brandId } = ok(await client.call('POST', '/brands', { token: admin, body: kind }));
  const line = await asBuyer('/cart/lines', { productId, variantId });
  const sessionId = sessionOf(await signIn(client, buyer.email, buyer.password));
  const common = { productId, variantId, orderId, addressId, pictureId };
  const { checkoutId, paymentId } = bought;
  return {
    buyer,
    shop,
    ids: {
      ...common,
      ...parcel,
      checkoutId,
      paymentId,
      reviewId,
      returnId,
      refundId,
      lineId: line.lineId,
      sessionId,
      userId: member.userId,
    },
    known: {
      // What must fit together to be an address.
      country: 'ID',
      postalCode: '40115',
      phone: '+628123456789',
      label: 'Rumah',
      ...common,
      categoryId,
      brandId,
      location: 'main',
      lineId: bought.lineId,
      quoteId: checkoutId,
      sellerId: shop.sellerId,
      userId: member.userId,
    },
  };
};
