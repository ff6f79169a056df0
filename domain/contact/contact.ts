// A contact: what was bought by one e-mail address, telephone number or account, as far as limits and the taking over of guests' purchases need it.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { ContactEvent } from './events.ts';

export type ContactCommand =
  | {
      type: 'use';
      contactId: string;
      checkoutId: string;
      buyerId: string;
      codOrders: number;
      /** How many orders to be paid at the door may be open at once. */
      maxCodOrders: number;
      over: readonly string[];
      at: string;
    }
  | { type: 'take'; contactId: string; userId: string; at: string }
  | { type: 'forget'; contactId: string; checkoutId: string; buyerId: string; at: string };

export interface ContactPurchase {
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly codOrders: number;
}

/** `purchases`: those whose orders may still be open at the door, and on an address all that nobody has taken over. */
export interface Contact {
  readonly purchases: readonly ContactPurchase[];
  readonly userId: string | null;
  /** By the buyer of a purchase: the account whose it is now. */
  readonly taken: Readonly<Record<string, string>>;
}

type Of<T extends ContactCommand['type']> = Extract<ContactCommand, { type: T }>;

/** An append takes at most 100 events. */
const takenAtOnce = 90;

/** A long history must not make a stream's state grow without end; the oldest are no longer counted or taken over. */
const keptPurchases = 1_000;

export const openCodOrders = ({ purchases }: Contact, but: readonly string[] = []): number =>
  purchases.reduce((sum, { checkoutId, codOrders }) => (but.includes(checkoutId) ? sum : sum + codOrders), 0);

const evolve = (contact: Contact, event: ContactEvent): Contact => {
  switch (event.type) {
    case 'contact.used': {
      const { checkoutId, buyerId, codOrders, over, userId } = event;
      const still = contact.purchases.map((each) => (over.includes(each.checkoutId) ? { ...each, codOrders: 0 } : each));
      const purchases = [...still.filter((each) => each.checkoutId !== checkoutId), { checkoutId, buyerId, codOrders }];
      return {
        ...contact,
        purchases: purchases.slice(-keptPurchases),
        taken: userId === null ? contact.taken : { ...contact.taken, [buyerId]: userId },
      };
    }
    case 'contact.purchase_taken':
      return { ...contact, taken: { ...contact.taken, [event.buyerId]: event.userId } };
    case 'contact.taken':
      return { ...contact, userId: event.userId };
    case 'contact.purchase_forgotten': {
      const { [event.buyerId]: _gone, ...taken } = contact.taken;
      return { ...contact, purchases: contact.purchases.filter(({ buyerId }) => buyerId !== event.buyerId), taken };
    }
    default:
      return event satisfies never;
  }
};

const use = (contact: Contact, { type: _type, maxCodOrders, over, ...said }: Of<'use'>): ContactEvent[] => {
  const { checkoutId, codOrders } = said;
  const known = contact.purchases.find((each) => each.checkoutId === checkoutId);
  if (known && known.codOrders === codOrders) return [];
  const opened = codOrders === 0 ? 0 : openCodOrders(contact, [...over, checkoutId]);
  if (opened + codOrders > maxCodOrders && codOrders > 0) {
    throw new DomainError('checkout.cod_limit', 'Receive or cancel open orders first, or pay in another way.', {
      limit: maxCodOrders,
      open: opened,
    });
  }
  return [{ type: 'contact.used', ...said, over: [...over], userId: contact.userId }];
};

/** As many as one append takes; asked again, the next ones, and last the contact itself. */
const take = (contact: Contact, { contactId, userId, at }: Of<'take'>): ContactEvent[] => {
  const left = contact.userId === userId ? [] : contact.purchases.filter(({ buyerId }) => contact.taken[buyerId] === undefined);
  const taken = left
    .slice(0, takenAtOnce)
    .map(({ checkoutId, buyerId }): ContactEvent => ({ type: 'contact.purchase_taken', contactId, checkoutId, buyerId, userId, at }));
  if (left.length > takenAtOnce || contact.userId === userId) return taken;
  return [...taken, { type: 'contact.taken', contactId, userId, at }];
};

const forget = (contact: Contact, { contactId, checkoutId, buyerId, at }: Of<'forget'>): ContactEvent[] =>
  contact.purchases.some((each) => each.buyerId === buyerId) || contact.taken[buyerId] !== undefined
    ? [{ type: 'contact.purchase_forgotten', contactId, checkoutId, buyerId, at }]
    : [];

export const contact: Decider<Contact, ContactCommand, ContactEvent> = {
  category: 'contact',
  version: 1,
  initial: { purchases: [], userId: null, taken: {} },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'use':
        return use(state, command);
      case 'take':
        return take(state, command);
      case 'forget':
        return forget(state, command);
      default:
        return command satisfies never;
    }
  },
};
