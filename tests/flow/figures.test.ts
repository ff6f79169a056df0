// Sales figures from HTTP to their rows: only what was paid is revenue, and what was given back is not.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { order } from '../../domain/order/order.ts';
import { payment } from '../../domain/payment/payment.ts';
import { aBuyer, askQuote, nowPosition, openShop, pay, place, putIntoCart, type Shop, untilCheckout } from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId } from '../shop.ts';
import { ok } from '../support/shop.ts';

let market: Market;
let admin: string;
let ani: Shop;
let budi: Shop;
beforeAll(async () => {
  market = await openMarket();
  admin = await market.tokenFor(anId(), ['ADMIN']);
  ani = await openShop(market, 10, 50_000);
  budi = await openShop(market, 10, 30_000);
});
afterAll(() => market.close());

const placeAt = async (...shops: readonly Shop[]) => {
  const buyer = await aBuyer(market);
  for (const { goods } of shops) await putIntoCart(market, buyer, goods);
  const quote = (await askQuote(market, buyer)).body;
  return { buyer, placed: ok(await place(market, buyer, quote)) };
};
const buy = async (...shops: readonly Shop[]) => {
  const { buyer, placed } = await placeAt(...shops);
  await pay(market, buyer, placed);
  return untilCheckout(market, placed.checkoutId, 'Confirmed', 'Completed');
};
const figures = async (path: string) =>
  (await market.call('GET', `/admin/figures/${path}`, { token: admin, headers: { 'min-position': await nowPosition(market) } })).body;

describe('figures', () => {
  it('count what was paid, by seller, month, category and status, and leave out what was not', async () => {
    const unpaid = await placeAt(ani);
    const cancelled = await placeAt(ani);
    const { checkoutId } = cancelled.placed;
    ok(await market.call('POST', `/checkouts/${checkoutId}/cancellation`, { token: cancelled.buyer.token }));
    expect(unpaid.placed.checkoutId).not.toBe(checkoutId);
    const purchase = await buy(ani, budi);
    const { items, shipping } = purchase.plan.totals;
    const ofSeller = (await figures('sellers?currency=IDR')).items;
    expect(ofSeller).toHaveLength(2);
    expect(ofSeller).toContainEqual(expect.objectContaining({ sellerId: ani.sellerId, placed: 3, orders: 1, gross: 50_000, net: 50_000 }));
    expect(ofSeller).toContainEqual(expect.objectContaining({ sellerId: budi.sellerId, placed: 1, orders: 1, gross: 30_000, net: 30_000 }));
    const whole = { placed: 4, orders: 2, gross: items.amount, net: items.amount, freight: shipping.amount, netFreight: shipping.amount };
    expect((await figures('months?currency=IDR')).items).toEqual([{ month: '2026-01', ...whole }]);
    expect((await figures('orders?currency=IDR')).items).toEqual([{ sourceStatus: null, ...whole }]);
    expect((await figures('categories?currency=IDR')).items).toMatchObject([
      { categoryId: null, gross: 80_000, net: 80_000, placed: 4, lines: 2 },
    ]);
    const captured = items.amount + shipping.amount;
    expect((await figures('purchases?currency=IDR')).items).toEqual([
      { sourceStatus: null, purchases: 1, orders: 2, captured, platform: 0 },
    ]);
    const { types, parts, refunds } = await figures('payments');
    expect(types).toEqual([{ name: 'qris', currency: 'IDR', count: 1, amount: captured, shipping: 0 }]);
    expect(parts).toEqual([{ name: '1', currency: 'IDR', count: 1, amount: captured, shipping: 0 }]);
    expect(refunds).toEqual([]);
    expect((await figures('sellers?currency=BRL')).items).toEqual([]);
  });

  it('take back what was given back', async () => {
    const before = (await figures('orders?currency=IDR')).items[0];
    const purchase = await buy(ani, budi);
    const ofAni = purchase.plan.orders.find(({ sellerId }) => sellerId === ani.sellerId);
    if (!ofAni) throw new Error('the plan has an order of Ani');
    await market.handle(order, ofAni.orderId, { type: 'cancel', by: 'system', reason: 'test', at: aContext().at }, aContext());
    const { paymentId } = purchase.plan;
    await market.until(payment, paymentId, ({ status }) => status === 'PartiallyRefunded', 10_000);
    const { items, shipping } = purchase.plan.totals;
    expect((await figures('orders?currency=IDR')).items).toMatchObject([
      {
        gross: before.gross + items.amount,
        net: before.net + 30_000,
        freight: before.freight + shipping.amount,
        netFreight: before.netFreight + shipping.amount - ofAni.totals.shipping.amount,
      },
    ]);
    const { amount } = ofAni.totals.total;
    expect((await figures('payments')).refunds).toMatchObject([{ name: 'order_cancelled', count: 1, amount }]);
    expect((await figures('categories?currency=IDR')).items).toMatchObject([{ gross: 160_000, net: 110_000 }]);
  });

  it('tell the month in the zone that is asked for, else in the market’s', async () => {
    market.advance(Date.parse('2026-01-31T18:00:00.000Z') - market.now());
    admin = await market.tokenFor(anId(), ['ADMIN']); // the one before has expired meanwhile
    const purchase = await buy(budi);
    const { amount } = purchase.plan.totals.items;
    const lastMonth = async (zone: string) => (await figures(`months?currency=IDR${zone}`)).items.at(-1);
    expect(await lastMonth('')).toMatchObject({ month: '2026-02', gross: amount });
    expect(await lastMonth('&zone=America/Sao_Paulo')).toMatchObject({ month: '2026-01' });
    expect((await market.call('GET', '/admin/figures/months?currency=IDR&zone=Mars', { token: admin })).body.code).toBe('request.invalid');
  });

  it('come page by page', async () => {
    const first = await figures('sellers?currency=IDR&limit=1');
    const second = await figures(`sellers?currency=IDR&limit=1&cursor=${first.next}`);
    expect([first.items, second.items].flat().map(({ sellerId }) => sellerId)).toEqual([ani.sellerId, budi.sellerId].sort());
    expect([typeof first.next, second.next]).toEqual(['string', null]);
  });
});
