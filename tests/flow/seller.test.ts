// From HTTP to the read models: an application, its judgement, the shop and who works there; and the books.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { derivedId, derivedUuid } from '../../commands/ids.ts';
import { account } from '../../domain/account/account.ts';
import { days, later } from '../../domain/id.ts';
import type { Entry } from '../../domain/ledger/events.ts';
import { ledger } from '../../domain/ledger/ledger.ts';
import { seller } from '../../domain/seller/seller.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId } from '../shop.ts';
import { type Person, password, signIn, signUp } from './people.ts';

let market: Market;
let admin: string;
beforeAll(async () => {
  market = await openMarket();
  admin = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['CUSTOMER', 'ADMIN']);
});
afterAll(() => market.close());

const bankAccount = { bank: 'BCA', holder: 'Budi Santoso', number: '1234567890' };
const application = (slug: string) => ({ storeName: `Toko ${slug}`, slug, city: 'Bandung', description: 'Batik', bankAccount });
const apply = (token: string, slug: string) => market.call('POST', '/sellers', { token, body: application(slug) });
const judge = (sellerId: string, act: string, body?: object) =>
  market.call('POST', `/admin/sellers/${sellerId}/${act}`, { token: admin, ...(body && { body }) });
const read = (path: string, position: string, token?: string) =>
  market.call('GET', `${path}${path.includes('?') ? '&' : '?'}minPosition=${position}`, token === undefined ? {} : { token });

interface Owner extends Person {
  readonly sellerId: string;
}

/** Somebody whose shop was approved, with a token that says so. */
const openShop = async (slug: string): Promise<Owner> => {
  const person = await signUp(market, `${slug}@example.com`);
  const { sellerId } = (await apply(person.token, slug)).body;
  await judge(sellerId, 'review');
  await judge(sellerId, 'approval');
  await market.until(account, person.userId, (state) => 'sellerId' in state && state.sellerId === sellerId, 5_000);
  return { ...(await signIn(market, person.email)), sellerId };
};

describe('an application', () => {
  it('is seen by its owner and the administrators, opened, and by nobody else', async () => {
    const { token } = await signUp(market, 'apply@example.com');
    const applied = await apply(token, 'batik-asri');
    expect(applied.status).toBe(201);
    const { sellerId, position } = applied.body;
    expect((await read('/sellers/me', position, token)).body).toMatchObject({ sellerId, status: 'Applied', bankAccount });
    expect((await read('/admin/sellers?status=Applied', position, admin)).body.items).toMatchObject([{ sellerId, bankAccount }]);
    expect((await read('/sellers/batik-asri', position)).body.code).toBe('seller.not_found');
    const document = await market.call('POST', '/sellers/me/documents', { token, body: { kind: 'identity' } });
    expect((await read('/sellers/me', document.body.position, token)).body.documents).toMatchObject([{ kind: 'identity' }]);
    const stranger = await signUp(market, 'stranger@example.com');
    expect((await market.call('GET', '/sellers/me', { token: stranger.token })).body.code).toBe('seller.not_found');
    expect((await market.call('PATCH', '/sellers/me', { token: stranger.token, body: { city: 'X' } })).body.code).toBe('seller.not_found');
  });

  it('is one per person, and its name one per market', async () => {
    const first = await signUp(market, 'first@example.com');
    const second = await signUp(market, 'second@example.com');
    const headers = { 'idempotency-key': 'apply-once' };
    const body = application('satu-saja');
    const answers = await Promise.all([1, 2].map(() => market.call('POST', '/sellers', { token: first.token, body, headers })));
    expect(new Set(answers.map((answer) => answer.body.sellerId)).size).toBe(1);
    expect((await apply(first.token, 'dua')).body.code).toBe('seller.already_applied');
    expect((await apply(second.token, 'satu-saja')).body.code).toBe('seller.slug_taken');
    expect((await apply(second.token, 'me')).body.code).toBe('request.invalid');
    expect((await apply(second.token, 'dua-toko')).status).toBe(201);
  });

  it('that was refused says why, and may be made again under the same name', async () => {
    const { token } = await signUp(market, 'again@example.com');
    const { sellerId } = (await apply(token, 'coba-lagi')).body;
    expect((await judge(sellerId, 'approval')).body.code).toBe('seller.wrong_status');
    await judge(sellerId, 'review');
    const rejected = await judge(sellerId, 'rejection', { reason: 'documents', note: 'The scan cannot be read.' });
    expect((await read('/sellers/me', rejected.body.position, token)).body).toMatchObject({
      status: 'Rejected',
      reason: 'documents',
      note: 'The scan cannot be read.',
    });
    expect((await judge(sellerId, 'commissions', { basisPoints: 250, from: '2026-02-01T00:00:00.000Z' })).body.code).toBe(
      'seller.wrong_status',
    );
    expect((await apply(token, 'coba-lagi')).status).toBe(201);
  });

  it('is none of those who work for the market', async () => {
    const { userId, email } = await signUp(market, 'auditor@example.com');
    const superAdmin = await market.tokenFor(anId(), ['CUSTOMER', 'SUPER_ADMIN']);
    expect((await market.call('PUT', `/admin/users/${userId}/roles/AUDITOR`, { token: superAdmin })).status).toBe(200);
    const { status, body } = await apply((await signIn(market, email)).token, 'toko-auditor');
    expect([status, body.code]).toEqual([409, 'auth.staff_cannot_sell']);
  });
});

