// One SUPER_ADMIN is always left, whoever takes the role from whom at the same time.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantRole } from '../../commands/staff.ts';
import { account } from '../../domain/account/account.ts';
import { type Market, openMarket } from '../market.ts';
import { password, signIn, signUp } from './people.ts';
import { asSystem } from './sale.ts';

let market: Market;
beforeAll(async () => {
  market = await openMarket();
});
afterAll(() => market.close());

const system = { kind: 'system' } as const;

/** Somebody with the role; `direct`: as logs from before there was a stream of them have it. */
const superAdmin = async (how: 'noted' | 'direct' = 'noted') => {
  const { userId, email } = await signUp(market, `${randomUUID()}@example.test`);
  const command = { type: 'grant_role', role: 'SUPER_ADMIN', sellerId: null, by: system } as const;
  if (how === 'noted') await grantRole(market.handle, userId, { role: 'SUPER_ADMIN', by: system }, asSystem(market));
  else await market.handle(account, userId, command, asSystem(market));
  return signIn(market, email);
};
const suspend = (userId: string, token: string) =>
  market.call('POST', `/admin/users/${userId}/suspension`, { token, body: { reason: 'other' } });
const revoke = (userId: string, token: string) => market.call('DELETE', `/admin/users/${userId}/roles/SUPER_ADMIN`, { token });
const codeOf = async (asked: ReturnType<Market['call']>) => {
  const { status, body } = await asked;
  return [status, body.code];
};
const isLeft = async (userId: string) => {
  const { state } = await market.handle.load(account, userId);
  return state.status === 'Active' && state.roles.includes('SUPER_ADMIN');
};

describe('a SUPER_ADMIN', () => {
  it('alone takes nothing away from himself or herself', async () => {
    const { userId, token } = await superAdmin('direct');
    expect(await codeOf(suspend(userId, token))).toEqual([409, 'auth.own_role']);
    expect(await codeOf(revoke(userId, token))).toEqual([409, 'auth.own_role']);
    expect(await codeOf(market.call('DELETE', '/users/me', { token, body: { password } }))).toEqual([409, 'auth.own_role']);
    expect((await market.call('GET', '/users/me', { token })).status).toBe(200);

    // Another one takes the role; then the account may go like any other.
    const other = await superAdmin();
    expect((await revoke(userId, other.token)).status).toBe(200);
    const { state } = await market.handle.load(account, userId);
    expect(state).toMatchObject({ roles: ['CUSTOMER'] });
    const { email } = await signUp(market, `${randomUUID()}@example.test`);
    const { token: own } = await signIn(market, email);
    expect((await market.call('DELETE', '/users/me', { token: own, body: { password } })).status).toBe(202);
    expect((await suspend(userId, other.token)).status).toBe(200);
    expect(await isLeft(other.userId)).toBe(true);
  });

  it.each([
    ['revoke', 'direct'],
    ['suspend', 'noted'],
  ] as const)('is left of two who %s each other at the same time', async (act, how) => {
    const before = market;
    market = await openMarket();
    try {
      const take = act === 'revoke' ? revoke : suspend;
      const [a, b] = [await superAdmin(how), await superAdmin(how)];
      await Promise.all([take(a.userId, b.token), take(b.userId, a.token)]);
      expect([await isLeft(a.userId), await isLeft(b.userId)].filter((left) => left)).toEqual([true]);
    } finally {
      await market.close();
      market = before;
    }
  });

  it('who lost the role by another process acts on it no longer, whatever the token says', async () => {
    const [a, b] = [await superAdmin(), await superAdmin()];
    const stale = await market.tokenFor(a.userId, ['CUSTOMER', 'SUPER_ADMIN']);
    const fresh = await market.tokens.sign({
      sub: a.userId,
      sid: randomUUID(),
      roles: ['CUSTOMER', 'SUPER_ADMIN'],
      seller: null,
      epoch: 99,
    });
    expect((await revoke(a.userId, b.token)).status).toBe(200);
    expect(await codeOf(revoke(b.userId, stale))).toEqual([401, 'auth.session_ended']);
    expect(await codeOf(revoke(b.userId, fresh.token))).toEqual([403, 'auth.forbidden']);
    expect(await isLeft(b.userId)).toBe(true);
  });
});
