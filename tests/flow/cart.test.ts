// The cart from HTTP to its read model: guests and buyers, prices of the moment, and the login that merges.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aBuyer, type Customer, openShop, putIntoCart, type Shop, sell } from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { anId, rupiah } from '../shop.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 5);
});
afterAll(() => market.close());

const cartOf = async ({ token }: Customer, position: string) => (await market.call('GET', `/cart?minPosition=${position}`, { token })).body;

describe('a buyer', () => {
  it('puts an article into a new cart with one request and one event', async () => {
    const buyer = await aBuyer(market);
    const before = await market.store.head();
    const { productId, variantId, sellerId } = shop.goods;
    const added = await market.call('POST', '/cart/lines', { token: buyer.token, body: { productId, quantity: 2 } });
    expect([added.status, (await market.store.readAll(before, 10)).length]).toEqual([201, 1]);
    expect(added.body).toMatchObject({ cartId: buyer.userId, productId, variantId, sellerId, quantity: 2 });
    const cart = await cartOf(buyer, added.body.position);
    expect(cart.lines).toMatchObject([
      { variantId, quantity: 2, selected: true, unitPrice: rupiah(50_000), amount: rupiah(100_000), available: 5, problem: null },
    ]);
    expect(cart.summary).toEqual({ lines: 1, selected: 1, pieces: 2, sellers: 1, total: rupiah(100_000) });
    expect(cart.lines[0].store).toEqual({ sellerId, name: expect.any(String), slug: expect.any(String) });
    expect(cart.lines[0]).not.toHaveProperty('storeName');
  });

  it('has one line per variant, and changes, deselects, removes and clears lines', async () => {
    const buyer = await aBuyer(market);
    const { lineId } = await putIntoCart(market, buyer, shop.goods, 2);
    expect(await putIntoCart(market, buyer, shop.goods, 1)).toMatchObject({ lineId, quantity: 3 });
    const { token } = buyer;
    const changed = await market.call('PATCH', `/cart/lines/${lineId}`, { token, body: { quantity: 4 } });
    expect((await cartOf(buyer, changed.body.position)).lines).toMatchObject([{ quantity: 4 }]);
    const deselected = await market.call('POST', '/cart/selection', { token, body: { lineIds: [lineId], selected: false } });
    expect((await cartOf(buyer, deselected.body.position)).summary).toMatchObject({ selected: 0, total: rupiah(0) });
    const removed = await market.call('DELETE', `/cart/lines/${lineId}`, { token });
    expect((await cartOf(buyer, removed.body.position)).lines).toEqual([]);
    await putIntoCart(market, buyer, shop.goods);
    const cleared = await market.call('DELETE', '/cart/lines', { token });
    expect(await cartOf(buyer, cleared.body.position)).toEqual({
      ...{ cartId: buyer.userId, currency: null, lines: [], updatedAt: null, revision: null },
      summary: { lines: 0, selected: 0, pieces: 0, sellers: 0, total: null },
    });
    const unknown = await market.call('PATCH', `/cart/lines/${lineId}`, { token, body: { quantity: 1 } });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'cart.line_not_found']);
  });

  it('adds once, however often the same key is sent', async () => {
    const buyer = await aBuyer(market);
    const headers = { 'idempotency-key': 'once' };
    const { productId } = shop.goods;
    const send = () => market.call('POST', '/cart/lines', { token: buyer.token, body: { productId, quantity: 1 }, headers });
    const answers = [await send(), await send(), await send()];
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect((await cartOf(buyer, answers[0]?.body.position)).lines).toMatchObject([{ quantity: 1 }]);
  });

  it('does not get what is not on sale, nor own goods', async () => {
    const { token } = await aBuyer(market);
    const unknown = await market.call('POST', '/cart/lines', { token, body: { productId: anId(), quantity: 1 } });
    expect([unknown.status, unknown.body.code]).toEqual([409, 'cart.product_unavailable']);
    const own = await market.call('POST', '/cart/lines', { token: shop.token, body: { productId: shop.goods.productId, quantity: 1 } });
    expect([own.status, own.body.code]).toEqual([403, 'cart.own_goods']);
    const many = await market.call('POST', '/cart/lines', { token, body: { productId: shop.goods.productId, quantity: 1_000 } });
    expect(many.body.errors).toMatchObject([{ field: 'quantity' }]);
  });

  it('sees what stands in the way of buying', async () => {
    const buyer = await aBuyer(market);
    const { lineId } = await putIntoCart(market, buyer, shop.goods, 6);
    const gone = await sell(market, shop, 9);
    const { lineId: goneLine } = await putIntoCart(market, buyer, gone);
    const off = await market.call('DELETE', `/products/${gone.productId}/activation`, { token: shop.token });
    const found = await market.call('GET', `/cart/validation?minPosition=${off.body.position}`, { token: buyer.token });
    expect(found.body).toEqual({
      valid: false,
      selected: 2,
      problems: [
        { lineId, code: 'checkout.out_of_stock', quantity: 6, available: 5 },
        { lineId: goneLine, code: 'cart.product_unavailable', quantity: 1, available: 9 },
      ],
    });
  });
});

describe('a guest', () => {
  it('gets a cart by cookie, and keeps it after signing in', async () => {
    const { productId, variantId } = shop.goods;
    const added = await market.call('POST', '/cart/lines', { body: { productId, quantity: 2 } });
    const cookie = added.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(cookie).toMatch(/^guest=/);
    const seen = await market.call('GET', `/cart?minPosition=${added.body.position}`, { headers: { cookie } });
    expect(seen.body.lines).toMatchObject([{ variantId, quantity: 2 }]);

    const buyer = await aBuyer(market);
    const mine = await sell(market, shop, 3);
    await putIntoCart(market, buyer, mine);
    const merged = await market.call('POST', '/cart/merge', { token: buyer.token, headers: { cookie } });
    expect(merged.status).toBe(200);
    const cart = await cartOf(buyer, merged.body.position);
    expect(cart.lines.map((line: { variantId: string }) => line.variantId).sort()).toEqual([variantId, mine.variantId].sort());
    const again = await market.call('POST', '/cart/merge', { token: buyer.token, headers: { cookie } });
    expect((await cartOf(buyer, again.body.position)).lines).toMatchObject([{ quantity: 1 }, { quantity: 2 }]);
  });

  it('needs no token, and is refused with one that does not hold', async () => {
    const line = { productId: shop.goods.productId, variantId: shop.goods.variantId };
    for (const [method, path, body] of [
      ['GET', '/cart', undefined],
      ['GET', '/cart/validation', undefined],
      ['POST', '/cart/lines', line],
      ['DELETE', '/cart/lines', undefined],
    ] as const) {
      const asked = { ...(body && { body }), headers: { 'idempotency-key': randomUUID() } };
      expect((await market.call(method, path, asked)).status, path).toBeLessThan(300);
      expect((await market.call(method, path, { ...asked, token: 'x.y.z' })).body.code, path).toBe('auth.bad_token');
    }
    expect((await market.call('POST', '/cart/merge', { headers: { 'idempotency-key': randomUUID() } })).body.code).toBe('auth.required');
  });

  it('sends keys that nobody can guess', async () => {
    const body = { productId: shop.goods.productId, quantity: 1 };
    const refused = await market.call('POST', '/cart/lines', { body, headers: { 'idempotency-key': 'mine' } });
    expect(refused.body.code).toBe('idempotency.key_invalid');
    const other = await market.call('GET', '/cart', { headers: { cookie: `guest=${randomUUID()}` } });
    expect(other.body.lines).toEqual([]);
  });
});
