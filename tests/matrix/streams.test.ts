// What a path says of its answer: those that end in events, and no others, are streams of server-sent events.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../infra/http/routes.ts';
import { type Market, openMarket } from '../market.ts';
import { nameOf, routesOf } from '../support/probe.ts';

let market: Market;
let routes: Route[];
beforeAll(async () => {
  market = await openMarket();
  routes = routesOf(market.app);
});
afterAll(() => market.close());

describe('a path that ends in events', () => {
  it('answers events as they happen, and no other does', () => {
    const named = routes.filter(({ path }) => path.endsWith('/events')).map(nameOf);
    const live = routes.filter(({ answer }) => answer === 'text/event-stream').map(nameOf);
    expect(named.length).toBeGreaterThan(2);
    expect(live).toEqual(named);
  });
});
