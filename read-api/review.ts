// Queries of reviews. Their texts are opened here, for the reader's eyes only; who wrote them is not told.

import { Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../domain/id.ts';
import type { Sealed } from '../domain/privacy.ts';
import { Moment } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText } from '../infra/http/json.ts';
import { wholeNumber } from '../infra/http/numbers.ts';
import { pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import type { Condition, Query, TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { RatingRow } from '../projections/review/ratings.ts';
import type { ReviewRow } from '../projections/review/reviews.ts';
import { json, pageText, rowsOf } from './http.ts';

const List = z.object({
  ...paging,
  rating: wholeNumber(1, 5).optional(),
  sort: z.enum(['newest', 'helpful']).default('newest'),
});
const AdminList = z.object({ ...paging, visible: z.enum(['true', 'false']).optional(), reported: z.enum(['true']).optional() });

const newest = [['postedAt', 'desc']] as const;
const orders: Readonly<Record<z.output<typeof List>['sort'], NonNullable<Query['order']>>> = { newest, helpful: [['helpful', 'desc']] };

const ofReview = {
  reviewId: Id,
  kind: z.enum(['line', 'order']),
  productIds: z.array(Id),
  sellerIds: z.array(Id),
  rating: z.int().min(1).max(5),
  title: z.string().nullable(),
  body: z.string().nullable(),
  images: z.array(z.string()),
  verified: z.enum(['purchase', 'source']),
  helpful: z.int(),
  replies: z.array(z.object({ sellerId: Id, body: z.string(), at: Moment })),
  postedAt: Moment,
  editedAt: Moment.nullable(),
};
const Review = z.object(ofReview).meta({ id: 'Review' });
const OwnReview = z.object({ ...ofReview, orderId: Id, visible: z.boolean() }).meta({ id: 'OwnReview' });
const StaffReview = z
  .object({ ...ofReview, orderId: Id, visible: z.boolean(), authorId: Id, reports: z.int() })
  .meta({ id: 'StaffReview' });
const Rating = z
  .object({ average: z.number(), count: z.int(), stars: z.array(z.int()).describe('How many gave one star, two … five.') })
  .meta({ id: 'Rating' });

/** What everybody sees. */
const publicly = (row: ReviewRow) => {
  const { reviewId, kind, productIds, sellerIds, rating, title, body, images, verified, helpful, replies, postedAt, editedAt } = row;
  return { reviewId, kind, productIds, sellerIds, rating, title, body, images, verified, helpful, replies, postedAt, editedAt };
};
const forAuthor = (row: ReviewRow) => ({ ...publicly(row), orderId: row.orderId, visible: row.visible });
const forStaff = (row: ReviewRow) => ({ ...forAuthor(row), authorId: row.authorId, reports: row.reports });

/** The declared personal fields of these rows, opened; all keys are fetched together. */
const opened = async (seals: Pick<Seals, 'openAll'>, rows: readonly ReviewRow[]): Promise<ReviewRow[]> => {
  const sealed = rows.flatMap(({ title, body, replies }) => [title, body, ...replies.map((reply) => reply.body)]);
  const closed = sealed.filter((one) => one !== null);
  const texts = await seals.openAll(closed);
  const plain = new Map(closed.map((one, n) => [one, String(texts[n])]));
  // NOTE: an opened text stands where the row has the sealed one, in what is answered and nowhere else.
  const open = (one: Sealed) => (plain.get(one) ?? '') as Sealed;
  return rows.map((row) => ({
    ...row,
    title: row.title && open(row.title),
    body: row.body && open(row.body),
    replies: row.replies.map((reply) => ({ ...reply, body: open(reply.body) })),
  }));
};

const noRating = (subjectId: string): RatingRow => ({ subjectId, average: 0, count: 0, sum: 0, stars: [0, 0, 0, 0, 0] });

export const reviewQueries = (tables: TableReader, seals: Pick<Seals, 'openAll'>) => {
  const list = async <Item>(
    where: Record<string, Condition>,
    order: NonNullable<Query['order']>,
    asked: { limit: number; cursor?: string | undefined },
    shape: (row: ReviewRow) => Item,
  ) => {
    const { rows, next } = await rowsOf(tables, 'reviews', { where, order }, asked);
    const open = await opened(
      seals,
      rows.map(({ row }) => JSON.parse(row) as ReviewRow),
    );
    return pageText(
      open.map((row) => jsonText(shape(row))),
      next,
    );
  };

  const ofSubject = (subjectId: string, { rating, sort, ...asked }: z.output<typeof List>) =>
    list({ subjectId, visible: 1, ...(rating !== undefined && { rating }) }, orders[sort], asked, publicly);

  const summary = async (subjectId: string) => {
    const text = await tables.get('review-ratings', subjectId);
    const { average, count, stars } = text === null ? noRating(subjectId) : (JSON.parse(text) as RatingRow);
    return jsonText({ average, count, stars });
  };

  return new Hono<Env>()
    .get(
      '/products/:productId/reviews',
      allow('public', { operation: 'listProductReviews', answer: pageSchema(Review), summary: 'Reviews of a product.' }),
      params(z.object({ productId: Id })),
      query(List),
      async (c) => json(c, await ofSubject(c.req.valid('param').productId, c.req.valid('query'))),
    )
    .get(
      '/products/:productId/rating',
      allow('public', { operation: 'getProductRating', answer: Rating, summary: 'How a product is rated.' }),
      params(z.object({ productId: Id })),
      async (c) => json(c, await summary(c.req.valid('param').productId)),
    )
    .get(
      '/sellers/:sellerId/reviews',
      allow('public', { operation: 'listSellerReviews', answer: pageSchema(Review), summary: "Reviews of a seller's goods." }),
      params(z.object({ sellerId: Id })),
      query(List),
      async (c) => json(c, await ofSubject(c.req.valid('param').sellerId, c.req.valid('query'))),
    )
    .get(
      '/sellers/:sellerId/rating',
      allow('public', { operation: 'getSellerRating', answer: Rating, summary: 'How a seller is rated.' }),
      params(z.object({ sellerId: Id })),
      async (c) => json(c, await summary(c.req.valid('param').sellerId)),
    )
    .get(
      '/reviews/me',
      allow('signed-in', { operation: 'listMyReviews', answer: pageSchema(OwnReview), summary: 'Your own reviews.', owner: 'author' }),
      query(z.object({ ...paging })),
      async (c) => json(c, await list({ subjectId: principalOf(c).id }, newest, c.req.valid('query'), forAuthor)),
    )
    .get(
      '/admin/reviews',
      allow('ADMIN', { operation: 'listReviews', answer: pageSchema(StaffReview), summary: 'All reviews, the most reported first.' }),
      query(AdminList),
      async (c) => {
        const { visible, reported, ...asked } = c.req.valid('query');
        const where = { own: 1, ...(visible && { visible: visible === 'true' ? 1 : 0 }), ...(reported && { reports: { from: 1 } }) };
        return json(c, await list(where, [['reports', 'desc'], ...newest], asked, forStaff));
      },
    );
};
