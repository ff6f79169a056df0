// What is said of products: the card that every list shows, and the page of one.
import { z } from 'zod';
import { Id } from '../../domain/id.ts';
import { Moment, Money, revised, StoreCard } from '../../infra/http/answers.ts';

/** Whose goods they are, beside them. */
const ProductStore = StoreCard.extend({
  city: z.string(),
  logoUrl: z.string().nullable(),
  status: z
    .enum(['Applied', 'Active', 'OnHoliday', 'Suspended', 'Closing', 'Closed', 'Rejected'])
    .describe('It sells while it is Active; it comes back from a holiday.'),
}).meta({ id: 'ProductStore' });

const status = z.enum(['Draft', 'Active', 'Inactive', 'Archived']);
const Rating = z
  .object({ average: z.number(), count: z.int() })
  .meta({ id: 'AverageRating', description: 'Stars: 0 where nobody has rated yet.' });

const card = {
  sellerId: Id,
  productId: Id,
  slug: z.string(),
  name: z.string(),
  image: z.string().nullable(),
  price: Money.nullable().describe('Of its cheapest variant, without a discount; null while none has a price and a weight.'),
  sale: z
    .object({ price: Money, from: Moment, until: Moment })
    .nullable()
    .describe('What that variant costs instead, from one moment until before the other.'),
  rating: Rating,
  sold: z.int(),
  inStock: z.boolean(),
  status,
  brandId: Id.nullable(),
  categoryId: Id.nullable(),
  createdAt: Moment,
  store: ProductStore.nullable(),
};
/** A product in a list. */
export const ProductCard = z.object(card).meta({ id: 'ProductCard' });

/** A card, with what search alone knows of the product. */
export const SearchHit = z
  .object({ ...card, brand: z.string().nullable(), categoryIds: z.array(Id).describe('From the root of the tree to its own.') })
  .meta({ id: 'SearchHit' });

const Features = z.record(z.string(), z.string());
const side = z.int().describe('Millimetres, packed.');
const ProductVariant = z
  .object({
    variantId: Id,
    sku: z.string(),
    options: Features.describe('What tells it from the others: {"Ukuran": "M"}.'),
    price: Money.nullable().describe('Without the discount; null, as with the weight, while it is not for sale.'),
    weightGrams: z.int().nullable(),
    dimensions: z.object({ length: side, width: side, height: side }).nullable(),
    available: z.int().describe('How many can be bought.'),
  })
  .meta({ id: 'ProductVariant' });
const window = { discountId: Id, from: Moment, until: Moment };
const Discount = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('amount'), ...window, amount: Money }),
    z.object({ kind: z.literal('percent'), ...window, basisPoints: z.int().describe('1000 is 10 %.') }),
  ])
  .meta({ id: 'Discount', description: 'What every price is lowered by, from one moment until before the other.' });

const product = {
  sellerId: Id,
  productId: Id,
  slug: z.string(),
  name: z.string(),
  description: z.string(),
  status,
  attributes: Features,
  brand: z.object({ brandId: Id, name: z.string(), slug: z.string() }).nullable(),
  categories: z.array(z.object({ categoryId: Id, name: z.string(), slug: z.string() })).describe('From the root of the tree to its own.'),
  pictures: z.array(z.object({ pictureId: Id, url: z.string(), alt: z.string() })),
  variants: z.array(ProductVariant),
  discount: Discount.nullable(),
  rating: Rating,
  sold: z.int(),
  createdAt: Moment,
  updatedAt: Moment,
  ...revised,
};
/** To its seller, in any status. */
export const OwnProduct = z.object(product).meta({ id: 'OwnProduct' });
export type OwnProduct = z.output<typeof OwnProduct>;
/** To everybody. */
export const Product = z.object({ ...product, store: ProductStore.nullable() }).meta({ id: 'Product' });
