import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { Env } from '../http/env.ts';
import { logger, requestLines } from './log.ts';
import { createMetrics } from './metrics.ts';
import { type Check, telemetryRoutes } from './routes.ts';

describe('the log', () => {
  it('is JSON without anything that must not be read', () => {
    const lines: string[] = [];
    const log = logger('info', { write: (line) => lines.push(line) });
    log.info({ requestId: 'r1', authorization: 'Bearer abc', user: { email: 'ani@example.com', id: 'u1' } }, 'signed in');
    log.error({ err: Object.assign(new Error('boom'), { code: 'order.not_found' }) }, 'failed');
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect(first).toMatchObject({
      level: 'info',
      requestId: 'r1',
      authorization: '[redacted]',
      user: { email: '[redacted]', id: 'u1' },
      msg: 'signed in',
    });
    expect(second).toMatchObject({ level: 'error', err: { type: 'Error', code: 'order.not_found', message: 'boom' } });
  });
  it('has one line per request, where its level is wanted', () => {
    const lines: string[] = [];
    const told = requestLines(logger('info', { write: (line) => lines.push(line) }));
    const asked = { get: (key: 'requestId' | 'correlationId') => `${key}-1`, req: { method: 'GET' } };
    told('debug', asked, { route: '/livez', status: 200, seconds: 0.001 });
    told('info', asked, { route: '/orders/:id{[^"]+}', status: 404, seconds: 0.01234 });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'info',
        service: 'tokobapak',
        requestId: 'requestId-1',
        correlationId: 'correlationId-1',
        method: 'GET',
        route: '/orders/:id{[^"]+}',
        status: 404,
        ms: 12.3,
        msg: 'request',
      },
    ]);
  });
});

describe('metrics', () => {
  it('hold requests by template and status, and what is asked for when somebody looks', async () => {
    const metrics = createMetrics({ processDefaults: false });
    metrics.watched('GET', '/orders/:id')(200, 0.15);
    metrics.commands.inc({ command: 'order.cancel', outcome: 'accepted' });
    metrics.onScrape(() => metrics.projectionLagEvents.set({ projection: 'orders' }, 7));
    metrics.onScrape(() => Promise.reject(new Error('store is down')));
    const text = await metrics.text();
    expect(text).toContain('http_request_duration_seconds_bucket{le="0.2",method="GET",route="/orders/:id",status="200"} 1');
    expect(text).toContain('tokobapak_commands_total{command="order.cancel",outcome="accepted"} 1');
    expect(text).toContain('tokobapak_projection_lag_events{projection="orders"} 7');
  });
});

describe('probes', () => {
  const checks = new Map<string, Check>();
  let stopping = false;
  const app = new Hono<Env>().route(
    '/',
    telemetryRoutes(createMetrics({ processDefaults: false }), checks, () => stopping),
  );
  it('say that the process lives', async () => expect((await app.request('/livez')).status).toBe(200));
  it('say whether it is ready, and why not', async () => {
    checks.set('log', () => true);
    expect((await app.request('/readyz')).status).toBe(200);
    checks.set('vault', () => Promise.reject(new Error('locked')));
    const response = await app.request('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, checks: { log: 'ok', vault: 'failed' }, stalled: [] });
    checks.delete('vault');
  });
  it('say no while it stops', async () => {
    stopping = true;
    expect((await app.request('/readyz')).status).toBe(503);
    expect((await app.request('/livez')).status).toBe(200);
  });
  it('show the metrics', async () => expect((await app.request('/metrics')).headers.get('content-type')).toContain('text/plain'));
});