describe('a shop', () => {
  it('sells once it is approved: its owner has the role, and everybody sees its page', async () => {
    const { token, sellerId } = await openShop('toko-buka');
    const edited = await market.call('PATCH', '/sellers/me', {
      token,
      body: { description: 'Books', logoUrl: 'https://img.example/1.png' },
    });
    const page = await read('/sellers/toko-buka', edited.body.position);
    expect(page.body).toEqual({
      sellerId,
      storeName: 'Toko toko-buka',
      slug: 'toko-buka',
      city: 'Bandung',
      description: 'Books',
      logoUrl: 'https://img.example/1.png',
      status: 'Active',
      sellsSince: '2026-01-05T03:00:00.000Z',
      revision: edited.body.revision,
    });
    expect((await read(`/sellers/${sellerId}`, edited.body.position)).body).toEqual(page.body);
    expect((await read('/sellers', edited.body.position)).body.items).toContainEqual(page.body);
  });

  it('rests and is suspended, and keeps its owner from being erased', async () => {
    const { token, sellerId } = await openShop('toko-libur');
    await market.call('POST', '/sellers/me/holiday', { token });
    expect((await judge(sellerId, 'suspension', { reason: 'service' })).status).toBe(200);
    expect((await market.call('DELETE', '/sellers/me/holiday', { token })).body.code).toBe('seller.wrong_status');
    const lifted = await market.call('DELETE', `/admin/sellers/${sellerId}/suspension`, { token: admin });
    expect((await read('/sellers/toko-libur', lifted.body.position)).body.status).toBe('Active');
    expect((await market.call('DELETE', '/users/me', { token, body: { password } })).body.code).toBe('user.has_store');
  });

  it('has a commission from an instant on, each later than the one before', async () => {
    const { sellerId } = await openShop('toko-komisi');
    const set = await judge(sellerId, 'commissions', { basisPoints: 250, from: '2026-02-01T00:00:00.000Z' });
    expect([set.status, set.body.basisPoints]).toEqual([201, 250]);
    const key = randomUUID();
    const path = '/api/v1/admin/sellers/:sellerId/commissions';
    const ruleId = derivedId(derivedUuid('http', 'user:01JZADMINADMINADMINADMINAD', 'POST', path, key), 0);
    const rule = { ruleId, version: 1, basisPoints: 275, from: '2026-02-02T00:00:00.000Z' };
    // What is left of a first time when its key has been forgotten.
    await market.handle(seller, sellerId, { type: 'set_commission', rule }, aContext());
    const again = await market.call('POST', `/admin/sellers/${sellerId}/commissions`, {
      token: admin,
      body: { basisPoints: 275, from: '2026-02-02T07:00:00+07:00' },
      headers: { 'idempotency-key': key },
    });
    expect([again.status, again.body]).toEqual([201, { ...rule, revision: set.body.revision + 1, position: expect.any(String) }]);
    expect((await judge(sellerId, 'commissions', { basisPoints: 300, from: '2026-02-01T00:00:00.000Z' })).body.code).toBe(
      'seller.commission_not_later',
    );
  });

  it('closes when no order can be open any more, and its people sell no longer', async () => {
    const { token, sellerId, userId } = await openShop('toko-tutup');
    expect((await market.call('POST', '/sellers/me/closure', { token })).status).toBe(200);
    expect((await judge(sellerId, 'closure')).body.code).toBe('seller.orders_may_be_open');
    market.advance(days(30));
    admin = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['CUSTOMER', 'ADMIN']);
    const closed = await judge(sellerId, 'closure');
    expect((await read('/sellers/toko-tutup', closed.body.position)).body.status).toBe('Closed');
    expect((await market.handle.load(account, userId)).state).toMatchObject({ roles: ['CUSTOMER'], sellerId: null });
  });

  it('does not close to escape a suspension', async () => {
    const { token, sellerId } = await openShop('toko-kabur');
    expect((await judge(sellerId, 'suspension', { reason: 'fraud' })).status).toBe(200);
    const refused = await market.call('POST', '/sellers/me/closure', { token });
    expect([refused.status, refused.body.code]).toEqual([409, 'seller.wrong_status']);
  });

  it('is for administrators alone to judge', async () => {
    const { token, sellerId } = await openShop('toko-sendiri');
    for (const act of ['review', 'approval', 'closure']) {
      expect((await market.call('POST', `/admin/sellers/${sellerId}/${act}`, { token })).status).toBe(403);
    }
  });
});

