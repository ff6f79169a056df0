// Commands of people: profile, addresses, preferences, erasure.
import { account } from '../domain/account/account.ts';
import { DomainError } from '../domain/error.ts';
import type { Sealed } from '../domain/privacy.ts';
import { seller } from '../domain/seller/seller.ts';
import { type Language, user } from '../domain/user/user.ts';
import { claimantOf } from './claims.ts';
import { type Context, type Handle, newId } from './handle.ts';

export const editProfile = (
  handle: Handle,
  userId: string,
  edit: { name?: Sealed | null | undefined; phone?: Sealed | null | undefined },
  context: Context,
) => handle(user, userId, { type: 'edit_profile', ...edit }, context);

export const addAddress = (
  handle: Handle,
  userId: string,
  input: { label: Sealed | null; address: Sealed; primary: boolean },
  context: Context,
) => handle(user, userId, { type: 'add_address', addressId: newId(context, 0), ...input }, context);

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

/** Throws while the person owns a shop, or has applied for one: somebody must answer for its orders. */
const mustOwnNoStore = async (handle: Handle, userId: string) => {
  const applied = await claimantOf(handle, { kind: 'applicant', id: userId });
  const { state: known } = await handle.load(account, userId);
  const sellerId = ('sellerId' in known ? known.sellerId : null) ?? (applied?.confirmed ? applied.owner : null);
  if (sellerId === null) return;
  const { state } = await handle.load(seller, sellerId);
  const isOver = state.status === 'None' || state.status === 'Closed' || state.status === 'Rejected';
  if (!isOver && state.userId === userId) throw new DomainError('user.has_store', 'Close the shop first.', { sellerId });
};

/** Ends the account for good; a saga destroys what is kept beside the log. */
export const eraseAccount = async (handle: Handle, userId: string, context: Context) => {
  await mustOwnNoStore(handle, userId);
  return handle(account, userId, { type: 'erase' }, context);
};

/** Throws auth.not_registered for accounts that are not there (any more): nothing may be sealed for them. */
export const mustBeRegistered = async (handle: Handle, userId: string): Promise<void> => {
  const { state } = await handle.load(account, userId);
  if (state.status === 'None' || state.status === 'Erased') throw new DomainError('auth.not_registered', 'There is no such account.');
};
