// From a seller's draft to the storefront and back: products.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seller } from '../../domain/seller/seller.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId, listProduct, openStore, rupiah, type Store } from '../shop.ts';
import { ok } from '../support/shop.ts';

let market: Market;
let store: Store;
let admin: string;
const get = (path: string, position: unknown, token?: string) =>
  market.call('GET', path, { headers: { 'min-position': String(position) }, ...(token !== undefined && { token }) });

beforeAll(async () => {
  market = await openMarket();
  store = await openStore(market);
  admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
});
afterAll(() => market.close());

const batik = {
  name: 'Kemeja Batik Tulis',
  description: 'Katun, motif parang.',
  attributes: { Bahan: 'katun' },
  variants: [
    { sku: 'B-M', options: { Ukuran: 'M' }, price: rupiah(150_000), weightGrams: 300 },
    { sku: 'B-L', options: { Ukuran: 'L' }, price: rupiah(140_000), weightGrams: 320 },
  ],
  pictures: [{ url: 'https://example.com/batik.webp', alt: 'Kemeja' }],
};

describe('a product', () => {
  it('is created with its variants and pictures at once, and is nobody else’s to see until it is shown', async () => {
    const created = await market.call('POST', '/products', { token: store.token, body: batik });
    expect([created.status, created.body.variantIds.length, created.headers.get('etag')]).toEqual([201, 2, '"3"']);
    const { productId, position } = created.body;
    expect((await get(`/products/${productId}`, position)).body.code).toBe('product.not_found');
    const own = await get(`/sellers/me/products/${productId}`, position, store.token);
    expect(own.body).toMatchObject({ status: 'Draft', name: batik.name, variants: [{ sku: 'B-M' }, { sku: 'B-L' }] });
    const other = await openStore(market, 'Toko Budi');
    expect((await get(`/sellers/me/products/${productId}`, position, other.token)).status).toBe(404);
    const shown = await market.call('POST', `/products/${productId}/activation`, { token: store.token });
    const page = await get(`/products/${productId}`, shown.body.position);
    expect(page.body).toMatchObject({
      slug: `kemeja-batik-tulis-${productId.slice(-8).toLowerCase()}`,
      variants: [{ available: 0 }, { price: rupiah(140_000) }],
      store: { sellerId: store.sellerId, name: 'Toko Ani', city: 'Bandung', status: 'Active' },
      rating: { average: 0, count: 0 },
      sold: 0,
    });
    expect((await get(`/products/slug/${page.body.slug}`, position)).body.productId).toBe(productId);
  });

  it('is created once for one key, and answers the same again', async () => {
    const request = { token: store.token, body: { ...batik, slug: 'batik-sekali' }, headers: { 'idempotency-key': 'batik' } };
    const [first, second] = [await market.call('POST', '/products', request), await market.call('POST', '/products', request)];
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
  });

  it('leaves nothing behind when one of its variants is refused', async () => {
    const twice = { ...batik, slug: 'batik-dua', variants: [batik.variants[0], { ...batik.variants[1], sku: 'B-M' }] };
    const refused = await market.call('POST', '/products', { token: store.token, body: twice });
    expect([refused.status, refused.body.code]).toEqual([409, 'product.sku_taken']);
    const again = await market.call('POST', '/products', { token: store.token, body: { ...batik, slug: 'batik-dua' } });
    expect(again.status).toBe(201);
  });

  it.each([
    ['Işık Straße Łódź', 'isik-strasse-lodz'],
    ['Ærø Crème Brûlée', 'aero-creme-brulee'],
    ['Đồng Hồ', 'dong-ho'],
    ['จักรยาน', 'produk'],
    ['😀', 'produk'],
  ])('“%s” has the slug %s and the end of its id', async (name, slug) => {
    const { productId, position } = await listProduct(market, store, name);
    const own = await market.call('GET', `/sellers/me/products/${productId}`, {
      token: store.token,
      headers: { 'min-position': position },
    });
    expect(own.body.slug).toBe(`${slug}-${productId.slice(-8).toLowerCase()}`);
  });

  it.each(['https://localhost/x.png', 'https://10.0.0.1/x.png', 'https://cdn.internal/x.png', 'https://me:word@example.com/x.png'])(
    'takes no picture from %s',
    async (url) => {
      const { productId } = await listProduct(market, store, 'Tanpa Gambar');
      const added = await market.call('POST', `/products/${productId}/pictures`, { token: store.token, body: { url } });
      expect([added.status, added.body.errors[0].field]).toEqual([400, 'url']);
    },
  );

  it('has a slug of its own', async () => {
    const body = { ...batik, slug: 'batik-satu' };
    await market.call('POST', '/products', { token: store.token, body });
    const taken = await market.call('POST', '/products', { token: store.token, body });
    expect([taken.status, taken.body.code]).toEqual([409, 'product.slug_taken']);
  });

  it('is changed by its seller alone', async () => {
    const { productId, variantIds } = await listProduct(market, store, 'Sapu');
    const other = await openStore(market, 'Toko Budi');
    const path = `/products/${productId}`;
    for (const [method, below, body] of [
      ['PATCH', '', { name: 'Curian' }],
      ['PUT', `/variants/${variantIds[0]}/price`, { price: rupiah(1) }],
      ['DELETE', '', undefined],
      ['DELETE', '/activation', undefined],
    ] as const) {
      const refused = await market.call(method, `${path}${below}`, { token: other.token, body });
      expect([refused.status, refused.body.code], `${method} ${below}`).toEqual([404, 'product.not_found']);
    }
    expect((await market.call('PATCH', path, { token: admin, body: { name: 'x' } })).status).toBe(403);
    expect((await market.call('PATCH', path, { body: { name: 'x' } })).status).toBe(401);
  });

  it('shows a changed price and a discount at once, though its page is kept', async () => {
    const { productId, variantIds, position } = await listProduct(market, store, 'Wajan');
    expect((await get(`/products/${productId}`, position)).body.variants[0].price).toEqual(rupiah(50_000));
    const price = rupiah(45_000);
    const changed = await market.call('PUT', `/products/${productId}/variants/${variantIds[0]}/price`, {
      token: store.token,
      body: { price },
    });
    expect((await get(`/products/${productId}`, changed.body.position)).body.variants[0].price).toEqual(price);
    const body = { kind: 'percent', basisPoints: 1_000, from: '2026-01-05T00:00:00.000Z', until: '2026-01-06T00:00:00.000Z' };
    const lowered = await market.call('PUT', `/products/${productId}/discount`, { token: store.token, body });
    expect((await get(`/products/${productId}`, lowered.body.position)).body.discount).toMatchObject(body);
    const cards = await get(`/products?seller=${store.sellerId}`, lowered.body.position);
    const card = cards.body.items.find((item: { productId: string }) => item.productId === productId);
    expect(card).toMatchObject({ price, sale: { price: rupiah(40_500), from: body.from }, inStock: false, store: { name: 'Toko Ani' } });
    expect(card).not.toHaveProperty('fold');
  });

  it('is changed piece by piece, and each answer names the piece', async () => {
    const { productId, variantIds, position } = await listProduct(market, store, 'Teko Enamel');
    const path = `/products/${productId}`;
    const send = async (method: string, below: string, body?: object) =>
      ok(await market.call(method, `${path}${below}`, { token: store.token, body }));
    const shown = async (at: string) => (await get(path, at)).body;
    const big = { sku: 'B', options: { Isi: '2 l' }, price: rupiah(70_000), weightGrams: 900 };
    const added = await send('POST', '/variants', { ...big, dimensions: { length: 200, width: 150, height: 180 } });
    const { variantId } = added;
    expect(added).toMatchObject({ productId, revision: 3 });
    expect((await shown(added.position)).variants).toMatchObject([{}, { variantId, ...big, dimensions: { height: 180 } }]);
    const edited = await send('PATCH', `/variants/${variantId}`, { sku: 'B2' });
    expect(edited).toMatchObject({ productId, variantId });
    expect((await shown(edited.position)).variants[1].sku).toBe('B2');
    const removed = await send('DELETE', `/variants/${variantIds[0]}`);
    expect(removed).toMatchObject({ productId, variantId: variantIds[0] });
    const first = await send('POST', '/pictures', { url: 'https://example.com/1.webp', alt: 'depan' });
    const second = await send('POST', '/pictures', { url: 'https://example.com/2.webp' });
    const arranged = await send('PUT', '/pictures', { pictureIds: [second.pictureId, first.pictureId] });
    const ids = async (at: string) => (await shown(at)).pictures.map(({ pictureId }: { pictureId: string }) => pictureId);
    expect(await ids(arranged.position)).toEqual([second.pictureId, first.pictureId]);
    const pictureId = second.pictureId;
    expect(await send('DELETE', `/pictures/${pictureId}`)).toMatchObject({ productId, pictureId });
    const amount = { kind: 'amount', amount: rupiah(5_000), from: '2026-01-05T00:00:00.000Z', until: '2026-01-06T00:00:00.000Z' };
    const lowered = await send('PUT', '/discount', amount);
    expect((await shown(lowered.position)).discount).toMatchObject(amount);
    const ended = await send('DELETE', '/discount');
    expect(await shown(ended.position)).toMatchObject({ discount: null, pictures: [{ pictureId: first.pictureId }] });
    const hidden = await send('DELETE', '/activation');
    expect(hidden).toMatchObject({ productId });
    const mine = await get('/sellers/me/products?status=Inactive', hidden.position, store.token);
    expect(mine.body.items).toMatchObject([{ productId, status: 'Inactive', store: { sellerId: store.sellerId, name: 'Toko Ani' } }]);
    expect(mine.body.items[0]).not.toHaveProperty('fold');
    expect((await get('/products', position)).body.items[0]).toMatchObject({ store: { name: expect.any(String) } });
  });

  it('must say what its category asks for before it is shown', async () => {
    const category = await market.call('POST', '/categories', { token: admin, body: { name: 'Batik', slug: 'batik' } });
    const { categoryId } = category.body;
    await market.call('POST', `/categories/${categoryId}/attributes`, {
      token: admin,
      body: { name: 'Asal', kind: 'text', required: true },
    });
    const draft = await market.call('POST', '/products', { token: store.token, body: { ...batik, categoryId } });
    const path = `/products/${draft.body.productId}`;
    const refused = await market.call('POST', `${path}/activation`, { token: store.token });
    expect([refused.body.code, refused.body.details]).toEqual(['product.not_publishable', { missing: ['Asal'] }]);
    await market.call('PATCH', path, { token: store.token, body: { attributes: { Asal: 'Solo' } } });
    expect((await market.call('POST', `${path}/activation`, { token: store.token })).status).toBe(200);
    const unknown = await market.call('PATCH', path, { token: store.token, body: { categoryId: anId() } });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'catalog.category_not_found']);
  });

  it('may be put away by an administrator, and stays away', async () => {
    const { productId } = await listProduct(market, store, 'Palsu');
    const archived = await market.call('DELETE', `/products/${productId}`, { token: admin });
    expect(archived.status).toBe(200);
    expect((await get(`/products/${productId}`, archived.body.position)).status).toBe(404);
    const edit = await market.call('PATCH', `/products/${productId}`, { token: store.token, body: { name: 'Asli' } });
    expect(edit.body.code).toBe('product.archived');
  });
});

