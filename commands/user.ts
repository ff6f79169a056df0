// Commands of people: profile, addresses, preferences, erasure.
import { account } from '../domain/account/account.ts';
import { DomainError } from '../domain/error.ts';
import type { Sealed } from '../domain/privacy.ts';
import { type Language, user } from '../domain/user/user.ts';
import type { Context, Handle } from './handle.ts';

export const editProfile = (
  handle: Handle,
  userId: string,
  edit: { name?: Sealed | null | undefined; phone?: Sealed | null | undefined },
  context: Context,
) => handle(user, userId, { type: 'edit_profile', ...edit }, context);

export const addAddress = (
  handle: Handle,
  userId: string,
  input: { addressId: string; label: Sealed | null; address: Sealed; primary: boolean },
  context: Context,
) => handle(user, userId, { type: 'add_address', ...input }, context);

export const changeAddress = (
  handle: Handle,
  userId: string,
  input: { addressId: string; label: Sealed | null; address: Sealed },
  context: Context,
) => handle(user, userId, { type: 'change_address', ...input }, context);

export const removeAddress = (handle: Handle, userId: string, addressId: string, context: Context) =>
  handle(user, userId, { type: 'remove_address', addressId }, context);

export const setPrimaryAddress = (handle: Handle, userId: string, addressId: string, context: Context) =>
  handle(user, userId, { type: 'set_primary_address', addressId }, context);

export const setPreferences = (
  handle: Handle,
  userId: string,
  input: { language?: Language | undefined; marketing?: boolean | undefined },
  context: Context,
) => handle(user, userId, { type: 'set_preferences', ...input }, context);

/** Throws auth.not_registered for accounts that are not there (any more): nothing may be sealed for them. */
export const mustBeRegistered = async (handle: Handle, userId: string): Promise<void> => {
  const { state } = await handle.load(account, userId);
  if (state.status === 'None' || state.status === 'Erased') throw new DomainError('auth.not_registered', 'There is no such account.');
};
