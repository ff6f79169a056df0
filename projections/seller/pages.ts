// The page that everybody may see of a shop, from its approval on: the rows behind GET /sellers and GET /sellers/:idOrSlug.
import type { SellerEvent } from '../../domain/seller/events.ts';
import type { Projection } from '../projection.ts';

export interface PageRow {
  readonly sellerId: string;
  readonly storeName: string;
  readonly slug: string;
  readonly city: string;
  readonly description: string;
  readonly logoUrl: string | null;
  readonly status: 'Active' | 'OnHoliday' | 'Suspended' | 'Closing' | 'Closed';
  readonly sellsSince: string;
}

/** Until its approval nothing is shown, so a row that is not approved yet has no date. */
interface Draft extends Omit<PageRow, 'sellsSince'> {
  readonly sellsSince: string | null;
}

type Read = Extract<
  SellerEvent,
  {
    type:
      | 'seller.applied'
      | 'seller.approved'
      | 'seller.page_edited'
      | 'seller.holiday_started'
      | 'seller.holiday_ended'
      | 'seller.suspended'
      | 'seller.reinstated'
      | 'seller.close_requested'
      | 'seller.closed';
  }
>;

const after = (row: Draft, event: Exclude<Read, { type: 'seller.applied' }>, at: string): Draft => {
  switch (event.type) {
    case 'seller.approved':
      return { ...row, status: 'Active', sellsSince: at };
    case 'seller.page_edited': {
      const { storeName, city, description, logoUrl } = event;
      return { ...row, storeName, city, description, logoUrl };
    }
    case 'seller.holiday_started':
      return { ...row, status: 'OnHoliday' };
    case 'seller.holiday_ended':
    case 'seller.reinstated':
      return { ...row, status: 'Active' };
    case 'seller.suspended':
      return { ...row, status: 'Suspended' };
    case 'seller.close_requested':
      return { ...row, status: 'Closing' };
    case 'seller.closed':
      return { ...row, status: 'Closed' };
    default:
      return event satisfies never;
  }
};

export const pages: Projection<Draft, Read> = {
  name: 'seller-pages',
  service: 'seller',
  version: 2,
  own: {
    category: 'seller',
    alsoReads: [
      'seller.document_added',
      'seller.review_started',
      'seller.rejected',
      'seller.bank_account_changed',
      'seller.member_added',
      'seller.member_removed',
      'seller.member_invited',
      'seller.invitation_declined',
      'seller.invitation_revoked',
      'seller.commission_set',
    ],
  },
  reads: [
    'seller.applied',
    'seller.approved',
    'seller.page_edited',
    'seller.holiday_started',
    'seller.holiday_ended',
    'seller.suspended',
    'seller.reinstated',
    'seller.close_requested',
    'seller.closed',
  ],
  key: ({ event }) => event.sellerId,
  evolve: (row, { event, metadata }) => {
    if (event.type !== 'seller.applied') return row && after(row, event, metadata.occurredAt);
    const { sellerId, storeName, slug, city, description } = event;
    return { sellerId, storeName, slug, city, description, logoUrl: null, status: 'Active', sellsSince: null };
  },
  shape: {
    columns: { sellerId: 'text', slug: 'text', shown: 'integer', open: 'integer', storeName: 'text' },
    indexes: [['sellerId'], ['slug'], ['open', 'storeName']],
  },
  columns: ({ sellerId, slug, storeName, status, sellsSince }) => ({
    sellerId,
    slug,
    storeName,
    shown: sellsSince === null ? 0 : 1,
    open: sellsSince !== null && (status === 'Active' || status === 'OnHoliday') ? 1 : 0,
  }),
};
