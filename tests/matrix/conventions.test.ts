// The conventions of the API (docs/api.md), over all routes: how paths, ids and fields are named, and what a path says of its answer.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Document } from '../../infra/http/openapi.ts';
import type { Route } from '../../infra/http/routes.ts';
import { type Market, openMarket } from '../market.ts';
import { nameOf, parametersOf, routesOf } from '../support/probe.ts';

let market: Market;
let routes: Route[];
let document: Document;
beforeAll(async () => {
  market = await openMarket();
  routes = routesOf(market.app).filter(({ service }) => service !== 'system');
  document = (await (await market.app.request('/openapi.json')).json()) as Document;
});
afterAll(() => market.close());

/** What stands in a path and is no id: words that people choose, and what is looked up by either. */
const notIds = new Set(['slug', 'idOrSlug', 'role', 'saga', 'instance', 'provider', 'trackingNumber']);

/** The names of all fields in a JSON Schema, wherever they stand. */
const fieldsIn = (schema: unknown): string[] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : [];
  return [...own, ...Object.values(schema).flatMap(fieldsIn)];
};

describe('a path', () => {
  it('that ends in events answers events as they happen, and no other does', () => {
    const named = routes.filter(({ path }) => path.endsWith('/events')).map(nameOf);
    const live = routes.filter(({ answer }) => answer === 'text/event-stream').map(nameOf);
    expect(named.length).toBeGreaterThan(2);
    expect(live).toEqual(named);
  });
  it('has words in lower case with hyphens, and parameters that say what they are the id of', () => {
    const words = routes.filter(({ path }) => !path.split('/').every((part) => part.startsWith(':') || /^[a-z0-9-]*$/.test(part)));
    expect(words.map(nameOf)).toEqual([]);
    const parameters = routes.filter(
      (route) => !parametersOf(route).every((name) => /^[a-z]+([A-Z][a-z]+)*Id$/.test(name) || notIds.has(name)),
    );
    expect(parameters.map(nameOf)).toEqual([]);
  });
  it('is below /sellers/me for what is the own shop’s, and names people there by their user id', () => {
    expect(routes.filter(({ path }) => /\/sellers?\/(?!me\b|:)/.test(path)).map(nameOf)).toEqual([]);
    expect(routes.filter(({ path }) => path.includes('/members/') && !path.includes('/members/:userId')).map(nameOf)).toEqual([]);
  });
});

/** An actor is whoever its kind says, as the log keeps it; a query's result is the engine's own form. */
const asTheyAre = new Set(['Actor.id', 'QueryResult.rows_before_limit_at_least']);

describe('a field', () => {
  it('is written in camelCase, and an id says what it is the id of', () => {
    const named = Object.entries(document.components.schemas).map(([schema, definition]) => [schema, fieldsIn(definition)] as const);
    const wrong = named.flatMap(([schema, fields]) =>
      fields.filter((field) => field === 'id' || !/^[a-z][A-Za-z0-9]*$/.test(field)).map((field) => `${schema}.${field}`),
    );
    expect(wrong.filter((name) => !asTheyAre.has(name))).toEqual([]);
  });
});
