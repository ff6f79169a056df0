// Who works in a shop, over HTTP: invitations by its owner, the answer of the invited person, leaving and being let go.
import { Hono } from 'hono';
import { z } from 'zod';
import {
  acceptInvitation,
  declineInvitation,
  inviteMember,
  type MembersDeps,
  removeMember,
  revokeInvitation,
} from '../commands/members.ts';
import { ownerOf } from '../commands/seller.ts';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { Moment } from '../infra/http/answers.ts';
import type { Principal } from '../infra/http/env.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import { Email } from '../infra/http/text.ts';
import { answer, context, type WriteEnv, written } from './http.ts';

const Invitee = z
  .object({ userId: Id.optional(), email: Email.optional() })
  .refine(({ userId, email }) => (userId === undefined) !== (email === undefined), {
    path: ['email'],
    error: 'say either an e-mail address or a user id',
  });
const SellerId = params(z.object({ sellerId: Id }));

/** Asked of the log, not of the token: who owned the shop a minute ago may not own it now. */
const mustOwn = async ({ handle }: MembersDeps, sellerId: string, { id }: Principal) => {
  if ((await ownerOf(handle, sellerId)) !== id) throw new DomainError('auth.forbidden', 'Only the owner may do this.');
};

const InvitedMember = written('InvitedMember', { sellerId: Id, ...z.object({ invitationId: Id, expiresAt: Moment }).partial().shape });
const RevokedInvitation = written('RevokedInvitation', { sellerId: Id, invitationId: Id });
const RemovedMember = written('RemovedMember', { sellerId: Id, userId: Id });
const AnsweredInvitation = written('AnsweredInvitation', { sellerId: Id });

const ofTheShop = (deps: MembersDeps) =>
  new Hono<WriteEnv>()
    .post(
      '/sellers/me/invitations',
      allow('SELLER', {
        operation: 'inviteMember',
        answer: InvitedMember,
        summary: 'Invite somebody to work in the own shop, by e-mail address or user id. Nothing changes for that person before a yes.',
        owner: 'seller',
        status: 201,
        errors: [
          ...['seller.not_found', 'seller.wrong_status', 'user.not_found', 'user.erased'],
          ...['seller.too_many_members', 'seller.too_many_invitations'],
        ],
      }),
      body(Invitee),
      async (c) => {
        const sellerId = sellerOf(c);
        const { userId, email } = c.req.valid('json');
        const invitee = userId === undefined ? { email: email ?? '' } : { userId };
        await mustOwn(deps, sellerId, principalOf(c));
        return answer(c, 201, await inviteMember(deps, sellerId, invitee, context(c)), ({ events }) => {
          const [invited] = events;
          if (invited?.event.type !== 'seller.member_invited') return { sellerId };
          const { invitationId, expiresAt } = invited.event;
          return { sellerId, invitationId, expiresAt };
        });
      },
    )
    .delete(
      '/sellers/me/invitations/:invitationId',
      allow('SELLER', {
        operation: 'revokeInvitation',
        answer: RevokedInvitation,
        summary: 'Take an invitation back that was not accepted yet.',
        owner: 'seller',
        errors: ['seller.not_found', 'seller.wrong_status'],
      }),
      params(z.object({ invitationId: Id })),
      async (c) => {
        const sellerId = sellerOf(c);
        const { invitationId } = c.req.valid('param');
        await mustOwn(deps, sellerId, principalOf(c));
        return answer(c, 200, await revokeInvitation(deps.handle, sellerId, invitationId, context(c)), () => ({ sellerId, invitationId }));
      },
    )
    .delete(
      '/sellers/me/members/:userId',
      allow('SELLER', {
        operation: 'removeMember',
        answer: RemovedMember,
        summary: 'Let somebody work here no longer; with the own id, leave the shop.',
        owner: 'seller',
        errors: ['seller.not_found', 'seller.wrong_status', 'auth.own_role'],
      }),
      params(z.object({ userId: Id })),
      async (c) => {
        const sellerId = sellerOf(c);
        const { userId } = c.req.valid('param');
        if (userId !== principalOf(c).id) await mustOwn(deps, sellerId, principalOf(c));
        return answer(c, 200, await removeMember(deps.handle, sellerId, userId, context(c)), () => ({ sellerId, userId }));
      },
    );

const ofTheInvited = ({ handle }: MembersDeps) =>
  new Hono<WriteEnv>()
    .post(
      '/users/me/invitations/:sellerId/acceptance',
      allow('signed-in', {
        operation: 'acceptInvitation',
        answer: AnsweredInvitation,
        summary: 'Accept the invitation of a shop. Refresh then: the token from before counts no more, the next one says SELLER.',
        owner: 'self',
        errors: [
          ...['seller.invitation_not_found', 'seller.invitation_expired', 'seller.wrong_status'],
          ...['auth.already_seller', 'auth.staff_cannot_sell', 'auth.not_registered'],
        ],
      }),
      SellerId,
      async (c) => {
        const { sellerId } = c.req.valid('param');
        return answer(c, 200, await acceptInvitation(handle, sellerId, principalOf(c).id, context(c)), () => ({ sellerId }));
      },
    )
    .delete(
      '/users/me/invitations/:sellerId',
      allow('signed-in', {
        operation: 'declineInvitation',
        answer: AnsweredInvitation,
        summary: 'Decline the invitation of a shop.',
        owner: 'self',
        errors: ['seller.invitation_not_found', 'seller.wrong_status'],
      }),
      SellerId,
      async (c) => {
        const { sellerId } = c.req.valid('param');
        return answer(c, 200, await declineInvitation(handle, sellerId, principalOf(c).id, context(c)), () => ({ sellerId }));
      },
    );

export const memberCommands = (deps: MembersDeps) => new Hono<WriteEnv>().route('/', ofTheShop(deps)).route('/', ofTheInvited(deps));
