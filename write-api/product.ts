// Commands of products over HTTP: for the seller of the token; archiving for administrators too.
import { Hono } from 'hono';
import { z } from 'zod';
import { newId } from '../commands/handle.ts';
import {
  activateProduct,
  addPicture,
  addVariant,
  archiveAnyProduct,
  archiveProduct,
  arrangePictures,
  changePrice,
  createProduct,
  deactivateProduct,
  editProduct,
  editVariant,
  type ProductNeeds,
  removeDiscount,
  removePicture,
  removeVariant,
  setDiscount,
  variantIdsOf,
} from '../commands/product.ts';
import { Id } from '../domain/id.ts';
import { Price } from '../domain/money.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import { line, lines } from '../infra/http/text.ts';
import { Time } from '../infra/http/time.ts';
import { PublicAddress } from '../infra/http/web-address.ts';
import { answer, context, idAs, type WriteEnv, written } from './http.ts';

const name = line(200);
const slug = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens')
  .max(120);
/** More than any page would list. */
const mostFeatures = 50;
const Features = z
  .record(line(60), line(200))
  .refine((features) => Object.keys(features).length <= mostFeatures, `at most ${mostFeatures} entries`);
const side = z.int().min(1).max(10_000);
const weightGrams = z.int().min(1).max(1_000_000).nullable();
const dimensions = z.object({ length: side, width: side, height: side }).nullable();
const Picture = z.object({ url: PublicAddress, alt: lines(200).default('') });

const Variant = z.object({
  sku: line(100),
  options: Features.default({}),
  price: Price.nullable().default(null),
  weightGrams: weightGrams.default(null),
  dimensions: dimensions.default(null),
});
const VariantEdit = z.object({
  sku: line(100).optional(),
  options: Features.optional(),
  weightGrams: weightGrams.optional(),
  dimensions: dimensions.optional(),
});
const NewProduct = z.object({
  name,
  description: lines(20_000).default(''),
  brandId: Id.nullable().default(null),
  categoryId: Id.nullable().default(null),
  attributes: Features.default({}),
  slug: slug.optional(),
  variants: z.array(Variant).max(50).default([]),
  pictures: z.array(Picture).max(20).default([]),
  activate: z.boolean().default(false),
});
const Edit = z.object({
  name: name.optional(),
  description: lines(20_000).optional(),
  brandId: Id.nullable().optional(),
  categoryId: Id.nullable().optional(),
  attributes: Features.optional(),
});
const window = { from: Time, until: Time };
const NewDiscount = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('amount'), ...window, amount: Price }),
  z.object({ kind: z.literal('percent'), ...window, basisPoints: z.int().min(1).max(9_999) }),
]);

const OfProduct = params(z.object({ productId: Id }));
const OfVariant = params(z.object({ productId: Id, variantId: Id }));
const OfPicture = params(z.object({ productId: Id, pictureId: Id }));

const gone = ['product.not_found', 'product.archived'];
const unknown = ['catalog.category_not_found', 'catalog.brand_not_found'];
const badPrice = ['product.mixed_currencies', 'product.discount_too_high'];
const clash = ['product.sku_taken', 'product.options_taken'];
const seller = { owner: 'seller' } as const;

const ChangedProduct = written('ChangedProduct', { productId: Id });
const CreatedProduct = written('CreatedProduct', {
  productId: Id,
  variantIds: z.array(Id).describe('In the order in which they were named.'),
});
const ChangedVariant = written('ChangedVariant', { productId: Id, variantId: Id });
const ChangedPicture = written('ChangedPicture', { productId: Id, pictureId: Id });
const productIn = idAs('productId');

