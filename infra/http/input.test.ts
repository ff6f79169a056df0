import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Price } from '../../domain/money.ts';
import type { Env } from './env.ts';
import { body, params, query } from './input.ts';
import { page } from './pages.ts';
import { notFound, onError } from './problem.ts';

const Listing = z.object({ title: z.string().min(2), price: Price, tags: z.array(z.object({ name: z.string() })).optional() });

const app = new Hono<Env>()
  .onError(onError(() => {}))
  .notFound(notFound)
  .post('/listings', body(Listing), (c) => c.json(c.req.valid('json')))
  .post('/notes', body(z.strictObject({ note: z.string().optional(), more: z.record(z.string(), z.unknown()).optional() })), (c) =>
    c.json(c.req.valid('json')),
  )
  .get('/listings', query(z.strictObject({ ...page, tag: z.array(z.string()).optional() })), (c) => c.json(c.req.valid('query')))
  .get('/listings/:id', params(z.strictObject({ id: z.string().length(3) })), (c) => c.json(c.req.valid('param')));

const post = (path: string, text: string | ReadableStream, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  app.request(path, { method: 'POST', body: text, headers, duplex: 'half' } as RequestInit);

const fields = async (response: Response) => ((await response.json()) as { errors: { field: string }[] }).errors.map(({ field }) => field);
const code = async (response: Response) => ((await response.json()) as { code: string }).code;

const listing = { title: 'Batik', price: { amount: 150_000, currency: 'IDR' } };

describe('a body', () => {
  it('is taken when it is right', async () => {
    const response = await post('/listings', JSON.stringify(listing));
    expect(await response.json()).toEqual(listing);
  });
  it('may not hold keys that nobody asked for, at any depth, and the answer names them', async () => {
    const response = await post(
      '/listings',
      JSON.stringify({ ...listing, seller: 'x', price: { ...listing.price, total: 1 }, tags: [{ name: 'a', b: 1 }] }),
    );
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect((await fields(response)).sort()).toEqual(['price.total', 'seller', 'tags.0.b']);
  });
  it('that is not JSON is 400', async () => expect(await code(await post('/listings', '{"title":'))).toBe('request.malformed_json'));
  it('of another type is 415', async () => expect((await post('/listings', 'title=x', { 'content-type': 'text/plain' })).status).toBe(415));
  it('may be left out where nothing is needed', async () => expect((await app.request('/notes', { method: 'POST' })).status).toBe(200));
  it('may not be left out where something is', async () => expect((await app.request('/listings', { method: 'POST' })).status).toBe(400));
  it('of more than 256 KiB is 413, declared or not', async () => {
    const much = JSON.stringify({ note: 'x'.repeat(256 * 1024) });
    expect((await post('/notes', much)).status).toBe(413);
    expect((await post('/notes', much, { 'content-type': 'application/json', 'content-length': String(much.length) })).status).toBe(413);
  });
  it('is not nested without end', async () => {
    const nested = `${'{"a":'.repeat(25)}1${'}'.repeat(25)}`;
    expect(await code(await post('/notes', `{"more":${nested}}`))).toBe('request.too_deep');
  });
  it.each(['__proto__', 'constructor', 'prototype'])('never names %s', async (name) => {
    expect(await code(await post('/notes', `{"more":{"a":[{"${name}":{}}]}}`))).toBe('request.forbidden_key');
  });
});

describe('a query', () => {
  it('has defaults and numbers', async () => expect(await (await app.request('/listings')).json()).toEqual({ limit: 20 }));
  it('collects what is repeated', async () => {
    expect(await (await app.request('/listings?tag=a&tag=b&limit=5')).json()).toEqual({ limit: 5, tag: ['a', 'b'] });
  });
  it('refuses what nobody asked for', async () => expect(await fields(await app.request('/listings?colour=red'))).toEqual(['colour']));
  it('refuses a page of more than 100', async () => expect(await fields(await app.request('/listings?limit=101'))).toEqual(['limit']));
  it('refuses names that reach into prototypes', async () => expect((await app.request('/listings?__proto__=1')).status).toBe(400));
});

describe('a path', () => {
  it('is checked too', async () => {
    expect(await (await app.request('/listings/abc')).json()).toEqual({ id: 'abc' });
    expect((await app.request('/listings/abcd')).status).toBe(400);
  });
  it('that leads nowhere is a problem of its own', async () => expect(await code(await app.request('/nowhere'))).toBe('request.no_route'));
});
