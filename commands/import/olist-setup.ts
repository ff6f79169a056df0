// Sends what must be there before the first order: categories, people, shops, listings with their stock.
import { account } from '../../domain/account/account.ts';
import { defaultLocation } from '../../domain/location.ts';
import { user } from '../../domain/user/user.ts';
import { createCategory } from '../catalog.ts';
import { receiveStock } from '../inventory.ts';
import { createProduct } from '../product.ts';
import { applyAsSeller, approve, startReview } from '../seller.ts';
import { creating, type ImportNeeds, importContext } from './needs.ts';
import type { Catalogue, Person, Shop, ShopListing } from './olist-catalogue.ts';
import { commandOf } from './olist-ids.ts';
import { inParallel } from './steps.ts';

/** An account without a password and without an address to write to: nobody can sign in, and nobody is written to. */
const register = async (needs: ImportNeeds, kind: 'people' | 'owners', { source, userId, at }: Person) => {
  const context = (what: string) => creating(importContext(at, commandOf(kind, source, what), commandOf(kind, source)), needs);
  const nothing = { email: null, emailVerified: false, credentialId: null };
  await Promise.all([
    needs.handle(account, userId, { type: 'register', userId, ...nothing }, context('account')),
    needs.handle(user, userId, { type: 'create', userId, name: null, phone: null, language: 'pt' }, context('user')),
  ]);
};

const openShop = async (needs: ImportNeeds, shop: Shop) => {
  const { source, ownerId, sellerId, storeName, slug, city, at } = shop;
  const context = (...step: string[]) => importContext(at, commandOf('sellers', source, ...step), commandOf('sellers', source));
  await register(needs, 'owners', { source, userId: ownerId, at });
  const application = { userId: ownerId, storeName, slug, city, description: '', bankAccount: null };
  await applyAsSeller(needs, application, creating(context(), needs));
  const judged = await Promise.all([
    startReview(needs.handle, sellerId, context('review')),
    approve(needs.handle, sellerId, context('approve')),
  ]);
  for (const { events } of judged) await needs.carry(events);
};

const list = async (needs: ImportNeeds, listing: ShopListing) => {
  const { source, productId, variantId, sellerId, categoryId, name, sku, weightGrams, dimensions, price, quantity, at } = listing;
  const row = ['listings', source.productId, source.sellerId] as const;
  const variants = [{ sku, options: {}, price, weightGrams, dimensions }];
  const isForSale = weightGrams !== null;
  const product = { name, description: '', brandId: null, categoryId, attributes: {}, variants, pictures: [], activate: isForSale };
  await createProduct(needs, sellerId, product, creating(importContext(at, commandOf(...row)), needs));
  const context = creating(importContext(at, commandOf(...row, 'stock'), commandOf(...row)), needs);
  const place = { variantId, location: defaultLocation };
  await receiveStock(needs.handle, sellerId, place, { productId, quantity, reason: 'import' }, context);
};

/** `done` is called for each thing that is there. */
export const setUp = async (
  needs: ImportNeeds,
  { people, shops, categories, listings }: Catalogue,
  atOnce: number,
  done: () => void,
): Promise<void> => {
  await needs.seals.prepare(people.map(({ userId }) => userId));
  const each = <Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>) =>
    inParallel(items, atOnce, async (item) => {
      await work(item);
      done();
    });
  await each(categories, ({ slug, name, order, at }) =>
    createCategory(needs.handle, { parentId: null, name, slug, order }, importContext(at, commandOf('categories', slug))),
  );
  await Promise.all([each(people, (person) => register(needs, 'people', person)), each(shops, (shop) => openShop(needs, shop))]);
  await each(listings, (listing) => list(needs, listing));
};
