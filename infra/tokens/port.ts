// Proofs of who somebody is: access tokens, refresh tokens, tokens that were mailed, and what makes them worthless before their time.
import { days } from '../../domain/id.ts';
import type { Role } from '../http/env.ts';
import type { MailedTokenKind } from '../vault/port.ts';

/** `sub` is the user, `sid` the session, `seller` the store that the user may act for; `epoch` rises whenever roles change. */
export interface Subject {
  readonly sub: string;
  readonly sid: string;
  readonly roles: readonly Role[];
  readonly seller: string | null;
  readonly epoch: number;
}

/** What a token that holds says. `iat` and `exp` in seconds since 1970. */
export interface Claims extends Subject {
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/** The public half of a key that signs, as RFC 7517 wants it. */
export interface PublicKey {
  readonly kty: 'RSA';
  readonly kid: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
  readonly n: string;
  readonly e: string;
}

export interface AccessTokens {
  sign(subject: Subject): Promise<{ token: string; expiresAt: string }>;
  /**
   * What the token says: at once if its signature has been checked before, else a promise; `await` does for both.
   * Throws `auth.session_ended`, or `auth.bad_token` for anything else that is wrong with it (details.reason `expired` where that is all).
   */
  verify(token: string): Claims | Promise<Claims>;
  /** The document of public keys behind `/.well-known/jwks.json`. */
  jwks(): Promise<{ keys: PublicKey[] }>;
  /** A new key signs from now on; the old one verifies until its last token has expired. */
  rotate(): Promise<void>;
}

export type Refreshed =
  | {
      readonly status: 'refreshed';
      readonly token: string;
      readonly expiresAt: string;
      readonly sessionId: string;
      readonly userId: string;
    }
  /** A used token came back: somebody may have stolen it. Its session is over, and the caller should record that. */
  | { readonly status: 'reused'; readonly sessionId: string; readonly userId: string }
  | { readonly status: 'unknown' };

export interface RefreshTokens {
  /** The first token of a session. All times RFC 3339. */
  start(session: { sessionId: string; userId: string; at: string }): Promise<{ token: string; expiresAt: string }>;
  /** Exchanges a token for its successor. */
  refresh(token: string, at: string): Promise<Refreshed>;
  endSession(sessionId: string): Promise<void>;
  /** Ends every session of a user but `exceptSessionId`. */
  endSessionsOf(userId: string, exceptSessionId?: string): Promise<void>;
}

export interface MailedTokens {
  /** A token to mail; the former one of this kind and user stops working. `about`: what it proves, such as the blind index of the address. */
  issue(token: { kind: MailedTokenKind; userId: string; about: string; at: string }): Promise<{ token: string; expiresAt: string }>;
  /** Uses a token up for the command `usedBy`, which may repeat itself. Null: unknown, expired, replaced or used by another. */
  take(use: { kind: MailedTokenKind; token: string; usedBy: string; at: string }): Promise<{ userId: string; about: string } | null>;
}

export interface PurchaseLinks {
  /** A token that opens one purchase to whoever has it, until it expires. */
  issue(checkoutId: string, at: string): { token: string; expiresAt: string };
  /** The purchase that it opens; null: it is none of ours, was changed, or has expired. */
  read(token: string, at: string): string | null;
}

/** What a token says about when it stops being true. */
export interface Revocable {
  readonly sub: string;
  readonly sid: string;
  readonly epoch: number;
}

export interface Revocations {
  /** No token of this session counts any more. `at`: when it happened (RFC 3339); a replay of older history then costs nothing. */
  revokeSession(sessionId: string, at?: string): void;
  /** Tokens of this user with a lower epoch count no more: the roles have changed, or the user was suspended. */
  raiseEpoch(userId: string, epoch: number, at?: string): void;
  isRevoked(token: Revocable): boolean;
  /** Entries held, for a gauge. */
  size(): number;
}

/** What a device's token is good for: this account, while it has this password. It proves nothing else, and lets nobody in by itself. */
export interface DeviceOwner {
  readonly userId: string;
  readonly credentialId: string | null;
}

export interface Devices {
  issue(owner: DeviceOwner, deviceId: string, at: string): string;
  /** The id of the device, or null for a token that is not this account's, or too old. */
  idOf(token: string | undefined, owner: DeviceOwner, at: string): string | null;
}

/** As long as people stay away from a shop and come back by the same browser. */
export const deviceLifetime = days(180);
