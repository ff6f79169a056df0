// The vault: the secrets that stand beside the log. What it is given is already hashed, wrapped or blind; it never sees a plain secret.
import { DomainError } from '../../domain/error.ts';
import type { Sealed } from '../../domain/privacy.ts';

/** A refresh token as it is stored: `hash` is its SHA-256, `sessionId` the family that it belongs to. Times are RFC 3339 UTC with milliseconds. */
export interface StoredRefreshToken {
  readonly hash: string;
  readonly sessionId: string;
  readonly userId: string;
  readonly expiresAt: string;
}

/** `repeatableUntil`: how long the used token may be shown again and still answers with the same successor. */
export interface Rotation {
  readonly hash: string;
  readonly successorHash: string;
  readonly at: string;
  readonly expiresAt: string;
  readonly repeatableUntil: string;
}

/** `reused`: a used token came back too late, so somebody else may hold it; its whole family has been removed. */
export type RotationOutcome =
  | { readonly outcome: 'rotated' | 'repeated' | 'reused'; readonly sessionId: string; readonly userId: string }
  | { readonly outcome: 'unknown' };

export type MailedTokenKind = 'password_reset' | 'email_verification';

/** `about` says what the token proves, such as the blind index of the address that it was mailed to. */
export interface StoredMailedToken {
  readonly hash: string;
  readonly kind: MailedTokenKind;
  readonly userId: string;
  readonly about: string;
  readonly expiresAt: string;
}

/** An RSA key that signs access tokens, or has signed them until `retiredAt`. The private half is PKCS #8, wrapped by the master key. */
export interface StoredSigningKey {
  readonly kid: string;
  readonly wrapped: Uint8Array;
  readonly publicJwk: string;
  readonly createdAt: string;
  readonly retiredAt: string | null;
}

/** `exists` answers which of these people some event refers to. What nothing refers to and nothing has used since `olderThan` is removed. */
export interface Sweep {
  readonly now: string;
  readonly olderThan: string;
  exists(personIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Every promise that resolves after a write says that the write is on disk. */
export interface Vault {
  savePassword(userId: string, hash: string, at: string): Promise<void>;
  passwordOf(userId: string): Promise<string | null>;

  /**
   * Counts an attempt to sign in as failed before the password is looked at, so that parallel guesses cannot share one free try; answers whether it may go on.
   * `account` is a blind index, known or not; nothing tells the two apart.
   */
  startLoginAttempt(account: string, at: string): Promise<boolean>;
  clearLoginFailures(account: string): Promise<void>;

  saveRefreshToken(token: StoredRefreshToken): Promise<void>;
  rotateRefreshToken(rotation: Rotation): Promise<RotationOutcome>;
  endSession(sessionId: string): Promise<void>;
  /** Ends every session of a user but `exceptSessionId`. */
  endSessionsOf(userId: string, exceptSessionId?: string): Promise<void>;

  /** Replaces the former token of the same kind and user. */
  saveMailedToken(token: StoredMailedToken): Promise<void>;
  /** Uses the token up. The command that has used it (`usedBy`) may ask again, since it may not have got its answer; everybody else gets null. */
  takeMailedToken(kind: MailedTokenKind, hash: string, usedBy: string, at: string): Promise<{ userId: string; about: string } | null>;

  /** Keeps these wrapped keys for people who have none yet. Answers, in order, the keys that now hold; null for an erased person. */
  ensurePersonKeys(candidates: readonly { personId: string; wrapped: Uint8Array }[], at: string): Promise<(Uint8Array | null)[]>;
  /** The wrapped keys of these people, in order; null where there is none. */
  personKeys(personIds: readonly string[]): Promise<(Uint8Array | null)[]>;
  /**
   * Removes all that the vault has of a person and leaves no copy of the key in its files. It never gets another key.
   * Throws VaultBusy when a reader holds an old copy in place: ask again until it answers.
   */
  erasePerson(personId: string, at: string): Promise<void>;

  signingKeys(): Promise<StoredSigningKey[]>;
  /** Adds a key and retires the one that signs, unless that is no longer `replaces` (null: there was none): then answers false and changes nothing. */
  rotateSigningKey(key: Omit<StoredSigningKey, 'retiredAt'>, replaces: string | null): Promise<boolean>;
  deleteSigningKey(kid: string): Promise<void>;

  /** Removes what has expired and what was written for an event that never came. */
  sweep(sweep: Sweep): Promise<{ expired: number; orphans: number }>;
  close(): Promise<void>;
}

export class VaultBusy extends DomainError {
  constructor() {
    super('server.store_unavailable', 'The vault could not finish in time; ask again.');
  }
}

/** Failures that cost nothing: a typing error or two must not lock anybody out. */
const freeFailures = 5;
const longestDelay = 3_600_000;

/** Milliseconds until the next attempt after this many failures in a row: none up to the fifth, then 1 s, 2 s, 4 s … up to an hour. */
export const delayAfter = (failures: number): number =>
  failures < freeFailures ? 0 : Math.min(1000 * 2 ** Math.min(failures - freeFailures, 30), longestDelay);

/** Failures older than this are forgotten. */
export const failuresForgottenAfter = 86_400_000;

export interface MasterKey {
  /** Names this key without telling anything about it: a vault that was made under another key refuses to open. */
  readonly fingerprint: string;
  /** AES-256-GCM; `name` says what the secret is and must be the same again to unwrap it. */
  wrap(name: string, secret: Uint8Array): Uint8Array;
  /** Throws WrongMasterKey if these bytes were not wrapped under this key and this name. */
  unwrap(name: string, wrapped: Uint8Array): Buffer;
  /** 32 hexadecimal digits that stand for a value (already normalised by the caller) where the value itself must not be seen. */
  blindIndex(kind: string, value: string): string;
  /** 32 bytes for one purpose, the same each time. */
  derive(purpose: string): Buffer;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Answers at once where the person's key is at hand, else a promise: `await` does for both. */
export interface Seals {
  /** The person's key is made durable first when there is none. Throws `user.erased` for a person who was erased. */
  seal(personId: string, value: Json): Sealed | Promise<Sealed>;
  /** The value that was sealed (check its shape: it is what some request once held), or '[erased]'. Throws TamperedSeal. */
  open(sealed: Sealed): unknown;
  /** The values in order; the keys are fetched together. Throws TamperedSeal. */
  openAll(sealed: readonly Sealed[]): Promise<unknown[]>;
  /** Makes the keys of many people durable in one go, for imports. */
  prepare(personIds: readonly string[]): Promise<void>;
  /** Drops the person's key from memory: to be called in every process when the person has been erased. */
  forget(personId: string): void;
  /** Destroys the person's key, and with it all that was ever sealed under it. */
  erase(personId: string): Promise<void>;
}

export interface Passwords {
  /** Throws `auth.password_weak` (details.reason: too_short, too_long, too_common). `personal`: what an attacker would try first. */
  checkNew(password: string, personal?: readonly string[]): Promise<void>;
  /** Keeps the hash durably. Throws as checkNew does. */
  set(userId: string, password: string, at: string, personal?: readonly string[]): Promise<void>;
  /**
   * Whether this person may sign in with this password now. `account` is the blind index of the name that was typed, `userId` whom it belongs to, or null.
   * Answers the same, in the same time, for a wrong password, an unknown name and an account that is blocked after too many failures.
   */
  check(attempt: { account: string; userId: string | null; password: string; at: string }): Promise<boolean>;
}
