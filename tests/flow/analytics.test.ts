// What analysts and shops see of sales, from a purchase over HTTP to the facts; and what they are told where analytics is not there.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minutes } from '../../domain/id.ts';
import { payment } from '../../domain/payment/payment.ts';
import {
  aBuyer,
  askQuote,
  type Customer,
  listen,
  nowPosition,
  openShop,
  pay,
  place,
  putIntoCart,
  type Shop,
  untilCheckout,
} from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';

const installed = existsSync(new URL('../../node_modules/chdb/package.json', import.meta.url));

const buy = async (market: Market, shop: Shop, buyer: Customer, quantity: number, method: string) => {
  await putIntoCart(market, buyer, shop.goods, quantity);
  const { body } = await place(market, buyer, (await askQuote(market, buyer)).body, { method });
  if (method !== 'cod') await pay(market, buyer, body);
  await untilCheckout(market, body.checkoutId, 'Completed');
  return { orderId: String(body.orders[0].orderId), paymentId: String(body.payment.paymentId) };
};

const takeBack = async (market: Market, { orderId, paymentId }: { orderId: string; paymentId: string }, buyer: Customer, ends: string) => {
  const cancelled = await market.call('POST', `/orders/${orderId}/cancellation`, { token: buyer.token, body: { reason: 'changed_mind' } });
  expect(cancelled.status).toBe(200);
  const { status } = await market.until(payment, paymentId, (state) => state.status === ends, 10_000);
  expect(status, JSON.stringify(await market.store.read(`payment-${paymentId}`, 0, 100))).toBe(ends);
};

