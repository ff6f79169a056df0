// Route × role: every route of the app, asked by everybody.
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../infra/http/env.ts';
import { errors } from '../../infra/http/errors.ts';
import { marked } from '../../infra/http/marks.ts';
import { allow } from '../../infra/http/policy.ts';
import { checkRoutes } from '../../infra/http/routes.ts';
import { type Market, openMarket } from '../market.ts';
import { addressOf, freshId, isWrite, nameOf, probe, routesOf } from '../support/probe.ts';
import { type Caller, callers, type Send, violations } from './roles.ts';

// Many requests each; a busy machine must not decide.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let market: Market;
const tokens = new Map<Caller, string>();
beforeAll(async () => {
  market = await openMarket();
  // The link to a purchase gives a token without any role.
  tokens.set('link', await market.tokenFor(freshId(), []));
  tokens.set('CUSTOMER', await market.tokenFor(freshId(), ['CUSTOMER']));
  tokens.set('SELLER', await market.tokenFor(freshId(), ['CUSTOMER', 'SELLER'], freshId()));
  tokens.set('AUDITOR', await market.tokenFor(freshId(), ['CUSTOMER', 'AUDITOR']));
  tokens.set('ANALYST', await market.tokenFor(freshId(), ['CUSTOMER', 'ANALYST']));
  tokens.set('ADMIN', await market.tokenFor(freshId(), ['CUSTOMER', 'ADMIN']));
  tokens.set('SUPER_ADMIN', await market.tokenFor(freshId(), ['CUSTOMER', 'SUPER_ADMIN']));
});
afterAll(() => market.close());

const guest = randomUUID();
const send: Send = (caller, request) =>
  probe(market.app, { ...request, token: tokens.get(caller), guest: caller === 'guest' ? guest : undefined });

describe('every route', () => {
  it('says who may call it and what it is for, and names refusals that are listed', () => {
    expect(checkRoutes(routesOf(market.app), errors)).toEqual([]);
  });

  it('answers each caller as its policy says', async () => {
    // Operators' routes are told apart by address, which a request without a socket does not have.
    const routes = routesOf(market.app).filter(({ internal }) => !internal);
    expect(routes.length * callers.length).toBeGreaterThan(100);
    expect(await violations(routes, send)).toEqual([]);
  });

  it('that writes is none for auditors and analysts; what they may do besides reading, they may as customers', async () => {
    const readers = routesOf(market.app).filter(({ who }) => Array.isArray(who) && (who.includes('AUDITOR') || who.includes('ANALYST')));
    expect(readers.length).toBeGreaterThan(10);
    // A query as a body, since it may be longer than an address: it appends nothing and takes no Idempotency-Key.
    expect(readers.filter(isWrite).map(nameOf)).toEqual(['POST /api/v1/analytics/sql']);

    const writes = routesOf(market.app).filter(
      (route) => isWrite(route) && Array.isArray(route.who) && !route.path.endsWith('/analytics/sql'),
    );
    expect(writes.length).toBeGreaterThan(40);
    const before = await market.store.head();
    const wrong: string[] = [];
    for (const route of writes) {
      for (const role of ['AUDITOR', 'ANALYST'] as const) {
        const { body } = await send(role, { method: route.method, path: addressOf(route), json: {} });
        if (body.code !== 'auth.forbidden') wrong.push(`${nameOf(route)} for ${role}: ${body.code}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(await market.store.head()).toBe(before);
  });

  it('that belongs to somebody wants to know who asks', () => {
    const open = routesOf(market.app).filter(({ owner, who }) => owner !== null && who === 'public');
    expect(open).toEqual([]);
  });
});

describe('a bad route is noticed', () => {
  const done = (c: { json(body: object): Response }) => c.json({});

  it('without a policy or a summary', async () => {
    const planted = new Hono<Env>()
      .get('/open', (c) => done(c))
      .post('/dumb', allow('public', { errors: ['garage.full'] }), (c) => done(c));
    const said = checkRoutes(routesOf(planted), errors);
    expect(said).toEqual([
      'GET /open says nothing about who may call it',
      'GET /open has no summary',
      'POST /dumb has no summary',
      'POST /dumb names the unknown error garage.full',
    ]);
    expect(await violations(routesOf(planted), (_, request) => probe(planted, request))).toEqual(['GET /open has no policy']);
  });

  it('whose policy is only said and not kept', async () => {
    const says = marked((_c, next) => next(), { who: ['ADMIN'], summary: 'Do as if.' });
    const planted = new Hono<Env>().post('/as-if', says, (c) => done(c));
    expect(await violations(routesOf(planted), (_, request) => probe(planted, request))).toEqual([
      'POST /as-if for nobody: 200 , not auth.required',
      'POST /as-if for guest: 200 , not auth.required',
      'POST /as-if for link: 200 , not auth.required',
      'POST /as-if for CUSTOMER: 200 , not auth.forbidden',
      'POST /as-if for SELLER: 200 , not auth.forbidden',
      'POST /as-if for AUDITOR: 200 , not auth.forbidden',
      'POST /as-if for ANALYST: 200 , not auth.forbidden',
    ]);
  });
});
