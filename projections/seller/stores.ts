// Every shop as its owner and the administrators see it: the rows behind GET /sellers/me and GET /admin/sellers.
import type { Sealed } from '../../domain/privacy.ts';
import type { CommissionRule, SellerDocument, SellerEvent } from '../../domain/seller/events.ts';
import type { Projection } from '../projection.ts';

export type StoreStatus = 'Applied' | 'InReview' | 'Active' | 'OnHoliday' | 'Suspended' | 'Rejected' | 'Closing' | 'Closed';

export interface StoreRow {
  readonly sellerId: string;
  readonly userId: string;
  readonly status: StoreStatus;
  readonly storeName: string;
  readonly slug: string;
  readonly city: string;
  readonly description: string;
  readonly logoUrl: string | null;
  readonly bankAccount: Sealed | null;
  readonly documents: readonly SellerDocument[];
  readonly members: readonly string[];
  readonly commissions: readonly CommissionRule[];
  /** Why it was refused or suspended; `note` is for the seller's eyes and the administrators'. */
  readonly reason: string | null;
  readonly note: Sealed | null;
  readonly closesAt: string | null;
  readonly appliedAt: string;
}

/** As many as the aggregate keeps: two years of monthly rules. */
const keptCommissions = 24;

const begun = (event: Extract<SellerEvent, { type: 'seller.applied' }>, appliedAt: string): StoreRow => {
  const { type: _, ...application } = event;
  const nothingYet = { logoUrl: null, members: [], commissions: [], reason: null, note: null, closesAt: null };
  return { ...application, ...nothingYet, status: 'Applied', appliedAt };
};

/** Invitations have rows of their own. */
type Read = Exclude<SellerEvent, { type: `seller.${'member_invited' | 'invitation_declined' | 'invitation_revoked'}` }>;

const after = (row: StoreRow, event: Exclude<Read, { type: 'seller.applied' }>): StoreRow => {
  switch (event.type) {
    case 'seller.document_added':
      return { ...row, documents: [...row.documents, event.document] };
    case 'seller.review_started':
      return { ...row, status: 'InReview' };
    case 'seller.approved':
    case 'seller.holiday_ended':
    case 'seller.reinstated':
      return { ...row, status: 'Active', reason: null, note: null };
    case 'seller.rejected':
      return { ...row, status: 'Rejected', reason: event.reason, note: event.note };
    case 'seller.page_edited': {
      const { storeName, city, description, logoUrl } = event;
      return { ...row, storeName, city, description, logoUrl };
    }
    case 'seller.bank_account_changed':
      return { ...row, bankAccount: event.bankAccount };
    case 'seller.member_added':
      return { ...row, members: [...row.members, event.memberId] };
    case 'seller.member_removed':
      return { ...row, members: row.members.filter((memberId) => memberId !== event.memberId) };
    case 'seller.commission_set':
      return { ...row, commissions: [...row.commissions, event.rule].slice(-keptCommissions) };
    case 'seller.holiday_started':
      return { ...row, status: 'OnHoliday' };
    case 'seller.suspended':
      return { ...row, status: 'Suspended', reason: event.reason, note: event.note };
    case 'seller.close_requested':
      return { ...row, status: 'Closing', closesAt: event.closesAt };
    case 'seller.closed':
      return { ...row, status: 'Closed' };
    default:
      return event satisfies never;
  }
};

export const stores: Projection<StoreRow, Read> = {
  name: 'seller-stores',
  service: 'seller',
  version: 2,
  own: { category: 'seller', alsoReads: ['seller.member_invited', 'seller.invitation_declined', 'seller.invitation_revoked'] },
  reads: [
    'seller.applied',
    'seller.document_added',
    'seller.review_started',
    'seller.approved',
    'seller.rejected',
    'seller.page_edited',
    'seller.bank_account_changed',
    'seller.member_added',
    'seller.member_removed',
    'seller.commission_set',
    'seller.holiday_started',
    'seller.holiday_ended',
    'seller.suspended',
    'seller.reinstated',
    'seller.close_requested',
    'seller.closed',
  ],
  key: ({ event }) => event.sellerId,
  evolve: (row, { event, metadata }) => {
    if (event.type === 'seller.applied') return begun(event, metadata.occurredAt);
    return row && after(row, event);
  },
  shape: {
    columns: { userId: 'text', status: 'text', appliedAt: 'text' },
    indexes: [['userId', 'appliedAt'], ['status', 'appliedAt'], ['appliedAt']],
  },
  columns: ({ userId, status, appliedAt }) => ({ userId, status, appliedAt }),
};
