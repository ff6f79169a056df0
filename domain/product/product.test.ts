import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { money } from '../money.ts';
import type { Discount, ProductEvent } from './events.ts';
import { type Listing, offerAt } from './listing.ts';
import { product } from './product.ts';

const sellerId = 's1';
const whose = { productId: 'p1', sellerId } as const;
const description = { name: 'Batik', description: 'Tulis', brandId: null, categoryId: 'c1', attributes: { Bahan: 'katun' } };
const blue = { variantId: 'v1', sku: 'B-1', options: { Warna: 'biru' }, weightGrams: 200, dimensions: null };
const red = { variantId: 'v2', sku: 'B-2', options: { Warna: 'merah' }, weightGrams: 200, dimensions: null };
const price = money(150_000, 'IDR');

const created: ProductEvent = { type: 'product.created', ...whose, slug: 'batik', ...description };
const added: ProductEvent = { type: 'product.variant_added', ...whose, ...blue, price };
const addedRed: ProductEvent = { type: 'product.variant_added', ...whose, ...red, price };
const activated = { type: 'product.activated', ...whose } as const;
const deactivated = { type: 'product.deactivated', ...whose } as const;
const archived = { type: 'product.archived', ...whose } as const;

describe('a product', () => {
  it('is created as a draft', () =>
    given(product)
      .when({ type: 'create', ...whose, slug: 'batik', ...description })
      .then(created));
  it('is edited, what is left out stays', () =>
    given(product, created)
      .when({ type: 'edit', sellerId, name: 'Batik tulis', categoryId: null })
      .then({ type: 'product.edited', ...whose, ...description, name: 'Batik tulis', categoryId: null }));
  it('is not edited into what it is', () =>
    given(product, created)
      .when({ type: 'edit', sellerId, attributes: { Bahan: 'katun' } })
      .then());
  it('of somebody else is not found', () =>
    given(product, created).when({ type: 'edit', sellerId: 's2', name: 'x' }).refuses('product.not_found'));
  it('of somebody else is not created again', () =>
    given(product, created)
      .when({ type: 'create', ...whose, slug: 'batik', ...description, sellerId: 's2' })
      .refuses('product.not_found'));
  it('must exist', () => given(product).when({ type: 'activate', sellerId }).refuses('product.not_found'));
});

describe('a product is for sale', () => {
  it('with a variant that has price and weight', () => given(product, created, added).when({ type: 'activate', sellerId }).then(activated));
  it('not without variants', () => given(product, created).when({ type: 'activate', sellerId }).refuses('product.not_publishable'));
  it('not without a price', () =>
    given(product, created, { ...added, price: null })
      .when({ type: 'activate', sellerId })
      .refuses('product.not_publishable'));
  it('not without a weight', () =>
    given(product, created, { ...added, weightGrams: null })
      .when({ type: 'activate', sellerId })
      .refuses('product.not_publishable'));
  it('not after its last variant', () =>
    given(product, created, added, activated)
      .when({ type: 'remove_variant', sellerId, variantId: 'v1' })
      .refuses('product.not_publishable'));
  it('not after its last weight', () =>
    given(product, created, added, activated)
      .when({ type: 'edit_variant', sellerId, variantId: 'v1', weightGrams: null })
      .refuses('product.not_publishable'));
  it('until it is deactivated', () => given(product, created, added, activated).when({ type: 'deactivate', sellerId }).then(deactivated));
  it('again', () => given(product, created, added, activated, deactivated).when({ type: 'activate', sellerId }).then(activated));
  it('until it is archived', () => given(product, created, added, activated).when({ type: 'archive', sellerId }).then(archived));
  it('never again when it is archived', () =>
    given(product, created, added, archived).when({ type: 'activate', sellerId }).refuses('product.archived'));
});

describe('a variant', () => {
  it('is added', () =>
    given(product, created)
      .when({ type: 'add_variant', sellerId, ...blue, price })
      .then(added));
  it('has a SKU of its own', () =>
    given(product, created, added)
      .when({ type: 'add_variant', sellerId, ...red, sku: 'B-1', price })
      .refuses('product.sku_taken'));
  it('has a SKU and options that differ by more than capitals', () => {
    const like = (more: object) => given(product, created, added).when({ type: 'add_variant', sellerId, ...red, price, ...more });
    like({ sku: ` ${added.sku.toLowerCase()}` }).refuses('product.sku_taken');
    like({
      options: Object.fromEntries(Object.entries(added.options).map(([key, value]) => [key.toUpperCase(), value.toUpperCase()])),
    }).refuses('product.options_taken');
  });
  it('has options of its own', () =>
    given(product, created, added)
      .when({ type: 'add_variant', sellerId, ...red, options: { Warna: 'biru' }, price })
      .refuses('product.options_taken'));
  it('keeps its SKU to itself when another is edited', () =>
    given(product, created, added, addedRed)
      .when({ type: 'edit_variant', sellerId, variantId: 'v2', sku: 'B-1' })
      .refuses('product.sku_taken'));
  it('is edited, what is left out stays', () =>
    given(product, created, added)
      .when({ type: 'edit_variant', sellerId, variantId: 'v1', dimensions: { length: 300, width: 200, height: 20 } })
      .then({ type: 'product.variant_edited', ...whose, ...blue, dimensions: { length: 300, width: 200, height: 20 } }));
  it('is removed', () =>
    given(product, created, added, addedRed, activated)
      .when({ type: 'remove_variant', sellerId, variantId: 'v1' })
      .then({ type: 'product.variant_removed', ...whose, variantId: 'v1' }));
  it('is one of at most a hundred', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => ({ ...added, variantId: `v-${n}`, sku: `${n}`, options: { n: `${n}` } }));
    given(product, created, ...hundred)
      .when({ type: 'add_variant', sellerId, ...red, price })
      .refuses('product.too_many_variants');
  });
  it('must be known', () =>
    given(product, created).when({ type: 'edit_variant', sellerId, variantId: 'v1', sku: 'x' }).refuses('product.variant_not_found'));
});

