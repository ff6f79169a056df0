import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import { memoryCache } from '../cache/memory.ts';
import type { Env, Principal } from '../http/env.ts';
import { body } from '../http/input.ts';
import { allow } from '../http/policy.ts';
import { notFound, onError } from '../http/problem.ts';
import { type GatewayOptions, gateway } from './gateway.ts';
import { loadGate } from './load.ts';
import { defaultRates, rateLimit } from './rates.ts';

const people: Readonly<Record<string, Principal>> = {
  ani: { kind: 'user', id: 'ani', roles: ['CUSTOMER'] },
  chief: { kind: 'user', id: 'chief', roles: ['ADMIN'] },
  both: { kind: 'user', id: 'both', roles: ['CUSTOMER', 'SELLER', 'SUPER_ADMIN'] },
};

const authenticate = (request: Request): Principal | null => {
  const token = request.headers.get('authorization')?.slice(7);
  if (token === undefined) return null;
  const person = people[token];
  if (!person) throw new DomainError('auth.bad_token', 'This token is not valid.');
  return person;
};

const create = (options: Partial<GatewayOptions> = {}) => {
  const seen: string[] = [];
  const load = loadGate();
  const cache = memoryCache();
  const app = new Hono<Env>()
    .onError(onError(() => {}))
    .notFound(notFound)
    .use(
      gateway({
        authenticate,
        limit: rateLimit(defaultRates, cache, cache, () => 0),
        load,
        publicOrigin: 'https://toko.example',
        corsOrigins: ['https://app.example'],
        trustedHops: 1,
        allowLoopbackOrigins: false,
        adminAllow: ['10.0.0.0/8', '2001:db8::/32'],
        internalAllow: ['127.0.0.1'],
        watched: (method, route) => (status) => seen.push(`${method} ${route} ${status}`),
        report: () => {},
        ...options,
      }),
    )
    .get('/api/products/mine', allow('signed-in'), (c) => c.json([]))
    .get('/api/products/:id', allow('public'), (c) => c.json({ id: c.req.param('id'), who: c.get('principal')?.id ?? null }))
    .get('/api/cart', allow('guest'), (c) => c.json({ id: c.get('principal')?.id }))
    .get('/api/orders', allow('signed-in'), (c) => c.json([]))
    .post('/api/orders', allow('signed-in'), body(z.object({})), (c) => c.json({}, 201))
    .post('/api/login', allow('public', { rate: 'login' }), (c) => c.json({ from: c.get('clientAddress') }))
    .post('/api/shared', allow(['SELLER', 'ADMIN']), (c) => c.json(c.get('principal')?.roles))
    .post('/api/own', allow('signed-in'), (c) => c.json(c.get('principal')?.roles))
    .get('/api/admin', allow('ADMIN'), (c) => c.text('admin'))
    .get('/metrics', allow('public', { internal: true }), (c) => c.text('1'))
    .get('/forgotten', (c) => c.text('never'))
    .get('/broken', allow('public'), () => {
      throw new TypeError('boom');
    });
  return { app, load, seen };
};

const as = (who: string, more: Record<string, string> = {}) => ({ headers: { authorization: `Bearer ${who}`, ...more } });
const from = (address: string, more: Record<string, string> = {}) => ({ headers: { 'x-forwarded-for': address, ...more } });
const code = async (response: Response | Promise<Response>) => ((await (await response).json()) as { code: string }).code;

