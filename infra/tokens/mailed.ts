// Tokens that prove who reads a mailbox: single use, stored as a hash, mailed in plain and nowhere else.
import { randomBytes } from 'node:crypto';
import { hours, later, minutes } from '../../domain/id.ts';
import type { MailedTokenKind, Vault } from '../vault/port.ts';
import type { MailedTokens } from './port.ts';
import { hashOf } from './refresh.ts';

/** How long each kind works. A reset is soon needed and dangerous, a verification is neither. */
const lifetime: Record<MailedTokenKind, number> = { password_reset: minutes(30), email_verification: hours(48) };

export const createMailedTokens = (vault: Vault): MailedTokens => ({
  issue: async ({ kind, userId, about, at }) => {
    const token = randomBytes(32).toString('base64url');
    const expiresAt = later(at, lifetime[kind]);
    await vault.saveMailedToken({ hash: hashOf(token), kind, userId, about, expiresAt });
    return { token, expiresAt };
  },
  take: ({ kind, token, usedBy, at }) => vault.takeMailedToken(kind, hashOf(token), usedBy, at),
});
