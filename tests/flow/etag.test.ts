// Read, then change with If-Match: what a GET answers as ETag is what the commands of that resource take.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aBuyer, askQuote, type Customer, nowPosition, openShop, pay, place, putIntoCart, type Shop, untilCheckout } from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';
import { ok } from '../support/shop.ts';

let market: Market;
let admin: string;
let shop: Shop;
let seller: string;
let buyer: Customer;
let ids: Record<string, string>;

beforeAll(async () => {
  market = await openMarket();
  admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
  shop = await openShop(market, 10, 50_000);
  seller = await market.tokenFor(shop.userId, ['CUSTOMER', 'SELLER'], shop.sellerId);
  buyer = await aBuyer(market);
  await putIntoCart(market, buyer, shop.goods);
  const placed = ok(await place(market, buyer, (await askQuote(market, buyer)).body));
  await pay(market, buyer, placed);
  const { plan } = await untilCheckout(market, placed.checkoutId, 'Confirmed', 'Completed');
  await putIntoCart(market, buyer, shop.goods);
  const category = ok(await market.call('POST', '/categories', { token: admin, body: { name: 'Buku', slug: 'buku' } }));
  const brand = ok(await market.call('POST', '/brands', { token: admin, body: { name: 'Kayuh', slug: 'kayuh' } }));
  ids = {
    ...{ productId: shop.goods.productId, sellerId: shop.sellerId, categoryId: category.categoryId, brandId: brand.brandId },
    ...{ checkoutId: placed.checkoutId, orderId: plan.orders[0]?.orderId ?? '', paymentId: plan.paymentId },
  };
});
afterAll(() => market.close());

const tokens = { seller: () => seller, buyer: () => buyer.token, admin: () => admin, nobody: () => undefined };
const at = (path: string) => path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? name);
const read = async (who: keyof typeof tokens, path: string) => {
  const token = tokens[who]();
  const headers = { 'min-position': await nowPosition(market) };
  return market.call('GET', at(path), { headers, ...(token !== undefined && { token }) });
};
const revisionOf = (etag: string | null) => /^"(\d+)(?:-[\w-]+)?"$/.exec(etag ?? '')?.[1];

it.each([
  ['seller', '/sellers/me/products/:productId', 'product-:productId'],
  ['nobody', '/products/:productId', 'product-:productId'],
  ['nobody', '/categories/:categoryId', 'category-:categoryId'],
  ['nobody', '/brands/:brandId', 'brand-:brandId'],
  ['nobody', '/sellers/:sellerId', 'seller-:sellerId'],
  ['seller', '/sellers/me', 'seller-:sellerId'],
  ['admin', '/admin/sellers/:sellerId', 'seller-:sellerId'],
  ['buyer', '/orders/:orderId', 'order-:orderId'],
  ['seller', '/orders/:orderId', 'order-:orderId'],
  ['buyer', '/checkouts/:checkoutId', 'checkout-:checkoutId'],
  ['admin', '/admin/checkouts/:checkoutId', 'checkout-:checkoutId'],
  ['buyer', '/payments/:paymentId', 'payment-:paymentId'],
  ['admin', '/admin/payments/:paymentId', 'payment-:paymentId'],
] as const)('%s reads %s with the revision of %s', async (who, path, stream) => {
  const { status, headers } = await read(who, path);
  const events = await market.store.read(at(stream), 0, 1_000);
  expect([status, revisionOf(headers.get('etag'))]).toEqual([200, String(events.at(-1)?.revision)]);
});

it.each([
  ['seller', '/sellers/me/products/:productId', 'PATCH', '/products/:productId', { name: 'Sepatu Baru' }],
  ['nobody', '/products/:productId', 'PATCH', '/products/:productId', { name: 'Sepatu Lama' }],
  ['admin', '/categories/:categoryId', 'PATCH', '/categories/:categoryId', { name: 'Buku Baru', slug: 'buku-baru' }],
  ['admin', '/brands/:brandId', 'PATCH', '/brands/:brandId', { name: 'Kayuh Baru', slug: 'kayuh-baru' }],
  ['seller', '/sellers/me', 'PATCH', '/sellers/me', { description: 'Toko baru' }],
  ['seller', '/orders/:orderId', 'POST', '/orders/:orderId/acceptance', undefined],
] as const)('%s reads %s, and %s %s takes its ETag until it has changed', async (who, path, method, command, body) => {
  const etag = (await read(who, path)).headers.get('etag') ?? '';
  const token = (who === 'nobody' ? seller : tokens[who]()) ?? '';
  const change = (ifMatch: string) =>
    market.call(method, at(command), { token, headers: { 'if-match': ifMatch }, ...(body !== undefined && { body }) });
  const stale = await change(`"${Number(revisionOf(etag)) + 1}"`);
  expect([stale.status, stale.body.code]).toEqual([412, 'request.precondition_failed']);
  const changed = await change(etag);
  expect([changed.status, changed.body.code]).toEqual([200, undefined]);
  expect((await change(etag)).status).toBe(412);
  expect(revisionOf((await read(who, path)).headers.get('etag'))).toBe(revisionOf(changed.headers.get('etag')));
});

it('answers the cart and the profile with an ETag', async () => {
  const cart = await read('buyer', '/cart');
  const line = { productId: shop.goods.productId, variantId: shop.goods.variantId, quantity: 1 };
  const headers = { 'if-match': cart.headers.get('etag') ?? '' };
  const added = await market.call('POST', '/cart/lines', { token: buyer.token, headers, body: line });
  expect([added.status < 300, added.body.code]).toEqual([true, undefined]);
});

it.each([
  ['/products/:productId', 60],
  ['/products', 60],
  ['/search?q=barang', 60],
  ['/sellers', 60],
  ['/sellers/:sellerId', 60],
  ['/categories', 300],
  ['/categories/:categoryId', 300],
  ['/brands', 300],
  ['/brands/:brandId', 300],
] as const)('lets browsers and CDNs keep %s for %i s, and says when it has not changed', async (path, seconds) => {
  const first = await read('nobody', path);
  const etag = first.headers.get('etag') ?? '';
  expect([first.status, first.headers.get('cache-control')]).toEqual([200, `public, max-age=${seconds}`]);
  const again = await market.call('GET', at(path), { headers: { 'if-none-match': `"other", W/${etag}` } });
  expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', etag]);
  const other = await market.call('GET', at(path), { headers: { 'if-none-match': '"other"' } });
  expect(other.status).toBe(200);
  const signedIn = await market.call('GET', at(path), { token: buyer.token });
  expect([signedIn.status, signedIn.headers.get('cache-control')]).toEqual([200, 'no-store']);
});

it('has another ETag when only the stock or the store of a product changed', async () => {
  const before = (await read('nobody', '/products/:productId')).headers.get('etag') ?? '';
  const { variantId, productId } = shop.goods;
  const stock = { token: seller, body: { quantity: 3, reason: 'count' } };
  await market.call('POST', `/inventory/variants/${variantId}/adjustment`, stock);
  const edited = await market.call('PATCH', '/sellers/me', { token: seller, body: { city: 'Klaten' } });
  expect(edited.status).toBe(200);
  const after = await read('nobody', '/products/:productId');
  expect(after.body.store.city).toBe('Klaten');
  expect(after.headers.get('etag')).not.toBe(before);
  expect(revisionOf(after.headers.get('etag'))).toBe(revisionOf(before));
  const answer = await market.call('GET', `/products/${productId}`, { headers: { 'if-none-match': before } });
  expect(answer.status).toBe(200);
});
