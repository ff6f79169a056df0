// From a delivery at the seller's door to what buyers may take: stock.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stock } from '../../domain/stock/stock.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId, type Listed, listProduct, openStore, type Store } from '../shop.ts';

let market: Market;
let store: Store;
let other: Store;
let goods: Listed;
const get = (path: string, position: unknown, token?: string) =>
  market.call('GET', path, { headers: { 'min-position': String(position) }, ...(token !== undefined && { token }) });
const receive = (quantity: number, body: object = {}, token = store.token) =>
  market.call('POST', `/inventory/${goods.variantIds[0]}/receipts`, { token, body: { productId: goods.productId, quantity, ...body } });

beforeAll(async () => {
  market = await openMarket();
  [store, other] = [await openStore(market), await openStore(market, 'Toko Budi')];
});
afterAll(() => market.close());

describe('goods', () => {
  beforeAll(async () => {
    goods = await listProduct(market, store, 'Panci');
  });

  it('that are received can be bought, and their page says so', async () => {
    expect((await get(`/products/${goods.productId}`, goods.position)).body.variants[0].available).toBe(0);
    const received = await receive(5);
    expect([received.status, received.body.available, received.body.location]).toEqual([201, 5, 'main']);
    const more = await receive(2, { location: 'surabaya' });
    const { position } = more.body;
    expect((await get(`/products/${goods.productId}`, position)).body.variants[0].available).toBe(7);
    expect((await get(`/products?seller=${store.sellerId}`, position)).body.items[0].inStock).toBe(true);
    const shelves = (await get(`/inventory/variants/${goods.variantIds[0]}`, position)).body.items;
    expect(shelves.map((shelf: { location: string; available: number }) => [shelf.location, shelf.available])).toEqual([
      ['main', 5],
      ['surabaya', 2],
    ]);
    expect(shelves[0]).not.toHaveProperty('onHand');
    expect((await get(`/inventory/products/${goods.productId}`, position)).body.items).toEqual(shelves);
  });

  it('are received once for one key', async () => {
    const request = {
      token: store.token,
      body: { productId: goods.productId, quantity: 1, location: 'sekali' },
      headers: { 'idempotency-key': 'sekali' },
    };
    const path = `/inventory/${goods.variantIds[0]}/receipts`;
    await Promise.all([market.call('POST', path, request), market.call('POST', path, request)]);
    expect((await market.call('POST', path, request)).body.available).toBe(1);
  });

  it('of somebody else are neither received nor counted', async () => {
    expect((await receive(1, {}, other.token)).body.code).toBe('product.not_found');
    expect((await receive(1, { productId: anId() })).body.code).toBe('product.not_found');
    const strange = await market.call('POST', `/inventory/${anId()}/receipts`, {
      token: store.token,
      body: { productId: goods.productId, quantity: 1 },
    });
    expect(strange.body.code).toBe('product.variant_not_found');
    for (const [below, body] of [
      ['adjustments', { delta: -1, reason: 'theft' }],
      ['returns', { quantity: 1, condition: 'sellable' }],
    ] as const) {
      const refused = await market.call('POST', `/inventory/${goods.variantIds[0]}/${below}`, { token: other.token, body });
      expect([refused.status, refused.body.code]).toEqual([404, 'stock.not_found']);
    }
    expect((await get('/sellers/me/inventory', goods.position, other.token)).body.items).toEqual([]);
  });

  it('cannot be counted below what there is', async () => {
    const body = { delta: -6, reason: 'count' };
    const refused = await market.call('POST', `/inventory/${goods.variantIds[0]}/adjustments`, { token: store.token, body });
    expect([refused.status, refused.body.code]).toEqual([409, 'stock.below_zero']);
  });
});

it('a seller sees what moved, and is warned when little is left', async () => {
  goods = await listProduct(market, store, 'Teko');
  const path = `/inventory/${goods.variantIds[0]}`;
  await receive(5);
  await market.call('POST', `${path}/returns`, { token: store.token, body: { quantity: 1, condition: 'damaged' } });
  const level = await market.call('PUT', `${path}/low-stock-level`, { token: store.token, body: { level: 2 } });
  expect((await get('/sellers/me/inventory/alerts', level.body.position, store.token)).body.items).toEqual([]);
  const same = await market.call('PUT', `${path}/low-stock-level`, { token: store.token, body: { level: 2 } });
  expect(same.body).toEqual({ variantId: goods.variantIds[0], location: 'main', ...{ revision: 2, position: level.body.position } });
  const shelf = { variantId: goods.variantIds[0], location: 'main', available: 5, onHand: 5, lowLevel: 2, revision: 2 };
  expect((await get('/sellers/me/inventory', level.body.position, store.token)).body.items).toContainEqual(expect.objectContaining(shelf));
  const taken = await market.call('POST', `${path}/adjustments`, { token: store.token, body: { delta: -3, reason: 'breakage' } });
  const { position } = taken.body;
  expect((await get('/sellers/me/inventory/alerts', position, store.token)).body.items).toMatchObject([
    { variantId: goods.variantIds[0], available: 2, lowLevel: 2 },
  ]);
  const moves = await get(`/sellers/me/inventory/movements?variant=${goods.variantIds[0]}`, position, store.token);
  const kinds = moves.body.items.map((move: { kind: string; quantity: number }) => `${move.kind} ${move.quantity}`);
  expect(kinds.sort()).toEqual(['adjusted -3', 'received 5', 'returned 0']);
  expect((await get('/sellers/me/inventory/movements', position, other.token)).body.items).toEqual([]);
});

it('what is shipped counts as sold, and only what a hold leaves over can be bought', async () => {
  goods = await listProduct(market, store, 'Gelas');
  const received = await receive(3);
  const id = `${goods.variantIds[0]}.main`;
  const at = '2026-01-05T03:00:00.000Z';
  const hold = { holdId: 'l1.1', checkoutId: anId(), orderId: anId(), buyerId: anId(), quantity: 2, until: '2026-01-05T04:00:00.000Z' };
  const page = async (position: number | string) =>
    (await get(`/products/${goods.productId}`, typeof position === 'string' ? position : `${market.store.logId}.${position}`)).body;
  expect((await page(received.body.position)).variants[0].available).toBe(3);
  const held = await market.handle(stock, id, { type: 'hold', ...hold, at }, aContext());
  expect((await page(held.position)).variants[0].available).toBe(1);
  await market.handle(stock, id, { type: 'commit', holdId: hold.holdId, at }, aContext());
  const shipped = await market.handle(stock, id, { type: 'consume', holdId: hold.holdId, at }, aContext());
  expect(await page(shipped.position)).toMatchObject({ sold: 2, variants: [{ available: 1 }] });
  const last = { ...hold, holdId: 'l2.1', quantity: 1 };
  const gone = await market.handle(stock, id, { type: 'hold', ...last, at }, aContext());
  const cards = await get(`/products?seller=${store.sellerId}&sort=best_selling&limit=1`, `${market.store.logId}.${gone.position}`);
  expect(cards.body.items).toMatchObject([{ productId: goods.productId, sold: 2, inStock: false }]);
  const found = await market.call('GET', '/search?sort=best_selling&limit=1');
  expect(found.body.items).toMatchObject([{ productId: goods.productId, sold: 2 }]);
});
