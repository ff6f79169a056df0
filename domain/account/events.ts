// What an account's stream may contain. The storage contract: change it only by a new version and an upcaster.
// Passwords, refresh tokens and TOTP secrets stand in the vault; an event only names the entry there.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open, pii } from '../privacy.ts';

export const Role = z.enum(['CUSTOMER', 'SELLER', 'AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN']);
export type Role = z.infer<typeof Role>;

const userId = open(z.string());
const sellerId = open(z.string().nullable());
/** Rises with all that makes the tokens issued before it worthless. */
const epoch = open(z.int().positive());
/** The entry of the vault. */
const credentialId = open(z.string());

/** `email` and `credentialId` are null where there are none: an imported buyer has neither, one who came by OAuth has no password. */
export const AccountRegistered = z.object({
  type: z.literal('account.registered'),
  userId,
  email: pii().nullable(),
  emailVerified: open(z.boolean()),
  credentialId: open(z.string().nullable()),
  roles: open(z.array(Role)),
  epoch,
});
export const AccountEmailVerified = z.object({ type: z.literal('account.email_verified'), userId });
export const AccountPasswordResetRequested = z.object({
  type: z.literal('account.password_reset_requested'),
  userId,
  resetId: open(z.string()),
  /** Absent in events of before links were spaced. */
  at: open(Instant).optional(),
});
export const AccountPasswordChanged = z.object({
  type: z.literal('account.password_changed'),
  userId,
  credentialId,
  how: open(z.enum(['change', 'reset'])),
});
export const AccountTotpEnabled = z.object({ type: z.literal('account.totp_enabled'), userId, credentialId });
export const AccountTotpDisabled = z.object({ type: z.literal('account.totp_disabled'), userId });
/** `identityId` is the HMAC of the provider's name for the person. */
export const AccountIdentityLinked = z.object({
  type: z.literal('account.identity_linked'),
  userId,
  provider: open(z.string()),
  identityId: open(z.string()),
});
/** `device` seals the JSON {userAgent, address} of who signed in. */
export const AccountSessionOpened = z.object({
  type: z.literal('account.session_opened'),
  userId,
  sessionId: open(z.string()),
  method: open(z.enum(['password', 'totp', 'oauth'])),
  device: pii().nullable(),
});
export const AccountSessionRevoked = z.object({
  type: z.literal('account.session_revoked'),
  userId,
  sessionId: open(z.string()),
  reason: open(z.enum(['signed_out', 'revoked', 'too_many', 'token_reused'])),
});
export const AccountAllSessionsRevoked = z.object({
  type: z.literal('account.all_sessions_revoked'),
  userId,
  sessionIds: open(z.array(z.string())),
  exceptSessionId: open(z.string().nullable()),
});
export const AccountRoleGranted = z.object({ type: z.literal('account.role_granted'), userId, role: open(Role), sellerId, epoch });
export const AccountRoleRevoked = z.object({ type: z.literal('account.role_revoked'), userId, role: open(Role), sellerId, epoch });
export const AccountSuspended = z.object({
  type: z.literal('account.suspended'),
  userId,
  reason: open(z.enum(['fraud', 'abuse', 'request', 'other'])),
  note: pii().nullable(),
  epoch,
});
export const AccountReinstated = z.object({ type: z.literal('account.reinstated'), userId, epoch });
export const AccountErased = z.object({ type: z.literal('account.erased'), userId, epoch });

export const AccountEvent = z.discriminatedUnion('type', [
  AccountRegistered,
  AccountEmailVerified,
  AccountPasswordResetRequested,
  AccountPasswordChanged,
  AccountTotpEnabled,
  AccountTotpDisabled,
  AccountIdentityLinked,
  AccountSessionOpened,
  AccountSessionRevoked,
  AccountAllSessionsRevoked,
  AccountRoleGranted,
  AccountRoleRevoked,
  AccountSuspended,
  AccountReinstated,
  AccountErased,
]);
export type AccountEvent = z.infer<typeof AccountEvent>;
