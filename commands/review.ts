// Commands of reviews: by who bought, and by those who read, answer or moderate them.
import { DomainError } from '../domain/error.ts';
import type { OrderEvent } from '../domain/order/events.ts';
import type { Sealed } from '../domain/privacy.ts';
import { type ReviewReason, review } from '../domain/review/review.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { buyerTakenOver } from './contact.ts';
import type { Context, Handle } from './handle.ts';
import { derivedId } from './ids.ts';

export interface ReviewNeeds {
  readonly handle: Handle;
  readonly store: Pick<EventStore, 'read'>;
}

export interface Said {
  readonly rating: number;
  readonly title: Sealed | null;
  readonly body: Sealed | null;
  readonly images: readonly string[];
}

/** More events than an order's whole life has. */
const wholeOrder = 100;

const isOrderEvent = (event: { type: string }): event is OrderEvent => event.type.startsWith('order.');

/** What the order's own events say of a line. Somebody else's order is answered like one that does not exist. */
const purchaseOf = async ({ handle, store }: ReviewNeeds, orderId: string, lineId: string, buyerId: string) => {
  const events = (await store.read(`order-${orderId}`, 0, wholeOrder)).map(({ event }) => event).filter(isOrderEvent);
  const created = events.find((event) => event.type === 'order.created');
  const isTheirs =
    created && (created.buyerId === buyerId || (await buyerTakenOver(handle, buyerId, created.checkoutId)) === created.buyerId);
  if (!created || !isTheirs) throw new DomainError('order.not_found', 'There is no such order.');
  const line = created.lines.find((each) => each.lineId === lineId);
  if (!line) throw new DomainError('review.not_purchased', 'The order has no such line.', { lineId });
  const delivered = events.find((event) => event.type === 'order.delivered');
  return { productId: line.productId, sellerId: created.sellerId, deliveredAt: delivered?.at ?? null };
};

const says = ({ rating, title, body, images }: Said) => ({ rating, title, body, images: [...images] });

/** The review of an order's line. Its id comes from the line, so that a line has one review. */
export const postReview = async (
  needs: ReviewNeeds,
  authorId: string,
  { orderId, lineId, ...said }: Said & { orderId: string; lineId: string },
  context: Context,
) => {
  const { productId, sellerId, deliveredAt } = await purchaseOf(needs, orderId, lineId, authorId);
  const reviewId = derivedId('review', orderId, lineId);
  const about = { reviewId, kind: 'line' as const, authorId, orderId, productIds: [productId], sellerIds: [sellerId] };
  const command = { type: 'post' as const, about, says: says(said), buyerId: authorId, deliveredAt, at: context.at };
  return needs.handle(review, reviewId, command, context);
};

export const editReview = (handle: Handle, authorId: string, reviewId: string, said: Said, context: Context) =>
  handle(review, reviewId, { type: 'edit', authorId, says: says(said), at: context.at }, context);

export const voteHelpful = (handle: Handle, voterId: string, reviewId: string, context: Context) =>
  handle(review, reviewId, { type: 'vote_helpful', voterId }, context);

export const reportReview = (handle: Handle, reporterId: string, reviewId: string, reason: ReviewReason, context: Context) =>
  handle(review, reviewId, { type: 'report', reporterId, reason }, context);

export const replyToReview = (handle: Handle, sellerId: string, reviewId: string, body: Sealed, context: Context) =>
  handle(review, reviewId, { type: 'reply', sellerId, body }, context);

export const hideReview = (handle: Handle, reviewId: string, reason: ReviewReason, context: Context) =>
  handle(review, reviewId, { type: 'hide', reason }, context);

export const showReview = (handle: Handle, reviewId: string, context: Context) => handle(review, reviewId, { type: 'show' }, context);
