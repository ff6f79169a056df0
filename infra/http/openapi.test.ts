import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Id } from '../../domain/id.ts';
import { Price } from '../../domain/money.ts';
import { asyncapi } from './asyncapi.ts';
import { docsRoutes } from './docs.ts';
import type { Env } from './env.ts';
import { errors } from './errors.ts';
import { body, params, query } from './input.ts';
import { openapi } from './openapi.ts';
import { page, pageSchema } from './pages.ts';
import { allow } from './policy.ts';
import { checkRoutes, describeRoutes, ofService } from './routes.ts';

const Offer = z.object({ variantId: Id, price: Price, note: z.string().optional() }).meta({ id: 'Offer' });

const routes = new Hono<Env>()
  .get('/offers', allow('public', { summary: 'List offers.', answer: pageSchema(Offer), isKept: true }), query(z.object(page)), (c) =>
    c.json({ items: [], next: null }),
  )
  .post(
    '/offers/:offerId',
    allow('SELLER', {
      operation: 'makeOffer',
      owner: 'seller',
      summary: 'Make <an> offer.',
      answer: Offer,
      status: 201,
      errors: ['product.not_found'],
    }),
    params(z.object({ offerId: Id })),
    body(Offer),
    (c) => c.json(c.req.valid('json'), 201),
  );

const app = new Hono<Env>().use(async (_, next) => next()).route('/api/v1', ofService('product', routes));
app.route(
  '/',
  docsRoutes(
    () => openapi(describeRoutes(app), { title: 'Test & try', version: '1' }, true),
    () => asyncapi({ title: 'Test events', version: '1' }, 'test'),
  ),
);

describe('routes', () => {
  it('describe themselves once', () => {
    expect(describeRoutes(app).map(({ method, path, who, owner, keyed, load }) => ({ method, path, who, owner, keyed, load }))).toEqual([
      { method: 'GET', path: '/api/v1/offers', who: 'public', owner: null, keyed: false, load: 'browsing' },
      { method: 'POST', path: '/api/v1/offers/:offerId', who: ['SELLER'], owner: 'seller', keyed: true, load: 'cart' },
      { method: 'GET', path: '/openapi.json', who: 'public', owner: null, keyed: false, load: 'browsing' },
      { method: 'GET', path: '/asyncapi.json', who: 'public', owner: null, keyed: false, load: 'browsing' },
      { method: 'GET', path: '/docs', who: 'public', owner: null, keyed: false, load: 'browsing' },
      { method: 'GET', path: '/docs/style.css', who: 'public', owner: null, keyed: false, load: 'browsing' },
    ]);
    expect(checkRoutes(describeRoutes(app), errors)).toEqual([]);
  });
  it('that forget their policy, summary or table are named', () => {
    const careless = new Hono<Env>()
      .get('/a', (c) => c.text('a'))
      .get('/b', allow('guest', { summary: 'B.', errors: ['no.such'] }), (c) => c.text('b'));
    expect(checkRoutes(describeRoutes(careless), errors)).toEqual([
      'GET /a says nothing about who may call it',
      'GET /a has no summary',
      'GET /b names the unknown error no.such',
    ]);
  });
});

describe('the document', () => {
  it('has parameters, bodies, answers and refusals', async () => {
    const document = (await (await app.request('/openapi.json')).json()) as ReturnType<typeof openapi>;
    const operation = document.paths['/api/v1/offers/{offerId}']?.post;
    expect(operation).toMatchObject({ tags: ['product'], operationId: 'makeOffer' });
    expect(operation?.parameters).toEqual([
      expect.objectContaining({ name: 'offerId', in: 'path' }),
      { $ref: '#/components/parameters/IdempotencyKey' },
      { $ref: '#/components/parameters/IfMatch' },
    ]);
    // The body is what the answer is: described once.
    expect(operation?.requestBody).toEqual({ content: { 'application/json': { schema: { $ref: '#/components/schemas/Offer' } } } });
    expect(Object.keys(operation?.responses ?? {})).toEqual(
      expect.arrayContaining(['201', '400', '401', '403', '404', '409', '422', '429', '500', '503']),
    );
    expect(document.paths['/api/v1/offers']?.get?.parameters).toEqual(
      ['Limit', 'Cursor', 'MinPosition', 'IfNoneMatch'].map((name) => ({ $ref: `#/components/parameters/${name}` })),
    );
  });
  it('describes a schema once, by its name', async () => {
    const { paths, components } = (await (await app.request('/openapi.json')).json()) as ReturnType<typeof openapi>;
    expect(paths['/api/v1/offers']?.get?.responses['200']).toMatchObject({
      content: { 'application/json': { schema: { $ref: '#/components/schemas/OfferPage' }, example: { items: [{ note: 'text' }] } } },
    });
    expect(components.schemas.OfferPage).toMatchObject({ properties: { items: { items: { $ref: '#/components/schemas/Offer' } } } });
    expect(components.schemas.Offer).toMatchObject({ additionalProperties: false, required: ['variantId', 'price'] });
  });
  it('refuses two schemas of one name', () => {
    const said = (answer: z.ZodType) => allow('public', { summary: 'A.', answer });
    const twice = new Hono<Env>()
      .get('/a', said(Offer), (c) => c.text('a'))
      .get('/b', said(z.object({ price: Price }).meta({ id: 'Offer' })), (c) => c.text('b'));
    expect(() => openapi(describeRoutes(twice), { title: 'T', version: '1' }, true)).toThrow('Two schemas of answers are called Offer.');
  });
});

describe('the page', () => {
  it('shows every route with an example, escaped, without any script or inline style', async () => {
    const response = await app.request('/docs');
    const html = await response.text();
    expect(html).toContain('Make &lt;an&gt; offer.');
    expect(html).toContain('01JZ0000000000000000000000');
    expect(html).toContain('id="product.not_found"');
    expect(html).not.toMatch(/<script|<style|style=|https?:\/\//);
    expect((await app.request('/docs/style.css')).headers.get('content-type')).toBe('text/css; charset=utf-8');
  });
});