describe('every reply', () => {
  it('has the headers that protect it and an id', async () => {
    const { headers } = await create().app.request('/api/products/1');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');
    expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  });
  it.each(['/nowhere', '/broken', '/forgotten', '/api/orders'])('also a refusal of %s', async (path) => {
    const { headers } = await create().app.request(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-type')).toBe('application/problem+json');
  });
  it('takes over a safe request id and no other', async () => {
    const { app } = create();
    expect((await app.request('/api/products/1', { headers: { 'x-request-id': 'abc-12345' } })).headers.get('x-request-id')).toBe(
      'abc-12345',
    );
    expect((await app.request('/api/products/1', { headers: { 'x-request-id': '"}{"a":1' } })).headers.get('x-request-id')).toMatch(
      /^[\w-]{36}$/,
    );
  });
  it('is counted by its template, never by its path', async () => {
    const { app, seen } = create();
    await app.request('/api/products/17');
    await app.request('/no/such/path');
    await app.request('/broken');
    expect(seen).toEqual(['GET /api/products/:id 200', '* unmatched 404', 'GET /broken 500']);
  });
  it('to a person is not stored anywhere', async () => {
    const { app } = create();
    expect((await app.request('/api/orders', as('ani'))).headers.get('cache-control')).toBe('no-store');
    expect((await app.request('/api/products/1')).headers.get('cache-control')).toBeNull();
  });
  it('comes over a real socket in the same way', async () => {
    const { app } = create();
    const { promise: port, resolve } = Promise.withResolvers<number>();
    const server = serve({ fetch: app.fetch, port: 0 }, (info) => resolve(info.port));
    try {
      const url = `http://127.0.0.1:${await port}`;
      const found = await fetch(`${url}/api/products/1`);
      expect(found.headers.get('x-content-type-options')).toBe('nosniff');
      expect(found.headers.get('content-type')).toBe('application/json');
      const refused = await fetch(`${url}/api/orders`);
      expect([refused.status, refused.headers.get('content-type'), refused.headers.get('referrer-policy')]).toEqual([
        401,
        'application/problem+json',
        'no-referrer',
      ]);
      expect((await fetch(`${url}/metrics`)).status).toBe(200);
      const large = await fetch(`${url}/api/orders`, { method: 'POST', body: `{"a":"${'x'.repeat(300_000)}"}`, ...as('ani') });
      expect(large.status).toBe(413);
    } finally {
      server.close();
    }
  });
});

describe('identity', () => {
  it('that is wrong is refused, but does not close what is public', async () => {
    const { app } = create();
    expect(await code(app.request('/api/orders', as('stranger')))).toBe('auth.bad_token');
    expect(await code(app.request('/api/cart', as('stranger')))).toBe('auth.bad_token');
    expect((await app.request('/api/products/1', as('stranger'))).status).toBe(200);
  });
  it('is asked for where it is needed', async () => expect(await code(create().app.request('/api/orders'))).toBe('auth.required'));
  it('is asked for by the route that answers, not by a pattern after it', async () => {
    const { app, seen } = create();
    expect(await code(app.request('/api/products/mine', as('stranger')))).toBe('auth.bad_token');
    expect(seen).toEqual(['GET /api/products/mine 401']);
  });
  it('does not help where nothing says who may call', async () => {
    expect(await code(create().app.request('/forgotten', as('chief')))).toBe('auth.no_policy');
  });
  it('of a guest is a cookie that the browser keeps to itself', async () => {
    const { app } = create();
    const first = await app.request('/api/cart');
    const cookie = first.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-guest=[\w-]{36}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/);
    const again = await app.request('/api/cart', { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(await again.json()).toEqual(await first.json());
    expect(again.headers.get('set-cookie')).toBeNull();
  });
  it('of a guest is never one that the guest has made up', async () => {
    const response = await create().app.request('/api/cart', { headers: { cookie: '__Host-guest=ani' } });
    expect(await response.json()).not.toEqual({ id: 'ani' });
  });
});

describe('addresses', () => {
  it('are those that our own proxy saw', async () => {
    const response = await create().app.request('/api/login', { method: 'POST', ...from('6.6.6.6, 203.0.113.7') });
    expect(await response.json()).toEqual({ from: '203.0.113.7' });
  });
  it('decide who may administer', async () => {
    const { app } = create();
    expect((await app.request('/api/admin', as('chief', { 'x-forwarded-for': '10.1.2.3' }))).status).toBe(200);
    expect((await app.request('/api/admin', as('chief', { 'x-forwarded-for': '2001:db8::1' }))).status).toBe(200);
    expect(await code(app.request('/api/admin', as('chief', { 'x-forwarded-for': '11.1.2.3' })))).toBe('gateway.address_not_allowed');
    expect(await code(app.request('/metrics', from('11.1.2.3')))).toBe('gateway.address_not_allowed');
  });
});

describe('administrators', () => {
  const call = (path: string, who: string, address: string) =>
    create().app.request(path, { method: 'POST', ...as(who, { 'x-forwarded-for': address }) });
  it('have their powers on routes that others share from allowed addresses only', async () => {
    expect((await call('/api/shared', 'chief', '10.1.2.3')).status).toBe(200);
    expect(await code(call('/api/shared', 'chief', '11.1.2.3'))).toBe('gateway.address_not_allowed');
    expect(await (await call('/api/shared', 'both', '10.1.2.3')).json()).toContain('SUPER_ADMIN');
    expect(await (await call('/api/shared', 'both', '11.1.2.3')).json()).toEqual(['CUSTOMER', 'SELLER']);
    expect(await (await call('/api/own', 'chief', '11.1.2.3')).json()).toEqual([]);
  });
});

describe('rates', () => {
  it('of sign-ins count by address whoever is signed in already, and by account wherever they come from', async () => {
    const { app } = create();
    const login = (who: string | null, address: string) =>
      app.request('/api/login', { method: 'POST', ...(who === null ? from(address) : as(who, { 'x-forwarded-for': address })) });
    for (const who of ['ani', 'chief', 'both', null, 'ani']) expect((await login(who, '203.0.113.7')).status).toBe(200);
    for (const who of ['ani', 'chief', null]) expect((await login(who, '203.0.113.7')).status).toBe(429);
    for (let n = 1; n <= 3; n += 1) expect((await login('ani', `198.51.100.${n}`)).status).toBe(200);
    expect((await login('ani', '198.51.100.4')).status).toBe(429);
  });

  it('stop the sixth login of a minute from one address', async () => {
    const { app } = create();
    const login = (address: string) => app.request('/api/login', { method: 'POST', ...from(address) });
    for (let n = 0; n < 5; n += 1) expect((await login('203.0.113.7')).status).toBe(200);
    const refused = await login('203.0.113.7');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '12']);
    expect((await login('203.0.113.8')).status).toBe(200);
    for (let n = 0; n < 5; n += 1) await login(`2001:db8:0:1::${n}`);
    expect((await login('2001:db8:0:1::9')).status).toBe(429);
  });
  it('also hold when the store is down', async () => {
    const down = () => Promise.reject(new Error('connection refused'));
    const broken = { get: down, set: down, delete: down, gcra: down };
    const { app } = create({ limit: rateLimit(defaultRates, broken, memoryCache(), () => 0) });
    for (let n = 0; n < 5; n += 1) await app.request('/api/login', { method: 'POST' });
    expect((await app.request('/api/login', { method: 'POST' })).status).toBe(429);
  });
  it('count tokens that are tried', async () => {
    const { app } = create();
    for (let n = 0; n < 300; n += 1) await app.request('/api/orders', as(`guess-${n}`, { 'x-forwarded-for': '203.0.113.9' }));
    expect((await app.request('/api/orders', as('guess', { 'x-forwarded-for': '203.0.113.9' }))).status).toBe(429);
    expect((await app.request('/api/orders', as('ani', { 'x-forwarded-for': '203.0.113.9' }))).status).toBe(200);
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string) => create().app.request('/api/orders', { method: 'OPTIONS', headers: { origin } });
  it('may call when they are on the list, exactly', async () => {
    const response = await preflight('https://app.example');
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(response.headers.get('access-control-allow-headers')).toContain('Idempotency-Key');
  });
  it.each(['https://app.example.evil', 'http://app.example', 'null'])('get nothing as %s', async (origin) => {
    expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    const { app } = create();
    expect((await app.request('/api/products/1', { headers: { origin } })).headers.get('access-control-allow-origin')).toBeNull();
    expect(await code(app.request('/api/orders', { method: 'POST', ...as('ani', { origin }) }))).toBe('gateway.origin_not_allowed');
  });
  it('are told which setting names those that may', async () => {
    const refused = await create().app.request('/api/orders', { method: 'POST', ...as('ani', { origin: 'http://localhost:5173' }) });
    expect(await refused.json()).toMatchObject({
      code: 'gateway.origin_not_allowed',
      detail: 'Pages of http://localhost:5173 may not call; the setting CORS_ORIGINS names those that may.',
    });
  });
  it('may call from this machine while somebody develops', async () => {
    const { app } = create({ allowLoopbackOrigins: true });
    const post = (origin: string) => app.request('/api/orders', { method: 'POST', ...as('ani', { origin }) });
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1:3000', 'https://shop.localhost', 'http://[::1]:80']) {
      const answer = await post(origin);
      expect([answer.status, answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([
        201,
        origin,
        'Origin',
      ]);
    }
    for (const origin of ['http://localhost.evil.example', 'http://evil.example:127', 'http://127.evil.example', 'null'])
      expect((await post(origin)).status).toBe(403);
  });
  it('are not our own pages', async () => {
    const response = await create().app.request('/api/orders', { method: 'POST', ...as('ani', { origin: 'https://toko.example' }) });
    expect(response.status).toBe(201);
  });
});
