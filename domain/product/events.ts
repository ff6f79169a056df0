// What a product's stream may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Price } from '../money.ts';
import { open } from '../privacy.ts';

const whose = { productId: open(z.string()), sellerId: open(z.string()) };
const variantId = open(z.string());

/** Short words by attribute or option: {"Warna": "biru"}. */
export const Features = z.record(z.string(), z.string());
export type Features = z.infer<typeof Features>;

/** Millimetres, packed. */
export const Dimensions = z.object({ length: z.int().positive(), width: z.int().positive(), height: z.int().positive() });
export type Dimensions = z.infer<typeof Dimensions>;

/** `alt` says in words what is to be seen. */
export const Picture = z.object({ pictureId: z.string(), url: z.string(), alt: z.string() });
export type Picture = z.infer<typeof Picture>;

const window = { discountId: z.string(), from: Instant, until: Instant };
/** What every variant's price is lowered by while it lasts: an amount, or basis points (1000 = 10 %) of the price. */
export const Discount = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('amount'), ...window, amount: Price }),
  z.object({ kind: z.literal('percent'), ...window, basisPoints: z.int().positive().max(9_999) }),
]);
export type Discount = z.infer<typeof Discount>;

const description = {
  name: open(z.string()),
  description: open(z.string()),
  brandId: open(z.string().nullable()),
  categoryId: open(z.string().nullable()),
  attributes: open(Features),
};
/** Null is what is not known yet; without price and weight a variant is not for sale. */
const variant = {
  sku: open(z.string()),
  options: open(Features),
  weightGrams: open(z.int().positive().nullable()),
  dimensions: open(Dimensions.nullable()),
};

export const ProductCreated = z.object({ type: z.literal('product.created'), ...whose, slug: open(z.string()), ...description });
export const ProductEdited = z.object({ type: z.literal('product.edited'), ...whose, ...description });
export const ProductVariantAdded = z.object({
  type: z.literal('product.variant_added'),
  ...whose,
  variantId,
  ...variant,
  price: open(Price.nullable()),
});
export const ProductVariantEdited = z.object({ type: z.literal('product.variant_edited'), ...whose, variantId, ...variant });
export const ProductVariantRemoved = z.object({ type: z.literal('product.variant_removed'), ...whose, variantId });
export const ProductPriceChanged = z.object({
  type: z.literal('product.price_changed'),
  ...whose,
  variantId,
  before: open(Price.nullable()),
  price: open(Price),
});
export const ProductDiscountSet = z.object({ type: z.literal('product.discount_set'), ...whose, discount: open(Discount) });
export const ProductDiscountRemoved = z.object({ type: z.literal('product.discount_removed'), ...whose, discountId: open(z.string()) });
export const ProductPictureAdded = z.object({ type: z.literal('product.picture_added'), ...whose, picture: open(Picture) });
export const ProductPictureRemoved = z.object({ type: z.literal('product.picture_removed'), ...whose, pictureId: open(z.string()) });
/** All pictures in their new order. */
export const ProductPicturesArranged = z.object({
  type: z.literal('product.pictures_arranged'),
  ...whose,
  pictureIds: open(z.array(z.string())),
});
export const ProductActivated = z.object({ type: z.literal('product.activated'), ...whose });
export const ProductDeactivated = z.object({ type: z.literal('product.deactivated'), ...whose });
export const ProductArchived = z.object({ type: z.literal('product.archived'), ...whose });

export const ProductEvent = z.discriminatedUnion('type', [
  ProductCreated,
  ProductEdited,
  ProductVariantAdded,
  ProductVariantEdited,
  ProductVariantRemoved,
  ProductPriceChanged,
  ProductDiscountSet,
  ProductDiscountRemoved,
  ProductPictureAdded,
  ProductPictureRemoved,
  ProductPicturesArranged,
  ProductActivated,
  ProductDeactivated,
  ProductArchived,
]);
export type ProductEvent = z.infer<typeof ProductEvent>;
