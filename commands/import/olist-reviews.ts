// Reviews speak of a whole order: the first row of an order posts, later ones are edits. What is said of an order that is not in our books is left out.
import { reviewIdOf } from './olist-ids.ts';
import type { Adjusted, Purchase, Rejection } from './olist-purchases.ts';
import type { OlistRows } from './olist-rows.ts';

export interface ImportedReview {
  /** The source's ids of the order and of the review. */
  readonly source: string;
  readonly correlationId: string;
  readonly sourceReviewId: string;
  readonly reviewId: string;
  readonly authorId: string;
  /** Our order, or the first of several. */
  readonly orderId: string;
  readonly productIds: readonly string[];
  readonly sellerIds: readonly string[];
  readonly rating: number;
  readonly title: string;
  readonly body: string;
  readonly at: string;
}

/** Where nothing is known of when something was said. */
const begin = '1970-01-01T00:00:00.000Z';

/** In the order in which they were given, for the last one counts. */
export const reviewsOf = (rows: OlistRows, purchases: readonly Purchase[]) => {
  const bySource = new Map(purchases.map((purchase) => [purchase.source, purchase]));
  const reviews: ImportedReview[] = [];
  const rejections: Rejection[] = [];
  const adjustments: Adjusted[] = [];
  for (const row of rows.order_reviews) {
    const { review_id: sourceReviewId, order_id: source, review_answer_timestamp: answered } = row;
    const purchase = bySource.get(source);
    const at = answered ?? row.review_creation_date ?? purchase?.times.bought.at ?? begin;
    const place = { file: 'order_reviews', row: `${sourceReviewId}/${source}` } as const;
    if (!purchase) {
      rejections.push({ orderId: source, ...place, reason: 'ORDER_REJECTED', at, status: null, payments: [] });
      continue;
    }
    if (answered === null)
      adjustments.push({ orderId: source, ...place, reason: 'TIME_INFERRED', field: 'review_answer_timestamp', before: null, at });
    reviews.push({
      source,
      correlationId: purchase.correlationId,
      sourceReviewId,
      reviewId: reviewIdOf(source),
      authorId: purchase.buyerId,
      orderId: purchase.parts[0]?.orderId ?? '',
      productIds: [...new Set(purchase.lines.map(({ productId }) => productId))],
      sellerIds: [...new Set(purchase.lines.map(({ sellerId }) => sellerId))],
      rating: row.review_score,
      title: row.review_comment_title.trim(),
      body: row.review_comment_message.trim(),
      at,
    });
  }
  reviews.sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1));
  return { reviews, rejections, adjustments };
};