describe('the list of products', () => {
  it('is filtered, sorted and paged', async () => {
    const shop = await openStore(market, 'Toko Daftar');
    const root = await market.call('POST', '/categories', { token: admin, body: { name: 'Dapur', slug: 'dapur' } });
    const leaf = await market.call('POST', '/categories', {
      token: admin,
      body: { name: 'Panci', slug: 'panci', parentId: root.body.categoryId },
    });
    const priced = (amount: number) => ({ variants: [{ sku: 'A', price: rupiah(amount), weightGrams: 1 }] });
    const inLeaf = { categoryId: leaf.body.categoryId };
    const a = await listProduct(market, shop, 'Panci A', { ...priced(30_000), ...inLeaf });
    const b = await listProduct(market, shop, 'Panci B', { ...priced(10_000), ...inLeaf });
    const c = await listProduct(market, shop, 'Panci C', priced(20_000));
    const ids = async (query: string) =>
      (await get(`/products?seller=${shop.sellerId}&${query}`, c.position)).body.items.map((item: { productId: string }) => item.productId);
    expect(await ids('sort=price_asc')).toEqual([b.productId, c.productId, a.productId]);
    expect(await ids('sort=price_desc&minPrice=20000')).toEqual([a.productId, c.productId]);
    expect(await ids('maxPrice=20000&sort=price_asc')).toEqual([b.productId, c.productId]);
    expect(await ids(`category=${root.body.categoryId}&sort=price_asc`)).toEqual([b.productId, a.productId]);
    const first = await get(`/products?seller=${shop.sellerId}&sort=price_asc&limit=2`, c.position);
    expect(await ids(`sort=price_asc&limit=2&cursor=${first.body.next}`)).toEqual([a.productId]);
    const asked = await market.call('GET', `/products?seller=${shop.sellerId}&minPosition=${c.position}`);
    expect(asked.body.items).toHaveLength(3);
    expect((await market.call('GET', '/products?limit=101')).body.errors[0].field).toBe('limit');
  });

  it('leaves out the goods of a store that is suspended, and tells it on their pages', async () => {
    const shop = await openStore(market, 'Toko Nakal');
    const { productId, position } = await listProduct(market, shop, 'Tiruan');
    expect((await get(`/products?seller=${shop.sellerId}`, position)).body.items).toHaveLength(1);
    expect((await get(`/products/${productId}`, position)).body.store.status).toBe('Active');
    const suspended = await market.handle(seller, shop.sellerId, { type: 'suspend', reason: 'counterfeit', note: null }, aContext());
    const after = `${market.store.logId}.${suspended.position}`;
    expect((await get(`/products?seller=${shop.sellerId}`, after)).body.items).toEqual([]);
    expect((await get(`/products/${productId}`, after)).body.store.status).toBe('Suspended');
    const refused = await market.call('POST', '/products', { token: shop.token, body: batik });
    expect(refused.body.code).toBe('seller.not_active');
  });
});
