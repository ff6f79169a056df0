// The ceiling of the HTTP paths: the same framework on the same server with routes that do nothing.
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

// As many bytes as the real answers have, in the order `a b` of the command line.
const [a = '{}', b = '{}'] = process.argv.slice(2).map((size) => JSON.stringify({ text: 'x'.repeat(Math.max(0, Number(size) - 11)) }));
const json = { 'content-type': 'application/json' };

const app = new Hono()
  .get('/a', (c) => c.body(a, 200, json))
  .get('/b', (c) => c.body(b, 200, json))
  .post('/', async (c) => {
    const line: unknown = await c.req.json();
    return c.json({ ok: typeof line === 'object' });
  });

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (address: AddressInfo) => {
  console.log(JSON.stringify({ port: address.port }));
});
process.once('SIGTERM', () => {
  server.close();
  process.exit(0);
});
