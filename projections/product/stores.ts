// Each seller as it stands beside a product: name, city, and whether the store sells at the moment.
import type { SellerEvent } from '../../domain/seller/events.ts';
import type { Projection } from '../projection.ts';

export interface StoreRow {
  readonly sellerId: string;
  readonly name: string;
  readonly slug: string;
  readonly city: string;
  readonly logoUrl: string | null;
  readonly status: 'Applied' | 'Active' | 'OnHoliday' | 'Suspended' | 'Closing' | 'Closed' | 'Rejected';
}

const statusAfter = {
  'seller.approved': 'Active',
  'seller.rejected': 'Rejected',
  'seller.holiday_started': 'OnHoliday',
  'seller.holiday_ended': 'Active',
  'seller.suspended': 'Suspended',
  'seller.reinstated': 'Active',
  'seller.close_requested': 'Closing',
  'seller.closed': 'Closed',
} as const;

type StoreEvent = Extract<SellerEvent, { type: 'seller.applied' | 'seller.page_edited' | keyof typeof statusAfter }>;

export const productStores: Projection<StoreRow, StoreEvent> = {
  name: 'product-stores',
  service: 'product',
  version: 1,
  reads: [
    'seller.applied',
    'seller.page_edited',
    'seller.approved',
    'seller.rejected',
    'seller.holiday_started',
    'seller.holiday_ended',
    'seller.suspended',
    'seller.reinstated',
    'seller.close_requested',
    'seller.closed',
  ],
  key: ({ event }) => event.sellerId,
  evolve: (row, { event }) => {
    if (event.type === 'seller.applied') {
      const { sellerId, storeName, slug, city } = event;
      return { sellerId, name: storeName, slug, city, logoUrl: null, status: 'Applied' };
    }
    if (!row) return null;
    if (event.type !== 'seller.page_edited') return { ...row, status: statusAfter[event.type] };
    return { ...row, name: event.storeName, city: event.city, logoUrl: event.logoUrl };
  },
  // Goods of a store on holiday are still shown: it comes back.
  shape: { columns: { hidden: 'integer' }, indexes: [['hidden'], ['position']] },
  columns: ({ status }) => ({ hidden: status === 'Active' || status === 'OnHoliday' ? 0 : 1 }),
};