describe('the books', () => {
  const idr = (amount: number) => ({ amount, currency: 'IDR' }) as const;
  const entry = (name: Entry['account'], amount: number): Entry => ({ account: name, amount: idr(amount), rule: 'r', version: 1 });
  const book = (ledgerId: string, entries: readonly Entry[]) => {
    const at = later(new Date(market.now()).toISOString(), 0);
    const context = { commandId: randomUUID(), correlationId: 'c', causationId: 'c', actor: { kind: 'system', id: 'test' }, at } as const;
    const bookingId = randomUUID();
    return market.handle(ledger, ledgerId, { type: 'book', bookingId, ledgerId, kind: 'capture', entries, valueAt: at, at }, context);
  };

  it('show each seller its own balance and statement, and come to nothing over all ledgers', async () => {
    const { token, sellerId } = await openShop('toko-kas');
    expect((await market.call('GET', '/sellers/me/balance', { token })).body.balances).toEqual([]);
    await book(sellerId, [entry('buyer_funds', -100_000), entry('seller_pending', 98_000), entry('platform_commission', 2_000)]);
    await book(sellerId, [entry('seller_pending', -98_000), entry('seller_available', 98_000)]);
    const last = await book('platform', [entry('buyer_funds', -50), entry('rounding', 50)]);
    const position = `${market.store.logId}.${last.position}`;
    const balance = (await read('/sellers/me/balance', position, token)).body;
    expect(balance.balances).toEqual([
      { account: 'buyer_funds', balance: idr(-100_000) },
      { account: 'seller_pending', balance: idr(0) },
      { account: 'platform_commission', balance: idr(2_000) },
      { account: 'seller_available', balance: idr(98_000) },
    ]);
    expect((await read(`/admin/ledger/${sellerId}/balance`, position, admin)).body).toEqual(balance);
    expect((await read('/sellers/me/statement?limit=1', position, token)).body).toMatchObject({
      items: [{ ledgerId: sellerId, kind: 'capture' }],
      next: expect.any(String),
    });
    const all = (await read('/admin/ledger/trial-balance', position, admin)).body;
    expect(all).toMatchObject({ balanced: true, currencies: [{ currency: 'IDR', sum: 0, bookings: 3 }] });
    expect(all.currencies[0].accounts).toMatchObject({ buyer_funds: -100_050, rounding: 50 });
    expect((await market.call('GET', '/admin/ledger/trial-balance', { token })).status).toBe(403);
  });
});
