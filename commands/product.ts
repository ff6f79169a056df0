// Commands of products: drafted, described, priced and shown by their seller; put away by the seller or by the platform's staff.
import { brand } from '../domain/brand/brand.ts';
import { category } from '../domain/category/category.ts';
import { DomainError } from '../domain/error.ts';
import { plainLetters } from '../domain/letters.ts';
import type { Money } from '../domain/money.ts';
import type { Of, ProductCommand } from '../domain/product/commands.ts';
import type { Dimensions, Discount, Features, ProductEvent } from '../domain/product/events.ts';
import { product } from '../domain/product/product.ts';
import { seller } from '../domain/seller/seller.ts';
import { confirmClaim, takeClaim } from './claims.ts';
import { type Context, type Handle, newId, type Result, subcommand } from './handle.ts';

export interface ProductNeeds {
  readonly handle: Handle;
  /** A name for a value that says nothing about it. */
  blindIndex(kind: string, value: string): string;
}

export interface NewVariant {
  readonly sku: string;
  readonly options: Features;
  readonly price: Money | null;
  readonly weightGrams: number | null;
  readonly dimensions: Dimensions | null;
}

export interface NewProduct {
  readonly name: string;
  readonly description: string;
  readonly brandId: string | null;
  readonly categoryId: string | null;
  readonly attributes: Features;
  /** Made from the name and the id when there is none. */
  readonly slug?: string | undefined;
  readonly variants: readonly NewVariant[];
  readonly pictures: readonly { readonly url: string; readonly alt: string }[];
  /** Shows it at once. */
  readonly activate: boolean;
}

const notFound = () => new DomainError('product.not_found', 'There is no such product.');

/** Throws seller.not_active unless the store may put goods on sale. */
const mustSell = async (handle: Handle, sellerId: string) => {
  const { status } = (await handle.load(seller, sellerId)).state;
  if (status !== 'Active' && status !== 'OnHoliday') throw new DomainError('seller.not_active', 'This store may not sell.', { status });
};

/** Throws catalog.category_not_found and catalog.brand_not_found; what is left out or null is well. */
const mustBeKnown = async (
  handle: Handle,
  { categoryId, brandId }: { categoryId?: string | null | undefined; brandId?: string | null | undefined },
) => {
  if (categoryId && (await handle.load(category, categoryId)).state.status === 'None')
    throw new DomainError('catalog.category_not_found', 'There is no such category.', { categoryId });
  if (brandId && (await handle.load(brand, brandId)).state.status === 'None')
    throw new DomainError('catalog.brand_not_found', 'There is no such brand.', { brandId });
};

/** Throws product.not_publishable when the category asks for something that the product does not say. */
const mustSayWhatIsAsked = async (handle: Handle, categoryId: string | null, attributes: Features) => {
  if (categoryId === null) return;
  const { state } = await handle.load(category, categoryId);
  const asked = state.status === 'None' ? [] : state.attributes.filter(({ required }) => required);
  const missing = asked.map(({ name }) => name).filter((name) => !attributes[name]);
  if (missing.length > 0) throw new DomainError('product.not_publishable', 'The category asks for more about its products.', { missing });
};

const slugOf = (name: string, productId: string) => {
  const words = plainLetters(name)
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 80)
    .replace(/^-+|-+$/g, '');
  return `${words === '' ? 'produk' : words}-${productId.slice(-8).toLowerCase()}`;
};

/** Decides all commands on a product that does not exist yet, so that none of them is sent when one would be refused. */
const rehearse = (commands: readonly ProductCommand[]) => {
  let state = product.initial;
  for (const command of commands) for (const event of product.decide(command, state)) state = product.evolve(state, event);
};

const commandsOf = (productId: string, sellerId: string, slug: string, input: NewProduct, context: Context): ProductCommand[] => {
  const { name, description, brandId, categoryId, attributes, variants, pictures } = input;
  return [
    { type: 'create', productId, sellerId, slug, name, description, brandId, categoryId, attributes },
    ...variants.map((variant, n): ProductCommand => ({ type: 'add_variant', sellerId, variantId: newId(context, 1 + n), ...variant })),
    ...pictures.map(({ url, alt }, n): ProductCommand => {
      const pictureId = newId(context, 1 + variants.length + n);
      return { type: 'add_picture', sellerId, picture: { pictureId, url, alt } };
    }),
    ...(input.activate ? [{ type: 'activate', sellerId } as const] : []),
  ];
};

