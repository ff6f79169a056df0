// Refresh tokens: 256 random bits, stored as a hash, good for one use. The successor is computed from the token, so that a lost reply can be given again.
import { createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { hours, later } from '../../domain/id.ts';
import type { MasterKey, Vault } from '../vault/port.ts';
import type { RefreshTokens } from './port.ts';

/** A session ends when nobody has refreshed it for this long. */
export const sessionIdle = hours(24);

/** How long a used token is accepted again, in milliseconds: replies get lost. */
const repeatableFor = 10_000;

export const createRefreshTokens = (vault: Vault, master: MasterKey): RefreshTokens => {
  const succession = createSecretKey(master.derive('refresh token successor'));
  const successorOf = (token: string) => createHmac('sha256', succession).update(token).digest('base64url');
  return {
    start: async ({ sessionId, userId, at }) => {
      const token = randomBytes(32).toString('base64url');
      const expiresAt = later(at, sessionIdle);
      await vault.saveRefreshToken({ hash: hashOf(token), sessionId, userId, expiresAt });
      return { token, expiresAt };
    },
    refresh: async (token, at) => {
      if (!/^[\w-]{43}$/.test(token)) return { status: 'unknown' };
      const successor = successorOf(token);
      const expiresAt = later(at, sessionIdle);
      const rotation = { hash: hashOf(token), successorHash: hashOf(successor), at, expiresAt, repeatableUntil: later(at, repeatableFor) };
      const result = await vault.rotateRefreshToken(rotation);
      if (result.outcome === 'unknown') return { status: 'unknown' };
      const { outcome, sessionId, userId } = result;
      return outcome === 'reused'
        ? { status: 'reused', sessionId, userId }
        : { status: 'refreshed', token: successor, expiresAt, sessionId, userId };
    },
    endSession: (sessionId) => vault.endSession(sessionId),
    endSessionsOf: (userId, exceptSessionId) => vault.endSessionsOf(userId, exceptSessionId),
  };
};

/** A random 256-bit token cannot be guessed from its hash, so no salt and no slow function is needed. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