const drafts = (needs: ProductNeeds) =>
  new Hono<WriteEnv>()
    .post(
      '/products',
      allow('SELLER', {
        operation: 'createProduct',
        summary: 'Create a product with its variants and pictures: a draft, or shown at once.',
        answer: CreatedProduct,
        status: 201,
        errors: [...unknown, ...clash, 'product.mixed_currencies', 'product.slug_taken', 'product.not_publishable', 'seller.not_active'],
      }),
      body(NewProduct),
      async (c) =>
        answer(c, 201, await createProduct(needs, sellerOf(c), c.req.valid('json'), context(c)), (result) => ({
          productId: result.id,
          variantIds: variantIdsOf(result),
        })),
    )
    .patch(
      '/products/:productId',
      allow('SELLER', {
        ...seller,
        operation: 'editProduct',
        summary: 'Edit what a product is called and how it is described.',
        answer: ChangedProduct,
        errors: [...gone, ...unknown],
      }),
      OfProduct,
      body(Edit),
      async (c) =>
        answer(
          c,
          200,
          await editProduct(needs.handle, sellerOf(c), c.req.valid('param').productId, c.req.valid('json'), context(c)),
          productIn,
        ),
    )
    .delete(
      '/products/:productId',
      allow(['SELLER', 'ADMIN'], {
        ...seller,
        operation: 'archiveProduct',
        summary: 'Archive a product for good.',
        answer: ChangedProduct,
        errors: ['product.not_found'],
      }),
      OfProduct,
      async (c) => {
        const { productId } = c.req.valid('param');
        const { roles } = principalOf(c);
        const isStaff = roles.includes('ADMIN') || roles.includes('SUPER_ADMIN');
        const archived = isStaff
          ? archiveAnyProduct(needs.handle, productId, context(c))
          : archiveProduct(needs.handle, sellerOf(c), productId, context(c));
        return answer(c, 200, await archived, productIn);
      },
    )
    .post(
      '/products/:productId/activation',
      allow('SELLER', {
        ...seller,
        operation: 'activateProduct',
        summary: 'Show a product.',
        answer: ChangedProduct,
        errors: [...gone, 'product.not_publishable', 'seller.not_active'],
      }),
      OfProduct,
      async (c) => answer(c, 200, await activateProduct(needs.handle, sellerOf(c), c.req.valid('param').productId, context(c)), productIn),
    )
    .delete(
      '/products/:productId/activation',
      allow('SELLER', { ...seller, operation: 'deactivateProduct', summary: 'Hide a product.', answer: ChangedProduct, errors: gone }),
      OfProduct,
      async (c) =>
        answer(c, 200, await deactivateProduct(needs.handle, sellerOf(c), c.req.valid('param').productId, context(c)), productIn),
    );

