// A product belongs to one seller and comes in variants, each with its own price. For sale it needs at least one with price and weight.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { isSameMoney } from '../money.ts';
import type { Of, ProductCommand } from './commands.ts';
import type { Dimensions, Features, ProductEvent } from './events.ts';
import { isForSale, isSameFeatures, type Listing, mustAddUp, type Variant } from './listing.ts';

type Known = { status: 'Draft' | 'Active' | 'Inactive' } & Listing;
export type Product = { status: 'None' } | Known | { status: 'Archived'; productId: string; sellerId: string };

/** Beyond these a page of it would no longer be read, nor its stream folded quickly. */
const mostVariants = 100;
const mostPictures = 20;

const evolve = (product: Product, event: ProductEvent): Product => {
  if (event.type === 'product.created') {
    const { type: _, ...created } = event;
    return { status: 'Draft', ...created, variants: [], pictures: [], discount: null };
  }
  if (product.status === 'None' || product.status === 'Archived') return product;
  switch (event.type) {
    case 'product.edited': {
      const { name, description, brandId, categoryId, attributes } = event;
      return { ...product, name, description, brandId, categoryId, attributes };
    }
    case 'product.variant_added': {
      const { variantId, sku, options, weightGrams, dimensions, price } = event;
      return { ...product, variants: [...product.variants, { variantId, sku, options, weightGrams, dimensions, price }] };
    }
    case 'product.variant_edited': {
      const { sku, options, weightGrams, dimensions } = event;
      return { ...product, variants: changed(product, event.variantId, { sku, options, weightGrams, dimensions }) };
    }
    case 'product.variant_removed':
      return { ...product, variants: product.variants.filter(({ variantId }) => variantId !== event.variantId) };
    case 'product.price_changed':
      return { ...product, variants: changed(product, event.variantId, { price: event.price }) };
    case 'product.discount_set':
      return { ...product, discount: event.discount };
    case 'product.discount_removed':
      return { ...product, discount: null };
    case 'product.picture_added':
      return { ...product, pictures: [...product.pictures, event.picture] };
    case 'product.picture_removed':
      return { ...product, pictures: product.pictures.filter(({ pictureId }) => pictureId !== event.pictureId) };
    case 'product.pictures_arranged':
      return { ...product, pictures: event.pictureIds.flatMap((id) => product.pictures.find(({ pictureId }) => pictureId === id) ?? []) };
    case 'product.activated':
      return { ...product, status: 'Active' };
    case 'product.deactivated':
      return { ...product, status: 'Inactive' };
    case 'product.archived':
      return { status: 'Archived', productId: product.productId, sellerId: product.sellerId };
    default:
      return event satisfies never;
  }
};

const changed = (product: Known, variantId: string, to: Partial<Variant>) =>
  product.variants.map((variant) => (variant.variantId === variantId ? { ...variant, ...to } : variant));

const create = (product: Product, command: Of<'create'>): ProductEvent[] => {
  if (product.status === 'None') return [{ ...command, type: 'product.created' }];
  if (product.sellerId !== command.sellerId) throw notFound();
  return [];
};

const edit = (product: Product, command: Of<'edit'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const { name = known.name, description = known.description, attributes = known.attributes } = command;
  const brandId = command.brandId === undefined ? known.brandId : command.brandId;
  const categoryId = command.categoryId === undefined ? known.categoryId : command.categoryId;
  const same =
    name === known.name &&
    description === known.description &&
    brandId === known.brandId &&
    categoryId === known.categoryId &&
    isSameFeatures(attributes, known.attributes);
  return same ? [] : [{ type: 'product.edited', ...whose(known), name, description, brandId, categoryId, attributes }];
};

