// What every read model of products folds alike: the listing itself, what its reviews add up to, and how many pieces were shipped.
import type { Recorded } from '../domain/metadata.ts';
import type { ProductEvent } from '../domain/product/events.ts';
import { isForSale, type Listing, type Variant } from '../domain/product/listing.ts';
import { product } from '../domain/product/product.ts';
import type { ReviewEvent } from '../domain/review/events.ts';
import type { StockEvent } from '../domain/stock/events.ts';

/** A product as its events tell it; an archived one keeps what it was. `sold` counts pieces that left the shelf. */
export type Listed = Listing & {
  readonly status: 'Draft' | 'Active' | 'Inactive' | 'Archived';
  readonly ratings: { readonly count: number; readonly sum: number };
  readonly sold: number;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export type RatingEvent = Extract<ReviewEvent, { type: 'review.posted' | 'review.edited' | 'review.hidden' | 'review.shown' }>;
export type ListingEvent = ProductEvent | RatingEvent | Extract<StockEvent, { type: 'stock.hold_consumed' }>;

export const ratingReads = ['review.posted', 'review.edited', 'review.hidden', 'review.shown'] as const;

export const listingReads = [
  'product.created',
  'product.edited',
  'product.variant_added',
  'product.variant_edited',
  'product.variant_removed',
  'product.price_changed',
  'product.discount_set',
  'product.discount_removed',
  'product.picture_added',
  'product.picture_removed',
  'product.pictures_arranged',
  'product.activated',
  'product.deactivated',
  'product.archived',
  'stock.hold_consumed',
  ...ratingReads,
] as const;

/** A review of a whole order counts once for each of its products. */
export const listingKey = ({ event }: Recorded<ListingEvent>): string | readonly string[] =>
  'productIds' in event ? event.productIds : event.productId;

/** By how many reviews, and by how many stars, an event changes a rating. A hidden review does not count. */
export const ratingChange = (event: RatingEvent): { readonly count: number; readonly sum: number } => {
  switch (event.type) {
    case 'review.posted':
    case 'review.shown':
      return { count: 1, sum: event.rating };
    case 'review.edited':
      return { count: 0, sum: event.visible ? event.rating - event.previousRating : 0 };
    case 'review.hidden':
      return { count: -1, sum: -event.rating };
    default:
      return event satisfies never;
  }
};

export const evolveListing = (row: Listed | null, { event, metadata }: Recorded<ListingEvent>): Listed | null => {
  if (event.type === 'product.created') {
    const { type: _, ...created } = event;
    const at = metadata.occurredAt;
    const nothing = { variants: [], pictures: [], discount: null, ratings: { count: 0, sum: 0 }, sold: 0 };
    return { status: 'Draft', ...created, ...nothing, createdAt: at, updatedAt: at };
  }
  if (!row) return null;
  switch (event.type) {
    case 'stock.hold_consumed':
      return { ...row, sold: row.sold + event.quantity };
    case 'review.posted':
    case 'review.edited':
    case 'review.hidden':
    case 'review.shown': {
      const { count, sum } = ratingChange(event);
      return { ...row, ratings: { count: row.ratings.count + count, sum: row.ratings.sum + sum } };
    }
    case 'product.archived':
      return { ...row, status: 'Archived', updatedAt: metadata.occurredAt };
    default: {
      const { status, ...facts } = row;
      if (status === 'Archived') return row;
      const after = product.evolve({ status, ...facts }, event);
      return after.status === 'None' || after.status === 'Archived' ? row : { ...row, ...after, updatedAt: metadata.occurredAt };
    }
  }
};

export const averageOf = ({ count, sum }: { count: number; sum: number }) => (count === 0 ? 0 : Math.round((sum * 100) / count) / 100);

/** The variant that costs least among those that can be sold. */
export const cheapest = (variants: readonly Variant[]): Variant | null => {
  let best: Variant | null = null;
  for (const variant of variants) {
    if (isForSale(variant) && (best === null || (variant.price?.amount ?? 0) < (best.price?.amount ?? 0))) best = variant;
  }
  return best;
};
