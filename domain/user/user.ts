// What a person tells us about himself or herself: a profile, addresses of which exactly one is primary, preferences. Erased, nothing is left.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { Sealed } from '../privacy.ts';
import type { UserEvent } from './events.ts';

export type Language = 'id' | 'en' | 'pt';

/** What an edit leaves out stays as it is. */
export type UserCommand =
  | { type: 'create'; userId: string; name: Sealed | null; phone: Sealed | null; language: Language }
  | { type: 'edit_profile'; name?: Sealed | null | undefined; phone?: Sealed | null | undefined }
  | { type: 'add_address'; addressId: string; label: Sealed | null; address: Sealed; primary: boolean }
  | { type: 'change_address'; addressId: string; label: Sealed | null; address: Sealed }
  | { type: 'remove_address'; addressId: string }
  | { type: 'set_primary_address'; addressId: string }
  | { type: 'set_preferences'; language?: Language | undefined; marketing?: boolean | undefined }
  | { type: 'erase' };

export type Address = { addressId: string; label: Sealed | null; address: Sealed };
type Known = {
  status: 'Active';
  userId: string;
  name: Sealed | null;
  phone: Sealed | null;
  addresses: readonly Address[];
  primaryAddressId: string | null;
  language: Language;
  marketing: boolean;
};
export type User = { status: 'None' } | Known | { status: 'Erased'; userId: string };

/** More than anybody lives at; every address is read with each purchase. */
const mostAddresses = 20;

const evolve = (user: User, event: UserEvent): User => {
  if (event.type === 'user.created') {
    const { userId, name, phone, language } = event;
    return { status: 'Active', userId, name, phone, addresses: [], primaryAddressId: null, language, marketing: false };
  }
  if (user.status !== 'Active') return user;
  switch (event.type) {
    case 'user.profile_edited':
      return { ...user, name: event.name, phone: event.phone };
    case 'user.address_added': {
      const { addressId, label, address, primary } = event;
      const addresses = [...user.addresses, { addressId, label, address }];
      return { ...user, addresses, primaryAddressId: primary ? addressId : user.primaryAddressId };
    }
    case 'user.address_changed': {
      const { addressId, label, address } = event;
      return { ...user, addresses: user.addresses.map((known) => (known.addressId === addressId ? { addressId, label, address } : known)) };
    }
    case 'user.address_removed':
      return {
        ...user,
        addresses: user.addresses.filter(({ addressId }) => addressId !== event.addressId),
        primaryAddressId: event.primaryAddressId,
      };
    case 'user.primary_address_set':
      return { ...user, primaryAddressId: event.addressId };
    case 'user.preferences_set':
      return { ...user, language: event.language, marketing: event.marketing };
    case 'user.erased':
      return { status: 'Erased', userId: user.userId };
    default:
      return event satisfies never;
  }
};

const create = (user: User, { userId, name, phone, language }: Of<'create'>): UserEvent[] => {
  if (user.status === 'Erased') throw notFound();
  return user.status === 'Active' ? [] : [{ type: 'user.created', userId, name, phone, language }];
};

const editProfile = (user: User, edit: Of<'edit_profile'>): UserEvent[] => {
  const known = mustBeActive(user);
  const name = edit.name === undefined ? known.name : edit.name;
  const phone = edit.phone === undefined ? known.phone : edit.phone;
  if (name === known.name && phone === known.phone) return [];
  return [{ type: 'user.profile_edited', userId: known.userId, name, phone }];
};

const addAddress = (user: User, { addressId, label, address, primary }: Of<'add_address'>): UserEvent[] => {
  const { userId, addresses } = mustBeActive(user);
  if (addresses.some((known) => known.addressId === addressId)) return [];
  if (addresses.length >= mostAddresses) {
    throw new DomainError('user.too_many_addresses', `At most ${mostAddresses} addresses can be kept.`, { most: mostAddresses });
  }
  return [{ type: 'user.address_added', userId, addressId, label, address, primary: primary || addresses.length === 0 }];
};

const changeAddress = (user: User, { addressId, label, address }: Of<'change_address'>): UserEvent[] => {
  const known = mustBeActive(user);
  const before = mustHave(known, addressId);
  if (before.label === label && before.address === address) return [];
  return [{ type: 'user.address_changed', userId: known.userId, addressId, label, address }];
};

const removeAddress = (user: User, { addressId }: Of<'remove_address'>): UserEvent[] => {
  const { userId, addresses, primaryAddressId } = mustBeActive(user);
  const left = addresses.filter((known) => known.addressId !== addressId);
  if (left.length === addresses.length) return [];
  const primary = primaryAddressId === addressId ? (left[0]?.addressId ?? null) : primaryAddressId;
  return [{ type: 'user.address_removed', userId, addressId, primaryAddressId: primary }];
};

const setPrimaryAddress = (user: User, { addressId }: Of<'set_primary_address'>): UserEvent[] => {
  const known = mustBeActive(user);
  mustHave(known, addressId);
  return known.primaryAddressId === addressId ? [] : [{ type: 'user.primary_address_set', userId: known.userId, addressId }];
};

const setPreferences = (user: User, command: Of<'set_preferences'>): UserEvent[] => {
  const known = mustBeActive(user);
  const { language = known.language, marketing = known.marketing } = command;
  if (language === known.language && marketing === known.marketing) return [];
  return [{ type: 'user.preferences_set', userId: known.userId, language, marketing }];
};

const erase = (user: User): UserEvent[] => {
  if (user.status === 'None') throw notFound();
  return user.status === 'Erased' ? [] : [{ type: 'user.erased', userId: user.userId }];
};

type Of<Type extends UserCommand['type']> = Extract<UserCommand, { type: Type }>;

const notFound = () => new DomainError('user.not_found', 'There is no such user.');

const mustBeActive = (user: User): Known => {
  if (user.status !== 'Active') throw notFound();
  return user;
};

const mustHave = (user: Known, addressId: string): Address => {
  const address = user.addresses.find((known) => known.addressId === addressId);
  if (!address) throw new DomainError('user.address_not_found', 'There is no such address.', { addressId });
  return address;
};

export const user: Decider<User, UserCommand, UserEvent> = {
  category: 'user',
  version: 1,
  initial: { status: 'None' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'create':
        return create(state, command);
      case 'edit_profile':
        return editProfile(state, command);
      case 'add_address':
        return addAddress(state, command);
      case 'change_address':
        return changeAddress(state, command);
      case 'remove_address':
        return removeAddress(state, command);
      case 'set_primary_address':
        return setPrimaryAddress(state, command);
      case 'set_preferences':
        return setPreferences(state, command);
      case 'erase':
        return erase(state);
      default:
        return command satisfies never;
    }
  },
};