const addVariant = (product: Product, command: Of<'add_variant'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const { variantId, sku, options, weightGrams, dimensions, price } = command;
  if (known.variants.some((variant) => variant.variantId === variantId)) return [];
  if (known.variants.length >= mostVariants) {
    throw new DomainError('product.too_many_variants', `A product has at most ${mostVariants} variants.`, { most: mostVariants });
  }
  mustDiffer(known, { variantId, sku, options });
  mustAddUp([...known.variants.map((variant) => variant.price), price], known.discount);
  return [{ type: 'product.variant_added', ...whose(known), variantId, sku, options, weightGrams, dimensions, price }];
};

const editVariant = (product: Product, command: Of<'edit_variant'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const { variantId } = command;
  const before = mustHave(known, variantId);
  const { sku = before.sku, options = before.options } = command;
  const weightGrams = command.weightGrams === undefined ? before.weightGrams : command.weightGrams;
  const dimensions = command.dimensions === undefined ? before.dimensions : command.dimensions;
  const same =
    sku === before.sku &&
    weightGrams === before.weightGrams &&
    isSameFeatures(options, before.options) &&
    isSameDimensions(dimensions, before.dimensions);
  if (same) return [];
  // Two that were alike before this rule may still be edited otherwise.
  if (sku !== before.sku || !isSameFeatures(options, before.options)) mustDiffer(known, { variantId, sku, options });
  mustStaySellable(known, changed(known, variantId, { weightGrams }));
  return [{ type: 'product.variant_edited', ...whose(known), variantId, sku, options, weightGrams, dimensions }];
};

const removeVariant = (product: Product, command: Of<'remove_variant'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const { variantId } = command;
  const left = known.variants.filter((variant) => variant.variantId !== variantId);
  if (left.length === known.variants.length) return [];
  mustStaySellable(known, left);
  return [{ type: 'product.variant_removed', ...whose(known), variantId }];
};

const changePrice = (product: Product, command: Of<'change_price'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const { variantId, price } = command;
  const before = mustHave(known, variantId).price;
  if (before && isSameMoney(before, price)) return [];
  mustAddUp(
    changed(known, variantId, { price }).map((variant) => variant.price),
    known.discount,
  );
  return [{ type: 'product.price_changed', ...whose(known), variantId, before, price }];
};

const setDiscount = (product: Product, command: Of<'set_discount'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const { discount } = command;
  if (known.discount?.discountId === discount.discountId) return [];
  if (discount.from >= discount.until) {
    throw new DomainError('product.discount_window_empty', 'The discount must end after it begins.', {
      from: discount.from,
      until: discount.until,
    });
  }
  mustAddUp(
    known.variants.map((variant) => variant.price),
    discount,
  );
  return [{ type: 'product.discount_set', ...whose(known), discount }];
};

const removeDiscount = (product: Product, command: Of<'remove_discount'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  return known.discount ? [{ type: 'product.discount_removed', ...whose(known), discountId: known.discount.discountId }] : [];
};

const addPicture = (product: Product, command: Of<'add_picture'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const { picture } = command;
  if (known.pictures.some(({ pictureId }) => pictureId === picture.pictureId)) return [];
  if (known.pictures.length >= mostPictures) {
    throw new DomainError('product.too_many_pictures', `A product has at most ${mostPictures} pictures.`, { most: mostPictures });
  }
  return [{ type: 'product.picture_added', ...whose(known), picture }];
};

const removePicture = (product: Product, command: Of<'remove_picture'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const { pictureId } = command;
  return known.pictures.some((picture) => picture.pictureId === pictureId)
    ? [{ type: 'product.picture_removed', ...whose(known), pictureId }]
    : [];
};

const arrangePictures = (product: Product, command: Of<'arrange_pictures'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  const pictureIds = [...command.pictureIds];
  const before = known.pictures.map(({ pictureId }) => pictureId);
  if (pictureIds.length !== before.length || before.some((pictureId) => !pictureIds.includes(pictureId))) {
    throw new DomainError('product.pictures_not_all', 'Name every picture of the product exactly once.', { pictureIds: before });
  }
  if (before.every((pictureId, index) => pictureId === pictureIds[index])) return [];
  return [{ type: 'product.pictures_arranged', ...whose(known), pictureIds }];
};

