// The shop that the paths run against: 5,000 products of 50 sellers with stock, written through the deciders into a fresh folder.
import { rmSync } from 'node:fs';
import { type Context, type Handle, newId } from '../commands/handle.ts';
import { derivedId, derivedUuid } from '../commands/ids.ts';
import { brand } from '../domain/brand/brand.ts';
import { category } from '../domain/category/category.ts';
import { defaultLocation as location } from '../domain/location.ts';
import { product } from '../domain/product/product.ts';
import { seller } from '../domain/seller/seller.ts';
import { stock, stockId } from '../domain/stock/stock.ts';
import { readConfig } from '../infra/config.ts';
import { connectVault } from '../infra/connect.ts';
import { logger } from '../infra/telemetry/log.ts';
import type { AccessTokens } from '../infra/tokens/port.ts';
import { type Marketplace, openMarketplace } from '../marketplace.ts';
import { brands, categoryNames, cities, goodsOf, pick } from './names.ts';
import { serverEnv } from './processes.ts';
import type { Buyer, Seeded, SeededProduct } from './stage.ts';

export const productCount = 5_000;
const sellerCount = 50;
/** Enough to sell all day; the product that everybody wants has 100. */
const plenty = 1_000_000;
export const hotStock = 100;

const started = Date.now();

const contextOf = (name: string, n: number): Context => {
  const commandId = derivedUuid('bench', name, n);
  const at = new Date(started).toISOString();
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'bench' }, at };
};

/** Runs `task` for 0 to `count` − 1, so many at once that the log commits them in groups. */
export const inParallel = async (count: number, width: number, task: (n: number) => Promise<unknown>) => {
  let next = 0;
  const worker = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
};

const addSeller = async (handle: Handle, n: number): Promise<string> => {
  const sellerId = derivedId('bench seller', n);
  const application = {
    userId: derivedId('bench owner', n),
    storeName: `Toko ${pick(brands, n)} ${n}`,
    slug: `toko-${n}`,
    city: pick(cities, n),
  };
  await handle(
    seller,
    sellerId,
    { type: 'apply', sellerId, ...application, description: 'Menjual barang pilihan.', bankAccount: null, documents: [] },
    contextOf('apply', n),
  );
  await handle(seller, sellerId, { type: 'start_review' }, contextOf('review', n));
  await handle(seller, sellerId, { type: 'approve' }, contextOf('approve', n));
  return sellerId;
};

interface Shelves {
  readonly sellers: readonly string[];
  readonly categories: ReadonlyMap<string, string>;
  readonly brands: ReadonlyMap<string, string>;
}

const addProduct = async (handle: Handle, shelves: Shelves, n: number, quantity: number): Promise<SeededProduct> => {
  const { name, description, category: categoryName, brand: brandName, price, weightGrams } = goodsOf(n);
  const create = contextOf('product', n);
  const productId = newId(create, 0);
  const variantId = newId(create, 1);
  const sellerId = pick(shelves.sellers, n);
  const run = (step: string, command: Parameters<typeof product.decide>[0]) => handle(product, productId, command, contextOf(step, n));
  const brandId = shelves.brands.get(brandName) ?? null;
  const categoryId = shelves.categories.get(categoryName) ?? null;
  const slug = `${name.toLowerCase().replaceAll(' ', '-')}`;
  const attributes = { Bahan: 'Lokal', Buatan: 'Indonesia' };
  await run('product', { type: 'create', productId, sellerId, slug, name, description, brandId, categoryId, attributes });
  const dimensions = { length: 300, width: 200, height: 100 };
  const facts = { variantId, sku: `SKU-${n}`, options: { Ukuran: 'Sedang' }, weightGrams, dimensions };
  await run('variant', { type: 'add_variant', sellerId, ...facts, price: { amount: price, currency: 'IDR' } });
  const picture = { pictureId: newId(create, 2), url: `https://gambar.example/${n}.webp`, alt: name };
  await run('picture', { type: 'add_picture', sellerId, picture });
  await run('activate', { type: 'activate', sellerId });
  const movement = contextOf('receive', n);
  const received = {
    movementId: newId(movement, 0),
    variantId,
    location,
    productId,
    sellerId,
    quantity,
    reason: 'opening',
    at: movement.at,
  };
  await handle(stock, stockId(variantId, location), { type: 'receive', ...received }, movement);
  return { productId, variantId, sellerId };
};

/** Fills a market, `width` products at once, and waits until every read model shows it. What is there already stays as it is. */
export const fill = async (
  { handle, store, projector }: Pick<Marketplace, 'handle' | 'store' | 'projector'>,
  count: number,
  width = 64,
): Promise<Seeded> => {
  const sellers = await Promise.all(Array.from({ length: sellerCount }, (_, n) => addSeller(handle, n)));
  const named = async (names: readonly string[], make: (id: string, name: string, n: number) => Promise<unknown>) =>
    new Map(
      await Promise.all(
        names.map(async (name, n) => {
          const id = derivedId('bench', name);
          await make(id, name, n);
          return [name, id] as const;
        }),
      ),
    );
  const categories = await named(categoryNames, (categoryId, name, n) =>
    handle(
      category,
      categoryId,
      { type: 'create', categoryId, parentId: null, name, slug: name.toLowerCase(), order: n },
      contextOf('category', n),
    ),
  );
  const brandIds = await named(brands, (brandId, name, n) =>
    handle(brand, brandId, { type: 'create', brandId, name, slug: name.toLowerCase() }, contextOf('brand', n)),
  );
  const shelves = { sellers, categories, brands: brandIds };
  const products: SeededProduct[] = [];
  await inParallel(count, width, async (n) => {
    products[n] = await addProduct(handle, shelves, n, plenty);
  });
  const hot = await addProduct(handle, shelves, count, hotStock);
  if (!(await projector.passed(await store.head(), 120_000))) throw new Error('the read models did not come up with the seeded products');
  return { products, categories: [...categories.values()], hot };
};

/** Fills a folder, and leaves it closed. */
export const seed = async (dataDir: string, count = productCount): Promise<Seeded> => {
  rmSync(dataDir, { recursive: true, force: true });
  const market = await openMarketplace(readConfig(serverEnv(dataDir)), { log: logger('error') });
  const seeded = await fill(market, count);
  await market.close();
  return seeded;
};

/** Tokens of new buyers, good for ten minutes. */
export const newBuyers = async ({ sign }: Pick<AccessTokens, 'sign'>, count: number): Promise<Buyer[]> => {
  const buyers: Buyer[] = [];
  const run = derivedUuid('bench run', process.pid, Date.now());
  await inParallel(count, 8, async (n) => {
    const id = derivedId(run, n);
    const { token } = await sign({ sub: id, sid: derivedUuid(run, n), roles: ['CUSTOMER'], seller: null, epoch: 0 });
    buyers[n] = { id, token };
  });
  return buyers;
};

/** The same, signed with the keys of this folder while no server runs on it. */
export const mintBuyers = async (dataDir: string, count: number): Promise<Buyer[]> => {
  const { tokens, vault } = await connectVault(readConfig(serverEnv(dataDir)), Date.now);
  const buyers = await newBuyers(tokens, count);
  await vault.close();
  return buyers;
};
