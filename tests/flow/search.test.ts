// Finding products: what was written a moment ago, under the names that stores, categories and brands have now.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seller } from '../../domain/seller/seller.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId, listProduct, openStore, rupiah, type Store } from '../shop.ts';

let market: Market;
let store: Store;
let admin: string;
const search = (query: string, position: unknown) =>
  market.call('GET', `/search?${query}`, { headers: { 'min-position': String(position) } });

beforeAll(async () => {
  market = await openMarket();
  store = await openStore(market, 'Toko Ani', 'Bandung');
  admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
});
afterAll(() => market.close());

it('finds a product as soon as it is shown, and no longer once it is hidden', async () => {
  const { productId, position } = await listProduct(market, store, 'Gitar Akustik', {
    pictures: [{ url: 'https://example.com/gitar.webp' }],
  });
  const found = await search('q=gitar', position);
  expect(found.body).toMatchObject({
    items: [
      {
        productId,
        name: 'Gitar Akustik',
        price: rupiah(50_000),
        store: { sellerId: store.sellerId, name: 'Toko Ani', slug: expect.any(String), city: 'Bandung' },
        image: 'https://example.com/gitar.webp',
      },
    ],
    total: 1,
  });
  expect((await search('q=gtar', position)).body.corrected).toBe('gitar');
  const suggested = await market.call('GET', '/search/suggestions?q=git');
  expect(suggested.body.items).toEqual(['Gitar Akustik']);
  const hidden = await market.call('DELETE', `/products/${productId}/activation`, { token: store.token });
  expect((await search('q=gitar', hidden.body.position)).body.items).toEqual([]);
});

it('filters and counts by category at any level, brand, city and price', async () => {
  const root = await market.call('POST', '/categories', { token: admin, body: { name: 'Olahraga', slug: 'olahraga' } });
  const leaf = await market.call('POST', '/categories', {
    token: admin,
    body: { name: 'Sepeda', slug: 'sepeda', parentId: root.body.categoryId },
  });
  const brand = await market.call('POST', '/brands', { token: admin, body: { name: 'Kayuh', slug: 'kayuh' } });
  const ids = { categoryId: leaf.body.categoryId, brandId: brand.body.brandId };
  const far = await openStore(market, 'Toko Timur', 'Makassar');
  await listProduct(market, store, 'Sepeda Lipat', ids);
  const { position } = await listProduct(market, far, 'Sepeda Gunung', {
    ...ids,
    variants: [{ sku: 'A', price: rupiah(90_000), weightGrams: 9 }],
  });
  const found = await search(`category=${root.body.categoryId}&sort=price_desc`, position);
  expect(found.body.items.map((hit: { name: string }) => hit.name)).toEqual(['Sepeda Gunung', 'Sepeda Lipat']);
  expect(found.body.facets.brand).toEqual([{ value: 'Kayuh', count: 2 }]);
  expect((await search('q=sepeda&city=Makassar&city=Medan', position)).body.total).toBe(1);
  expect((await search(`brand=Kayuh&minPrice=50001&category=${leaf.body.categoryId}`, position)).body.total).toBe(1);
  const first = await search('q=sepeda&limit=1&sort=price_asc', position);
  const second = await search(`q=sepeda&limit=1&sort=price_asc&cursor=${first.body.next}`, position);
  expect(second.body.items[0].name).toBe('Sepeda Gunung');
  expect((await search('sort=newest&cursor=x', position)).body.code).toBe('search.bad_cursor');
});

it('knows a brand, a category and a store by the names that they have now', async () => {
  const category = await market.call('POST', '/categories', { token: admin, body: { name: 'Mainan', slug: 'mainan' } });
  const brand = await market.call('POST', '/brands', { token: admin, body: { name: 'Lama', slug: 'lama' } });
  const shop = await openStore(market, 'Toko Cici', 'Solo');
  const { categoryId } = category.body;
  const { productId } = await listProduct(market, shop, 'Kereta Kayu', { brandId: brand.body.brandId, categoryId });
  const renamed = await market.call('PATCH', `/brands/${brand.body.brandId}`, { token: admin, body: { name: 'Baru', slug: 'baru' } });
  expect((await search('q=kereta', renamed.body.position)).body.items[0].brand).toBe('Baru');
  const parent = await market.call('POST', '/categories', { token: admin, body: { name: 'Anak', slug: 'anak' } });
  const move = { parentId: parent.body.categoryId, order: 0 };
  const moved = await market.call('POST', `/categories/${categoryId}/move`, { token: admin, body: move });
  const below = await search(`category=${parent.body.categoryId}`, moved.body.position);
  expect(below.body.items).toMatchObject([{ productId, categoryIds: [parent.body.categoryId, categoryId] }]);
  const edited = await market.handle(seller, shop.sellerId, { type: 'edit_page', city: 'Klaten' }, aContext());
  expect((await search('q=kereta', `${market.store.logId}.${edited.position}`)).body.items[0].store.city).toBe('Klaten');
  const suspended = await market.handle(seller, shop.sellerId, { type: 'suspend', reason: 'fraud', note: null }, aContext());
  expect((await search('q=kereta', `${market.store.logId}.${suspended.position}`)).body.total).toBe(0);
});

