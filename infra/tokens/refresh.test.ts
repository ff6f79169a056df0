import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hours, later, minutes } from '../../domain/id.ts';
import { createMasterKey } from '../vault/master.ts';
import type { Vault } from '../vault/port.ts';
import { openSqliteVault } from '../vault/sqlite.ts';
import { createMailedTokens } from './mailed.ts';
import type { RefreshTokens } from './port.ts';
import { createRefreshTokens } from './refresh.ts';

const master = createMasterKey(randomBytes(32));
const noon = '2026-01-01T12:00:00.000Z';
const session = { sessionId: 'S1', userId: 'U1', at: noon };
let directory: string;
let vault: Vault;
let refresh: RefreshTokens;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'refresh-'));
  vault = openSqliteVault(join(directory, 'vault.db'), master);
  refresh = createRefreshTokens(vault, master);
});
afterEach(async () => {
  await vault.close();
  rmSync(directory, { recursive: true });
});
const stored = () => Buffer.concat(readdirSync(directory).map((name) => readFileSync(join(directory, name))));
const successor = async (token: string, at: string) => {
  const result = await refresh.refresh(token, at);
  if (result.status !== 'refreshed') throw new Error(result.status);
  return result.token;
};

describe('a refresh token', () => {
  it('has 256 bits, works for a day, and is nowhere stored as it is', async () => {
    const { token, expiresAt } = await refresh.start(session);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(expiresAt).toBe('2026-01-02T12:00:00.000Z');
    const next = await successor(token, noon);
    expect(stored().includes(token) || stored().includes(next)).toBe(false);
  });
  it('gives the same successor for ten seconds, also after a restart', async () => {
    const { token } = await refresh.start(session);
    const next = await successor(token, noon);
    expect(next).not.toBe(token);
    await vault.close();
    vault = openSqliteVault(join(directory, 'vault.db'), master);
    const other = createRefreshTokens(vault, master);
    expect(await other.refresh(token, later(noon, 10_000))).toMatchObject({
      status: 'refreshed',
      token: next,
      sessionId: 'S1',
      userId: 'U1',
    });
  });
  it('ends its session when it is used later than that', async () => {
    const { token } = await refresh.start(session);
    const next = await successor(token, noon);
    expect(await refresh.refresh(token, later(noon, 10_001))).toEqual({ status: 'reused', sessionId: 'S1', userId: 'U1' });
    expect(await refresh.refresh(next, later(noon, 10_002))).toEqual({ status: 'unknown' });
  });
  it('lives on as long as it is used every day', async () => {
    let { token } = await refresh.start(session);
    for (let day = 1; day <= 5; day++) token = await successor(token, later(noon, day * hours(23)));
    expect(await refresh.refresh(token, later(noon, 5 * hours(23) + hours(24)))).toEqual({ status: 'unknown' });
  });
  it('ends with its session, or with all of its user', async () => {
    const one = await refresh.start(session);
    const two = await refresh.start({ ...session, sessionId: 'S2' });
    const three = await refresh.start({ ...session, sessionId: 'S3' });
    await refresh.endSession('S1');
    await refresh.endSessionsOf('U1', 'S2');
    expect((await refresh.refresh(one.token, noon)).status).toBe('unknown');
    expect((await refresh.refresh(two.token, noon)).status).toBe('refreshed');
    expect((await refresh.refresh(three.token, noon)).status).toBe('unknown');
  });
  it('that was made up is unknown', async () => {
    for (const token of ['', 'x', 'A'.repeat(43), 'A'.repeat(1_000_000)])
      expect(await refresh.refresh(token, noon)).toEqual({ status: 'unknown' });
  });
});

describe('a mailed token', () => {
  it('works once, and is nowhere stored as it is', async () => {
    const mailed = createMailedTokens(vault);
    const { token, expiresAt } = await mailed.issue({ kind: 'password_reset', userId: 'U1', about: 'address', at: noon });
    expect(expiresAt).toBe('2026-01-01T12:30:00.000Z');
    expect(stored().includes(token)).toBe(false);
    const use = { kind: 'password_reset', token, usedBy: 'C1', at: noon } as const;
    expect(await mailed.take({ ...use, kind: 'email_verification' })).toBeNull();
    expect(await mailed.take(use)).toEqual({ userId: 'U1', about: 'address' });
    expect(await mailed.take(use), 'the same command, again').toEqual({ userId: 'U1', about: 'address' });
    expect(await mailed.take({ ...use, usedBy: 'C2' })).toBeNull();
  });
  it('works for its time', async () => {
    const mailed = createMailedTokens(vault);
    const { token } = await mailed.issue({ kind: 'email_verification', userId: 'U1', about: 'address', at: noon });
    const use = { kind: 'email_verification', token, usedBy: 'C1' } as const;
    expect(await mailed.take({ ...use, at: later(noon, hours(48)) })).toBeNull();
    expect(await mailed.take({ ...use, at: later(noon, hours(48) - minutes(1)) })).not.toBeNull();
  });
});
