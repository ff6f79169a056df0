// Commands of reviews over HTTP. What people write is sealed here, before anything else sees it.
import { Hono } from 'hono';
import { z } from 'zod';
import {
  editReview,
  hideReview,
  postReview,
  type ReviewNeeds,
  replyToReview,
  reportReview,
  showReview,
  voteHelpful,
} from '../commands/review.ts';
import { Id } from '../domain/id.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import { line, lines } from '../infra/http/text.ts';
import { PublicAddress } from '../infra/http/web-address.ts';
import type { Seals } from '../infra/vault/port.ts';
import { answer, context, idAs, type WriteEnv, written } from './http.ts';

const says = {
  rating: z.int().min(1).max(5),
  title: line(120).nullable().default(null),
  body: lines(5_000).min(1).nullable().default(null),
  images: z.array(PublicAddress).max(5).default([]),
};
const reason = z.enum(['offensive', 'personal_data', 'spam', 'off_topic', 'other']);
const OfReview = params(z.object({ reviewId: Id }));
const notFound = ['review.not_found'];
const ChangedReview = written('ChangedReview', { reviewId: Id });

interface Needs extends ReviewNeeds {
  readonly seals: Pick<Seals, 'seal'>;
}

const byAuthor = ({ seals, ...needs }: Needs) => {
  const sealed = async (personId: string, said: { rating: number; title: string | null; body: string | null; images: string[] }) => ({
    rating: said.rating,
    images: said.images,
    title: said.title === null ? null : await seals.seal(personId, said.title),
    body: said.body === null ? null : await seals.seal(personId, said.body),
  });
  return new Hono<WriteEnv>()
    .post(
      '/reviews',
      allow('signed-in', {
        operation: 'postReview',
        answer: ChangedReview,
        summary: 'Review a line of an order that was delivered to you.',
        owner: 'buyer',
        status: 201,
        errors: ['order.not_found', 'review.not_purchased', 'review.not_delivered', 'review.already_posted', 'user.erased'],
      }),
      body(z.object({ orderId: Id, lineId: Id, ...says })),
      async (c) => {
        const { orderId, lineId, ...said } = c.req.valid('json');
        const { id } = principalOf(c);
        const posted = await postReview(needs, id, { orderId, lineId, ...(await sealed(id, said)) }, context(c));
        return answer(c, 201, posted, idAs('reviewId'));
      },
    )
    .put(
      '/reviews/:reviewId',
      allow('signed-in', {
        operation: 'editReview',
        answer: ChangedReview,
        summary: 'Edit your review.',
        owner: 'author',
        errors: [...notFound, 'user.erased'],
      }),
      OfReview,
      body(z.object(says)),
      async (c) => {
        const { id } = principalOf(c);
        const said = await sealed(id, c.req.valid('json'));
        return answer(c, 200, await editReview(needs.handle, id, c.req.valid('param').reviewId, said, context(c)), idAs('reviewId'));
      },
    );
};

const byOthers = ({ handle, seals }: Needs) =>
  new Hono<WriteEnv>()
    .post(
      '/reviews/:reviewId/votes',
      allow('signed-in', {
        operation: 'voteReviewHelpful',
        answer: ChangedReview,
        summary: 'Say that a review was helpful.',
        errors: [...notFound, 'review.own_review', 'review.votes_closed'],
      }),
      OfReview,
      async (c) =>
        answer(c, 200, await voteHelpful(handle, principalOf(c).id, c.req.valid('param').reviewId, context(c)), idAs('reviewId')),
    )
    .post(
      '/reviews/:reviewId/reports',
      allow('signed-in', { operation: 'reportReview', answer: ChangedReview, summary: 'Report a review to the staff.', errors: notFound }),
      OfReview,
      body(z.object({ reason })),
      async (c) => {
        const { reviewId } = c.req.valid('param');
        return answer(
          c,
          200,
          await reportReview(handle, principalOf(c).id, reviewId, c.req.valid('json').reason, context(c)),
          idAs('reviewId'),
        );
      },
    )
    .put(
      '/reviews/:reviewId/reply',
      allow('SELLER', {
        operation: 'replyToReview',
        answer: ChangedReview,
        summary: 'Answer a review of your goods.',
        owner: 'seller',
        errors: [...notFound, 'user.erased'],
      }),
      OfReview,
      body(z.object({ body: lines(2_000).min(1) })),
      async (c) => {
        const text = await seals.seal(principalOf(c).id, c.req.valid('json').body);
        return answer(c, 200, await replyToReview(handle, sellerOf(c), c.req.valid('param').reviewId, text, context(c)), idAs('reviewId'));
      },
    )
    .post(
      '/admin/reviews/:reviewId/hiding',
      allow('ADMIN', { operation: 'hideReview', answer: ChangedReview, summary: 'Hide a review.', errors: notFound }),
      OfReview,
      body(z.object({ reason })),
      async (c) =>
        answer(c, 200, await hideReview(handle, c.req.valid('param').reviewId, c.req.valid('json').reason, context(c)), idAs('reviewId')),
    )
    .delete(
      '/admin/reviews/:reviewId/hiding',
      allow('ADMIN', { operation: 'showReview', answer: ChangedReview, summary: 'Show a review again.', errors: notFound }),
      OfReview,
      async (c) => answer(c, 200, await showReview(handle, c.req.valid('param').reviewId, context(c)), idAs('reviewId')),
    );

export const reviewCommands = (needs: Needs) => new Hono<WriteEnv>().route('/', byAuthor(needs)).route('/', byOthers(needs));
