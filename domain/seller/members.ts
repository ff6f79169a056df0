// Who works in a store besides its owner: asked first, and only with a yes of their own; they may leave, and be let go.
import { DomainError } from '../error.ts';
import { days, later } from '../id.ts';
import type { Of } from './commands.ts';
import type { SellerEvent } from './events.ts';

export interface Invitation {
  readonly invitationId: string;
  readonly memberId: string;
  readonly expiresAt: string;
}

export interface Team {
  readonly members: readonly string[];
  /** Neither accepted, declined nor revoked; some may have expired. At most one for each person. */
  readonly invitations: readonly Invitation[];
  /** Who was invited when, in the last 30 days, the earliest first. */
  readonly invited: readonly { readonly memberId: string; readonly at: string }[];
}

export const noTeam: Team = { members: [], invitations: [], invited: [] };

const maxMembers = 20;
const invitationLifetime = days(7);
/** Over so long a time invitations are counted: each is a mail to somebody who has not asked for one. */
const countedFor = days(30);
const maxInvitations = 60;
const maxInvitationsOfOne = 3;

type TeamEvent = Extract<SellerEvent, { memberId: string }>;

export const afterTeamEvent = <Store extends Team>(store: Store, event: TeamEvent): Store => {
  const { memberId } = event;
  const invitations = store.invitations.filter((one) => one.memberId !== memberId);
  switch (event.type) {
    case 'seller.member_added':
      return { ...store, invitations, members: [...store.members, memberId] };
    case 'seller.member_removed':
      return { ...store, members: store.members.filter((member) => member !== memberId) };
    case 'seller.member_invited': {
      const { invitationId, invitedAt: at, expiresAt } = event;
      const invited = [...store.invited.filter((before) => later(before.at, countedFor) > at), { memberId, at }];
      return { ...store, invited, invitations: [...invitations, { invitationId, memberId, expiresAt }] };
    }
    case 'seller.invitation_declined':
    case 'seller.invitation_revoked':
      return { ...store, invitations };
    default:
      return event satisfies never;
  }
};

type Whose = { sellerId: string; userId: string };
type Known = Team & Whose & { status: string };

const whose = ({ sellerId, userId }: Whose): Whose => ({ sellerId, userId });

const mustSell = ({ status }: Known) => {
  if (status !== 'Active' && status !== 'OnHoliday')
    throw new DomainError('seller.wrong_status', `Nobody is invited while the seller is ${status}.`, { status });
};

const mustFit = ({ members, invitations, invited }: Known, memberId: string, at: string) => {
  const open = invitations.filter(({ expiresAt }) => expiresAt > at);
  if (members.length + open.length >= maxMembers)
    throw new DomainError('seller.too_many_members', `At most ${maxMembers} people work in one store.`, { most: maxMembers });
  const recent = invited.filter((before) => later(before.at, countedFor) > at);
  const ofThisOne = recent.filter((before) => before.memberId === memberId).length;
  if (recent.length >= maxInvitations || ofThisOne >= maxInvitationsOfOne) {
    const limits = { most: maxInvitations, mostOfOne: maxInvitationsOfOne, days: 30 };
    throw new DomainError('seller.too_many_invitations', 'Too many people were invited, or this one too often; try again later.', limits);
  }
};

/** Who works here already, or has an open invitation, is not asked again. */
export const inviteMember = (seller: Known, { invitationId, memberId, email, at }: Of<'invite_member'>): SellerEvent[] => {
  if (memberId === seller.userId || seller.members.includes(memberId)) return [];
  if (seller.invitations.some((one) => one.memberId === memberId && one.expiresAt > at)) return [];
  mustSell(seller);
  mustFit(seller, memberId, at);
  const expiresAt = later(at, invitationLifetime);
  return [{ type: 'seller.member_invited', ...whose(seller), invitationId, memberId, email, invitedAt: at, expiresAt }];
};

/** The invitation that this person may still accept. Throws seller.invitation_not_found, seller.invitation_expired. */
export const mustBeInvited = ({ invitations }: Team, memberId: string, at: string): Invitation => {
  const found = invitations.find((one) => one.memberId === memberId);
  if (!found) throw new DomainError('seller.invitation_not_found', 'There is no such invitation.');
  if (found.expiresAt <= at)
    throw new DomainError('seller.invitation_expired', 'The invitation has expired; ask the shop for a new one.', {
      expiresAt: found.expiresAt,
    });
  return found;
};

export const acceptInvitation = (seller: Known, { memberId, at }: Of<'accept_invitation'>): SellerEvent[] => {
  if (seller.members.includes(memberId)) return [];
  mustBeInvited(seller, memberId, at);
  mustSell(seller);
  return [{ type: 'seller.member_added', ...whose(seller), memberId }];
};

export const declineInvitation = (seller: Known, { memberId }: Of<'decline_invitation'>): SellerEvent[] => {
  const found = seller.invitations.find((one) => one.memberId === memberId);
  return found ? [{ type: 'seller.invitation_declined', ...whose(seller), invitationId: found.invitationId, memberId }] : [];
};

export const revokeInvitation = (seller: Known, { invitationId }: Of<'revoke_invitation'>): SellerEvent[] => {
  const found = seller.invitations.find((one) => one.invitationId === invitationId);
  return found ? [{ type: 'seller.invitation_revoked', ...whose(seller), invitationId, memberId: found.memberId }] : [];
};

export const removeMember = (seller: Known, { memberId }: Of<'remove_member'>): SellerEvent[] =>
  seller.members.includes(memberId) ? [{ type: 'seller.member_removed', ...whose(seller), memberId }] : [];
