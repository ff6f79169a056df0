// What the visible reviews of each product and each seller add up to.
import type { Recorded } from '../../domain/metadata.ts';
import { averageOf, type RatingEvent, ratingChange, ratingReads } from '../listing.ts';
import type { Projection } from '../projection.ts';

/** `stars[0]` counts the reviews with one star, `stars[4]` those with five. */
export interface RatingRow {
  readonly subjectId: string;
  readonly average: number;
  readonly count: number;
  readonly sum: number;
  readonly stars: readonly number[];
}

const starsAfter = (stars: readonly number[], event: RatingEvent): number[] => {
  const { count } = ratingChange(event);
  const next = [...stars];
  const add = (rating: number, by: number) => {
    next[rating - 1] = (next[rating - 1] ?? 0) + by;
  };
  add(event.rating, count);
  if (event.type === 'review.edited' && event.visible) {
    add(event.rating, 1);
    add(event.previousRating, -1);
  }
  return next;
};

export const ratings: Projection<RatingRow, RatingEvent> = {
  name: 'review-ratings',
  service: 'review',
  version: 1,
  reads: ratingReads,
  key: ({ event }) => [...event.productIds, ...event.sellerIds],
  evolve: (row, { event }: Recorded<RatingEvent>, subjectId) => {
    const change = ratingChange(event);
    const count = (row?.count ?? 0) + change.count;
    const sum = (row?.sum ?? 0) + change.sum;
    return { subjectId, average: averageOf({ count, sum }), count, sum, stars: starsAfter(row?.stars ?? [0, 0, 0, 0, 0], event) };
  },
};
