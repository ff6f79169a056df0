// Who was invited to work in which shop, and what came of it: the rows behind GET /users/me/invitations and GET /sellers/me/invitations.
import type { Sealed } from '../../domain/privacy.ts';
import type { SellerEvent } from '../../domain/seller/events.ts';
import type { Projection } from '../projection.ts';

export interface InvitationRow {
  readonly invitationId: string;
  readonly sellerId: string;
  readonly memberId: string;
  /** Sealed for the invited person; null: invited by the id. */
  readonly email: Sealed | null;
  readonly status: 'Pending' | 'Accepted' | 'Declined' | 'Revoked';
  readonly invitedAt: string;
  readonly expiresAt: string;
}

type Read = Extract<SellerEvent, { type: `seller.${'member_invited' | 'member_added' | 'invitation_declined' | 'invitation_revoked'}` }>;

const outcomes = {
  'seller.member_added': 'Accepted',
  'seller.invitation_declined': 'Declined',
  'seller.invitation_revoked': 'Revoked',
} as const;

/** One row for each shop and person: the latest invitation. Members of before there were invitations have none. */
export const invitations: Projection<InvitationRow, Read> = {
  name: 'seller-invitations',
  service: 'seller',
  version: 1,
  reads: ['seller.member_invited', 'seller.member_added', 'seller.invitation_declined', 'seller.invitation_revoked'],
  key: ({ event }) => `${event.sellerId}.${event.memberId}`,
  evolve: (row, { event }) => {
    if (event.type !== 'seller.member_invited') return row && { ...row, status: outcomes[event.type] };
    const { invitationId, sellerId, memberId, email, invitedAt, expiresAt } = event;
    return { invitationId, sellerId, memberId, email, status: 'Pending', invitedAt, expiresAt };
  },
  // NOTE: no column says sellerId, which would hide the row from all but that seller, and its invited person asks too.
  shape: {
    columns: { shop: 'text', memberId: 'text', status: 'text', invitedAt: 'text', expiresAt: 'text' },
    indexes: [
      ['memberId', 'status', 'invitedAt'],
      ['shop', 'invitedAt'],
    ],
  },
  columns: ({ sellerId, memberId, status, invitedAt, expiresAt }) => ({ shop: sellerId, memberId, status, invitedAt, expiresAt }),
};