/** A draft with its variants and pictures in one append. Throws product.slug_taken, and what the rules of a product refuse. */
export const createProduct = async ({ handle, blindIndex }: ProductNeeds, sellerId: string, input: NewProduct, context: Context) => {
  const productId = newId(context, 0);
  // What was accepted once is not asked again: a repeat finishes what was begun and finds the first events.
  if (!(await handle.first(product, productId, context))) {
    await mustSell(handle, sellerId);
    await mustBeKnown(handle, input);
    if (input.activate) await mustSayWhatIsAsked(handle, input.categoryId, input.attributes);
  }
  const slug = input.slug ?? slugOf(input.name, productId);
  const commands = commandsOf(productId, sellerId, slug, input, context);
  rehearse(commands);
  const value = { kind: 'product_slug', id: blindIndex('product_slug', slug) };
  const taken = new DomainError('product.slug_taken', 'Another product has this slug.', { slug });
  await takeClaim(handle, value, productId, subcommand(context, 'claim slug'), taken);
  // What is sent in one turn to one stream is appended together.
  const results = await Promise.all(
    commands.map((command, n) => handle(product, productId, command, n === 0 ? context : subcommand(context, `part ${n}`))),
  );
  await confirmClaim(handle, value, productId, subcommand(context, 'confirm slug'), taken);
  return together(results);
};

/** One result for all: the first one's identity, all the events, the end that the last has reached. */
const together = ([first, ...others]: readonly Result<ProductEvent>[]): Result<ProductEvent> => {
  if (!first) throw new RangeError('no results');
  const last = others.at(-1) ?? first;
  const events = [first, ...others].flatMap((result) => result.events);
  return { ...first, events, revision: last.revision, position: last.position };
};

/** Ids of the variants among these events, in the order in which they were named. */
export const variantIdsOf = ({ events }: Result<ProductEvent>): string[] =>
  events.flatMap(({ event }) => (event.type === 'product.variant_added' ? [event.variantId] : []));

type Edit = Omit<Of<'edit'>, 'type' | 'sellerId'>;

export const editProduct = async (handle: Handle, sellerId: string, productId: string, input: Edit, context: Context) => {
  if (!(await handle.first(product, productId, context))) await mustBeKnown(handle, input);
  return handle(product, productId, { type: 'edit', sellerId, ...input }, context);
};

export const addVariant = (handle: Handle, sellerId: string, productId: string, input: NewVariant, context: Context) =>
  handle(product, productId, { type: 'add_variant', sellerId, variantId: newId(context, 0), ...input }, context);

type VariantEdit = Omit<Of<'edit_variant'>, 'type' | 'sellerId'>;

export const editVariant = (handle: Handle, sellerId: string, productId: string, input: VariantEdit, context: Context) =>
  handle(product, productId, { type: 'edit_variant', sellerId, ...input }, context);

export const removeVariant = (handle: Handle, sellerId: string, productId: string, variantId: string, context: Context) =>
  handle(product, productId, { type: 'remove_variant', sellerId, variantId }, context);

export const changePrice = (
  handle: Handle,
  sellerId: string,
  productId: string,
  input: { variantId: string; price: Money },
  context: Context,
) => handle(product, productId, { type: 'change_price', sellerId, ...input }, context);

type NewDiscount = Discount extends infer Kind ? (Kind extends Discount ? Omit<Kind, 'discountId'> : never) : never;

export const setDiscount = (handle: Handle, sellerId: string, productId: string, input: NewDiscount, context: Context) =>
  handle(product, productId, { type: 'set_discount', sellerId, discount: { discountId: newId(context, 0), ...input } }, context);

export const removeDiscount = (handle: Handle, sellerId: string, productId: string, context: Context) =>
  handle(product, productId, { type: 'remove_discount', sellerId }, context);

export const addPicture = (handle: Handle, sellerId: string, productId: string, input: { url: string; alt: string }, context: Context) =>
  handle(product, productId, { type: 'add_picture', sellerId, picture: { pictureId: newId(context, 0), ...input } }, context);

export const removePicture = (handle: Handle, sellerId: string, productId: string, pictureId: string, context: Context) =>
  handle(product, productId, { type: 'remove_picture', sellerId, pictureId }, context);

export const arrangePictures = (handle: Handle, sellerId: string, productId: string, pictureIds: readonly string[], context: Context) =>
  handle(product, productId, { type: 'arrange_pictures', sellerId, pictureIds }, context);

export const activateProduct = async (handle: Handle, sellerId: string, productId: string, context: Context) => {
  const before = await handle.first(product, productId, context);
  if (before) return before;
  const { state } = await handle.load(product, productId);
  if (state.status !== 'None' && state.status !== 'Archived' && state.sellerId === sellerId) {
    await mustSell(handle, sellerId);
    await mustSayWhatIsAsked(handle, state.categoryId, state.attributes);
  }
  return handle(product, productId, { type: 'activate', sellerId }, context);
};

export const deactivateProduct = (handle: Handle, sellerId: string, productId: string, context: Context) =>
  handle(product, productId, { type: 'deactivate', sellerId }, context);

export const archiveProduct = (handle: Handle, sellerId: string, productId: string, context: Context) =>
  handle(product, productId, { type: 'archive', sellerId }, context);

/** For the platform's staff, who may put away anybody's. */
export const archiveAnyProduct = async (handle: Handle, productId: string, context: Context) => {
  const { state } = await handle.load(product, productId);
  if (state.status === 'None') throw notFound();
  return handle(product, productId, { type: 'archive', sellerId: state.sellerId }, context);
};
