// Only who bought says what it was like, once per order line; a seller may answer. Imported reviews speak of a whole order.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { Sealed } from '../privacy.ts';
import type { ReviewEvent } from './events.ts';

export type ReviewReason = 'offensive' | 'personal_data' | 'spam' | 'off_topic' | 'other';
type About = { reviewId: string; kind: 'line' | 'order'; authorId: string; orderId: string; productIds: string[]; sellerIds: string[] };
type Says = { rating: number; title: Sealed | null; body: Sealed | null; images: string[] };

/** `buyerId` and `deliveredAt` are read from the order; an order's review is `about` all that its seller sent. */
export type ReviewCommand =
  | { type: 'post'; about: About; says: Says; buyerId: string; deliveredAt: string | null; at: string }
  | { type: 'edit'; authorId: string; says: Says; at: string }
  /** One row of another system: the first of an order posts, the later ones edit, none counts twice, none waits for the delivery. */
  | { type: 'record'; about: About; says: Says; sourceReviewId: string; at: string }
  | { type: 'hide'; reason: ReviewReason }
  | { type: 'show' }
  | { type: 'vote_helpful'; voterId: string }
  | { type: 'report'; reporterId: string; reason: ReviewReason }
  | { type: 'reply'; sellerId: string; body: Sealed };

type Known = { status: 'Visible' | 'Hidden' } & About &
  Says & {
    sourceReviewIds: readonly string[];
    voters: readonly string[];
    reporters: readonly string[];
    /** The last answer of each seller. */
    replies: readonly { sellerId: string; body: Sealed }[];
  };
export type Review = { status: 'None' } | Known;

/** Who voted must be remembered so that nobody votes twice; beyond this one more vote would tell a reader nothing. */
const mostVotes = 500;
/** Enough for any moderator to have looked. */
const mostReports = 50;

const evolve = (review: Review, event: ReviewEvent): Review => {
  if (event.type === 'review.posted') {
    const sourceReviewIds = event.sourceReviewId === null ? [] : [event.sourceReviewId];
    return { status: 'Visible', ...about(event), ...says(event), sourceReviewIds, voters: [], reporters: [], replies: [] };
  }
  if (review.status === 'None') return review;
  switch (event.type) {
    case 'review.edited': {
      const { sourceReviewIds } = review;
      return {
        ...review,
        ...says(event),
        sourceReviewIds: event.sourceReviewId === null ? sourceReviewIds : [...sourceReviewIds, event.sourceReviewId],
      };
    }
    case 'review.hidden':
      return { ...review, status: 'Hidden' };
    case 'review.shown':
      return { ...review, status: 'Visible' };
    case 'review.voted_helpful':
      return { ...review, voters: [...review.voters, event.voterId] };
    case 'review.reported':
      return { ...review, reporters: [...review.reporters, event.reporterId] };
    case 'review.replied': {
      const { sellerId, body } = event;
      return { ...review, replies: [...review.replies.filter((reply) => reply.sellerId !== sellerId), { sellerId, body }] };
    }
    default:
      return event satisfies never;
  }
};

const post = (review: Review, command: Of<'post'>): ReviewEvent[] => {
  if (command.buyerId !== command.about.authorId) throw new DomainError('review.not_purchased', 'Only who bought it can review it.');
  if (review.status !== 'None') {
    if (isSame(review, command.says)) return [];
    throw new DomainError('review.already_posted', 'This has been reviewed; edit that review.', { reviewId: review.reviewId });
  }
  if (command.deliveredAt === null) throw new DomainError('review.not_delivered', 'It can be reviewed once it is delivered.');
  mustBeRated(command.says);
  return [
    { type: 'review.posted', ...about(command.about), ...says(command.says), verified: 'purchase', sourceReviewId: null, at: command.at },
  ];
};

const edit = (review: Review, command: Of<'edit'>): ReviewEvent[] => {
  const known = mustExist(review);
  if (known.authorId !== command.authorId) throw notFound();
  if (isSame(known, command.says)) return [];
  mustBeRated(command.says);
  return [edited(known, command.says, { sourceReviewId: null, at: command.at })];
};