if (installed) {
  describe('sales', { timeout: 120_000 }, () => {
    let market: Market;
    let server: { close(): Promise<void> };
    let shop: Shop;
    let admin: string;
    let position: string;
    const buyers: Customer[] = [];
    const day = 'from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z';
    const report = async (path: string) => {
      const answer = await market.call('GET', `/analytics/${path}${path.includes('?') ? '&' : '?'}${day}&minPosition=${position}`, {
        token: admin,
      });
      expect([path, answer.status]).toEqual([path, 200]);
      return answer.body.items;
    };
    beforeAll(async () => {
      market = await openMarket({ env: { ANALYTICS: 'on' } });
      server = await listen(market);
      shop = await openShop(market, 100, 50_000);
      for (let n = 0; n < 3; n++) buyers.push(await aBuyer(market));
      const [kept, refunded, refused] = buyers as [Customer, Customer, Customer];
      await buy(market, shop, kept, 2, 'qris');
      await takeBack(market, await buy(market, shop, refunded, 1, 'qris'), refunded, 'Refunded');
      await takeBack(market, await buy(market, shop, refused, 3, 'cod'), refused, 'Voided');
      position = await nowPosition(market);
      market.advance(minutes(1));
      admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
    }, 120_000);
    afterAll(async () => {
      await market.close();
      await server.close();
    });

    it('count gross when they are confirmed, and net of what was taken back', async () => {
      expect(await report('gmv')).toEqual([
        { bucket: '2026-01-05', currency: 'IDR', orders: 3, gross: 300_000, net: 100_000, commission: 0 },
      ]);
      expect(await report('orders-per-hour')).toEqual([{ bucket: '2026-01-05T10:00', orders: 3 }]);
    });

    it('are told by product and seller', async () => {
      const { productId, sellerId } = shop.goods;
      expect(await report('top-products')).toEqual([{ productId, sellerId, currency: 'IDR', quantity: 2, net: 100_000 }]);
      expect(await report(`top-sellers`)).toEqual([{ sellerId, currency: 'IDR', orders: 3, gross: 300_000, net: 100_000 }]);
      expect(await report(`gmv?sellerId=${anId()}`)).toEqual([]);
    });

    it('stand at the end of the way that visitors go', async () => {
      const funnel = await market.call('GET', '/analytics/funnel', { token: admin });
      expect([funnel.status, funnel.body.code]).toEqual([404, 'analytics.not_recorded']);
      expect(await report('active-users')).toEqual([{ bucket: '2026-01-05', visitors: 3, buyers: 3 }]);
      expect(await report('cohorts')).toEqual([{ cohort: '2026-01', month: 0, buyers: 3 }]);
      expect(await report('delivery-slip')).toEqual([]);
    });

    it('are shown to their own shop alone', async () => {
      const token = await market.tokenFor(shop.userId, ['CUSTOMER', 'SELLER'], shop.sellerId);
      const own = await market.call('GET', `/sellers/me/figures?${day}`, { token });
      expect(own.body).toMatchObject({
        sales: [{ gross: 300_000, net: 100_000 }],
        topProducts: [{ productId: shop.goods.productId, quantity: 2 }],
      });
      const other = await market.tokenFor(anId(), ['CUSTOMER', 'SELLER'], anId());
      expect((await market.call('GET', `/sellers/me/figures?${day}`, { token: other })).body).toEqual({ sales: [], topProducts: [] });
      expect((await market.call('GET', '/analytics/gmv', { token })).status).toBe(403);
    });

    it('answer one reading query, in JSON, CSV or Parquet, and nothing else', async () => {
      const ask = (sql: string, format = 'json') => market.call('POST', '/analytics/sql', { token: admin, body: { sql, format } });
      const kinds = 'SELECT kind, payment_method, sum(quantity) AS pieces FROM order_lines GROUP BY ALL ORDER BY ALL';
      expect((await ask(kinds)).body.data).toEqual([
        { kind: 'cancellation', payment_method: 'cod', pieces: -3 },
        { kind: 'cancellation', payment_method: 'qris', pieces: -1 },
        { kind: 'placed', payment_method: 'cod', pieces: 3 },
        { kind: 'placed', payment_method: 'qris', pieces: 3 },
        { kind: 'sale', payment_method: 'cod', pieces: 3 },
        { kind: 'sale', payment_method: 'qris', pieces: 3 },
      ]);
      const csv = await ask('SELECT count() AS n FROM visits', 'csv');
      expect([csv.headers.get('content-type'), csv.body]).toEqual(['text/csv; charset=utf-8', '"n"\n9\n']);
      expect((await ask('SELECT 1', 'parquet')).body.slice(0, 4)).toBe('PAR1');
      expect((await ask('DROP TABLE visits')).body.code).toBe('analytics.query_refused');
      const words = await market.call('GET', '/analytics/dictionary', { token: admin });
      expect(words.body.items.map(({ table }: { table: string }) => table)).toEqual(['order_lines', 'visits', 'deliveries']);
    });

    it('are the same after the facts were built anew', async () => {
      const before = await report('gmv');
      await market.projector.ask({ ask: 'rebuild', projections: ['analytics'] });
      const { body } = await market.call('POST', '/categories', { token: admin, body: { name: 'Buku', slug: 'buku' } });
      position = body.position;
      expect(await report('gmv')).toEqual(before);
    });

    it('fill the gauges', async () => {
      const text = await market.metrics.text();
      const value = (name: string) => Number(new RegExp(`^tokobapak_${name.replace(/[{}]/g, '\\$&')} (.+)$`, 'm').exec(text)?.[1]);
      expect(value('orders_last_hour')).toBe(3);
      expect(value('gmv_minor_units{currency="IDR"}')).toBeGreaterThanOrEqual(300_000); // shipping counts too
      expect(value('projection_lag_events{projection="order-orders"}')).toBe(0);
      expect(value('disk_free_bytes')).toBeGreaterThan(0);
      expect(value('active_users')).toBeGreaterThan(2);
      expect(value('open_carts')).toBe(0);
      expect(value('sagas{saga="checkout",state="NeedsHuman"}')).toBe(0);
      expect(value('http_request_places')).toBeGreaterThan(0);
    });
  });
}

describe('without analytics', () => {
  it('every question is answered with 503 and what to do, and all else goes on', async () => {
    const market = await openMarket({ env: { ANALYTICS: 'off' } });
    const admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
    for (const path of ['/analytics/gmv', '/analytics/funnel', '/analytics/dictionary']) {
      const { status, body } = await market.call('GET', path, { token: admin });
      expect([path, status, body.code, body.detail]).toEqual([path, 503, 'analytics.unavailable', expect.stringContaining('ANALYTICS=on')]);
    }
    const created = await market.call('POST', '/categories', { token: admin, body: { name: 'Buku', slug: 'buku' } });
    expect(created.status).toBe(201);
    await market.close();
  });
});