const variants = ({ handle }: ProductNeeds) =>
  new Hono<WriteEnv>()
    .post(
      '/products/:productId/variants',
      allow('SELLER', {
        ...seller,
        operation: 'addVariant',
        summary: 'Add a variant.',
        answer: ChangedVariant,
        status: 201,
        errors: [...gone, ...clash, ...badPrice, 'product.too_many_variants'],
      }),
      OfProduct,
      body(Variant),
      async (c) => {
        const { productId } = c.req.valid('param');
        const asked = context(c);
        const variantId = newId(asked, 0);
        return answer(c, 201, await addVariant(handle, sellerOf(c), productId, c.req.valid('json'), asked), () => ({
          productId,
          variantId,
        }));
      },
    )
    .patch(
      '/products/:productId/variants/:variantId',
      allow('SELLER', {
        ...seller,
        operation: 'editVariant',
        summary: 'Edit a variant; its price has a route of its own.',
        answer: ChangedVariant,
        errors: [...gone, ...clash, 'product.variant_not_found', 'product.not_publishable'],
      }),
      OfVariant,
      body(VariantEdit),
      async (c) => {
        const { productId, variantId } = c.req.valid('param');
        const changed = await editVariant(handle, sellerOf(c), productId, { variantId, ...c.req.valid('json') }, context(c));
        return answer(c, 200, changed, () => ({ productId, variantId }));
      },
    )
    .delete(
      '/products/:productId/variants/:variantId',
      allow('SELLER', {
        ...seller,
        operation: 'removeVariant',
        summary: 'Remove a variant.',
        answer: ChangedVariant,
        errors: [...gone, 'product.not_publishable'],
      }),
      OfVariant,
      async (c) => {
        const { productId, variantId } = c.req.valid('param');
        return answer(c, 200, await removeVariant(handle, sellerOf(c), productId, variantId, context(c)), () => ({ productId, variantId }));
      },
    )
    .put(
      '/products/:productId/variants/:variantId/price',
      allow('SELLER', {
        ...seller,
        operation: 'changeVariantPrice',
        summary: "Change a variant's price.",
        answer: ChangedVariant,
        errors: [...gone, ...badPrice, 'product.variant_not_found'],
      }),
      OfVariant,
      body(z.object({ price: Price })),
      async (c) => {
        const { productId, variantId } = c.req.valid('param');
        const changed = await changePrice(handle, sellerOf(c), productId, { variantId, ...c.req.valid('json') }, context(c));
        return answer(c, 200, changed, () => ({ productId, variantId }));
      },
    )
    .put(
      '/products/:productId/discount',
      allow('SELLER', {
        ...seller,
        operation: 'setProductDiscount',
        summary: 'Lower the price of all variants for a time.',
        answer: ChangedProduct,
        errors: [...gone, ...badPrice, 'product.discount_window_empty'],
      }),
      OfProduct,
      body(NewDiscount),
      async (c) =>
        answer(c, 200, await setDiscount(handle, sellerOf(c), c.req.valid('param').productId, c.req.valid('json'), context(c)), productIn),
    )
    .delete(
      '/products/:productId/discount',
      allow('SELLER', {
        ...seller,
        operation: 'removeProductDiscount',
        summary: 'End the discount.',
        answer: ChangedProduct,
        errors: gone,
      }),
      OfProduct,
      async (c) => answer(c, 200, await removeDiscount(handle, sellerOf(c), c.req.valid('param').productId, context(c)), productIn),
    );

const pictures = ({ handle }: ProductNeeds) =>
  new Hono<WriteEnv>()
    .post(
      '/products/:productId/pictures',
      allow('SELLER', {
        ...seller,
        operation: 'addProductPicture',
        summary: 'Add a picture by its address.',
        answer: ChangedPicture,
        status: 201,
        errors: [...gone, 'product.too_many_pictures'],
      }),
      OfProduct,
      body(Picture),
      async (c) => {
        const { productId } = c.req.valid('param');
        const asked = context(c);
        const pictureId = newId(asked, 0);
        return answer(c, 201, await addPicture(handle, sellerOf(c), productId, c.req.valid('json'), asked), () => ({
          productId,
          pictureId,
        }));
      },
    )
    .put(
      '/products/:productId/pictures',
      allow('SELLER', {
        ...seller,
        operation: 'arrangeProductPictures',
        summary: 'Put the pictures into another order.',
        answer: ChangedProduct,
        errors: [...gone, 'product.pictures_not_all'],
      }),
      OfProduct,
      body(z.object({ pictureIds: z.array(Id).max(20) })),
      async (c) =>
        answer(
          c,
          200,
          await arrangePictures(handle, sellerOf(c), c.req.valid('param').productId, c.req.valid('json').pictureIds, context(c)),
          productIn,
        ),
    )
    .delete(
      '/products/:productId/pictures/:pictureId',
      allow('SELLER', { ...seller, operation: 'removeProductPicture', summary: 'Remove a picture.', answer: ChangedPicture, errors: gone }),
      OfPicture,
      async (c) => {
        const { productId, pictureId } = c.req.valid('param');
        return answer(c, 200, await removePicture(handle, sellerOf(c), productId, pictureId, context(c)), () => ({ productId, pictureId }));
      },
    );

export const productCommands = (needs: ProductNeeds) =>
  new Hono<WriteEnv>().route('/', drafts(needs)).route('/', variants(needs)).route('/', pictures(needs));
