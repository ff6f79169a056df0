// Buyers and sellers who do not mind crashes: each purchase is carried to its end, whatever happens on the way.
import { freshId } from '../support/probe.ts';
import { type Article, choicesOf, homeOf, ok, openShop, type Shop, sell } from '../support/shop.ts';
import type { Steadfast } from './house.ts';

export interface Street {
  readonly shops: readonly Shop[];
  readonly articles: readonly Article[];
}

/** Two shops with more goods than anybody will buy. */
export const openStreet = (house: Steadfast): Promise<Street> =>
  house.insist(async (child) => {
    const shops = [await openShop(child, 'Bandung'), await openShop(child, 'Surabaya')];
    const articles: Article[] = [];
    for (const shop of shops) articles.push(await sell(child, shop, 10_000));
    return { shops, articles };
  });

/** How a purchase goes on after it was placed. */
export const fates = ['paid', 'told twice', 'left', 'cash', 'failed', 'shipped'] as const;
export type Fate = (typeof fates)[number];

/** How it ends then. */
export const endOf: Readonly<Record<Fate, string>> = {
  paid: 'checkout.completed',
  'told twice': 'checkout.completed',
  left: 'checkout.failed',
  cash: 'checkout.completed',
  failed: 'checkout.failed',
  shipped: 'checkout.completed',
};

const ends = new Set(['checkout.completed', 'checkout.failed', 'checkout.expired']);

/** The checkout's event of this type, as soon as it was heard. */
const heardOf = (house: Steadfast, checkoutId: string, types: ReadonlySet<string>) =>
  house.hear(({ event, streamId }) => streamId === `checkout-${checkoutId}` && types.has(event.type));

const place = async (house: Steadfast, { articles }: Street, token: string, method: string) => {
  for (const { productId, variantId } of articles) {
    ok(await house.send({ method: 'POST', path: '/cart/lines', token, body: { productId, variantId, quantity: 2 } }));
  }
  const quote = ok(await house.send({ method: 'POST', path: '/checkouts/quote', token, body: { address: homeOf() } }));
  const body = { quoteId: quote.quoteId, shipping: choicesOf(quote), method };
  return ok(await house.send({ method: 'POST', path: '/checkouts', token, body }));
};

/** The seller accepts and packs; the courier takes it to the door. */
const ship = async (house: Steadfast, { shops }: Street, order: { orderId: string; sellerId: string }) => {
  const token = shops.find(({ sellerId }) => sellerId === order.sellerId)?.token ?? '';
  for (const step of ['acceptance', 'packing']) ok(await house.send({ method: 'POST', path: `/orders/${order.orderId}/${step}`, token }));
  const booked = await house.hear(({ event }) => event.type === 'shipment.booked' && 'orderId' in event && event.orderId === order.orderId);
  const { shipmentId } = booked.event as { shipmentId?: string };
  ok(await house.send({ method: 'POST', path: `/shipments/${shipmentId}/simulate`, token, body: { to: 'delivered', duplicates: 1 } }));
  await house.hear(({ event, streamId }) => event.type === 'order.delivered' && streamId === `order-${order.orderId}`);
};

const play = (house: Steadfast, token: string, paymentId: string, body: object) =>
  house.send({ method: 'POST', path: `/payments/${paymentId}/simulate`, token, body }).then(ok);

/** Buys one of each, and answers the checkout's id and how it ended. */
export const buy = async (house: Steadfast, street: Street, fate: Fate, buyerId = freshId()) => {
  const token = await house.insist((child) => child.tokenFor(buyerId, ['CUSTOMER']));
  const placed = await place(house, street, token, fate === 'cash' ? 'cod' : 'qris');
  const { checkoutId, payment, orders } = placed;
  if (fate !== 'cash') await heardOf(house, checkoutId, new Set(['checkout.awaiting_payment', ...ends]));
  if (fate === 'left') ok(await house.send({ method: 'POST', path: `/checkouts/${checkoutId}/cancellation`, token }));
  if (fate === 'failed') await play(house, token, payment.paymentId, { outcome: 'fail' });
  if (fate === 'paid' || fate === 'shipped') await play(house, token, payment.paymentId, { outcome: 'pay' });
  if (fate === 'told twice') await play(house, token, payment.paymentId, { outcome: 'pay', duplicates: 2, outOfOrder: true });
  const end = await heardOf(house, checkoutId, ends);
  if (fate === 'shipped') for (const order of orders) await ship(house, street, order);
  return { checkoutId, fate, ended: end.event.type };
};
