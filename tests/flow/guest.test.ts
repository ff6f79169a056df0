// A guest buys without an account, comes back by the mailed link, and takes the purchase along into an account that has proved the address.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { erasure } from '../../domain/erasure/erasure.ts';
import { order } from '../../domain/order/order.ts';
import { shipment } from '../../domain/shipment/shipment.ts';
import { address, cheapestOf, nowPosition, openShop, type Shop, untilCheckout } from '../buying.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { ok } from '../support/shop.ts';
import { mailedToken, password, signUp } from './people.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 500);
});
afterAll(() => market.close());

const told = ({ status, body }: Answer) => [status, body.code ?? body.status];

/** A browser that has been here before, and what it sends. */
const aGuest = () => {
  const cookie = `guest=${randomUUID()}`;
  const call = (method: string, path: string, body?: object) =>
    market.call(method, path, { headers: { cookie }, ...(body !== undefined && { body }) });
  return { cookie, call };
};
type Guest = ReturnType<typeof aGuest>;

const contactOf = (email = `tamu.${randomUUID()}@example.test`) => ({
  email,
  phone: `+62811${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`,
});

const quoteFor = async ({ call }: Guest, contact: object, quantity = 1) => {
  ok(await call('POST', '/cart/lines', { ...shop.goods, sellerId: undefined, quantity }));
  return ok(await call('POST', '/checkouts/quote', { address, contact }));
};

const placeFor = (guest: Guest, quote: Answer['body'], more: object = {}) =>
  guest.call('POST', '/checkouts', { quoteId: quote.quoteId, shipping: cheapestOf(quote), method: 'qris', ...more });

/** Bought and paid, with the cookie alone. */
const buy = async (guest: Guest, contact: object, quantity = 1) => {
  const placed = ok(await placeFor(guest, await quoteFor(guest, contact, quantity)));
  const { checkoutId, payment, orders } = placed;
  await untilCheckout(market, checkoutId, 'AwaitingPayment');
  ok(await guest.call('POST', `/payments/${payment.paymentId}/simulate`, { outcome: 'pay' }));
  await untilCheckout(market, checkoutId, 'Completed');
  return { checkoutId, paymentId: payment.paymentId, orderId: orders[0].orderId as string };
};

const buyerOf = async (checkoutId: string) =>
  (await untilCheckout(market, checkoutId, 'Completed', 'AwaitingPayment', 'Confirmed')).buyerId;

/** The token in the newest mail about a purchase. */
const linkIn = async (checkoutId: string): Promise<string> => {
  await market.mailed(await market.store.head());
  return mailedToken(market, await buyerOf(checkoutId));
};

const access = async (checkoutId: string) => {
  const { body } = await market.call('POST', '/guest/access', { body: { token: await linkIn(checkoutId) } });
  const token: string = body.accessToken;
  const call = (method: string, path: string, json?: object) =>
    market.call(method, path, { token, ...(json !== undefined && { body: json }) });
  return { ...body, token, call };
};

const fresh = async (path: string) => `${path}?minPosition=${await nowPosition(market)}`;

const deliver = async (orderId: string) => {
  for (const step of ['acceptance', 'packing']) ok(await market.call('POST', `/orders/${orderId}/${step}`, { token: shop.token }));
  await market.until(shipment, orderId, (state) => state.status !== 'none', 20_000);
  ok(await market.call('POST', `/shipments/${orderId}/simulate`, { token: shop.token, body: { to: 'delivered' } }));
  await market.until(order, orderId, (state) => state.status === 'Delivered', 20_000);
};

describe('a guest', () => {
  it('buys with an address and a number, pays, and sees the purchase in the same browser', async () => {
    const guest = aGuest();
    const { checkoutId, orderId, paymentId } = await buy(guest, contactOf());
    for (const path of [`/checkouts/${checkoutId}`, `/orders/${orderId}`, `/payments/${paymentId}`, `/orders/${orderId}/timeline`])
      expect((await guest.call('GET', await fresh(path))).status, path).toBe(200);
    const stranger = aGuest();
    for (const path of [`/checkouts/${checkoutId}`, `/orders/${orderId}`, `/payments/${paymentId}`, `/orders/${orderId}/timeline`])
      expect((await stranger.call('GET', await fresh(path))).status, path).toBe(404);
    expect((await market.call('GET', `/orders/${orderId}`)).status).toBe(401);
    const work = ok(await market.call('GET', await fresh('/sellers/me/orders'), { token: shop.token }));
    expect(JSON.stringify(work)).not.toContain(guest.cookie.slice(6));
  });

  it('says how to be reached, and has no address book', async () => {
    const guest = aGuest();
    ok(await guest.call('POST', '/cart/lines', { productId: shop.goods.productId }));
    expect(told(await guest.call('POST', '/checkouts/quote', { address }))).toEqual([422, 'checkout.contact_missing']);
    const wrong = await guest.call('POST', '/checkouts/quote', { address, contact: { email: 'nobody', phone: 'x' } });
    expect(wrong.body.errors.map(({ field }: { field: string }) => field).sort()).toEqual(['contact.email', 'contact.phone']);
    expect(told(await aGuest().call('POST', '/checkouts/quote', { address, contact: contactOf() }))).toEqual([409, 'checkout.cart_empty']);
  });

  it('does not buy what another guest was quoted', async () => {
    const quote = await quoteFor(aGuest(), contactOf());
    expect(told(await placeFor(aGuest(), quote))).toEqual([404, 'checkout.quote_not_found']);
  });

  it('tells its address and number to nobody who reads the log', async () => {
    const contact = contactOf();
    const { checkoutId } = await buy(aGuest(), contact);
    const events = await market.store.read(`checkout-${checkoutId}`, 0, 100);
    for (const word of Object.values(contact)) expect(JSON.stringify(events)).not.toContain(word);
  });
});

