// The whole story of a purchase over HTTP: quoted, placed, paid, confirmed, shipped, completed; and every way in which it ends early.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minutes } from '../../domain/id.ts';
import { defaultLocation } from '../../domain/location.ts';
import { order } from '../../domain/order/order.ts';
import { availableOf } from '../../domain/stock/state.ts';
import { stock, stockId } from '../../domain/stock/stock.ts';
import {
  aBuyer,
  askQuote,
  type Customer,
  type Goods,
  listen,
  nowPosition,
  openShop,
  pay,
  place,
  putIntoCart,
  type Shop,
  sell,
  untilCheckout,
} from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { rupiah } from '../shop.ts';

let market: Market;
let server: { close(): Promise<void> };
let bandung: Shop;
let surabaya: Shop;
beforeAll(async () => {
  market = await openMarket();
  server = await listen(market);
  bandung = await openShop(market, 100, 50_000, 'Bandung');
  surabaya = await openShop(market, 100, 80_000, 'Surabaya');
});
afterAll(async () => {
  await market.close();
  await server.close();
});

const shelf = async ({ variantId }: Goods) => {
  const { state } = await market.handle.load(stock, stockId(variantId, defaultLocation));
  if (state.status === 'none') throw new Error('nothing was ever received');
  return { onHand: state.onHand, held: state.heldPieces, committed: state.committedPieces, available: availableOf(state) };
};

const checkoutsSince = async (position: number) =>
  (await market.store.readAll(position, 1_000)).filter(({ streamId }) => streamId.startsWith('checkout-') || streamId.startsWith('order-'));

describe('a purchase from two sellers', () => {
  it('is quoted, placed, paid once, and becomes two orders that only concern their own sellers', async () => {
    const buyer = await aBuyer(market);
    const { token } = buyer;
    await putIntoCart(market, buyer, bandung.goods, 2);
    await putIntoCart(market, buyer, surabaya.goods, 1);
    const before = await shelf(bandung.goods);

    const quote = await askQuote(market, buyer);
    expect(quote.status).toBe(201);
    expect(quote.body.totals).toMatchObject({ items: rupiah(180_000), shipping: rupiah(0), total: rupiah(180_000) });
    expect(quote.body.expiresAt).toBe('2026-01-05T03:15:00.000Z');

    const placed = await place(market, buyer, quote.body);
    expect([placed.status, placed.body.status]).toEqual([201, 'AwaitingPayment']);
    expect(placed.headers.get('location')).toBe(`/api/v1/checkouts/${quote.body.quoteId}`);
    expect(await shelf(bandung.goods)).toEqual({ ...before, held: 2, available: before.available - 2 });
    const toPay = await market.call('GET', `/checkouts/${placed.body.checkoutId}?minPosition=${placed.body.position}`, { token });
    expect(toPay.body).toMatchObject({ status: 'AwaitingPayment', payment: { method: 'qris', instructions: [{ kind: 'qris' }] } });

    await pay(market, buyer, placed.body);
    await untilCheckout(market, placed.body.checkoutId, 'Completed');
    expect(await shelf(bandung.goods)).toEqual({ ...before, held: 0, committed: 2, available: before.available - 2 });
    const position = await nowPosition(market);
    expect((await market.call('GET', `/cart?minPosition=${position}`, { token })).body.lines).toEqual([]);
    const mine = await market.call('GET', '/orders', { token });
    expect(mine.body.items).toHaveLength(2);
    expect(mine.body.items).toMatchObject([{ status: 'Confirmed' }, { status: 'Confirmed' }]);
    const work = await market.call('GET', '/sellers/me/orders', { token: bandung.token });
    expect(work.body.items).toMatchObject([{ sellerId: bandung.sellerId, status: 'Confirmed', lines: [{ quantity: 2 }] }]);
    const [{ orderId }] = work.body.items;
    expect((await market.call('GET', `/orders/${orderId}`, { token: surabaya.token })).body.code).toBe('order.not_found');
  });

  it('is placed once, however often it is sent, and a repeat says how it stands by then', async () => {
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, bandung.goods);
    const quote = await askQuote(market, buyer);
    const headers = { 'idempotency-key': randomUUID() };
    const first = await place(market, buyer, quote.body, {}, headers);
    await pay(market, buyer, first.body);
    await untilCheckout(market, first.body.checkoutId, 'Completed');
    const again = await place(market, buyer, quote.body, {}, headers);
    expect([again.status, again.body.status]).toEqual([201, 'Completed']);
    expect(again.body.payment).toEqual(first.body.payment);
    const other = await place(market, buyer, quote.body);
    expect([other.status, other.body.code]).toEqual([409, 'checkout.already_started']);
  });
});

