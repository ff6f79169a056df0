// Every write route with bodies that fit, about things that exist and about things that do not: whatever they say, there is an answer.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { errors } from '../../infra/http/errors.ts';
import type { Route } from '../../infra/http/routes.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { bodiesOf, type Known } from '../support/bodies.ts';
import { clientOf } from '../support/child.ts';
import { chainFaults, ledgerFaults, stockFaults } from '../support/inspect.ts';
import { addressOf, isWrite, nameOf, probe, routesOf } from '../support/probe.ts';
import { type Estate, openEstate } from '../support/purchase.ts';

// Many requests each; a busy machine must not decide.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** The same bodies on every run. */
const seed = 20_260_105;
/** What fits is carried out, which costs more than refusing it: some hash a password. */
const runsPerRoute = 10;

let market: Market;
let estate: Estate;
let token: string;
let writes: Route[];
beforeAll(async () => {
  market = await openMarket();
  estate = await openEstate(clientOf(market));
  // Somebody who may do everything, and whose own all of it is.
  token = await market.tokenFor(estate.buyer.userId, ['CUSTOMER', 'SELLER', 'ADMIN', 'SUPER_ADMIN'], estate.shop.sellerId);
  // What takes things away comes last, so that the others have something to change.
  writes = routesOf(market.app).filter(isWrite);
  writes.sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));
});
afterAll(() => market.close());

const mustBeAnAnswer = ({ status, body }: Answer) => {
  if (status < 400 || body.code === 'analytics.unavailable') return;
  expect(errors[body.code]?.status).toBe(status);
  expect([status < 500, body]).toEqual([true, body]);
};

/** Answers the statuses that were given, with the names of the routes that gave them. */
const onEvery = async (ids: Known, known: Known): Promise<ReadonlyMap<number, ReadonlySet<string>>> => {
  const given = new Map<number, Set<string>>();
  const failed: string[] = [];
  for (const route of writes) {
    const bodies = route.body ? bodiesOf(route.body, known) : fc.constant(undefined);
    const property = fc.asyncProperty(bodies, async (json) => {
      const answer = await probe(market.app, { method: route.method, path: addressOf(route, ids), token, json });
      mustBeAnAnswer(answer);
      given.set(answer.status, (given.get(answer.status) ?? new Set()).add(nameOf(route)));
    });
    await fc
      .assert(property, { seed, numRuns: route.body ? runsPerRoute : 1 })
      .catch((error: Error) => failed.push(`${nameOf(route)}: ${error.message.slice(0, 2_000)}`));
  }
  expect(failed).toEqual([]);
  return given;
};

it('answers whatever is said about things that do not exist', async () => {
  const given = await onEvery({}, {});
  expect(given.get(404)?.size).toBeGreaterThan(30);
});

it('answers whatever is said about things that exist', async () => {
  const given = await onEvery(estate.ids, estate.known);
  expect(given.get(200)?.size).toBeGreaterThan(30);
});

it('has kept its log, its stock and its books in order all the while', async () => {
  const log = await market.store.readAll(0, 1_000_000);
  expect([...chainFaults(log), ...stockFaults(log), ...ledgerFaults(log)]).toEqual([]);
});
