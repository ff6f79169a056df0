// Every read route with everything wrong that an address can hold: a typed refusal, never a 5xx, never more than one page.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { errors } from '../../infra/http/errors.ts';
import { schemaOf } from '../../infra/http/openapi.ts';
import type { Route } from '../../infra/http/routes.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { addressOf, freshId, isWrite, nameOf, parametersOf, probe, routesOf } from '../support/probe.ts';

// Many requests each; a busy machine must not decide.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let market: Market;
let token: string;
let reads: Route[];
beforeAll(async () => {
  market = await openMarket();
  token = await market.tokenFor(freshId(), ['CUSTOMER', 'SELLER', 'ADMIN', 'SUPER_ADMIN'], freshId());
  reads = routesOf(market.app).filter((route) => !isWrite(route) && !route.internal);
});
afterAll(() => market.close());

/** Where analytics is switched off, its routes say so, whatever is asked. */
const mustBeTyped = ({ status, body }: Answer) => {
  if (status < 400 || body.code === 'analytics.unavailable') return;
  expect(errors[body.code]?.status).toBe(status);
  expect(status).toBeLessThan(500);
};

const everyRead = async (check: (route: Route) => Promise<void>) => {
  const failed: string[] = [];
  for (const route of reads) await check(route).catch((error: Error) => failed.push(`${nameOf(route)}: ${error.message}`));
  expect(failed).toEqual([]);
};

const ask = (path: string) => probe(market.app, { method: 'GET', path, token });

const fieldsOf = ({ query }: Route): string[] => {
  if (!query) return [];
  const { properties = {} } = schemaOf(query, 'output') as { properties?: object };
  return Object.keys(properties);
};

const numbersOf = ({ query }: Route): string[] => {
  if (!query) return [];
  const { properties = {} } = schemaOf(query, 'output') as { properties?: Record<string, { type?: string }> };
  return Object.entries(properties).flatMap(([name, { type }]) => (type === 'number' || type === 'integer' ? [name] : []));
};

const values = [
  '',
  '0',
  '-1',
  '1.5',
  '1e9',
  'NaN',
  'null',
  'true',
  'x',
  "'%20OR%201=1--",
  '%00',
  '%F0%9F%92%A5',
  '%',
  '[]',
  '{}',
  'x'.repeat(1_000),
];
const common = [
  'limit=0',
  'limit=101',
  'limit=x',
  'cursor=x',
  'cursor=',
  'cursor=W10',
  'cursor=eyJhIjoxfQ',
  '__proto__=1',
  'constructor=1',
  `q=${'x'.repeat(5_000)}`,
];

describe('a read route', () => {
  it('is there', () => expect(reads.length).toBeGreaterThan(40));

  it('refuses values of its own fields that are none', () =>
    everyRead(async (route) => {
      for (const field of fieldsOf(route)) {
        for (const value of values) mustBeTyped(await ask(`${addressOf(route)}?${field}=${value}`));
        mustBeTyped(await ask(`${addressOf(route)}?${field}=1&${field}=2`));
      }
    }));

  it('takes numbers in digits alone, and a name without a value as not given', () =>
    everyRead(async (route) => {
      const address = addressOf(route, { streamId: `order-${freshId()}` });
      for (const field of numbersOf(route)) {
        for (const value of ['0x1', '0b1', '1e0', '%201', '1%20', '+1', '01', '1.', '.1', '1,0', 'true', 'Infinity', '%D9%A1', '[1]']) {
          const { status, body } = await ask(`${address}?${field}=${value}`);
          expect([field, value, status]).toEqual([field, value, 400]);
          expect(body.errors.map((error: { field: string }) => error.field)).toContain(field);
        }
        const [empty, absent] = [await ask(`${address}?${field}=`), await ask(address)];
        expect([field, empty.status, empty.body.code]).toEqual([field, absent.status, absent.body.code]);
      }
    }));

  it('refuses limits and cursors that are none, and names that nobody knows', () =>
    everyRead(async (route) => {
      for (const query of common) mustBeTyped(await ask(`${addressOf(route)}?${query}`));
      if (route.query) {
        const unknown = await ask(`${addressOf(route, { streamId: `order-${freshId()}` })}?nobody_knows=1`);
        expect([route.path, unknown.status]).toEqual([route.path, 400]);
        expect(unknown.body.errors.map(({ field }: { field: string }) => field)).toContain('nobody_knows');
      }
    }));

  it('refuses positions that are none or of another log', () =>
    everyRead(async (route) => {
      if (!route.path.startsWith('/api/v1')) return;
      for (const position of [
        'x',
        '-1',
        'other.1',
        `${market.store.logId}.x`,
        `${market.store.logId}.-1`,
        `${market.store.logId}.99999999999999999999`,
      ]) {
        mustBeTyped(await probe(market.app, { method: 'GET', path: addressOf(route), token, headers: { 'min-position': position } }));
      }
    }));

  it('finds nothing by ids that are none', () =>
    everyRead(async (route) => {
      if (parametersOf(route).length === 0) return;
      for (const bad of ['x', '%00', '__proto__', 'x'.repeat(600), '%F0%9F%92%A5', '-', 'stream-', '.', "'%20OR%201=1--"]) {
        mustBeTyped(await ask(route.path.replace(/:(\w+)(\{[^}]*\})?/g, bad)));
      }
    }));
});
