import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { pii } from '../privacy.ts';
import type { ReviewEvent } from './events.ts';
import { review } from './review.ts';

const at = '2026-01-09T12:00:00.000Z';
const sealed = (text: string) => pii().parse(`pii1.u1.${text}`);
const about = { reviewId: 'l1', kind: 'line' as const, authorId: 'u1', orderId: 'o1', productIds: ['p1'], sellerIds: ['s1'] };
const says = { rating: 4, title: null, body: sealed('good'), images: [] };
const better = { ...says, rating: 5 };
const purchase = { buyerId: 'u1', deliveredAt: '2026-01-08T12:00:00.000Z', at };

const posted: ReviewEvent = { type: 'review.posted', ...about, ...says, verified: 'purchase', sourceReviewId: null, at };
const edited: ReviewEvent = { type: 'review.edited', ...about, ...better, previousRating: 4, visible: true, sourceReviewId: null, at };
const hidden: ReviewEvent = { type: 'review.hidden', ...about, rating: 4, reason: 'spam' };
const vote = (voterId: string): ReviewEvent => ({ type: 'review.voted_helpful', ...about, voterId });
const reported = (reporterId: string): ReviewEvent => ({ type: 'review.reported', ...about, reporterId, reason: 'spam' });

describe('a review is posted', () => {
  const post = { type: 'post' as const, about, says, ...purchase };
  it('by who bought it, once it is delivered', () => given(review).when(post).then(posted));
  it('not by who did not buy it', () =>
    given(review)
      .when({ ...post, buyerId: 'u2' })
      .refuses('review.not_purchased'));
  it('not before it is delivered', () =>
    given(review)
      .when({ ...post, deliveredAt: null })
      .refuses('review.not_delivered'));
  it('once per order line', () =>
    given(review, posted)
      .when({ ...post, says: better })
      .refuses('review.already_posted'));
  it('with one to five stars', () =>
    given(review)
      .when({ ...post, says: { ...says, rating: 6 } })
      .refuses('review.rating_out_of_range'));
});

describe('a review is edited', () => {
  it('by its author', () => given(review, posted).when({ type: 'edit', authorId: 'u1', says: better, at }).then(edited));
  it('by nobody else', () => given(review, posted).when({ type: 'edit', authorId: 'u2', says: better, at }).refuses('review.not_found'));
  it('while it is hidden, without being shown', () =>
    given(review, posted, hidden)
      .when({ type: 'edit', authorId: 'u1', says: better, at })
      .then({ ...edited, visible: false }));
  it('into one to five stars', () =>
    given(review, posted)
      .when({ type: 'edit', authorId: 'u1', says: { ...says, rating: 0 }, at })
      .refuses('review.rating_out_of_range'));
});

describe('a row of another system', () => {
  const order = { ...about, reviewId: 'o1', kind: 'order' as const, productIds: ['p1', 'p2'] };
  const first: ReviewEvent = { type: 'review.posted', ...order, ...says, verified: 'source', sourceReviewId: 'r1', at };
  const second: ReviewEvent = { type: 'review.edited', ...order, ...says, previousRating: 4, visible: true, sourceReviewId: 'r2', at };
  const record = { type: 'record' as const, about: order, says, sourceReviewId: 'r1', at };
  it('posts when it is the first of its order, whether delivered or not', () => given(review).when(record).then(first));
  it('edits when it is a later one, even if it says the same', () =>
    given(review, first)
      .when({ ...record, sourceReviewId: 'r2' })
      .then(second));
  it('counts once', () => given(review, first, second).when(record).then());
});

describe('a review is moderated', () => {
  it('and hidden', () => given(review, posted).when({ type: 'hide', reason: 'spam' }).then(hidden));
  it('and shown again', () =>
    given(review, posted, hidden)
      .when({ type: 'show' })
      .then({ type: 'review.shown', ...about, rating: 4 }));
  it('and not found by who would vote for it', () =>
    given(review, posted, hidden).when({ type: 'vote_helpful', voterId: 'u2' }).refuses('review.not_found'));
});

describe('a review is helpful', () => {
  it('to who votes for it', () => given(review, posted).when({ type: 'vote_helpful', voterId: 'u2' }).then(vote('u2')));
  it('not to its author', () => given(review, posted).when({ type: 'vote_helpful', voterId: 'u1' }).refuses('review.own_review'));
  it('once to each', () => given(review, posted, vote('u2')).when({ type: 'vote_helpful', voterId: 'u2' }).then());
  it('to five hundred at most', () => {
    const votes = Array.from({ length: 500 }, (_, n) => vote(`v${n}`));
    given(review, posted, ...votes)
      .when({ type: 'vote_helpful', voterId: 'u2' })
      .refuses('review.votes_closed');
  });
});

describe('a review is reported', () => {
  it('with a reason', () => given(review, posted).when({ type: 'report', reporterId: 'u2', reason: 'spam' }).then(reported('u2')));
  it('once by each', () => given(review, posted, reported('u2')).when({ type: 'report', reporterId: 'u2', reason: 'other' }).then());
  it('as often as a moderator needs', () => {
    const reports = Array.from({ length: 50 }, (_, n) => reported(`v${n}`));
    given(review, posted, ...reports)
      .when({ type: 'report', reporterId: 'u2', reason: 'spam' })
      .then();
  });
});

describe('a seller replies', () => {
  const body = pii().parse('pii1.u5.thanks');
  const replied: ReviewEvent = { type: 'review.replied', ...about, sellerId: 's1', body };
  it('to a review of its own goods', () => given(review, posted).when({ type: 'reply', sellerId: 's1', body }).then(replied));
  it('to no other', () => given(review, posted).when({ type: 'reply', sellerId: 's2', body }).refuses('review.not_found'));
  it('and the last reply counts', () => {
    const other = pii().parse('pii1.u5.sorry');
    given(review, posted, replied)
      .when({ type: 'reply', sellerId: 's1', body: other })
      .then({ ...replied, body: other });
    expect(given(review, posted, replied, { ...replied, body: other }).state()).toMatchObject({
      replies: [{ sellerId: 's1', body: other }],
    });
  });
});
