import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importPKCS8,
  type JWTPayload,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMasterKey } from '../vault/master.ts';
import type { Vault } from '../vault/port.ts';
import { openSqliteVault } from '../vault/sqlite.ts';
import { createAccessTokens } from './access.ts';
import type { AccessTokens, Revocations, Subject } from './port.ts';
import { createRevocations } from './revocations.ts';

const master = createMasterKey(randomBytes(32));
const noon = Date.parse('2026-01-01T12:00:00.000Z');
const minute = 60_000;
const siti: Subject = { sub: 'U1', sid: 'S1', roles: ['CUSTOMER', 'SELLER'], seller: 'SE1', epoch: 3 };
const names = { issuer: 'https://shop.example', audience: 'shop' };

let directory: string;
let vault: Vault;
let clock: number;
let revocations: Revocations;
let tokens: AccessTokens;
const now = () => clock;
const fresh = () => createAccessTokens({ vault, master, revocations, ...names, now });

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tokens-'));
  vault = openSqliteVault(join(directory, 'vault.db'), master);
});
afterAll(async () => {
  await vault.close();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  clock = noon;
  revocations = createRevocations(now);
  tokens = fresh();
});

/** A token signed with the true key, but not by the book. */
const forge = async (change: { header?: Record<string, unknown>; claims?: JWTPayload; without?: string }) => {
  const { token } = await tokens.sign(siti);
  const [key] = (await vault.signingKeys()).filter(({ retiredAt }) => retiredAt === null);
  if (!key) throw new Error('no key');
  const privateKey = await importPKCS8(master.unwrap(`signing:${key.kid}`, key.wrapped).toString(), 'RS256');
  const claims = { ...decodeJwt(token), ...change.claims };
  if (change.without) delete claims[change.without];
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'at+jwt', ...change.header }).sign(privateKey);
};

describe('an access token', () => {
  it('says who somebody is, for ten minutes', async () => {
    const { token, expiresAt } = await tokens.sign(siti);
    expect(expiresAt).toBe('2026-01-01T12:10:00.000Z');
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(await fresh().verify(token)).toEqual({
      ...siti,
      jti: expect.any(String),
      iat: noon / 1000,
      exp: noon / 1000 + 600,
    });
    expect(await fresh().verify((await tokens.sign({ ...siti, seller: null })).token)).toMatchObject({ seller: null });
  });

  it('is believed at once the second time', async () => {
    const { token } = await tokens.sign(siti);
    expect(tokens.verify(token)).toBeInstanceOf(Promise);
    const claims = await tokens.verify(token);
    expect(tokens.verify(token)).toBe(claims);
    expect(Object.isFrozen(claims) && Object.isFrozen(claims.roles)).toBe(true);
  });

  it('ends on time, known or not', async () => {
    const { token } = await tokens.sign(siti);
    clock = noon + 10 * minute - 1;
    await tokens.verify(token);
    clock += 1;
    expect(() => tokens.verify(token)).toThrow(expect.objectContaining({ code: 'auth.bad_token', details: { reason: 'expired' } }));
    await expect(fresh().verify(token)).rejects.toMatchObject({ code: 'auth.bad_token', details: { reason: 'expired' } });
    clock += minute;
    await expect(fresh().verify(token)).rejects.toMatchObject({ code: 'auth.bad_token', details: { reason: 'expired' } });
  });

  it('ends with its session, known or not', async () => {
    const { token } = await tokens.sign(siti);
    const other = await tokens.sign({ ...siti, sid: 'S2' });
    await tokens.verify(token);
    revocations.revokeSession('S1');
    expect(() => tokens.verify(token)).toThrow(expect.objectContaining({ code: 'auth.session_ended' }));
    await expect(fresh().verify(token)).rejects.toMatchObject({ code: 'auth.session_ended' });
    expect(await tokens.verify(other.token)).toMatchObject({ sid: 'S2' });
  });

  it('of a clock that was ahead counts no more, and brings no session back that has ended since', async () => {
    clock += 30 * 24 * 60 * minute;
    const { token } = await tokens.sign(siti);
    await tokens.verify(token);
    clock = noon;
    expect(() => tokens.verify(token)).toThrow(expect.objectContaining({ code: 'auth.bad_token' }));
    await expect(fresh().verify(token)).rejects.toMatchObject({ code: 'auth.bad_token' });
  });

  it('ends when the roles change, and the next one holds', async () => {
    const { token } = await tokens.sign(siti);
    await tokens.verify(token);
    revocations.raiseEpoch('U1', 4);
    expect(() => tokens.verify(token)).toThrow(expect.objectContaining({ code: 'auth.session_ended' }));
    expect(await tokens.verify((await tokens.sign({ ...siti, epoch: 4 })).token)).toMatchObject({ epoch: 4 });
  });
});

