// What operators, auditors and analysts do over HTTP: look through payments, purchases and sagas, settle sagas, page over the log.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decider } from '../../domain/decider.ts';
import { minutes } from '../../domain/id.ts';
import { onboarding } from '../../domain/onboarding/onboarding.ts';
import { seller } from '../../domain/seller/seller.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';
import { ok } from '../support/shop.ts';
import { signIn, signUp } from './people.ts';
import { asSystem, fresh, instant, openSale, type Sale, untilPayment } from './sale.ts';

let market: Market;
let admin: string;
let auditor: string;
beforeAll(async () => {
  market = await openMarket();
  admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
  auditor = await market.tokenFor(anId(), ['AUDITOR']);
});
afterAll(() => market.close());

const read = async (path: string, token = admin) => ok(await fresh(market, path, token));

describe('an administrator', () => {
  let sale: Sale;
  beforeAll(async () => {
    sale = await openSale(market, 'va');
    await untilPayment(market, sale.paymentId, (state) => state.status !== 'none' && state.parts.every((part) => part.instructed));
  });

  it('finds payments by status and time, and reads one with its history', async () => {
    const { items } = await read('/admin/payments');
    const [{ status, createdAt }] = items;
    expect(items).toMatchObject([{ paymentId: sale.paymentId, buyerId: sale.buyerId, amount: sale.total }]);
    expect((await read(`/admin/payments?status=${status}&from=${createdAt}`)).items).toHaveLength(1);
    expect((await read(`/admin/payments?status=Refunded`)).items).toEqual([]);
    expect((await read(`/admin/payments?to=${createdAt}`)).items).toEqual([]);
    const one = await read(`/admin/payments/${sale.paymentId}`);
    expect(one.history[0]).toMatchObject({ type: 'payment.created', revision: 0, actor: { kind: 'system' } });
    expect((await fresh(market, `/admin/payments/${anId()}`, admin)).body.code).toBe('payment.not_found');
  });

  it('finds no purchase where there is none', async () => {
    expect((await read(`/admin/checkouts?status=Failed&buyerId=${sale.buyerId}`)).items).toEqual([]);
    expect((await fresh(market, `/admin/checkouts/${anId()}`, admin)).body.code).toBe('checkout.not_found');
  });
});

describe('a saga that needs a human', () => {
  const foldOf: Decider<ReturnType<typeof onboarding.evolve>, never, Parameters<typeof onboarding.evolve>[1]> = {
    ...onboarding,
    decide: () => [],
  };

  it('is found, shown with what was refused, and closed once, by whom is kept', async () => {
    const { sellerId } = await openSale(market, 'va');
    for (const type of ['start_review', 'approve'] as const) await market.handle(seller, sellerId, { type }, asSystem(market));
    await market.until(foldOf, sellerId, (state) => onboarding.outcome(state) === 'NeedsHuman', 20_000);

    const list = await read('/admin/sagas?saga=onboarding&outcome=NeedsHuman');
    expect(list.items).toMatchObject([{ saga: 'onboarding', instance: sellerId, outcome: 'NeedsHuman', openIntents: 0 }]);
    const path = `/admin/sagas/onboarding/${sellerId}`;
    expect(await read(path)).toMatchObject({ outcome: 'NeedsHuman', lastError: { code: 'auth.not_registered' }, state: {} });
    expect((await fresh(market, `/admin/sagas/onboarding/${anId()}`, admin)).body.code).toBe('saga.not_found');

    const tried = ok(await market.call('POST', `${path}/retry`, { token: admin }));
    expect(tried).toMatchObject({ saga: 'onboarding', instance: sellerId, decision: 'retry' });
    await market.until(foldOf, sellerId, (state) => onboarding.outcome(state) === 'NeedsHuman', 20_000);

    const headers = { 'idempotency-key': randomUUID() };
    const closed = ok(await market.call('POST', `${path}/close`, { token: admin, headers }));
    expect(closed).toMatchObject({ saga: 'onboarding', instance: sellerId, decision: 'close' });
    const again = await market.call('POST', `${path}/close`, { token: admin, headers });
    expect([again.headers.get('idempotent-replayed'), again.body]).toEqual(['true', closed]);
    const other = await market.call('POST', `${path}/close`, { token: admin });
    expect([other.status, other.body.code]).toEqual([409, 'saga.needs_nobody']);

    const { items } = await read(`/audit/log?stream=onboarding-${sellerId}&type=onboarding.resolved`, auditor);
    expect(items).toMatchObject([{ data: { decision: 'retry' } }, { data: { decision: 'close' }, metadata: { actor: { kind: 'user' } } }]);
    expect((await read('/admin/sagas?saga=onboarding')).items).toEqual([]);
  });
});

