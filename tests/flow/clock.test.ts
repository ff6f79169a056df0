// A clock that was ahead for a while and is right again: what was touched meanwhile sells, and the log tells what was there when (ADR 0027).
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { days, hours, minutes } from '../../domain/id.ts';
import { defaultLocation } from '../../domain/location.ts';
import { payment } from '../../domain/payment/payment.ts';
import { stock, stockId } from '../../domain/stock/stock.ts';
import {
  aBuyer,
  askQuote,
  type Customer,
  type Goods,
  openShop,
  pay,
  place,
  putIntoCart,
  type Shop,
  sell,
  untilCheckout,
} from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';
import { ok } from '../support/shop.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 10);
});
afterAll(() => market.close());

/** Somebody new, whose token is of this moment. */
const order = async (
  goods: Goods,
  quantity = 1,
): Promise<{ buyer: Customer; checkout: { checkoutId: string; payment: { paymentId: string } } }> => {
  const buyer = await aBuyer(market);
  await putIntoCart(market, buyer, goods, quantity);
  return { buyer, checkout: ok(await place(market, buyer, ok(await askQuote(market, buyer)))) };
};
const buy = async (goods: Goods, quantity = 1) => {
  const { buyer, checkout } = await order(goods, quantity);
  await pay(market, buyer, checkout);
  await untilCheckout(market, checkout.checkoutId, 'Completed');
  return checkout;
};
const onShelf = async ({ variantId }: Goods) => (await market.handle.load(stock, stockId(variantId, defaultLocation))).state;

describe.each([
  ['an hour', hours(1)],
  ['thirty days', days(30)],
  ['forty days', days(40)],
])('after a clock that was %s ahead', (_howFar, ahead) => {
  let goods: Goods;
  beforeEach(async () => {
    goods = await sell(market, shop, 6);
  });
  const wrongly = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    market.advance(ahead);
    try {
      return await work();
    } finally {
      market.advance(-ahead);
    }
  };

  it('goods that were sold by it are sold at once, and paid for to the seller', async () => {
    await wrongly(() => buy(goods));
    await buy(goods);
    expect(await onShelf(goods)).toMatchObject({ onHand: 6, heldPieces: 0, committedPieces: 2 });
  });

  it('what was held by it and never paid is free for others', async () => {
    const abandoned = await wrongly(() => order(goods, 6));
    market.advance(minutes(1));
    await buy(goods, 6);
    expect(await onShelf(goods)).toMatchObject({ heldPieces: 0, committedPieces: 6 });
    // Whoever pays too late all the same gets the money back.
    const { userId } = abandoned.buyer;
    await pay(market, { token: await market.tokenFor(userId, ['CUSTOMER']) }, abandoned.checkout);
    await untilCheckout(market, abandoned.checkout.checkoutId, 'Failed', 'Expired');
    const { paymentId } = abandoned.checkout.payment;
    await market.until(payment, paymentId, ({ status }) => status === 'Refunded', 30_000);
  });

  it('what it has let expire is not given back twice', async () => {
    const open = await order(goods, 2);
    await wrongly(() => buy(goods, 6));
    await untilCheckout(market, open.checkout.checkoutId, 'Expired', 'AwaitingPayment');
    expect(await onShelf(goods)).toMatchObject({ onHand: 6, heldPieces: 0, committedPieces: 6 });
  });
});

describe('a log that was written by a clock that was ahead', () => {
  it.each([
    ['an hour', hours(1)],
    ['thirty days', days(30)],
  ])('of %s tells any aggregate as it was, before and after', async (_howFar, ahead) => {
    const staff = () => market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
    const slug = `s-${anId().toLowerCase()}`;
    const { categoryId } = ok(await market.call('POST', '/categories', { token: await staff(), body: { name: 'Buku', slug } }));
    const rename = async (name: string) =>
      ok(await market.call('PATCH', `/categories/${categoryId}`, { token: await staff(), body: { name, slug } }));
    const nameAsOf = async (query: string) => {
      const { status, body } = await market.call('GET', `/audit/streams/category-${categoryId}/state?${query}`, { token: await staff() });
      return status === 200 ? (body.state?.name ?? null) : body.code;
    };
    const instant = () => new Date(market.now()).toISOString();
    const first = instant();
    market.advance(minutes(1));
    const before = instant();
    market.advance(minutes(1) + ahead);
    await rename('Buku Lama');
    market.advance(-ahead);
    // Nothing has been recorded since: when the wrong clock wrote, before that minute or after it, cannot be told yet.
    expect(await nameAsOf(`asOf=${first}`)).toBe('Buku');
    expect(await nameAsOf(`asOf=${before}`)).toBe('audit.not_yet');
    market.advance(minutes(1));
    ok(await market.call('POST', '/categories', { token: await staff(), body: { name: 'Musik', slug: `m-${anId().toLowerCase()}` } }));
    const mended = instant();
    market.advance(minutes(1));
    await rename('Buku Baru');
    const renamed = instant();
    market.advance(minutes(1));
    for (const as of ['asOf', 'asOfBusiness']) {
      expect([as, await nameAsOf(`${as}=2020-01-01T00:00:00.000Z`)]).toEqual([as, null]);
      expect([as, await nameAsOf(`${as}=${first}`)]).toEqual([as, 'Buku']);
      expect([as, await nameAsOf(`${as}=${before}`)]).toEqual([as, 'Buku']);
      expect([as, await nameAsOf(`${as}=${mended}`)]).toEqual([as, 'Buku Lama']);
      expect([as, await nameAsOf(`${as}=${renamed}`)]).toEqual([as, 'Buku Baru']);
    }
    const { body } = await market.call('GET', `/audit/log?stream=category-${categoryId}&from=${before}&to=${renamed}`, {
      token: await staff(),
    });
    expect(body.items.map((event: { revision: number }) => event.revision)).toEqual([1]);
  });
});