describe('the link of a mail', () => {
  it('opens this purchase and no other of the same guest', async () => {
    const guest = aGuest();
    const contact = contactOf();
    const [first, second] = [await buy(guest, contact), await buy(guest, contact)];
    const opened = await access(first.checkoutId);
    expect(opened).toMatchObject({ checkoutId: first.checkoutId, orderIds: [first.orderId], paymentId: first.paymentId });
    expect(ok(await opened.call('GET', await fresh(`/orders/${first.orderId}`))).address.street).toBe(address.street);
    expect((await opened.call('GET', `/orders/${second.orderId}`)).status).toBe(404);
    expect((await opened.call('GET', `/checkouts/${second.checkoutId}`)).status).toBe(404);
    const orders = ok(await opened.call('GET', '/orders')).items.map(({ orderId }: { orderId: string }) => orderId);
    expect(orders).toEqual([first.orderId]);
    expect((await opened.call('GET', '/users/me')).status).toBe(401);
  });

  it('is enough to cancel, and to send goods back', async () => {
    const guest = aGuest();
    const cancelled = await buy(guest, contactOf());
    const one = await access(cancelled.checkoutId);
    ok(await one.call('POST', `/orders/${cancelled.orderId}/cancellation`, { reason: 'changed_mind' }));
    await market.until(order, cancelled.orderId, (state) => state.status === 'Cancelled', 20_000);

    const kept = await buy(guest, contactOf(), 2);
    await deliver(kept.orderId);
    const other = await access(kept.checkoutId);
    const { lines } = ok(await other.call('GET', await fresh(`/orders/${kept.orderId}`)));
    const asked = { lines: [{ lineId: lines[0].lineId, quantity: 1 }], reason: 'damaged', note: 'Penyok.' };
    expect((await one.call('POST', `/orders/${kept.orderId}/returns`, asked)).status).toBe(404);
    const { returnId } = ok(await other.call('POST', `/orders/${kept.orderId}/returns`, asked));
    expect(ok(await other.call('GET', await fresh(`/returns/${returnId}`))).note).toBe('Penyok.');
    expect((await guest.call('GET', `/returns/${returnId}`)).status, 'the cookie too').toBe(200);
  });

  it('is mailed again to who knows the order and the address, and to nobody else, with the same answer', async () => {
    const contact = contactOf();
    const { checkoutId, orderId } = await buy(aGuest(), contact);
    const before = await linkIn(checkoutId);
    market.advance(60_000);
    const ask = (email: string) => market.call('POST', '/guest/links', { body: { orderId, email } });
    const [wrong, right] = [await ask('somebody.else@example.test'), await ask(contact.email.toUpperCase())];
    expect([wrong.status, wrong.body]).toEqual([right.status, right.body]);
    const mails = (await market.outside.readMails?.(await buyerOf(checkoutId), 10)) ?? [];
    expect(mails.filter(({ subject }) => subject === 'Pembelian Anda')).toHaveLength(2);
    expect(await linkIn(checkoutId)).not.toBe(before);
  });

  it('is only what we have signed', async () => {
    const { checkoutId } = await buy(aGuest(), contactOf());
    const [id, until, signature] = (await linkIn(checkoutId)).split('.');
    const other = await buy(aGuest(), contactOf());
    for (const token of ['no token at all', `${other.checkoutId}.${until}.${signature}`, `${id}.zzzzzzzzz.${signature}`]) {
      expect(told(await market.call('POST', '/guest/access', { body: { token } }))).toEqual([410, 'auth.link_used']);
    }
  });
});

