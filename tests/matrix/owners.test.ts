// Route × owner: what belongs to somebody is there for its owner, and is not there at all for anybody else, whatever roles they have.
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Route } from '../../infra/http/routes.ts';
import { untilCheckout } from '../buying.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { bodiesOf } from '../support/bodies.ts';
import { type Client, clientOf } from '../support/child.ts';
import { addressOf, isWrite, nameOf, parametersOf, probe, routesOf } from '../support/probe.ts';
import { type Estate, openEstate, order } from '../support/purchase.ts';
import { type Article, openShop, register, sell } from '../support/shop.ts';

// Many requests each; a busy machine must not decide.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

type Who = 'buyer' | 'seller' | 'another buyer' | 'another seller';

let market: Market;
let estate: Estate;
const tokens = new Map<Who, string>();
let routes: Route[];
beforeAll(async () => {
  market = await openMarket();
  const client = clientOf(market);
  estate = await openEstate(client);
  tokens.set('buyer', estate.buyer.token);
  tokens.set('seller', estate.shop.token);
  tokens.set('another buyer', (await register(client)).token);
  tokens.set('another seller', (await openShop(client)).token);
  const isHere = ({ owner, path, ...route }: Route) =>
    owner !== null && parametersOf({ path }).every((name) => name in estate.ids) && route.who !== 'public';
  routes = routesOf(market.app).filter((route) => parametersOf(route).length > 0 && isHere(route));
  await market.projector.passed(await market.store.head(), 20_000);
});
afterAll(() => market.close());

/** The people whom a route's owner may be. */
const ownersOf = ({ owner }: Route): readonly Who[] => {
  if (owner === 'seller') return ['seller'];
  if (owner === 'guest') return [];
  return owner === 'buyer or seller' ? ['buyer', 'seller'] : ['buyer'];
};

const hasRole = ({ who }: Route, caller: Who) => !Array.isArray(who) || (caller.endsWith('seller') && who.includes('SELLER'));

/** A body that the schema takes, the same on every run. */
const bodyFor = ({ body }: Route): unknown => {
  if (!body) return undefined;
  const fitting = fc.sample(bodiesOf(body, estate.known), { seed: 7, numRuns: 20 });
  return fitting.find((value) => body.safeParse(value).success);
};

const ask = (route: Route, caller: Who): Promise<Answer> =>
  probe(market.app, {
    method: route.method,
    path: addressOf(route, estate.ids),
    token: tokens.get(caller),
    ...(route.body && { json: bodyFor(route) }),
  });