const activate = (product: Product, command: Of<'activate'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  if (known.status === 'Active') return [];
  if (!known.variants.some(isForSale)) throw notSellable();
  return [{ type: 'product.activated', ...whose(known) }];
};

const deactivate = (product: Product, command: Of<'deactivate'>): ProductEvent[] => {
  const known = mustOwn(product, command);
  return known.status === 'Active' ? [{ type: 'product.deactivated', ...whose(known) }] : [];
};

const archive = (product: Product, command: Of<'archive'>): ProductEvent[] => {
  if (product.status === 'Archived' && product.sellerId === command.sellerId) return [];
  return [{ type: 'product.archived', ...whose(mustOwn(product, command)) }];
};

const whose = ({ productId, sellerId }: Listing) => ({ productId, sellerId });

const notFound = () => new DomainError('product.not_found', 'There is no such product.');
const notSellable = () =>
  new DomainError('product.not_publishable', 'An active product needs at least one variant with a price and a weight.');

const mustOwn = (product: Product, { sellerId }: { sellerId: string }): Known => {
  if (product.status === 'None' || product.sellerId !== sellerId) throw notFound();
  if (product.status === 'Archived') throw new DomainError('product.archived', 'This product is archived.');
  return product;
};

const mustHave = ({ variants }: Listing, variantId: string): Variant => {
  const variant = variants.find((known) => known.variantId === variantId);
  if (!variant) throw new DomainError('product.variant_not_found', 'There is no such variant.', { variantId });
  return variant;
};

/** Nobody who orders, packs or searches tells two apart that differ by capitals or by how their letters are composed. */
const alike = (text: string) => text.normalize('NFKC').toLowerCase().trim();
const allAlike = (features: Features): Features =>
  Object.fromEntries(Object.entries(features).map(([key, value]) => [alike(key), alike(value)]));

const mustDiffer = ({ variants }: Listing, { variantId, sku, options }: { variantId: string; sku: string; options: Features }) => {
  const others = variants.filter((variant) => variant.variantId !== variantId);
  if (others.some((variant) => alike(variant.sku) === alike(sku))) {
    throw new DomainError('product.sku_taken', 'Another variant has this SKU.', { sku });
  }
  if (others.some((variant) => isSameFeatures(allAlike(variant.options), allAlike(options)))) {
    throw new DomainError('product.options_taken', 'Another variant has these options.', { options });
  }
};

const mustStaySellable = ({ status }: Known, variants: readonly Variant[]) => {
  if (status === 'Active' && !variants.some(isForSale)) throw notSellable();
};

const isSameDimensions = (a: Dimensions | null, b: Dimensions | null) =>
  a === b || (a !== null && b !== null && a.length === b.length && a.width === b.width && a.height === b.height);

export const product: Decider<Product, ProductCommand, ProductEvent> = {
  category: 'product',
  version: 1,
  initial: { status: 'None' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'create':
        return create(state, command);
      case 'edit':
        return edit(state, command);
      case 'add_variant':
        return addVariant(state, command);
      case 'edit_variant':
        return editVariant(state, command);
      case 'remove_variant':
        return removeVariant(state, command);
      case 'change_price':
        return changePrice(state, command);
      case 'set_discount':
        return setDiscount(state, command);
      case 'remove_discount':
        return removeDiscount(state, command);
      case 'add_picture':
        return addPicture(state, command);
      case 'remove_picture':
        return removePicture(state, command);
      case 'arrange_pictures':
        return arrangePictures(state, command);
      case 'activate':
        return activate(state, command);
      case 'deactivate':
        return deactivate(state, command);
      case 'archive':
        return archive(state, command);
      default:
        return command satisfies never;
    }
  },
};