describe('who registers and verifies the address', () => {
  it('takes over what was bought with it, and nobody else does', async () => {
    const contact = contactOf();
    const { checkoutId, orderId, paymentId } = await buy(aGuest(), contact, 2);
    await deliver(orderId);
    const person = await signUp(market, contact.email);
    const call = (method: string, path: string, body?: object) => market.call(method, path, { token: person.token, ...(body && { body }) });
    expect(ok(await call('GET', await fresh('/orders'))).items, 'not before the address is verified').toEqual([]);
    expect((await call('GET', `/orders/${orderId}`)).status).toBe(404);

    ok(await market.call('POST', '/auth/verify-email', { body: { token: await mailedToken(market, person.userId) } }));
    expect(ok(await call('GET', await fresh('/orders'))).items).toMatchObject([{ orderId }]);
    for (const path of [`/orders/${orderId}`, `/orders/${orderId}/timeline`, `/checkouts/${checkoutId}`, `/payments/${paymentId}`])
      expect((await call('GET', path)).status, path).toBe(200);
    const { lines } = ok(await call('GET', `/orders/${orderId}`));
    const { lineId } = lines[0];
    ok(await call('POST', '/reviews', { orderId, lineId, rating: 5, body: 'Enak.' }));
    const { returnId } = ok(await call('POST', `/orders/${orderId}/returns`, { lines: [{ lineId, quantity: 1 }], reason: 'damaged' }));
    expect(ok(await call('GET', await fresh('/returns'))).items).toMatchObject([{ returnId }]);

    const kept = ok(await call('GET', '/users/me/export'));
    expect(kept.orders).toMatchObject([{ orderId, address: { street: address.street } }]);

    const stranger = await signUp(market, `lain.${randomUUID()}@example.test`);
    expect((await market.call('GET', `/orders/${orderId}`, { token: stranger.token })).status).toBe(404);

    const later = await buy(aGuest(), contact);
    expect((await call('GET', await fresh(`/orders/${later.orderId}`))).status, 'bought as a guest since').toBe(200);
  });
});

describe('what a guest has told', () => {
  const erase = (opened: Awaited<ReturnType<typeof access>>) =>
    opened.call('DELETE', `/guest/purchases/${opened.checkoutId}/personal-data`);
  const erased = (buyerId: string) => market.until(erasure, buyerId, ({ status }) => status === 'completed', 20_000);

  it('is told again to that guest alone, and is gone for good when asked for', async () => {
    const contact = contactOf();
    const guest = aGuest();
    const { checkoutId, orderId } = await buy(guest, contact);
    const buyerId = await buyerOf(checkoutId);
    const opened = await access(checkoutId);
    const path = `/guest/purchases/${checkoutId}/export`;
    expect(ok(await opened.call('GET', path))).toMatchObject({ contact, address: { street: address.street }, orders: [{ orderId }] });
    expect((await aGuest().call('GET', path)).status).toBe(404);
    expect(told(await erase(opened))).toEqual([409, 'checkout.still_open']);

    ok(await guest.call('POST', `/orders/${orderId}/cancellation`, {}));
    await market.until(order, orderId, (state) => state.status === 'Cancelled', 20_000);
    expect((await erase(opened)).status).toBe(202);
    await erased(buyerId);
    expect(ok(await opened.call('GET', path))).toMatchObject({ contact: { email: '[erased]', phone: '[erased]' }, address: '[erased]' });
    await market.mailed(await market.store.head());
    expect(await market.outside.readMails?.(buyerId, 10)).toEqual([]);
    const words = { lines: [{ lineId: 'any', quantity: 1 }], reason: 'damaged', note: 'Sobek.' };
    expect(told(await guest.call('POST', `/orders/${orderId}/returns`, words))).toEqual([410, 'user.erased']);
    expect(ok(await market.call('GET', await fresh(`/orders/${orderId}`), { token: shop.token })).address).toBe('[erased]');
  });

  it('goes with the account that has taken it over', async () => {
    const contact = contactOf();
    const { checkoutId, orderId } = await buy(aGuest(), contact);
    const buyerId = await buyerOf(checkoutId);
    const person = await signUp(market, contact.email);
    ok(await market.call('POST', '/auth/verify-email', { body: { token: await mailedToken(market, person.userId) } }));
    ok(await market.call('POST', `/orders/${orderId}/cancellation`, { token: person.token, body: {} }));
    await market.until(order, orderId, (state) => state.status === 'Cancelled', 20_000);
    ok(await market.call('DELETE', '/users/me', { token: person.token, body: { password } }));
    await erased(buyerId);
    expect(ok(await market.call('GET', await fresh(`/orders/${orderId}`), { token: shop.token })).address).toBe('[erased]');
  });
});
