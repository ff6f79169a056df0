// Who bought says what it was like; others read it, vote, answer and moderate.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { review } from '../../domain/review/review.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId, type Listed, listProduct, openStore, placeOrder, type Store } from '../shop.ts';

let market: Market;
let store: Store;
let goods: Listed;
let buyer: { id: string; token: string };
let admin: string;
const person = async () => {
  const id = anId();
  return { id, token: await market.tokenFor(id, ['CUSTOMER']) };
};
const get = (path: string, position: unknown, token?: string) =>
  market.call('GET', path, { headers: { 'min-position': String(position) }, ...(token !== undefined && { token }) });
const post = async (rating: number, body = 'Bagus sekali', by = buyer, of = goods) => {
  const { orderId, lineId } = await placeOrder(market, store, of, by.id, 'Delivered');
  return market.call('POST', '/reviews', { token: by.token, body: { orderId, lineId, rating, title: null, body } });
};

beforeAll(async () => {
  market = await openMarket();
  store = await openStore(market);
  goods = await listProduct(market, store, 'Kopi');
  buyer = await person();
  admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
});
afterAll(() => market.close());

describe('a review', () => {
  it('is read under its product and its seller, and counts in their ratings', async () => {
    const { body } = await post(4, 'Harum dan segar');
    const { reviewId, position } = body;
    const said = { reviewId, rating: 4, body: 'Harum dan segar', verified: 'purchase', helpful: 0, replies: [] };
    const listed = await get(`/products/${goods.productId}/reviews`, position);
    expect(listed.body.items).toMatchObject([said]);
    expect(listed.body.items[0]).not.toHaveProperty('authorId');
    expect((await get(`/sellers/${store.sellerId}/reviews`, position)).body.items).toMatchObject([said]);
    expect((await get('/reviews/me', position, buyer.token)).body.items).toMatchObject([{ ...said, visible: true }]);
    expect((await get(`/products/${goods.productId}/rating`, position)).body).toMatchObject({
      average: 4,
      count: 1,
      stars: [0, 0, 0, 1, 0],
    });
    const second = await post(1, 'Pahit', await person());
    expect((await get(`/products/${goods.productId}`, second.body.position)).body.rating).toEqual({ average: 2.5, count: 2 });
    expect((await get(`/sellers/${store.sellerId}/rating`, second.body.position)).body).toMatchObject({ average: 2.5, count: 2 });
  });

  it('stands in no file in plain text', async () => {
    const { body } = await post(5, 'rahasia-yang-panjang', await person());
    await get('/products', body.position);
    const files = readdirSync(market.dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(2);
    for (const { parentPath, name } of files)
      expect(readFileSync(join(parentPath, name)).includes('rahasia-yang-panjang'), name).toBe(false);
  });

  it('is for who bought it, once it has arrived, once per line', async () => {
    const { orderId, lineId } = await placeOrder(market, store, goods, buyer.id, 'Confirmed');
    const said = { orderId, lineId, rating: 5 };
    const early = await market.call('POST', '/reviews', { token: buyer.token, body: said });
    expect([early.status, early.body.code]).toEqual([409, 'review.not_delivered']);
    const stranger = await market.call('POST', '/reviews', { token: (await person()).token, body: said });
    expect([stranger.status, stranger.body.code]).toEqual([404, 'order.not_found']);
    const strange = await market.call('POST', '/reviews', { token: buyer.token, body: { ...said, lineId: anId() } });
    expect([strange.status, strange.body.code]).toEqual([403, 'review.not_purchased']);
    const arrived = await placeOrder(market, store, goods, buyer.id, 'Delivered');
    const line = { orderId: arrived.orderId, lineId: arrived.lineId };
    await market.call('POST', '/reviews', { token: buyer.token, body: { ...line, rating: 5 } });
    const twice = await market.call('POST', '/reviews', { token: buyer.token, body: { ...line, rating: 1 } });
    expect([twice.status, twice.body.code]).toEqual([409, 'review.already_posted']);
    expect((await market.call('POST', '/reviews', { token: buyer.token, body: { ...line, rating: 6 } })).body.errors[0].field).toBe(
      'rating',
    );
  });

  it('is edited by its author, and its rating follows', async () => {
    const tea = await listProduct(market, store, 'Teh');
    const { body } = await post(2, 'Kurang', buyer, tea);
    const path = `/reviews/${body.reviewId}`;
    const stranger = await market.call('PUT', path, { token: (await person()).token, body: { rating: 1 } });
    expect([stranger.status, stranger.body.code]).toEqual([404, 'review.not_found']);
    const edited = await market.call('PUT', path, { token: buyer.token, body: { rating: 5, body: 'Ternyata enak' } });
    expect((await get(`/products/${tea.productId}/reviews`, edited.body.position)).body.items).toMatchObject([
      { rating: 5, body: 'Ternyata enak' },
    ]);
    expect((await get(`/products/${tea.productId}/rating`, edited.body.position)).body).toMatchObject({
      average: 5,
      stars: [0, 0, 0, 0, 1],
    });
  });

  it('is voted for by others, once each, and answered by its seller', async () => {
    const cup = await listProduct(market, store, 'Cangkir');
    const { body } = await post(5, 'Kuat', buyer, cup);
    const path = `/reviews/${body.reviewId}`;
    const reader = await person();
    await market.call('POST', `${path}/votes`, { token: reader.token });
    await market.call('POST', `${path}/votes`, { token: reader.token });
    expect((await market.call('POST', `${path}/votes`, { token: buyer.token })).body.code).toBe('review.own_review');
    const other = await openStore(market, 'Toko Budi');
    expect((await market.call('PUT', `${path}/reply`, { token: other.token, body: { body: 'Bukan saya' } })).status).toBe(404);
    const replied = await market.call('PUT', `${path}/reply`, { token: store.token, body: { body: 'Terima kasih' } });
    const listed = await get(`/products/${cup.productId}/reviews?sort=helpful`, replied.body.position);
    expect(listed.body.items).toMatchObject([{ helpful: 1, replies: [{ sellerId: store.sellerId, body: 'Terima kasih' }] }]);
  });

  it('is reported to the staff, who may hide it: then it is not read, and does not count', async () => {
    const lamp = await listProduct(market, store, 'Lampu');
    const { body } = await post(1, 'Iklan', buyer, lamp);
    const reader = await person();
    const reported = await market.call('POST', `/reviews/${body.reviewId}/reports`, { token: reader.token, body: { reason: 'spam' } });
    expect((await get('/admin/reviews', reported.body.position, buyer.token)).status).toBe(403);
    const queue = await get('/admin/reviews?reported=true', reported.body.position, admin);
    expect(queue.body.items).toMatchObject([{ reviewId: body.reviewId, reports: 1, authorId: buyer.id }]);
    const path = `/admin/reviews/${body.reviewId}/hiding`;
    const hidden = await market.call('POST', path, { token: admin, body: { reason: 'spam' } });
    expect((await get(`/products/${lamp.productId}/reviews`, hidden.body.position)).body.items).toEqual([]);
    expect((await get(`/products/${lamp.productId}`, hidden.body.position)).body.rating.count).toBe(0);
    const shown = await market.call('DELETE', path, { token: admin });
    expect((await get(`/products/${lamp.productId}/rating`, shown.body.position)).body).toMatchObject({ average: 1, count: 1 });
  });

  it('of a whole order counts once for each of its products', async () => {
    const [pan, pot] = [await listProduct(market, store, 'Wajan'), await listProduct(market, store, 'Panci')];
    const reviewId = anId();
    const about = {
      reviewId,
      kind: 'order' as const,
      authorId: buyer.id,
      orderId: anId(),
      productIds: [pan.productId, pot.productId],
      sellerIds: [store.sellerId],
    };
    const says = { rating: 3, title: null, body: null, images: [] };
    const at = '2026-01-05T03:00:00.000Z';
    const { position } = await market.handle(review, reviewId, { type: 'record', about, says, sourceReviewId: 'r1', at }, aContext());
    for (const { productId } of [pan, pot]) {
      const after = `${market.store.logId}.${position}`;
      expect((await get(`/products/${productId}/rating`, after)).body).toMatchObject({ average: 3, count: 1 });
      expect((await get(`/products/${productId}/reviews`, after)).body.items).toMatchObject([{ reviewId, kind: 'order', body: null }]);
    }
  });
});

it('what an erased person wrote reads [erased]; the stars stay', async () => {
  const chair = await listProduct(market, store, 'Kursi');
  const leaver = await person();
  const { body } = await post(4, 'Nyaman', leaver, chair);
  await market.seals.erase(leaver.id);
  expect((await get(`/products/${chair.productId}/reviews`, body.position)).body.items).toMatchObject([{ rating: 4, body: '[erased]' }]);
});
