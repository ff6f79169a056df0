// What an account can be asked. Passwords and tokens have been checked before; here stands only what follows from it.
import type { Sealed } from '../privacy.ts';
import type { Role } from './events.ts';

/** Who rules over an account: the command line and sagas are the system, everybody else has the roles of his or her token. */
export type Ruler = { kind: 'system' } | { kind: 'user'; userId: string; roles: readonly Role[] };

/** `credentialId` names the entry in the vault that was written before. */
export type AccountCommand =
  | { type: 'register'; userId: string; email: Sealed | null; emailVerified: boolean; credentialId: string | null }
  | { type: 'verify_email' }
  | { type: 'request_password_reset'; resetId: string; at: string }
  /** Signs out every other session; a reset has none of its own. */
  | { type: 'change_password'; credentialId: string; how: 'change' | 'reset'; sessionId: string | null }
  | { type: 'enable_totp'; credentialId: string }
  | { type: 'disable_totp' }
  | { type: 'link_identity'; provider: string; identityId: string }
  | { type: 'open_session'; sessionId: string; method: 'password' | 'totp' | 'oauth'; device: Sealed | null }
  | { type: 'revoke_session'; sessionId: string; reason: 'signed_out' | 'revoked' | 'token_reused' }
  | { type: 'revoke_all_sessions'; exceptSessionId: string | null }
  /** `sellerId` is for SELLER alone, else null. */
  | { type: 'grant_role'; role: Role; sellerId: string | null; by: Ruler }
  | { type: 'revoke_role'; role: Role; by: Ruler }
  | { type: 'suspend'; reason: 'fraud' | 'abuse' | 'request' | 'other'; note: Sealed | null; by: Ruler }
  | { type: 'reinstate'; by: Ruler }
  | { type: 'erase' };

export type Of<Type extends AccountCommand['type']> = Extract<AccountCommand, { type: Type }>;