describe('a page over the log', () => {
  /** All pages of a question, each no longer than it may be. */
  const all = async (question: string) => {
    const found: { type: string; streamId: string; position: string; metadata: { recordedAt: string } }[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const page = await read(`/audit/log?limit=3${question}${next === '' ? '' : `&cursor=${next}`}`, auditor);
      expect(page.items.length).toBeLessThanOrEqual(3);
      found.push(...page.items);
      next = page.next;
    }
    return found;
  };

  it('goes over every event once, in order', async () => {
    const positions = (await all('')).map(({ position }) => Number(position.split('.')[1]));
    const stored = await market.store.readAll(0, positions.length + 1);
    expect(positions).toEqual(stored.map(({ position }) => position));
  });

  it('finds by type, category, stream, time and position', async () => {
    const person = await signUp(market, `${randomUUID()}@example.test`, 'Rahasia Sekali');
    const stream = `account-${person.userId}`;
    const own = await all(`&stream=${stream}`);
    expect(own.map(({ type }) => type)).toEqual(['account.registered', 'account.session_opened']);
    expect(await all(`&category=account&type=account.session_opened`)).toEqual([own[1]]);
    expect((await all('&type=account')).filter(({ streamId }) => streamId === stream)).toEqual(own);

    const before = `${market.store.logId}.${await market.store.head()}`;
    market.advance(minutes(5));
    admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
    auditor = await market.tokenFor(anId(), ['AUDITOR']);
    const from = instant(market);
    const slug = `s-${anId().toLowerCase()}`;
    const { categoryId } = ok(await market.call('POST', '/categories', { token: admin, body: { name: 'Buku', slug } }));
    const isNew = ({ streamId }: { streamId: string }) => streamId === `category-${categoryId}`;
    expect((await all(`&category=category&from=${from}`)).filter(isNew)).toHaveLength(1);
    expect((await all(`&category=category&to=${from}`)).filter(isNew)).toEqual([]);
    expect((await all(`&category=category&after=${before}`)).filter(isNew)).toHaveLength(1);
  });

  it('leaves personal data sealed, and opens it for nobody but a SUPER_ADMIN', async () => {
    const { items } = await read('/audit/log?type=account.registered', auditor);
    expect(items.every(({ data }: { data: { email: string | null } }) => data.email?.startsWith('pii1.'))).toBe(true);
    expect((await fresh(market, '/audit/log?open=true', auditor)).body.code).toBe('auth.forbidden');
  });

  it('looks at a bounded number of events, however rare the wanted ones are', async () => {
    const lines = Array.from({ length: 80 }, (_, n) => n);
    for (const n of lines) {
      const events = Array.from({ length: 90 }, (_, m) => ({
        event: { type: 'category.renamed', categoryId: 'x', name: `n${m}`, slug: `s${m}` },
        metadata: {
          ...{ eventId: randomUUID(), commandId: randomUUID(), correlationId: '', causationId: '', occurredAt: instant(market) },
          actor: { kind: 'system', id: 'test' } as const,
        },
      }));
      await market.store.append({ streamId: `category-many${n}`, expected: -1, events });
    }
    const first = ok(await market.call('GET', '/audit/log?type=onboarding.resolved&limit=100', { token: auditor }));
    expect(first.next).not.toBeNull();
    const rest = ok(await market.call('GET', `/audit/log?type=onboarding.resolved&cursor=${first.next}`, { token: auditor }));
    expect(rest).toEqual({ items: [], next: null });
  });
});

describe('roles that only read', () => {
  it('are granted by a SUPER_ADMIN alone, and open what they are for', async () => {
    const boss = await market.tokenFor(anId(), ['CUSTOMER', 'SUPER_ADMIN']);
    const address = `${randomUUID()}@example.test`;
    const { userId } = await signUp(market, address);
    const grant = (role: string, token: string) => market.call('PUT', `/admin/users/${userId}/roles/${role}`, { token });
    expect((await grant('ANALYST', admin)).body.code).toBe('auth.forbidden');
    ok(await grant('ANALYST', boss));
    expect((await read('/admin/users?role=ANALYST')).items).toMatchObject([{ userId, roles: ['CUSTOMER', 'ANALYST'] }]);
    const { token } = await signIn(market, address);
    expect((await fresh(market, '/admin/figures/orders?currency=IDR', token)).status).toBe(200);
    expect((await fresh(market, '/audit/log', token)).status).toBe(403);
    expect((await fresh(market, '/admin/users', token)).status).toBe(403);
    expect((await fresh(market, '/admin/figures/orders?currency=IDR', auditor)).status).toBe(403);
  });
});
