import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { DomainError } from '../../domain/error.ts';
import type { Env, Principal } from './env.ts';
import { allow, sellerOf } from './policy.ts';
import { onError } from './problem.ts';

const guest: Principal = { kind: 'guest', id: 'g', roles: [] };
const buyer: Principal = { kind: 'user', id: 'b', roles: ['CUSTOMER'] };
const seller: Principal = { kind: 'user', id: 's', roles: ['CUSTOMER', 'SELLER'], sellerId: 'shop' };
const chief: Principal = { kind: 'user', id: 'c', roles: ['SUPER_ADMIN'] };

const status = async (path: string, principal: Principal | null) => {
  const app = new Hono<Env>()
    .onError(onError(() => {}))
    .use(async (c, next) => {
      c.set('principal', principal);
      await next();
    })
    .get('/public', allow('public'), (c) => c.text('ok'))
    .get('/guest', allow('guest'), (c) => c.text('ok'))
    .get('/signed-in', allow('signed-in'), (c) => c.text('ok'))
    .get('/seller', allow('SELLER'), (c) => c.text(sellerOf(c)))
    .get('/staff', allow(['SELLER', 'ADMIN']), (c) => c.text('ok'));
  return (await app.request(path)).status;
};

describe('a route for', () => {
  it.each([
    ['/public', null, 200],
    ['/guest', null, 401],
    ['/guest', guest, 200],
    ['/guest', buyer, 200],
    ['/signed-in', null, 401],
    ['/signed-in', guest, 401],
    ['/signed-in', buyer, 200],
    ['/seller', buyer, 403],
    ['/seller', seller, 200],
    ['/seller', chief, 403],
    ['/staff', seller, 200],
    ['/staff', chief, 200],
    ['/staff', buyer, 403],
  ] as const)('%s answers %o with %i', async (path, principal, expected) => {
    expect(await status(path, principal)).toBe(expected);
  });
});

describe('a refusal', () => {
  const app = (error: Error, seen: Error[] = []) =>
    new Hono<Env>().onError(onError((e) => seen.push(e))).get('/', () => {
      throw error;
    });
  it('has the status, meaning and details of its code', async () => {
    const response = await app(new DomainError('checkout.out_of_stock', 'Two lines are gone.', { lines: ['l1', 'l2'] })).request('/');
    expect(response.status).toBe(409);
    expect(await response.json()).toEqual({
      type: '/docs#checkout.out_of_stock',
      title: 'Some lines are not in stock; the answer names them.',
      status: 409,
      detail: 'Two lines are gone.',
      code: 'checkout.out_of_stock',
      details: { lines: ['l1', 'l2'] },
    });
  });
  it('says when to come back', async () => {
    const response = await app(new DomainError('gateway.rate_limited', 'Slower.', { retryAfter: 2.2 })).request('/');
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3']);
  });
  it('that nobody foresaw is reported and tells the client nothing', async () => {
    const seen: Error[] = [];
    const response = await app(new TypeError('SELECT secret FROM vault'), seen).request('/');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(seen).toHaveLength(1);
  });
  it('with a code that is not in the table is our fault', async () => {
    const seen: Error[] = [];
    expect((await app(new DomainError('nobody.knows', '?'), seen).request('/')).status).toBe(500);
    expect(seen).toHaveLength(1);
  });
});