describe('a purchase', () => {
  it('is refused when the goods are gone, naming the lines, and writes nothing', async () => {
    const last = await sell(market, bandung, 1);
    const [winner, loser] = [await aBuyer(market), await aBuyer(market)];
    for (const buyer of [winner, loser]) await putIntoCart(market, buyer, last);
    const quotes = [await askQuote(market, winner), await askQuote(market, loser)] as const;
    expect((await place(market, winner, quotes[0].body)).status).toBe(201);
    const before = await market.store.head();
    const refused = await place(market, loser, quotes[1].body);
    expect([refused.status, refused.body.code]).toEqual([409, 'checkout.out_of_stock']);
    expect(refused.body.details.lines).toMatchObject([{ variantId: last.variantId }]);
    expect(await checkoutsSince(before)).toEqual([]);
  });

  it('of two buyers at the same moment lets one have the last piece, and undoes all of the other’s', async () => {
    const [last, other] = [await sell(market, bandung, 1), await sell(market, bandung, 5)];
    const buyers = [await aBuyer(market), await aBuyer(market)];
    for (const buyer of buyers) for (const goods of [last, other]) await putIntoCart(market, buyer, goods);
    const quotes = await Promise.all(buyers.map((buyer) => askQuote(market, buyer)));
    const placed = await Promise.all(buyers.map((buyer, n) => place(market, buyer, quotes[n]?.body)));
    expect(placed.map(({ status }) => status).sort()).toEqual([201, 409]);
    const at = placed.findIndex(({ status }) => status === 409);
    expect(placed[at]?.body.details.lines).toMatchObject([{ variantId: last.variantId }]);
    expect(await shelf(last)).toMatchObject({ held: 1, available: 0 });
    expect(await shelf(other)).toMatchObject({ held: 1, available: 4 });
    const token = buyers[at]?.token ?? '';
    const orders = await market.call('GET', `/orders?minPosition=${await nowPosition(market)}`, { token });
    expect(orders.body.items).toMatchObject([{ status: 'Cancelled', cancelled: { by: 'system', reason: 'out_of_stock' } }]);
  });

  it('is refused at the quote when every piece is sold', async () => {
    const goods = await sell(market, bandung, 1);
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, goods, 2);
    expect((await askQuote(market, buyer)).body).toMatchObject({ code: 'checkout.out_of_stock', details: { lines: [{ left: 1 }] } });
  });

  it('is refused when a price has changed since the quote, with the old and the new one', async () => {
    const goods = await sell(market, bandung, 5);
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, goods);
    const quote = await askQuote(market, buyer);
    const price = { price: rupiah(60_000) };
    const path = `/products/${goods.productId}/variants/${goods.variantId}/price`;
    expect((await market.call('PUT', path, { token: bandung.token, body: price })).status).toBe(200);
    const refused = await place(market, buyer, quote.body);
    expect([refused.status, refused.body.code]).toEqual([409, 'checkout.quote_changed']);
    expect(refused.body.details.changes).toEqual([
      { subject: quote.body.lines[0].lineId, field: 'price', old: rupiah(50_000), new: rupiah(60_000) },
    ]);
    expect(await shelf(goods)).toMatchObject({ held: 0 });
  });

  it('needs one way to ship for every seller, and a quote of its own', async () => {
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, bandung.goods);
    const quote = await askQuote(market, buyer);
    const wrong = await place(market, buyer, quote.body, { shipping: [{ sellerId: surabaya.sellerId, optionId: 'jne.REG' }] });
    expect([wrong.status, wrong.body.code]).toEqual([422, 'checkout.shipping_choice_missing']);
    const stranger = await place(market, await aBuyer(market), quote.body);
    expect([stranger.status, stranger.body.code]).toEqual([404, 'checkout.quote_not_found']);
  });

  it('with cash on delivery is confirmed at once', async () => {
    const goods = await sell(market, bandung, 5);
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, goods, 2);
    const quote = await askQuote(market, buyer);
    const placed = await place(market, buyer, quote.body, { method: 'cod' });
    expect(placed.status).toBe(201);
    expect(['Confirmed', 'Completed']).toContain(placed.body.status);
    await untilCheckout(market, placed.body.checkoutId, 'Completed');
    expect(await shelf(goods)).toMatchObject({ held: 0, committed: 2, available: 3 });
  });

  it('can be left by its buyer before it is paid, and lets everything go', async () => {
    const goods = await sell(market, bandung, 5);
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, goods, 2);
    const placed = await place(market, buyer, (await askQuote(market, buyer)).body);
    const path = `/checkouts/${placed.body.checkoutId}/cancellation`;
    expect((await market.call('POST', path, { token: (await aBuyer(market)).token })).status).toBe(404);
    expect((await market.call('POST', path, { token: buyer.token })).status).toBe(200);
    await untilCheckout(market, placed.body.checkoutId, 'Failed');
    expect(await shelf(goods)).toMatchObject({ held: 0, available: 5 });
    const [{ orderId }] = placed.body.orders;
    expect((await market.handle.load(order, orderId)).state.status).toBe('Cancelled');
    const cart = await market.call('GET', `/cart?minPosition=${await nowPosition(market)}`, { token: buyer.token });
    expect(cart.body.lines).toMatchObject([{ quantity: 2 }]);
  });

  it('cannot be left any more once it is paid', async () => {
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, bandung.goods);
    const placed = await place(market, buyer, (await askQuote(market, buyer)).body);
    await pay(market, buyer, placed.body);
    await untilCheckout(market, placed.body.checkoutId, 'Completed');
    const late = await market.call('POST', `/checkouts/${placed.body.checkoutId}/cancellation`, { token: buyer.token });
    expect([late.status, late.body.code]).toEqual([409, 'checkout.already_paid']);
  });
});

