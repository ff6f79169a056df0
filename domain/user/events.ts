// What a user's stream may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { open, pii } from '../privacy.ts';

const userId = open(z.string());
const addressId = open(z.string());
const language = open(z.enum(['id', 'en', 'pt']));

/** What is known of the person; null where nothing is. */
const profile = { name: pii().nullable(), phone: pii().nullable() };
/** `address` seals the JSON of one address, `label` the person's own word for it. */
const address = { addressId, label: pii().nullable(), address: pii() };

export const UserCreated = z.object({ type: z.literal('user.created'), userId, ...profile, language });
export const UserProfileEdited = z.object({ type: z.literal('user.profile_edited'), userId, ...profile });
export const UserAddressAdded = z.object({ type: z.literal('user.address_added'), userId, ...address, primary: open(z.boolean()) });
export const UserAddressChanged = z.object({ type: z.literal('user.address_changed'), userId, ...address });
/** `primaryAddressId` is the primary one from now on; null when none is left. */
export const UserAddressRemoved = z.object({
  type: z.literal('user.address_removed'),
  userId,
  addressId,
  primaryAddressId: open(z.string().nullable()),
});
export const UserPrimaryAddressSet = z.object({ type: z.literal('user.primary_address_set'), userId, addressId });
export const UserPreferencesSet = z.object({
  type: z.literal('user.preferences_set'),
  userId,
  language,
  marketing: open(z.boolean()),
});
/** The key that opens everything sealed above is destroyed; what read models hold in plain text goes. */
export const UserErased = z.object({ type: z.literal('user.erased'), userId });

export const UserEvent = z.discriminatedUnion('type', [
  UserCreated,
  UserProfileEdited,
  UserAddressAdded,
  UserAddressChanged,
  UserAddressRemoved,
  UserPrimaryAddressSet,
  UserPreferencesSet,
  UserErased,
]);
export type UserEvent = z.infer<typeof UserEvent>;
