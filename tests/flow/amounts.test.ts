// How much one purchase may come to, and that no report is broken by what older logs hold beyond it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxPurchase } from '../../domain/money.ts';
import { order } from '../../domain/order/order.ts';
import {
  aBuyer,
  address,
  askQuote,
  type Customer,
  nowPosition,
  openShop,
  place,
  putIntoCart,
  type Shop,
  sell,
  untilCheckout,
} from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId } from '../shop.ts';

let market: Market;
let shop: Shop;
let admin: string;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 5_000);
  admin = await market.tokenFor(anId(), ['ADMIN']);
});
afterAll(() => market.close());

const largest = Number.MAX_SAFE_INTEGER;

const wanting = async (...wanted: readonly (readonly [price: number, quantity: number])[]): Promise<Customer> => {
  const buyer = await aBuyer(market);
  for (const [price, quantity] of wanted) await putIntoCart(market, buyer, await sell(market, shop, quantity, price), quantity);
  return buyer;
};
const read = async (path: string, token: string) =>
  market.call('GET', path, { token, headers: { 'min-position': await nowPosition(market) } });

describe('one purchase', () => {
  it.each([
    ['the largest price twice', [[largest, 2]]],
    ['the largest price 999 times', [[largest, 999]]],
    ['the largest price once', [[largest, 1]]],
    ['one unit too much', [[maxPurchase + 1, 1]]],
    [
      'lines that come to too much together',
      [
        [maxPurchase / 2, 1],
        [maxPurchase / 2 + 1, 1],
      ],
    ],
  ] as const)('of %s gets no quote', async (_what, wanted) => {
    const { status, body } = await askQuote(market, await wanting(...wanted));
    expect([status, body.code, body.details.limit]).toEqual([422, 'checkout.amount_too_large', maxPurchase]);
  });

  it('that only the shipping takes beyond it does not start', async () => {
    const buyer = await wanting([maxPurchase, 1]);
    const quote = await askQuote(market, buyer);
    expect(quote.status).toBe(201);
    for (const method of ['qris', 'cod'])
      expect((await place(market, buyer, quote.body, { method })).body.code).toBe('checkout.amount_too_large');
  });

  it('just within it is bought, and every figure of it is exact', async () => {
    const buyer = await wanting([999_999_999, 999]);
    const quote = (await askQuote(market, buyer)).body;
    const { body } = await place(market, buyer, quote, { method: 'cod' });
    const { plan } = await untilCheckout(market, body.checkoutId, 'Completed');
    expect(plan.totals.items.amount).toBe(998_999_999_001);
  });

  it('too large for anybody has no inexact figure in the cart, which says what is in the way', async () => {
    const buyer = await wanting([largest, 3], [50_000, 1]);
    const { body } = await read('/cart', buyer.token);
    const amounts = body.lines.map((line: { amount: unknown; problem: unknown }) => [line.amount, line.problem]);
    expect(amounts).toContainEqual([null, 'checkout.amount_too_large']);
    expect(body.summary.total).toEqual({ amount: 50_000, currency: 'IDR' });
    expect((await read('/cart/validation', buyer.token)).body).toMatchObject({
      valid: false,
      problems: [{ code: 'checkout.amount_too_large' }],
    });
  });
});

describe('reports', () => {
  /** An order as a log of before may hold it. */
  const beyond = async (amount: number) => {
    const [orderId, sellerId, buyerId, productId, variantId] = [anId(), anId(), anId(), anId(), anId()] as const;
    const idr = (of: number) => ({ amount: of, currency: 'IDR' as const });
    const line = {
      ...{ lineId: 'l1', productId, variantId, sku: 'A', name: 'Emas', quantity: 2, unitPrice: idr(largest), amount: idr(amount) },
      tax: { rule: 'none@1', rate: 0, base: idr(amount), amount: idr(0), included: true },
      commission: { ruleId: 'default', version: 1, rate: 0, base: idr(amount), amount: idr(0) },
    };
    const terms = {
      lines: [line],
      shipping: { courier: 'jne', service: 'REG', weightGrams: 1, price: idr(9_000) },
      totals: { items: idr(amount), tax: idr(0), shipping: idr(9_000), total: idr(amount + 9_000) },
    };
    const { at } = aContext();
    const whose = { orderId, checkoutId: anId(), buyerId, sellerId, paymentId: anId(), cod: true };
    const sealed = await market.seals.seal(buyerId, address);
    await market.handle(
      order,
      orderId,
      { type: 'create', ...whose, ...terms, address: sealed, payUntil: '2027-01-01T00:00:00.000Z', at },
      aContext(),
    );
    await market.handle(order, orderId, { type: 'confirm', holds: [], at }, aContext());
  };

  it('stay up whatever an older log holds', async () => {
    for (const amount of [largest * 2, largest * 999, largest, 50_000]) await beyond(amount);
    for (const figure of ['purchases', 'orders', 'sellers', 'months', 'categories'])
      expect((await read(`/admin/figures/${figure}?currency=IDR`, admin)).status, figure).toBe(200);
    expect((await read('/admin/figures/payments', admin)).status).toBe(200);
    expect((await read('/admin/ledger/trial-balance', admin)).body).toMatchObject({ balanced: true });
    expect(await market.metrics.text()).toContain('tokobapak_gmv_minor_units{currency="IDR"}');
  });
});
