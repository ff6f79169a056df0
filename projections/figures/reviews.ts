// How many reviews were written, and their ratings: over all that was ever said, and over what is said now.
import type { ReviewEvent } from '../../domain/review/events.ts';
import type { Projection } from '../projection.ts';

/** `written`: every post and edit with its rating. `current`: what each review says now, unless it is hidden. */
export interface ReviewFigureRow {
  readonly kind: 'line' | 'order';
  readonly written: { readonly count: number; readonly sum: number };
  readonly current: { readonly count: number; readonly sum: number };
}

type Read = Extract<ReviewEvent, { type: 'review.posted' | 'review.edited' | 'review.hidden' | 'review.shown' }>;

const nothing = { count: 0, sum: 0 };
const plus = (total: ReviewFigureRow['written'], count: number, sum: number) => ({ count: total.count + count, sum: total.sum + sum });

export const reviewFigures: Projection<ReviewFigureRow, Read> = {
  name: 'figures-reviews',
  service: 'analytics',
  version: 1,
  reads: ['review.posted', 'review.edited', 'review.hidden', 'review.shown'],
  key: ({ event }) => event.kind,
  evolve: (row, { event }) => {
    const { kind, rating } = event;
    const { written, current } = row ?? { written: nothing, current: nothing };
    switch (event.type) {
      case 'review.posted':
        return { kind, written: plus(written, 1, rating), current: plus(current, 1, rating) };
      case 'review.edited':
        return {
          kind,
          written: plus(written, 1, rating),
          current: event.visible ? plus(current, 0, rating - event.previousRating) : current,
        };
      case 'review.hidden':
        return { kind, written, current: plus(current, -1, -rating) };
      case 'review.shown':
        return { kind, written, current: plus(current, 1, rating) };
      default:
        return event satisfies never;
    }
  },
};
