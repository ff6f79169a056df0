// Access tokens: signed statements of who somebody is for ten minutes. Only the signature's verdict is cached; revocation is asked every time.
import { randomUUID } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../../domain/error.ts';
import { type Role, roles } from '../http/env.ts';
import type { MasterKey, Vault } from '../vault/port.ts';
import { accessLifetime, algorithm, createSigningKeys } from './keys.ts';
import type { AccessTokens, Claims, Revocations } from './port.ts';

interface Options {
  readonly vault: Vault;
  readonly master: MasterKey;
  readonly revocations: Revocations;
  readonly issuer: string;
  readonly audience: string;
  readonly now?: () => number;
  /** Verdicts held in memory; each takes about 1.5 KB. */
  readonly capacity?: number;
}

const tokenType = 'at+jwt';
const requiredClaims = ['exp', 'iat', 'iss', 'aud', 'sub', 'jti', 'sid'];
/** Seconds by which the clock of the signing process may be ahead. The end of a token is checked exactly all the same. */
const clockTolerance = 5;
/** A token is about 750 bytes; nothing longer than this is worth looking at. */
const longestToken = 4096;

export const createAccessTokens = (options: Options): AccessTokens => {
  const { vault, master, revocations, issuer, audience, now = Date.now, capacity = 30_000 } = options;
  const keys = createSigningKeys(vault, master, now);
  const verdicts = new LRUCache<string, Claims>({ max: capacity });

  const checkLife = (claims: Claims): Claims => {
    if (now() >= claims.exp * 1000) throw expired();
    // NOTE: also of tokens whose verdict is kept. One that a clock ahead has signed would outlive what is remembered of ended sessions.
    if (claims.iat > now() / 1000 + clockTolerance) throw invalid();
    if (revocations.isRevoked(claims)) throw new DomainError('auth.session_ended', 'The session has ended, or its roles have changed.');
    return claims;
  };

  /** On one machine the issuer goes with the port, and a start on another one need not end what our own key has signed. */
  const isOurs = (from: unknown) => from === issuer || (isLocal(issuer) && isLocal(from));

  const verifySignature = async (token: string): Promise<Claims> => {
    try {
      const { kid } = decodeProtectedHeader(token);
      const key = typeof kid === 'string' ? await keys.verifying(kid) : null;
      if (!key) throw invalid();
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        typ: tokenType,
        audience,
        requiredClaims,
        maxTokenAge: accessLifetime / 1000,
        clockTolerance,
        currentDate: new Date(now()),
      });
      if (!isOurs(payload.iss)) throw invalid();
      return claimsOf(payload);
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired();
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw invalid();
      throw error;
    }
  };

  const verifyNew = async (token: string): Promise<Claims> => {
    if (token.length > longestToken) throw invalid();
    const claims = await verifySignature(token);
    verdicts.set(token, claims);
    return checkLife(claims);
  };

  return {
    sign: async ({ sub, sid, roles: granted, seller, epoch }) => {
      const { kid, privateKey } = await keys.current();
      const iat = Math.floor(now() / 1000);
      const exp = iat + accessLifetime / 1000;
      const token = await new SignJWT({ sid, roles: [...granted], epoch, ...(seller === null ? {} : { seller }) })
        .setProtectedHeader({ alg: algorithm, kid, typ: tokenType })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(sub)
        .setJti(randomUUID())
        .setIssuedAt(iat)
        .setExpirationTime(exp)
        .sign(privateKey);
      return { token, expiresAt: new Date(exp * 1000).toISOString() };
    },
    verify: (token) => {
      const claims = verdicts.get(token);
      if (!claims) return verifyNew(token);
      if (now() >= claims.exp * 1000) verdicts.delete(token);
      return checkLife(claims);
    },
    jwks: keys.jwks,
    rotate: keys.rotate,
  };
};

const isLocal = (issuer: unknown) => typeof issuer === 'string' && /^http:\/\/localhost:\d+$/.test(issuer);

const expired = () => new DomainError('auth.bad_token', 'The access token has expired.', { reason: 'expired' });
const invalid = () => new DomainError('auth.bad_token', 'The access token is not valid.');

const isRole = (value: unknown): value is Role => roles.some((role) => role === value);

/** The claims in the shape that the rest of the system relies on; frozen, since all requests with this token share them. */
const claimsOf = (payload: Record<string, unknown>): Claims => {
  const { sub, sid, jti, iat, exp, epoch, seller = null, roles: granted } = payload;
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  if (!isText(sub) || !isText(sid) || !isText(jti) || typeof iat !== 'number' || typeof exp !== 'number') throw invalid();
  // What lives longer is none of ours, whoever has signed it: revocations are kept for no longer than our tokens live.
  if (exp - iat > accessLifetime / 1000) throw invalid();
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || (seller !== null && !isText(seller))) throw invalid();
  if (!Array.isArray(granted) || !granted.every(isRole)) throw invalid();
  return Object.freeze({ sub, sid, jti, iat, exp, epoch, seller, roles: Object.freeze(granted) });
};
