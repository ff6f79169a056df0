// Each review under everything that it is looked for by: its products, its sellers, its author. Texts stay sealed.
import type { Sealed } from '../../domain/privacy.ts';
import type { ReviewEvent } from '../../domain/review/events.ts';
import type { Projection } from '../projection.ts';

export interface ReviewRow {
  /** A product, a seller or the author. */
  readonly subjectId: string;
  readonly reviewId: string;
  readonly kind: 'line' | 'order';
  readonly authorId: string;
  readonly orderId: string;
  readonly productIds: readonly string[];
  readonly sellerIds: readonly string[];
  readonly rating: number;
  readonly title: Sealed | null;
  readonly body: Sealed | null;
  readonly images: readonly string[];
  readonly verified: 'purchase' | 'source';
  readonly visible: boolean;
  readonly helpful: number;
  readonly reports: number;
  readonly replies: readonly { readonly sellerId: string; readonly body: Sealed; readonly at: string }[];
  readonly postedAt: string;
  readonly editedAt: string | null;
}

export const reviews: Projection<ReviewRow, ReviewEvent> = {
  name: 'reviews',
  service: 'review',
  version: 2,
  own: { category: 'review' },
  reads: ['review.posted', 'review.edited', 'review.hidden', 'review.shown', 'review.voted_helpful', 'review.reported', 'review.replied'],
  key: ({ event }) => [...event.productIds, ...event.sellerIds, event.authorId].map((subjectId) => `${subjectId}.${event.reviewId}`),
  evolve: (row, { event, metadata }, key) => {
    if (event.type === 'review.posted') {
      const { type: _, sourceReviewId: _source, at, ...posted } = event;
      const subjectId = key.slice(0, key.length - event.reviewId.length - 1);
      return { subjectId, ...posted, visible: true, helpful: 0, reports: 0, replies: [], postedAt: at, editedAt: null };
    }
    if (!row) return null;
    switch (event.type) {
      case 'review.edited': {
        const { rating, title, body, images, at } = event;
        return { ...row, rating, title, body, images, editedAt: at };
      }
      case 'review.hidden':
        return { ...row, visible: false };
      case 'review.shown':
        return { ...row, visible: true };
      case 'review.voted_helpful':
        return { ...row, helpful: row.helpful + 1 };
      case 'review.reported':
        return { ...row, reports: row.reports + 1 };
      case 'review.replied': {
        const { sellerId, body } = event;
        const others = row.replies.filter((reply) => reply.sellerId !== sellerId);
        return { ...row, replies: [...others, { sellerId, body, at: metadata.occurredAt }] };
      }
      default:
        return event satisfies never;
    }
  },
  shape: {
    columns: {
      subjectId: 'text',
      own: 'integer',
      visible: 'integer',
      rating: 'integer',
      helpful: 'integer',
      reports: 'integer',
      postedAt: 'text',
    },
    indexes: [
      ['subjectId', 'visible', 'postedAt'],
      ['subjectId', 'visible', 'helpful'],
      ['own', 'reports', 'postedAt'],
    ],
  },
  /** `own`: the author's row, of which there is exactly one per review. */
  columns: ({ subjectId, authorId, visible, rating, helpful, reports, postedAt }) => ({
    subjectId,
    own: subjectId === authorId ? 1 : 0,
    visible: visible ? 1 : 0,
    rating,
    helpful,
    reports,
    postedAt,
  }),
};
