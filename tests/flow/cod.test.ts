// Cash on delivery costs nothing to order: how much of it one buyer may have on the way, whoever the buyer says to be.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { order } from '../../domain/order/order.ts';
import { shipment } from '../../domain/shipment/shipment.ts';
import { aBuyer, address, askQuote, cheapestOf, openShop, place, putIntoCart, type Shop, sell, untilCheckout } from '../buying.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { ok } from '../support/shop.ts';
import { mailedToken, signUp } from './people.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 500);
});
afterAll(() => market.close());

const told = ({ status, body }: Answer) => [status, body.code ?? body.status];
const cod = { method: 'cod' };

/** Somebody who buys one piece of `goods` at a time. */
type Buying = (goods: object) => Promise<Answer>;

const signedIn = async (): Promise<Buying> => {
  const buyer = await aBuyer(market);
  return async (goods) => {
    ok(await market.call('POST', '/cart/lines', { token: buyer.token, body: goods }));
    return place(market, buyer, (await askQuote(market, buyer)).body, cod);
  };
};

/** A guest with a new cookie for each purchase. */
const guest =
  (contact: { email: string; phone: string }): Buying =>
  async (goods) => {
    const headers = { cookie: `guest=${randomUUID()}` };
    ok(await market.call('POST', '/cart/lines', { headers, body: goods }));
    const quote = ok(await market.call('POST', '/checkouts/quote', { headers, body: { address, contact } }));
    return market.call('POST', '/checkouts', { headers, body: { quoteId: quote.quoteId, shipping: cheapestOf(quote), ...cod } });
  };

const goods = async () => {
  const { productId, variantId } = await sell(market, shop, 50);
  return { productId, variantId };
};

const settle = async (buying: Buying, article: object) => {
  const { status, body } = await buying(article);
  if (status < 300) await untilCheckout(market, body.checkoutId, 'Completed', 'Failed');
  return status < 300 ? [status] : [status, body.code];
};

const times = async (count: number, act: () => Promise<unknown>) => {
  const answers: unknown[] = [];
  for (let n = 0; n < count; n += 1) answers.push(await act());
  return answers;
};

describe('one buyer', () => {
  it('holds an article three times, as with orders that are not paid yet', async () => {
    const [buying, article] = [await signedIn(), await goods()];
    const answers = await times(4, () => settle(buying, article));
    expect(answers).toEqual([[201], [201], [201], [409, 'checkout.hold_limit']]);
  });

  it('has five orders on the way, and room again when one has arrived', async () => {
    const buying = await signedIn();
    const placed = [];
    for (let n = 0; n < 5; n += 1) placed.push(ok(await buying(await goods())));
    expect(told(await buying(await goods()))).toEqual([409, 'checkout.cod_limit']);
    const [{ orderId }] = placed[0].orders;
    await untilCheckout(market, placed[0].checkoutId, 'Completed');
    for (const step of ['acceptance', 'packing']) ok(await market.call('POST', `/orders/${orderId}/${step}`, { token: shop.token }));
    await market.until(shipment, orderId, (state) => state.status !== 'none', 20_000);
    ok(await market.call('POST', `/shipments/${orderId}/simulate`, { token: shop.token, body: { to: 'delivered' } }));
    await market.until(order, orderId, (state) => state.status === 'Delivered', 20_000);
    expect((await buying(await goods())).status).toBe(201);
    expect(told(await buying(await goods()))).toEqual([409, 'checkout.cod_limit']);
  });

  it('has five at most of many that are placed at once', async () => {
    const buyer = await aBuyer(market);
    const quotes = [];
    for (let n = 0; n < 8; n += 1) {
      const { lineId } = await putIntoCart(market, buyer, await sell(market, shop, 5));
      quotes.push((await askQuote(market, buyer, { lineIds: [lineId] })).body);
    }
    const placed = await Promise.all(quotes.map((quote) => place(market, buyer, quote, cod)));
    expect(placed.filter(({ status }) => status < 300)).toHaveLength(5);
    expect(placed.filter(({ body }) => body.code === 'checkout.cod_limit')).toHaveLength(3);
  });
});

describe('a guest with ever new cookies', () => {
  const number = () => `0812${randomUUID().replace(/\D/g, '').padEnd(8, '7').slice(0, 8)}`;
  const mail = () => `${randomUUID()}@example.test`;

  it('is one buyer by the address', async () => {
    const article = await goods();
    const email = mail();
    const spelt = (n: number) => (n % 2 === 0 ? email : ` ${email.toUpperCase()}`);
    let n = 0;
    const answers = await times(4, () => settle(guest({ email: spelt(n++), phone: number() }), article));
    expect(answers).toEqual([[201], [201], [201], [409, 'checkout.hold_limit']]);
  });

  it('is one buyer by the number, however it is written', async () => {
    const phone = number();
    const written = [phone, `+62 ${phone.slice(1)}`, `0062-${phone.slice(1)}`, `(${phone.slice(0, 4)}) ${phone.slice(4)}`, phone];
    let n = 0;
    const buyings = await times(5, async () => settle(guest({ email: mail(), phone: written[n++] ?? phone }), await goods()));
    expect(buyings).toEqual([[201], [201], [201], [201], [201]]);
    expect(await settle(guest({ email: mail(), phone }), await goods())).toEqual([409, 'checkout.cod_limit']);
    expect(await settle(guest({ email: mail(), phone: number() }), await goods()), 'another number').toEqual([201]);
  });
});

describe('where cash on delivery takes a verified address', () => {
  it('is refused to others, who may pay in another way', async () => {
    const strict = await openMarket({ env: { COD_NEEDS_VERIFIED_EMAIL: 'on' } });
    try {
      const store = await openShop(strict, 50);
      const person = await signUp(strict, 'siti@example.test');
      await putIntoCart(strict, person, store.goods);
      const quote = (await askQuote(strict, person)).body;
      expect(told(await place(strict, person, quote, cod))).toEqual([403, 'auth.email_not_verified']);
      ok(await strict.call('POST', '/auth/verify-email', { body: { token: await mailedToken(strict, person.userId) } }));
      expect((await place(strict, person, quote, cod)).status).toBe(201);
      const other = await signUp(strict, 'ani@example.test');
      await putIntoCart(strict, other, store.goods);
      expect((await place(strict, other, (await askQuote(strict, other)).body)).status).toBe(201);
    } finally {
      await strict.close();
    }
  });
});
