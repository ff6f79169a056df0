// People who work in somebody else's shop: invited, and only with a yes of their own.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { account } from '../../domain/account/account.ts';
import { days } from '../../domain/id.ts';
import { seller } from '../../domain/seller/seller.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';
import { clientOf } from '../support/child.ts';
import { administrator, ok, openShop, register, type Shop, signIn } from '../support/shop.ts';
import { asSystem, fresh } from './sale.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(clientOf(market));
});
afterAll(() => market.close());

const invite = (body: object, token = shop.token) => market.call('POST', '/sellers/me/invitations', { token, body });
const accept = (token: string, sellerId = shop.sellerId) => market.call('POST', `/users/me/invitations/${sellerId}/acceptance`, { token });
const received = async (token: string) => ok(await fresh(market, '/users/me/invitations', token)).items;
const sent = async () => ok(await fresh(market, '/sellers/me/invitations', shop.token)).items;
const newcomer = () => register(clientOf(market));
const stateOf = async (userId: string) => (await market.handle.load(account, userId)).state;
const codeOf = async (answer: ReturnType<Market['call']>) => {
  const { status, body } = await answer;
  return [status, body.code];
};

describe('an invitation', () => {
  it('by user id or e-mail changes nothing for the invited person', async () => {
    for (const how of ['userId', 'email'] as const) {
      const person = await newcomer();
      const { state: _, revision } = { ...(await market.handle.load(account, person.userId)) };
      const { invitationId } = ok(await invite({ [how]: how === 'email' ? person.email.toUpperCase() : person.userId }));
      expect((await market.handle.load(account, person.userId)).revision).toBe(revision);
      expect((await fresh(market, '/users/me', person.token)).status).toBe(200);
      expect(await received(person.token)).toMatchObject([
        { invitationId, sellerId: shop.sellerId, store: { sellerId: shop.sellerId, name: 'Toko Siti' } },
      ]);
      market.advance(1_000);
      expect((await sent())[0]).toMatchObject(
        how === 'email' ? { userId: null, email: person.email.toUpperCase() } : { userId: person.userId, email: null },
      );
      await market.mailed(await market.store.head());
      const [mail] = (await market.outside.readMails?.(person.userId, 1)) ?? [];
      expect(mail?.text).toContain(`/account/invitations/${shop.sellerId}`);
    }
  });

  it('lets the person work in the shop once it is accepted, with the sessions left alone', async () => {
    const person = await newcomer();
    ok(await invite({ userId: person.userId }));
    ok(await accept(person.token));
    expect(await stateOf(person.userId)).toMatchObject({
      roles: ['CUSTOMER', 'SELLER'],
      sellerId: shop.sellerId,
      sessions: [expect.any(String)],
    });
    const token = await signIn(clientOf(market), person.email, person.password);
    expect(ok(await fresh(market, '/sellers/me', token)).sellerId).toBe(shop.sellerId);
    expect(await codeOf(invite({ userId: shop.userId }, token))).toEqual([403, 'auth.forbidden']);
    expect(await codeOf(market.call('DELETE', `/sellers/me/members/${shop.userId}`, { token }))).toEqual([403, 'auth.forbidden']);
    const bankAccount = { bank: 'BCA', holder: 'Siti', number: '1234567890' };
    expect(await codeOf(market.call('PUT', '/sellers/me/bank-account', { token, body: bankAccount }))).toEqual([403, 'auth.forbidden']);
    const document = { token, body: { kind: 'tax' } };
    expect(await codeOf(market.call('POST', '/sellers/me/documents', document))).toEqual([403, 'auth.forbidden']);
    expect(await received(token)).toEqual([]);

    // Who leaves keeps the account and every session; only the role is gone, at once.
    ok(await market.call('DELETE', `/sellers/me/members/${person.userId}`, { token }));
    expect(await stateOf(person.userId)).toMatchObject({
      roles: ['CUSTOMER'],
      sellerId: null,
      sessions: [expect.any(String), expect.any(String)],
    });
    expect(await codeOf(market.call('GET', '/sellers/me', { token }))).toEqual([401, 'auth.session_ended']);
    expect((await market.handle.load(seller, shop.sellerId)).state).not.toMatchObject({ members: expect.arrayContaining([person.userId]) });
  });

  it('is declined, taken back, or expires, and nothing comes of it then', async () => {
    const [shy, late, lost] = [await newcomer(), await newcomer(), await newcomer()];
    ok(await invite({ userId: shy.userId }));
    ok(await market.call('DELETE', `/users/me/invitations/${shop.sellerId}`, { token: shy.token }));
    expect(await codeOf(accept(shy.token))).toEqual([404, 'seller.invitation_not_found']);
    const { invitationId } = ok(await invite({ userId: lost.userId }));
    ok(await market.call('DELETE', `/sellers/me/invitations/${invitationId}`, { token: shop.token }));
    expect(await codeOf(accept(lost.token))).toEqual([404, 'seller.invitation_not_found']);
    ok(await invite({ userId: late.userId }));
    market.advance(days(8));
    const token = await signIn(clientOf(market), late.email, late.password);
    shop = { ...shop, token: await signIn(clientOf(market), shop.email, shop.password) };
    expect(await received(token)).toEqual([]);
    expect(await codeOf(accept(token))).toEqual([410, 'seller.invitation_expired']);
    for (const { userId } of [shy, late, lost]) expect(await stateOf(userId)).toMatchObject({ roles: ['CUSTOMER'], sellerId: null });
  });

  it('is for nobody who is not there, sells elsewhere, or works for the market', async () => {
    expect(await codeOf(invite({ email: 'nobody@example.test' }))).toEqual([404, 'user.not_found']);
    expect(await codeOf(invite({ userId: '01JZNBDYNBDYNBDYNBDYNBDYNB' }))).toEqual([404, 'user.not_found']);
    expect(await codeOf(invite({}))).toEqual([400, 'request.invalid']);
    const other = await openShop(clientOf(market));
    ok(await invite({ userId: other.userId }));
    expect(await codeOf(accept(other.token))).toEqual([409, 'auth.already_seller']);
    const auditor = await newcomer();
    const grant = { type: 'grant_role', role: 'AUDITOR', sellerId: null, by: { kind: 'system' } } as const;
    await market.handle(account, auditor.userId, grant, asSystem(market));
    ok(await invite({ userId: auditor.userId }));
    const token = await signIn(clientOf(market), auditor.email, auditor.password);
    expect(await codeOf(accept(token))).toEqual([409, 'auth.staff_cannot_sell']);
    await market.mailed(await market.store.head());
    expect((await market.outside.readMails?.(auditor.userId, 5))?.some(({ text }) => text.includes('/account/invitations/'))).toBe(false);
    expect((await market.handle.load(seller, shop.sellerId)).state).toMatchObject({ members: [] });
  });

  it('is taken back by no shop that was refused', async () => {
    const { userId, token } = await newcomer();
    const { sellerId } = ok(
      await market.call('POST', '/sellers', { token, body: { storeName: 'Toko', slug: 'toko-tolak', city: 'Solo' } }),
    );
    const admin = await administrator(clientOf(market));
    ok(await market.call('POST', `/admin/sellers/${sellerId}/review`, { token: admin }));
    ok(await market.call('POST', `/admin/sellers/${sellerId}/rejection`, { token: admin, body: { reason: 'goods' } }));
    const owner = await market.tokenFor(userId, ['CUSTOMER', 'SELLER'], sellerId);
    const revoked = market.call('DELETE', `/sellers/me/invitations/${anId()}`, { token: owner });
    expect(await codeOf(revoked)).toEqual([409, 'seller.wrong_status']);
    expect(await codeOf(market.call('DELETE', `/users/me/invitations/${sellerId}`, { token }))).toEqual([
      404,
      'seller.invitation_not_found',
    ]);
  });

  it('that is accepted while it is taken back leaves either a member with the role, or neither', async () => {
    for (let round = 0; round < 5; round++) {
      const person = await newcomer();
      const { invitationId } = ok(await invite({ userId: person.userId }));
      const both = [accept(person.token), market.call('DELETE', `/sellers/me/invitations/${invitationId}`, { token: shop.token })];
      await Promise.all(round % 2 ? both : both.reverse());
      const { state } = await market.handle.load(seller, shop.sellerId);
      const isMember = 'members' in state && state.members.includes(person.userId);
      expect(await stateOf(person.userId)).toMatchObject({ sellerId: isMember ? shop.sellerId : null });
      if (isMember) ok(await market.call('DELETE', `/sellers/me/members/${person.userId}`, { token: shop.token }));
    }
  });

  it('gets its first answer again', async () => {
    const person = await newcomer();
    const headers = { 'idempotency-key': randomUUID() };
    const ask = () => market.call('POST', '/sellers/me/invitations', { token: shop.token, headers, body: { email: person.email } });
    expect((await ask()).body).toEqual((await ask()).body);
  });

  it('of before there were invitations stays what it is: a member', async () => {
    const person = await newcomer();
    const [sellerId, memberId] = [shop.sellerId, person.userId];
    const { state, revision } = await market.handle.load(seller, sellerId);
    const event = { type: 'seller.member_added', sellerId, userId: 'userId' in state ? state.userId : '', memberId } as const;
    const { at, ...who } = asSystem(market);
    await market.store.append({
      streamId: `seller-${sellerId}`,
      expected: revision,
      events: [{ event, metadata: { ...who, eventId: randomUUID(), occurredAt: at } }],
    });
    ok(await fresh(market, '/sellers/me', shop.token));
    ok(await market.call('DELETE', `/sellers/me/members/${memberId}`, { token: shop.token }));
  });
});
