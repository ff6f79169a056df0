// Reviews speak of a whole order: the first row of an order posts, later ones are edits. What is said of an order that is not in our books is left out.
import { reviewIdOf } from './olist-ids.ts';
import type { Purchase, Rejection } from './olist-purchases.ts';
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

/** In the order in which they were given, for the last one counts. */
export const reviewsOf = (rows: OlistRows, purchases: readonly Purchase[]) => {
  const bySource = new Map(purchases.map((purchase) => [purchase.source, purchase]));
  const reviews: ImportedReview[] = [];
  const rejections: Rejection[] = [];
  for (const row of rows.order_reviews) {
    const { review_id: sourceReviewId, order_id: source, review_answer_timestamp: at } = row;
    const purchase = bySource.get(source);
    if (!purchase) {
      const about = { file: 'order_reviews', row: `${sourceReviewId}/${source}`, reason: 'ORDER_REJECTED' } as const;
      rejections.push({ orderId: source, ...about, at, status: null, payments: [] });
      continue;
    }
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
  return { reviews, rejections };
};