describe('a price', () => {
  const to = money(140_000, 'IDR');
  it('changes', () =>
    given(product, created, added)
      .when({ type: 'change_price', sellerId, variantId: 'v1', price: to })
      .then({ type: 'product.price_changed', ...whose, variantId: 'v1', before: price, price: to }));
  it('does not change into itself', () =>
    given(product, created, added).when({ type: 'change_price', sellerId, variantId: 'v1', price }).then());
  it('is not negative', () =>
    given(product, created, added)
      .when({ type: 'change_price', sellerId, variantId: 'v1', price: money(-1, 'IDR') })
      .refuses('product.negative_price'));
  it('is in the currency of the other variants', () =>
    given(product, created, added, addedRed)
      .when({ type: 'change_price', sellerId, variantId: 'v1', price: money(10, 'USD') })
      .refuses('product.mixed_currencies'));
});

describe('a discount', () => {
  const window = { discountId: 'd1', from: '2026-01-01T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z' };
  const tenth: Discount = { kind: 'percent', ...window, basisPoints: 1000 };
  const amount: Discount = { kind: 'amount', ...window, amount: money(50_000, 'IDR') };
  const set = (discount: Discount): ProductEvent => ({ type: 'product.discount_set', ...whose, discount });
  const offer = (discount: Discount, at: string) => {
    const state = given(product, created, added, set(discount)).state();
    const [variant] = 'variants' in state ? state.variants : [];
    return 'variants' in state && variant ? offerAt(state, variant, at) : null;
  };

  it('is set', () => given(product, created, added).when({ type: 'set_discount', sellerId, discount: tenth }).then(set(tenth)));
  it('is removed', () =>
    given(product, created, added, set(tenth))
      .when({ type: 'remove_discount', sellerId })
      .then({ type: 'product.discount_removed', ...whose, discountId: 'd1' }));
  it('lasts for a while', () =>
    given(product, created, added)
      .when({ type: 'set_discount', sellerId, discount: { ...tenth, until: tenth.from } })
      .refuses('product.discount_window_empty'));
  it('leaves something to pay', () =>
    given(product, created, added)
      .when({ type: 'set_discount', sellerId, discount: { ...amount, amount: price } })
      .refuses('product.discount_too_high'));
  it('leaves something to pay of a lower price too', () =>
    given(product, created, added, set(amount))
      .when({ type: 'change_price', sellerId, variantId: 'v1', price: money(50_000, 'IDR') })
      .refuses('product.discount_too_high'));
  it('lowers the price by a share while it lasts', () =>
    expect(offer(tenth, window.from)).toEqual({ price: money(135_000, 'IDR'), list: price, discountId: 'd1' }));
  it('lowers the price by an amount while it lasts', () => expect(offer(amount, window.from)?.price).toEqual(money(100_000, 'IDR')));
  it('is over when it is over', () => expect(offer(tenth, window.until)).toEqual({ price, list: price, discountId: null }));
  it('never makes a price negative or higher', () => {
    const listing: Listing = { ...whose, slug: 'batik', ...description, variants: [], pictures: [], discount: null };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), fc.integer({ min: 1, max: 9_999 }), (cents, basisPoints) => {
        const list = money(cents, 'BRL');
        const now = offerAt({ ...listing, discount: { ...tenth, basisPoints } }, { ...blue, price: list }, window.from);
        expect(now?.price.amount).toBeGreaterThanOrEqual(0);
        expect(now?.price.amount).toBeLessThanOrEqual(cents);
      }),
    );
  });
});

describe('a picture', () => {
  const picture = (pictureId: string) => ({ pictureId, url: `https://example.com/${pictureId}.webp`, alt: 'Batik biru' });
  const addedPicture = (pictureId: string): ProductEvent => ({ type: 'product.picture_added', ...whose, picture: picture(pictureId) });
  it('is added', () =>
    given(product, created)
      .when({ type: 'add_picture', sellerId, picture: picture('a') })
      .then(addedPicture('a')));
  it('is removed', () =>
    given(product, created, addedPicture('a'))
      .when({ type: 'remove_picture', sellerId, pictureId: 'a' })
      .then({ type: 'product.picture_removed', ...whose, pictureId: 'a' }));
  it('is arranged among the others', () => {
    const arranged: ProductEvent = { type: 'product.pictures_arranged', ...whose, pictureIds: ['b', 'a'] };
    given(product, created, addedPicture('a'), addedPicture('b'))
      .when({ type: 'arrange_pictures', sellerId, pictureIds: ['b', 'a'] })
      .then(arranged);
    expect(given(product, created, addedPicture('a'), addedPicture('b'), arranged).state()).toMatchObject({
      pictures: [{ pictureId: 'b' }, { pictureId: 'a' }],
    });
  });
  it('is not forgotten when they are arranged', () =>
    given(product, created, addedPicture('a'), addedPicture('b'))
      .when({ type: 'arrange_pictures', sellerId, pictureIds: ['a', 'a'] })
      .refuses('product.pictures_not_all'));
  it('is one of at most twenty', () => {
    const twenty = Array.from({ length: 20 }, (_, n) => addedPicture(`p${n}`));
    given(product, created, ...twenty)
      .when({ type: 'add_picture', sellerId, picture: picture('more') })
      .refuses('product.too_many_pictures');
  });
});