describe('what is not an access token', () => {
  const refused = async (token: string) => expect(fresh().verify(token)).rejects.toMatchObject({ code: 'auth.bad_token', details: {} });

  it('the forger of these tests can make one that holds', async () => {
    expect(await fresh().verify(await forge({}))).toMatchObject(siti);
  });
  it.each(['', 'x', 'a.b.c', '.', `${'x'.repeat(5000)}.y.z`])('is text that is no token, %#', (text) => refused(text));
  it.each(['exp', 'iat', 'iss', 'aud', 'sub', 'jti', 'sid', 'roles', 'epoch'])('is one without %s', async (without) =>
    refused(await forge({ without })),
  );
  it.each([
    { iss: 'https://other.example' },
    { aud: 'other' },
    { roles: ['GOD'] },
    { roles: 'ADMIN' },
    { epoch: 1.5 },
    { epoch: '9' },
    { sub: '' },
    { seller: 7 },
    { nbf: noon / 1000 + 60 },
    { iat: noon / 1000 + 60 },
  ])('is one that says %j', async (claims) => refused(await forge({ claims })));
  it('is one that was made to live for long', async () => {
    const token = await forge({ claims: { exp: noon / 1000 + 86_400 } });
    clock = noon + 11 * minute;
    await expect(fresh().verify(token)).rejects.toMatchObject({ code: 'auth.bad_token', details: { reason: 'expired' } });
  });
  it.each([{ typ: 'JWT' }, { kid: 'other' }, { kid: undefined }])('is one with the header %j', async (header) =>
    refused(await forge({ header })),
  );
  it('is one without a signature, or with any other kind of it', async () => {
    const { token } = await tokens.sign(siti);
    const { kid = '' } = decodeProtectedHeader(token);
    await refused(new UnsecuredJWT(decodeJwt(token)).encode());
    const [{ publicJwk } = { publicJwk: '' }] = await vault.signingKeys();
    const header = { kid, typ: 'at+jwt' } as const;
    await refused(await new SignJWT(decodeJwt(token)).setProtectedHeader({ ...header, alg: 'HS256' }).sign(Buffer.from(publicJwk)));
    for (const alg of ['RS256', 'PS256', 'ES256']) {
      const { privateKey, publicKey } = await generateKeyPair(alg);
      const jwk = await exportJWK(publicKey);
      await refused(await new SignJWT(decodeJwt(token)).setProtectedHeader({ ...header, alg, jwk }).sign(privateKey));
    }
  });
  it('is one with any part changed', async () => {
    const [header = '', payload = '', signature = ''] = (await tokens.sign(siti)).token.split('.');
    const admin = Buffer.from(JSON.stringify({ ...decodeJwt(`${header}.${payload}.${signature}`), roles: ['ADMIN'] })).toString(
      'base64url',
    );
    await refused(`${header}.${admin}.${signature}`);
    await refused(`${header}.${payload}.${signature.slice(0, -4)}AAAA`);
    await refused(`${header}.${payload}.`);
  });
});

describe('the signing keys', () => {
  it('are RSA with 3072 bits, and only their public halves are shown', async () => {
    await tokens.sign(siti);
    const { keys } = await tokens.jwks();
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
      expect(Buffer.from(key.n ?? '', 'base64url')).toHaveLength(384);
    }
  });
  it('are shared: what one process signs, another believes, and so does anybody with the document', async () => {
    const { token } = await tokens.sign(siti);
    expect(await fresh().verify(token)).toMatchObject(siti);
    const anybody = await jwtVerify(token, createLocalJWKSet(await fresh().jwks()), { currentDate: new Date(clock) });
    expect(anybody.payload.sub).toBe('U1');
  });
  it('turn over: the new one signs, the old one verifies until its last token has expired, and is gone at the next turn', async () => {
    const other = fresh();
    const before = await other.sign(siti);
    await tokens.verify(before.token);
    await tokens.rotate();
    const after = await tokens.sign(siti);
    const [oldKid, newKid] = [before, after].map(({ token }) => decodeProtectedHeader(token).kid);
    expect(newKid).not.toBe(oldKid);
    expect(await other.verify(after.token), 'known to a process that had loaded the old ones').toMatchObject(siti);
    clock = noon + 10 * minute - 1;
    expect(await fresh().verify(before.token)).toMatchObject(siti);
    expect((await tokens.jwks()).keys.map(({ kid }) => kid)).toEqual(expect.arrayContaining([oldKid, newKid]));
    clock = noon + 13 * minute;
    expect((await tokens.jwks()).keys.map(({ kid }) => kid)).not.toContain(oldKid);
    await tokens.rotate();
    expect((await vault.signingKeys()).map(({ kid }) => kid)).not.toContain(oldKid);
  });
  it('are asked for again and again by names that nobody knows, which the vault hardly notices', async () => {
    const { token } = await tokens.sign(siti);
    const forged = await Promise.all(Array.from({ length: 30 }, (_, n) => forge({ header: { kid: `made up ${n}` } })));
    let asked = 0;
    const counting = { ...vault, signingKeys: () => vault.signingKeys().finally(() => (asked += 1)) };
    const besieged = createAccessTokens({ vault: counting, master, revocations, ...names, now });
    const refused = await Promise.allSettled([...forged, token].map(async (one) => besieged.verify(one)));
    expect(refused.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(asked).toBeLessThanOrEqual(2);
  });
  it('one is made when there is none, however many ask at once', async () => {
    const empty = openSqliteVault(join(directory, 'empty.db'), master);
    const one = createAccessTokens({ vault: empty, master, revocations, ...names, now });
    const two = createAccessTokens({ vault: empty, master, revocations, ...names, now });
    const signed = await Promise.all([one, two, one, two].map((some) => some.sign(siti)));
    expect(new Set(signed.map(({ token }) => decodeProtectedHeader(token).kid)).size).toBe(1);
    expect(await empty.signingKeys()).toHaveLength(1);
    await empty.close();
  });

  it('that lives longer than ours do is refused, though our key has signed it', async () => {
    const iat = noon / 1000;
    for (const life of [601, 10 * 365 * 86_400]) {
      const claims = { iat, exp: iat + life };
      await expect(fresh().verify(await forge({ claims }))).rejects.toMatchObject({ code: 'auth.bad_token' });
    }
    expect(await fresh().verify(await forge({ claims: { iat, exp: iat + 600 } }))).toMatchObject({ sub: 'U1' });
  });
});