describe('time', () => {
  it('ends a quote after 15 minutes, and an unpaid purchase with its holds', async () => {
    const goods = await sell(market, bandung, 5);
    const [buyer, late] = [await aBuyer(market), await aBuyer(market)];
    for (const each of [buyer, late]) await putIntoCart(market, each, goods, 2);
    const placed = await place(market, buyer, (await askQuote(market, buyer)).body);
    const quote = await askQuote(market, late);
    expect(await shelf(goods)).toMatchObject({ held: 2 });
    market.advance(minutes(16));
    const renewed = async ({ userId }: Customer) => ({ userId, token: await market.tokenFor(userId, ['CUSTOMER']) });
    const tooLate = await place(market, await renewed(late), quote.body);
    expect([tooLate.status, tooLate.body.code]).toEqual([410, 'checkout.quote_expired']);
    market.advance(minutes(15));
    await market.projector.passed(await market.store.head(), 10_000);
    await market.sagaRunner.fireDueTimers();
    await untilCheckout(market, placed.body.checkoutId, 'Expired');
    expect(await shelf(goods)).toMatchObject({ held: 0, available: 5 });
    const path = `/checkouts/${placed.body.checkoutId}?minPosition=${await nowPosition(market)}`;
    const seen = await market.call('GET', path, await renewed(buyer));
    expect(seen.body).toMatchObject({ status: 'Expired', reason: 'checkout.expired' });
  });
});
