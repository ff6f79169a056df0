// What is known of a product that is not archived, and what can be read off it: whether it can be sold, and at what price.
import { DomainError } from '../error.ts';
import { atRate, type Money, minus } from '../money.ts';
import type { VariantFacts } from './commands.ts';
import type { Discount, Features, Picture } from './events.ts';

export type Variant = VariantFacts & { price: Money | null };

export type Listing = {
  productId: string;
  sellerId: string;
  slug: string;
  name: string;
  description: string;
  brandId: string | null;
  categoryId: string | null;
  attributes: Features;
  variants: readonly Variant[];
  pictures: readonly Picture[];
  discount: Discount | null;
};

/** `price` is what a unit costs now, `list` what it costs without the discount that is named. */
export type Offer = { price: Money; list: Money; discountId: string | null };

export const isForSale = (variant: Variant) => variant.price !== null && variant.weightGrams !== null;

const lowered = (price: Money, discount: Discount): Money =>
  minus(price, discount.kind === 'amount' ? discount.amount : atRate(price, discount.basisPoints));

/** What a variant costs at `at`; null when it is not for sale. */
export const offerAt = ({ discount }: Listing, variant: Variant, at: string): Offer | null => {
  const list = variant.price;
  if (list === null || !isForSale(variant)) return null;
  if (!discount || at < discount.from || at >= discount.until) return { price: list, list, discountId: null };
  return { price: lowered(list, discount), list, discountId: discount.discountId };
};

/** Refuses negative prices, prices in two currencies, and a discount that would give a variant away. */
export const mustAddUp = (prices: readonly (Money | null)[], discount: Discount | null) => {
  const known = prices.filter((price) => price !== null);
  if (known.some(({ amount }) => amount < 0)) throw new DomainError('product.negative_price', 'A price is not negative.');
  const currencies = new Set(known.map(({ currency }) => currency));
  if (discount?.kind === 'amount') currencies.add(discount.amount.currency);
  if (currencies.size > 1) {
    throw new DomainError('product.mixed_currencies', 'All prices of a product are in one currency.', { currencies: [...currencies] });
  }
  if (discount && known.some((price) => price.amount > 0 && lowered(price, discount).amount <= 0)) {
    throw new DomainError('product.discount_too_high', 'The discount must leave something to pay.', { discountId: discount.discountId });
  }
};

export const isSameFeatures = (a: Features, b: Features) => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
};