it('is built anew without a moment in which nothing is found', async () => {
  const { position } = await listProduct(market, store, 'Payung Lipat');
  expect((await market.call('POST', '/admin/search/reindex', { token: store.token })).status).toBe(403);
  const rebuilt = market.projector.ask({ ask: 'rebuild', projections: ['search'] });
  const meanwhile = await search('q=payung', position);
  await rebuilt;
  const afterwards = await search('q=payung', position);
  expect([meanwhile.body, afterwards.body]).toMatchObject([{ total: 1 }, { total: 1 }]);
  expect(afterwards.body).toEqual(meanwhile.body);
  await market.projector.ask({ ask: 'rebuild', projections: ['product-details'] });
  const late = await listProduct(market, store, 'Payung Golf');
  expect((await search('q=payung', late.position)).body.total).toBe(2);
  const headers = { 'idempotency-key': 'reindex' };
  const told = [
    await market.call('POST', '/admin/search/reindex', { token: admin, headers }),
    await market.call('POST', '/admin/search/reindex', { token: admin, headers }),
  ];
  expect(told.map(({ status, body }) => [status, body.status])).toEqual([
    [202, 'building'],
    [202, 'building'],
  ]);
});

it('shows each hit once, page by page, while products are added, renamed and priced', async () => {
  const shop = await openStore(market, 'Toko Halaman', 'Bogor');
  const first = [];
  for (let n = 0; n < 8; n++) first.push(await listProduct(market, shop, `Teropong ${n}`));
  for (const sort of ['relevance', 'price_asc', 'newest']) {
    const seen: string[] = [];
    let { position } = first.at(-1) ?? { position: '' };
    for (let next: string | null = ''; next !== null; ) {
      const { body }: { body: { items: { productId: string }[]; next: string | null } } = await search(
        `q=teropong&sort=${sort}&limit=2${next === '' ? '' : `&cursor=${next}`}`,
        position,
      );
      seen.push(...body.items.map(({ productId }) => productId));
      next = body.next;
      if (seen.length > 6) continue;
      await listProduct(market, shop, `Teropong Teropong tambahan ${sort} ${seen.length}`);
      const { productId = '', variantIds: [variantId] = [] } = first[seen.length] ?? {};
      const price = { price: rupiah(90_000 - seen.length * 9_000) };
      await market.call('PUT', `/products/${productId}/variants/${variantId}/price`, { token: shop.token, body: price });
      const body2 = { name: `Teropong bintang teropong ${sort} ${seen.length}` };
      const renamed = await market.call('PATCH', `/products/${productId}`, { token: shop.token, body: body2 });
      expect(renamed.status).toBe(200);
      position = renamed.body.position;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(first.map(({ productId }) => productId)));
  }
});

it('finds an article number, a word inside a text without blanks and letters without accents, and nothing by what is no word', async () => {
  const variants = [{ sku: 'QZ-01-07', price: rupiah(50_000), weightGrams: 200 }];
  const helmet = await listProduct(market, store, '红色自行车头盔', { variants });
  const { position } = await listProduct(market, store, 'Işık Straße Łódź');
  const names = async (text: string) =>
    (await search(`q=${encodeURIComponent(text)}`, position)).body.items.map(({ name }: { name: string }) => name);
  for (const text of ['QZ-01-07', 'qz0107', '头盔', '自行车']) expect([text, await names(text)]).toEqual([text, ['红色自行车头盔']]);
  for (const text of ['isik', 'strasse', 'lodz']) expect([text, await names(text)]).toEqual([text, ['Işık Straße Łódź']]);
  for (const text of ['dan', '*', '😀']) expect([text, await names(text)]).toEqual([text, []]);
  const own = await market.call('GET', `/sellers/me/products/${helmet.productId}`, { token: store.token });
  expect(own.body.slug).toBe(`produk-${helmet.productId.slice(-8).toLowerCase()}`);
});

it('shows a hit as every list shows a product, and names what facets count', async () => {
  const { body: root } = await market.call('POST', '/categories', { token: admin, body: { name: 'Kebun', slug: 'kebun' } });
  const { productId, position } = await listProduct(market, store, 'Cangkul Baja', { categoryId: root.categoryId });
  const [hit] = (await search('q=cangkul', position)).body.items;
  const cards = await market.call('GET', `/products?category=${root.categoryId}`, { headers: { 'min-position': position } });
  expect(hit).toMatchObject(cards.body.items[0]);
  expect(hit).toMatchObject({
    ...{ productId, slug: `cangkul-baja-${productId.slice(-8).toLowerCase()}`, sale: null, inStock: false },
    store: { sellerId: store.sellerId, name: 'Toko Ani' },
  });
  expect((await search('q=cangkul', position)).body.facets.category).toEqual([{ value: root.categoryId, name: 'Kebun', count: 1 }]);
});