describe('what belongs to somebody', () => {
  it('is asked about on many routes', () => expect(routes.length).toBeGreaterThan(40));

  it('is not there for anybody else, and nothing of it changes', async () => {
    const wrong: string[] = [];
    for (const route of routes) {
      for (const caller of ['buyer', 'seller', 'another buyer', 'another seller'] as const) {
        if (ownersOf(route).includes(caller) || !hasRole(route, caller)) continue;
        const before = await market.store.head();
        const { status, body } = await ask(route, caller);
        const grown = (await market.store.head()) - before;
        // To take away what one does not have is nothing to refuse, as long as nothing happens.
        const isFine = status === 404 || (route.method === 'DELETE' && status === 200);
        if (!isFine || grown > 0) wrong.push(`${nameOf(route)} as ${caller}: ${status} ${body.code ?? ''}, ${grown} events`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is there for its owner', async () => {
    const wrong: string[] = [];
    // Who has taken something away would not find it afterwards.
    const rank = ({ method }: Route) => (isWrite({ method }) ? (method === 'DELETE' ? 2 : 1) : 0);
    for (const route of [...routes].sort((a, b) => rank(a) - rank(b))) {
      for (const caller of ownersOf(route)) {
        if (!hasRole(route, caller)) continue;
        const { status, body } = await ask(route, caller);
        const isRefused = status === 401 || status === 403 || status === 404 || status >= 500;
        if (isRefused) wrong.push(`${nameOf(route)} as ${caller}: ${status} ${body.code ?? ''}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('what a guest has bought', () => {
  /** Without an account: by the cookie, or by what a link gives. */
  type Way = { readonly guest?: string; readonly token?: string };
  const bought = async (cookie: string, article: Article) => {
    const client = clientOf(market);
    const asGuest: Client = {
      ...client,
      call: (method, path, { body } = {}) =>
        client.call(method, path, {
          headers: { cookie: `guest=${cookie}` },
          body:
            path === '/checkouts/quote' ? { ...Object(body), contact: { email: `${cookie}@example.test`, phone: '+62811000111' } } : body,
        }),
    };
    const purchase = await order(asGuest, { token: '' }, article, 2);
    const { buyerId } = await untilCheckout(market, purchase.checkoutId, 'Completed');
    return { ids: purchase, token: await market.tokenFor(buyerId, []) };
  };

  it('is there for that guest alone, by the cookie or the link', async () => {
    const [cookie, other] = [randomUUID(), randomUUID()];
    const article = await sell(clientOf(market), estate.shop, 100);
    const [mine, theirs] = [await bought(cookie, article), await bought(other, article)];
    const again = await bought(cookie, article);
    await market.projector.passed(await market.store.head(), 20_000);
    const ofGuests = routesOf(market.app).filter(
      (route) => route.who === 'buyer' && parametersOf(route).length > 0 && parametersOf(route).every((name) => name in mine.ids),
    );
    expect(ofGuests.length).toBeGreaterThan(10);
    const ask = (route: Route, way: Way) =>
      probe(market.app, { method: route.method, path: addressOf(route, mine.ids), ...way, ...(route.body && { json: bodyFor(route) }) });
    const strangers: [string, Way][] = [
      ['another guest', { guest: other }],
      ['the link of another guest', { token: theirs.token }],
      ['the link of another purchase', { token: again.token }],
      ['an account', { token: tokens.get('another buyer') ?? '' }],
      ['another seller', { token: tokens.get('another seller') ?? '' }],
    ];
    const wrong: string[] = [];
    const rank = ({ method }: Route) => (isWrite({ method }) ? 1 : 0);
    for (const route of [...ofGuests].sort((a, b) => rank(a) - rank(b))) {
      const isQuiet = nameOf(route).endsWith('/orders/:orderId/refunds');
      for (const [who, way] of strangers) {
        const { status } = await ask(route, way);
        if (status !== 404 && !(isQuiet && status === 200)) wrong.push(`${nameOf(route)} as ${who}: ${status}`);
      }
      const nobody = await ask(route, {});
      if (nobody.body.code !== 'auth.required') wrong.push(`${nameOf(route)} as nobody: ${nobody.status}`);
      for (const way of [{ guest: cookie }, { token: mine.token }]) {
        const { status, body } = await ask(route, way);
        if ([401, 403, 404].includes(status) || status >= 500) wrong.push(`${nameOf(route)} as the guest: ${status} ${body.code ?? ''}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('every route about one thing', () => {
  /** Things that are everybody's, or of which the answer tells nothing to others. */
  const everybodys = [
    'POST /api/v1/reviews/:reviewId/votes',
    'POST /api/v1/reviews/:reviewId/reports',
    'GET /api/v1/orders/:orderId/refunds',
  ];

  it('says whose it is, unless it is for staff or for everybody', () => {
    const silent = routesOf(market.app)
      .filter((route) => route.owner === null && parametersOf(route).length > 0)
      .filter(
        ({ who }) =>
          who !== 'public' &&
          !(Array.isArray(who) && who.every((role) => role.endsWith('ADMIN') || role === 'AUDITOR' || role === 'ANALYST')),
      )
      .map(nameOf);
    expect(silent.filter((name) => !everybodys.includes(name))).toEqual([]);
  });

  it('tells others nothing of an order’s refunds', async () => {
    const path = `/api/v1/orders/${estate.ids.orderId}/refunds`;
    for (const caller of ['another buyer', 'another seller'] as const) {
      const { body } = await probe(market.app, { method: 'GET', path, token: tokens.get(caller) });
      expect(body).toEqual({ items: [], next: null });
    }
    const own = await probe(market.app, { method: 'GET', path, token: tokens.get('buyer') });
    expect(own.body.items).toHaveLength(1);
  });
});
