// Every write route with everything wrong that a client could send: a typed refusal that names the field, nothing written, never a 5xx.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { errors } from '../../infra/http/errors.ts';
import type { Route } from '../../infra/http/routes.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { spoiltBodiesOf } from '../support/bodies.ts';
import { addressOf, freshId, isWrite, nameOf, type Probe, parametersOf, probe, routesOf } from '../support/probe.ts';

// Many requests each; a busy machine must not decide.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** The same bodies on every run, so that a failure can be run again and never comes by chance. */
const seed = 20_260_105;
const runsPerRoute = 20;

let market: Market;
let token: string;
let writes: Route[];
beforeAll(async () => {
  market = await openMarket();
  token = await market.tokenFor(freshId(), ['CUSTOMER', 'SELLER', 'ADMIN', 'SUPER_ADMIN'], freshId());
  writes = routesOf(market.app).filter(isWrite);
});
afterAll(() => market.close());

const send = (route: Route, request: Partial<Probe>) =>
  probe(market.app, { method: route.method, path: addressOf(route), token, ...request });

/** 5xx is never an answer to bad input; whatever else is refused has a code of the list, and its status. */
const mustBeTyped = ({ status, headers, body }: Answer) => {
  if (status < 400) return;
  expect(body).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) });
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(errors[body.code]?.status).toBe(status);
  if (body.code !== 'analytics.unavailable') expect(status).toBeLessThan(500); // it is switched off here
};

const topOf = (path: readonly PropertyKey[]) => String(path[0] ?? '');

/** The fields that the schema itself finds wrong, by their first word; nothing when it takes the body. */
const faults = (schema: z.ZodType, body: unknown): Set<string> => {
  const result = schema.safeParse(body);
  const found = new Set<string>();
  for (const issue of result.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) found.add(topOf([...issue.path, key]));
    else found.add(topOf(issue.path));
  }
  return found;
};

const refusedInTime = ['request.invalid', 'request.forbidden_key', 'request.too_deep'];

const mustName = (answer: Answer, wrong: ReadonlySet<string>) => {
  expect([answer.status, refusedInTime]).toEqual([400, expect.arrayContaining([answer.body.code])]);
  const named = (answer.body.errors as { field: string; message: string }[]).map(({ field }) => field.split('.')[0] ?? '');
  expect(named.length).toBeGreaterThan(0);
  // A name with a full stop in it, or none at all, cannot be told apart from a path; the others must be among those at fault.
  if (answer.body.code === 'request.invalid') expect([...wrong, ''].some((field) => named.includes(field.split('.')[0] ?? ''))).toBe(true);
};

const everyRoute = async (routes: readonly Route[], check: (route: Route) => Promise<void>) => {
  const failed: string[] = [];
  for (const route of routes) await check(route).catch((error: Error) => failed.push(`${nameOf(route)}: ${error.message}`));
  expect(failed).toEqual([]);
};

describe('a write route', () => {
  it('is there', () => expect(writes.filter(({ body }) => body).length).toBeGreaterThan(5));

  it('refuses a spoilt body, names the field, and writes nothing', () =>
    everyRoute(writes, async (route) => {
      const { body: schema } = route;
      if (!schema) return;
      const before = await market.store.head();
      const property = fc.asyncProperty(spoiltBodiesOf(schema), async (value) => {
        const text = JSON.stringify(value);
        const wrong = faults(schema, JSON.parse(text));
        fc.pre(wrong.size > 0);
        const answer = await send(route, { text });
        mustBeTyped(answer);
        mustName(answer, wrong);
      });
      await fc.assert(property, { seed, numRuns: runsPerRoute });
      expect(await market.store.head()).toBe(before);
    }));

  const deep = `${'{"a":'.repeat(30)}1${'}'.repeat(30)}`;
  const wrongTexts: readonly (readonly [name: string, request: Partial<Probe>, codes: readonly string[]])[] = [
    ['that is not JSON', { text: '{"name": ' }, ['request.malformed_json']],
    ['with a word after its end', { text: '{} {}' }, ['request.malformed_json']],
    ['of another type', { text: 'name=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, ['request.not_json']],
    ['of no type', { text: '{}', headers: { 'content-type': '' } }, ['request.not_json']],
    ['that reaches into prototypes', { text: '{"__proto__": {"roles": ["ADMIN"]}}' }, ['request.forbidden_key']],
    ['that reaches into constructors', { text: '{"a": [{"constructor": {"prototype": {}}}]}' }, ['request.forbidden_key']],
    ['that is nested too deep', { text: deep }, ['request.too_deep']],
    ['that is a list', { text: '[]' }, ['request.invalid']],
    ['that is a word', { text: '"x"' }, ['request.invalid']],
    ['that is nothing', { text: 'null' }, ['request.invalid']],
  ];
  it.each(wrongTexts)('refuses a body %s', async (_, request, codes) => {
    const before = await market.store.head();
    await everyRoute(writes, async (route) => {
      if (!route.body) return;
      const answer = await send(route, request);
      mustBeTyped(answer);
      expect(codes).toContain(answer.body.code);
    });
    expect(await market.store.head()).toBe(before);
  });

  it('refuses a body that is too large before it reads it', () =>
    everyRoute(writes, async (route) => {
      if (route.maxBody !== null) return;
      const text = JSON.stringify({ name: 'x'.repeat(300 * 1024) });
      const answer = await send(route, { text });
      mustBeTyped(answer);
      expect([413, 404]).toContain(answer.status);
      if (route.body) expect(answer.body.code).toBe('request.too_large');
    }));

  const badKeys = ['', 'x'.repeat(129), 'two words', 'schlüssel'];
  it('refuses an Idempotency-Key that is none, and writes nothing', async () => {
    const before = await market.store.head();
    await everyRoute(writes, async (route) => {
      if (!route.keyed) return;
      for (const key of badKeys) {
        const answer = await send(route, { headers: { 'idempotency-key': key } });
        mustBeTyped(answer);
        expect(['idempotency.key_missing', 'idempotency.key_invalid']).toContain(answer.body.code);
      }
    });
    expect(await market.store.head()).toBe(before);
  });

  const badIds = [
    'x',
    '0',
    '..',
    '%00',
    '%2e%2e%2f',
    "'%20OR%201=1--",
    '__proto__',
    'x'.repeat(600),
    '%F0%9F%92%A5',
    '01ARZ3NDEKTSV4RRFFQ69G5FA',
  ];
  it('finds nothing by ids that are none, and writes nothing', async () => {
    const before = await market.store.head();
    await everyRoute(writes, async (route) => {
      if (parametersOf(route).length === 0) return;
      for (const bad of badIds) mustBeTyped(await send(route, { path: route.path.replace(/:(\w+)/g, bad) }));
    });
    expect(await market.store.head()).toBe(before);
  });

  it('refuses an If-Match that is no revision', () =>
    everyRoute(writes, async (route) => {
      for (const etag of ['7', '"x"', 'W/"3"', '"9999999999999999999999"', '"-1"'])
        mustBeTyped(await send(route, { headers: { 'if-match': etag } }));
    }));
});
