// Fills an empty market with the demo catalogue, through the same commands as everybody uses.
import { type AuthNeeds, register } from '../auth.ts';
import { createCategory } from '../catalog.ts';
import type { Context } from '../handle.ts';
import { derivedUuid } from '../ids.ts';
import { receiveStock } from '../inventory.ts';
import { createProduct, variantIdsOf } from '../product.ts';
import { applyAsSeller, approve, startReview } from '../seller.ts';
import { grantRole } from '../staff.ts';
import { type DemoProduct, type DemoStore, demoAdmin, demoCategories, demoPassword, demoProducts, demoStores } from './catalogue.ts';

/** Every id derives from these names, so the demo has the same ids everywhere. */
const contexts =
  (at: string) =>
  (...name: readonly string[]): Context => {
    const commandId = derivedUuid('demo', ...name);
    return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'demo' }, at };
  };
type Contexts = ReturnType<typeof contexts>;

const openStore = async (needs: AuthNeeds, store: DemoStore, as: Contexts) => {
  const { email, owner, storeName, slug, city, description } = store;
  const account = await register(needs, { email, password: demoPassword, name: owner, language: 'id' }, as('register', email));
  const application = { userId: account.id, storeName, slug, city, description, bankAccount: null };
  const { id } = await applyAsSeller(needs, application, as('apply', slug));
  await startReview(needs.handle, id, as('review', slug));
  await approve(needs.handle, id, as('approve', slug));
  return id;
};

const listProduct = async (needs: AuthNeeds, product: DemoProduct, sellerId: string, categoryId: string | null, as: Contexts) => {
  const { name, description, weightGrams, prices, stock } = product;
  const variants = Object.entries(prices).map(([option, amount], n) => ({
    sku: `${name
      .replaceAll(/[^A-Za-z]/g, '')
      .slice(0, 8)
      .toUpperCase()}-${n + 1}`,
    options: option === '' ? {} : { Pilihan: option },
    price: { amount, currency: 'IDR' } as const,
    weightGrams,
    dimensions: null,
  }));
  const input = { name, description, brandId: null, categoryId, attributes: {}, variants, pictures: [], activate: true };
  const created = await createProduct(needs, sellerId, input, as('product', name));
  await Promise.all(
    variantIdsOf(created).map((variantId) =>
      receiveStock(
        needs.handle,
        sellerId,
        { variantId, location: 'main' },
        { productId: created.id, quantity: stock, reason: 'opening stock' },
        as('stock', variantId),
      ),
    ),
  );
};

/** The accounts of the demo and their password are in catalogue.ts. Answers nothing: what it made is in the log. */
export const seedDemo = async (needs: AuthNeeds, at: string): Promise<void> => {
  const as = contexts(at);
  const admin = await register(
    needs,
    { email: demoAdmin.email, password: demoPassword, name: demoAdmin.name, language: 'id' },
    as('register', demoAdmin.email),
  );
  await grantRole(needs.handle, admin.id, { role: 'SUPER_ADMIN', by: { kind: 'system' } }, as('grant', 'SUPER_ADMIN'));
  const categoryIds = new Map<string, string>();
  for (const [order, { name, slug, parent }] of demoCategories.entries()) {
    const parentId = parent === null ? null : (categoryIds.get(parent) ?? null);
    const { id } = await createCategory(needs.handle, { parentId, name, slug, order }, as('category', slug));
    categoryIds.set(slug, id);
  }
  const sellers = new Map<string, string>();
  for (const store of demoStores) sellers.set(store.slug, await openStore(needs, store, as));
  await Promise.all(
    demoProducts.map((product) =>
      listProduct(needs, product, sellers.get(product.store) ?? '', categoryIds.get(product.category) ?? null, as),
    ),
  );
};