const record = (review: Review, { about: what, says: said, sourceReviewId, at }: Of<'record'>): ReviewEvent[] => {
  mustBeRated(said);
  if (review.status === 'None') return [{ type: 'review.posted', ...about(what), ...says(said), verified: 'source', sourceReviewId, at }];
  return review.sourceReviewIds.includes(sourceReviewId) ? [] : [edited(review, said, { sourceReviewId, at })];
};

const hide = (review: Review, { reason }: Of<'hide'>): ReviewEvent[] => {
  const known = mustExist(review);
  return known.status === 'Hidden' ? [] : [{ type: 'review.hidden', ...about(known), rating: known.rating, reason }];
};

const show = (review: Review): ReviewEvent[] => {
  const known = mustExist(review);
  return known.status === 'Visible' ? [] : [{ type: 'review.shown', ...about(known), rating: known.rating }];
};

const voteHelpful = (review: Review, { voterId }: Of<'vote_helpful'>): ReviewEvent[] => {
  const known = mustBeVisible(review);
  if (known.authorId === voterId) throw new DomainError('review.own_review', 'Nobody votes for an own review.');
  if (known.voters.includes(voterId)) return [];
  if (known.voters.length >= mostVotes)
    throw new DomainError('review.votes_closed', `${mostVotes} votes are counted at most.`, { most: mostVotes });
  return [{ type: 'review.voted_helpful', ...about(known), voterId }];
};

const report = (review: Review, { reporterId, reason }: Of<'report'>): ReviewEvent[] => {
  const known = mustBeVisible(review);
  if (known.reporters.includes(reporterId) || known.reporters.length >= mostReports) return [];
  return [{ type: 'review.reported', ...about(known), reporterId, reason }];
};

const reply = (review: Review, { sellerId, body }: Of<'reply'>): ReviewEvent[] => {
  const known = mustExist(review);
  if (!known.sellerIds.includes(sellerId)) throw notFound();
  if (known.replies.some((given) => given.sellerId === sellerId && given.body === body)) return [];
  return [{ type: 'review.replied', ...about(known), sellerId, body }];
};

type Of<Type extends ReviewCommand['type']> = Extract<ReviewCommand, { type: Type }>;

const edited = (known: Known, said: Says, from: { sourceReviewId: string | null; at: string }): ReviewEvent => ({
  type: 'review.edited',
  ...about(known),
  ...says(said),
  previousRating: known.rating,
  visible: known.status === 'Visible',
  ...from,
});

const about = ({ reviewId, kind, authorId, orderId, productIds, sellerIds }: About): About => ({
  reviewId,
  kind,
  authorId,
  orderId,
  productIds,
  sellerIds,
});

const says = ({ rating, title, body, images }: Says): Says => ({ rating, title, body, images });

const isSame = (a: Says, b: Says) =>
  a.rating === b.rating &&
  a.title === b.title &&
  a.body === b.body &&
  a.images.length === b.images.length &&
  a.images.every((image, index) => image === b.images[index]);

const mustBeRated = ({ rating }: Says) => {
  if (!Number.isInteger(rating) || rating < 1 || rating > 5) {
    throw new DomainError('review.rating_out_of_range', 'A rating is 1, 2, 3, 4 or 5.', { rating });
  }
};

const notFound = () => new DomainError('review.not_found', 'There is no such review.');

const mustExist = (review: Review): Known => {
  if (review.status === 'None') throw notFound();
  return review;
};

const mustBeVisible = (review: Review): Known => {
  const known = mustExist(review);
  if (known.status === 'Hidden') throw notFound();
  return known;
};

export const review: Decider<Review, ReviewCommand, ReviewEvent> = {
  category: 'review',
  version: 1,
  initial: { status: 'None' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'post':
        return post(state, command);
      case 'edit':
        return edit(state, command);
      case 'record':
        return record(state, command);
      case 'hide':
        return hide(state, command);
      case 'show':
        return show(state);
      case 'vote_helpful':
        return voteHelpful(state, command);
      case 'report':
        return report(state, command);
      case 'reply':
        return reply(state, command);
      default:
        return command satisfies never;
    }
  },
};
