import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { DomainError } from '../../domain/error.ts';
import type { Env } from './env.ts';
import { fused } from './fuse.ts';
import { allow } from './policy.ts';
import { notFound, onError } from './problem.ts';
import { describeRoutes } from './routes.ts';

const create = () => {
  const seen: string[] = [];
  const routes = new Hono<Env>()
    .get('*', (_, next) => {
      seen.push('query');
      return next();
    })
    .get('/shops/mine', allow('public', { summary: 'Mine.' }), (c) => c.text('mine'))
    .get('/shops/:shopId', allow('public', { summary: 'One.' }), (c) => c.text(c.req.param('shopId')))
    .get('/shops/me/goods/:id', allow('public', { summary: 'Goods.' }), async (c) => c.text(c.req.param('id')))
    .get('/late', allow('public', { summary: 'Refuses.' }), async () => {
      throw new DomainError('order.not_found', 'There is no such order.');
    })
    .post('/shops', allow('public', { summary: 'Open.' }), (c) => c.text('opened', 201));
  const app = new Hono<Env>()
    .use(async (c, next) => {
      c.set('principal', null);
      await next();
      seen.push(`${c.res.status}${c.error ? ' refused' : ''}`);
    })
    .route('/api', routes)
    .get('/open', allow('public', { summary: 'Open.' }), (c) => c.text('open'));
  return {
    seen,
    app,
    whole: fused(
      app,
      onError(() => {}),
      notFound,
    ),
  };
};

describe('a fused app', () => {
  it.each([
    ['GET', '/api/shops/mine', 'mine', ['query', '200']],
    ['GET', '/api/shops/s1', 's1', ['query', '200']],
    ['GET', '/api/shops/me/goods/g1', 'g1', ['query', '200']],
    ['POST', '/api/shops', 'opened', ['201']],
    ['GET', '/open', 'open', ['200']],
  ])('answers %s %s as its parts do, with the middleware before it and no other', async (method, path, text, steps) => {
    const { seen, whole } = create();
    expect(await (await whole.request(path, { method })).text()).toBe(text);
    expect(seen).toEqual(steps);
  });
  it('turns what a step throws into a problem before the steps around it go on', async () => {
    const { seen, whole } = create();
    expect((await whole.request('/api/late')).status).toBe(404);
    expect(seen).toEqual(['query', '404 refused']);
  });
  it('has nothing at other addresses, behind the middleware for all', async () => {
    const { seen, whole } = create();
    const response = await whole.request('/nowhere');
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(seen).toEqual(['404']);
  });
  it('describes itself as its parts do', () => {
    const { app, whole } = create();
    expect(describeRoutes(whole)).toEqual(describeRoutes(app));
  });
});
