// Who leaves the gateway leaves the service behind it as well, so that it stops working for them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { listen } from '../../infra/gateway/listen.ts';
import type { Env } from '../../infra/http/env.ts';
import { bodyBytes } from '../../infra/http/request-body.ts';
import { forwardingRoutes } from '../../proxy.ts';

it.each([
  ['a report', '/analytics/gmv', { method: 'GET' }],
  ['a query', '/analytics/sql', { method: 'POST', body: '{"sql":"SELECT 1"}', headers: { 'content-type': 'application/json' } }],
])('who has asked for %s', async (_, path, request) => {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const service = createServer((_request, response) => {
    response.once('close', left.resolve);
    asked.resolve();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  const app = new Hono<Env>()
    .use(async (c, next) => {
      // As the gateway does before a route begins.
      if (c.req.method !== 'GET') await bodyBytes(c);
      await next();
    })
    .route(
      '/api/v1',
      forwardingRoutes(() => `http://127.0.0.1:${port}`, 'Asia/Jakarta'),
    );
  const gateway = await listen(app.fetch, { port: 0, hostname: '127.0.0.1' });
  const client = new AbortController();
  const answer = fetch(`http://127.0.0.1:${gateway.port}/api/v1${path}`, { ...request, signal: client.signal });
  await asked.promise;
  client.abort();
  await expect(answer).rejects.toThrow('abort');
  await left.promise;
  await gateway.stop(async () => {});
  await new Promise((resolve) => service.close(resolve));
});
