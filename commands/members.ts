// Commands about who works in a shop: invite, accept, decline, revoke, leave, let go. Nothing of the invited person changes before his or her yes.
import { account } from '../domain/account/account.ts';
import { DomainError, isRefusal } from '../domain/error.ts';
import { mustBeInvited } from '../domain/seller/members.ts';
import { seller } from '../domain/seller/seller.ts';
import type { Seals } from '../infra/vault/port.ts';
import { type AuthNeeds, emailClaim } from './auth.ts';
import { claimantOf } from './claims.ts';
import { type Context, type Handle, newId, subcommand } from './handle.ts';

export interface MembersDeps extends Pick<AuthNeeds, 'handle' | 'blindIndex'> {
  readonly seals: Pick<Seals, 'seal'>;
}

export type Invitee = { readonly userId: string } | { readonly email: string };

const noSuchUser = () => new DomainError('user.not_found', 'There is no account with this id or e-mail address.');

const inviteeOf = async (deps: MembersDeps, invitee: Invitee): Promise<string> => {
  if ('userId' in invitee) return invitee.userId;
  const claimant = await claimantOf(deps.handle, emailClaim(deps, invitee.email));
  if (!claimant?.confirmed) throw noSuchUser();
  return claimant.owner;
};

/** NOTE: staff are invited like anybody, so that nobody learns who they are; they are not mailed, and cannot accept. */
export const inviteMember = async (deps: MembersDeps, sellerId: string, invitee: Invitee, context: Context) => {
  const { handle, seals } = deps;
  const before = await handle.first(seller, sellerId, context);
  if (before) return before;
  const memberId = await inviteeOf(deps, invitee);
  const { state } = await handle.load(account, memberId);
  if (state.status !== 'Active') throw noSuchUser();
  const email = 'email' in invitee ? await seals.seal(memberId, invitee.email) : null;
  return handle(seller, sellerId, { type: 'invite_member', invitationId: newId(context, 0), memberId, email, at: context.at }, context);
};

const bySystem = { kind: 'system' } as const;

/** The role goes first: of two steps, the one that takes something away must not be the one that is missing. */
export const dismiss = async (handle: Handle, sellerId: string, userId: string, context: Context) => {
  const { state } = await handle.load(account, userId);
  if (!('sellerId' in state) || state.sellerId !== sellerId) return;
  await handle(account, userId, { type: 'revoke_role', role: 'SELLER', by: bySystem }, subcommand(context, `role ${userId}`));
};

const teamOf = async (handle: Handle, sellerId: string) => {
  const { state } = await handle.load(seller, sellerId);
  if (!('members' in state)) throw new DomainError('seller.invitation_not_found', 'There is no such invitation.');
  return state;
};

/** The person gets the role first: whoever sells elsewhere is refused before the shop knows of it. */
export const acceptInvitation = async (handle: Handle, sellerId: string, userId: string, context: Context) => {
  const before = await handle.first(seller, sellerId, context);
  if (before) return before;
  const team = await teamOf(handle, sellerId);
  const command = { type: 'accept_invitation', memberId: userId, at: context.at } as const;
  if (!team.members.includes(userId)) {
    mustBeInvited(team, userId, context.at);
    seller.decide(command, team); // refuses before anybody gets a role
    await handle(account, userId, { type: 'grant_role', role: 'SELLER', sellerId, by: bySystem }, subcommand(context, 'role'));
  }
  return handle(seller, sellerId, command, context).catch(async (error: unknown) => {
    // The invitation was revoked meanwhile: the role must not outlive it.
    if (isRefusal(error)) await dismiss(handle, sellerId, userId, subcommand(context, 'undo'));
    throw error;
  });
};

/** Also takes back a role that an acceptance has left behind which broke off in the middle. */
const dismissUnlessMember = async (handle: Handle, sellerId: string, userId: string, context: Context) => {
  const { state } = await handle.load(seller, sellerId);
  const isPartOf = 'members' in state && (state.userId === userId || state.members.includes(userId));
  if (!isPartOf) await dismiss(handle, sellerId, userId, context);
};

export const declineInvitation = async (handle: Handle, sellerId: string, userId: string, context: Context) => {
  await teamOf(handle, sellerId);
  const result = await handle(seller, sellerId, { type: 'decline_invitation', memberId: userId }, context);
  if (result.events.length > 0) await dismissUnlessMember(handle, sellerId, userId, context);
  return result;
};

export const revokeInvitation = async (handle: Handle, sellerId: string, invitationId: string, context: Context) => {
  const result = await handle(seller, sellerId, { type: 'revoke_invitation', invitationId }, context);
  for (const { event } of result.events)
    if (event.type === 'seller.invitation_revoked') await dismissUnlessMember(handle, sellerId, event.memberId, context);
  return result;
};

/** Leaving and being let go are the same: the role goes, the person's sessions stay. */
export const removeMember = async (handle: Handle, sellerId: string, memberId: string, context: Context) => {
  const { state } = await handle.load(seller, sellerId);
  if (state.status === 'None') throw new DomainError('seller.not_found', 'There is no such seller.');
  if (memberId === state.userId) throw new DomainError('auth.own_role', 'The owner of a shop stays.');
  await dismiss(handle, sellerId, memberId, context);
  return handle(seller, sellerId, { type: 'remove_member', memberId }, context);
};
