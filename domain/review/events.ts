// What a review's stream may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open, pii } from '../privacy.ts';

const rating = open(z.int().min(1).max(5));
/** Whether it counts in averages: it does not while it is hidden. */
const visible = open(z.boolean());

/** Whose review of what: a line's names one product, an order's every distinct one. Every event has it, so that ratings are folded from it alone. */
const about = {
  reviewId: open(z.string()),
  kind: open(z.enum(['line', 'order'])),
  authorId: open(z.string()),
  orderId: open(z.string()),
  productIds: open(z.array(z.string())),
  sellerIds: open(z.array(z.string())),
};
/** What the author says; null where nothing was written. */
const text = { title: pii().nullable(), body: pii().nullable(), images: open(z.array(z.string())) };
/** The row of the source that this was imported from. */
const source = { sourceReviewId: open(z.string().nullable()), at: open(Instant) };

export const ReviewPosted = z.object({
  type: z.literal('review.posted'),
  ...about,
  rating,
  ...text,
  verified: open(z.enum(['purchase', 'source'])),
  ...source,
});
export const ReviewEdited = z.object({
  type: z.literal('review.edited'),
  ...about,
  rating,
  previousRating: rating,
  visible,
  ...text,
  ...source,
});
export const ReviewHidden = z.object({
  type: z.literal('review.hidden'),
  ...about,
  rating,
  reason: open(z.enum(['offensive', 'personal_data', 'spam', 'off_topic', 'other'])),
});
export const ReviewShown = z.object({ type: z.literal('review.shown'), ...about, rating });
export const ReviewVotedHelpful = z.object({ type: z.literal('review.voted_helpful'), ...about, voterId: open(z.string()) });
export const ReviewReported = z.object({
  type: z.literal('review.reported'),
  ...about,
  reporterId: open(z.string()),
  reason: open(z.enum(['offensive', 'personal_data', 'spam', 'off_topic', 'other'])),
});
/** `body` is sealed for the person who answers for the seller. */
export const ReviewReplied = z.object({ type: z.literal('review.replied'), ...about, sellerId: open(z.string()), body: pii() });

export const ReviewEvent = z.discriminatedUnion('type', [
  ReviewPosted,
  ReviewEdited,
  ReviewHidden,
  ReviewShown,
  ReviewVotedHelpful,
  ReviewReported,
  ReviewReplied,
]);
export type ReviewEvent = z.infer<typeof ReviewEvent>;
