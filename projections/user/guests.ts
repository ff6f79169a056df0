// Which account a guest's purchase belongs to, if its address was verified by one: how a buyer finds what was bought before there was an account.
import type { ContactEvent } from '../../domain/contact/events.ts';
import type { Projection } from '../projection.ts';

/** `userId` is null while the purchase is the guest's alone. */
export interface GuestRow {
  readonly buyerId: string;
  readonly checkoutId: string;
  readonly userId: string | null;
}

type Read = Exclude<ContactEvent, { type: 'contact.taken' }>;

/** Keyed by the guest's id, which is one of one purchase. */
export const guests: Projection<GuestRow, Read> = {
  name: 'user-guests',
  service: 'user',
  version: 1,
  reads: ['contact.used', 'contact.purchase_taken', 'contact.purchase_forgotten'],
  key: ({ event }) => (event.contactId.startsWith('email.') ? event.buyerId : null),
  evolve: (row, { event }) => {
    if (event.type === 'contact.purchase_forgotten') return null;
    const { buyerId, checkoutId, userId } = event;
    return row?.userId ? row : { buyerId, checkoutId, userId };
  },
  shape: { columns: { userId: 'text' }, indexes: [['userId']] },
  columns: ({ userId }) => ({ userId }),
};
