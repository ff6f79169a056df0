// Whose purchases a caller may see: the own ones; those of a guest's cookie; the one that a link opens; and what guests bought with an address that is the caller's.
import type { Principal } from '../infra/http/env.ts';
import { guestBuyerId } from '../infra/http/guest.ts';
import type { Condition, TableReader } from '../infra/tables/port.ts';
import type { GuestRow } from '../projections/user/guests.ts';

export interface Buyers {
  /** All ids under which this caller has bought, the own one first. */
  idsOf(principal: Principal): Promise<readonly string[]>;
  /** Finds the rows of this buyer by their `buyerId`. */
  of(principal: Principal): Promise<Condition>;
  isBuyer(principal: Principal, row: { readonly buyerId: string; readonly checkoutId: string }): Promise<boolean>;
}

/** More purchases than anybody makes as a guest; of more, the others are seen one by one. */
const mostTaken = 500;

const idsOf = async (tables: TableReader, { kind, id }: Principal): Promise<readonly string[]> => {
  if (kind === 'guest') return [id];
  const taken = await tables.find('user-guests', { where: { userId: id }, limit: mostTaken });
  return [id, ...taken.map(({ key }) => key)];
};

export const createBuyers = (tables: TableReader, blindIndex: (kind: string, value: string) => string): Buyers => ({
  idsOf: (principal) => idsOf(tables, principal),
  of: async (principal) => {
    const ids = await idsOf(tables, principal);
    return ids.length === 1 ? principal.id : { in: ids };
  },
  isBuyer: async ({ kind, id, purchaseId }, { buyerId, checkoutId }) => {
    if (buyerId === id) return true;
    if (kind === 'guest') return purchaseId === undefined && buyerId === guestBuyerId(blindIndex, id, checkoutId);
    const text = await tables.get('user-guests', buyerId);
    return text !== null && (JSON.parse(text) as GuestRow).userId === id;
  },
});
