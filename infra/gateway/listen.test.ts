import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryCache } from '../cache/memory.ts';
import type { Env } from '../http/env.ts';
import { body } from '../http/input.ts';
import { allow } from '../http/policy.ts';
import { notFound, onError } from '../http/problem.ts';
import { gateway } from './gateway.ts';
import { type Listening, type ListenOptions, listen } from './listen.ts';
import { loadGate } from './load.ts';
import { defaultRates, rateLimit } from './rates.ts';

const slowBody = (path: string) => `POST ${path} HTTP/1.1\r\nHost: toko\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{`;

const open: { sockets: Socket[]; servers: Listening[] } = { sockets: [], servers: [] };
afterEach(async () => {
  for (const socket of open.sockets.splice(0)) socket.destroy();
  for (const server of open.servers.splice(0)) await server.stop(async () => {});
});

const start = async (options: Partial<ListenOptions> = {}, places = 20) => {
  const cache = memoryCache();
  const load = loadGate({ most: places, fewest: places });
  const statuses: number[] = [];
  const asked: string[] = [];
  const reported: Error[] = [];
  const inRoute: PromiseWithResolvers<void>[] = [];
  const failed = onError((error) => reported.push(error));
  const app = new Hono<Env>()
    .onError(failed)
    .notFound(notFound)
    .use(
      gateway({
        authenticate: () => null,
        limit: rateLimit({ ...defaultRates, other: 1_000_000 }, cache, cache),
        load,
        publicOrigin: 'http://toko',
        corsOrigins: [],
        trustedHops: 0,
        allowLoopbackOrigins: false,
        adminAllow: [],
        internalAllow: [],
        watched: (_, route) => {
          asked.push(route);
          return (status) => statuses.push(status);
        },
        report: (error) => reported.push(error),
      }),
    )
    .get('/goods', allow('public'), (c) => c.text('goods'))
    .get('/much', allow('public'), (c) => c.text('x'.repeat(64 * 1024 * 1024)))
    .post('/webhooks', allow('public', { load: 'payment', rate: 'none' }), body(z.object({})), (c) => c.text('taken'))
    .post('/held', allow('public', { load: 'payment', rate: 'none' }), async (c) => {
      const held = Promise.withResolvers<void>();
      inRoute.push(held);
      await held.promise;
      return c.text('held');
    });
  const server = await listen(app.fetch, { port: 0, hostname: '127.0.0.1', ...options });
  open.servers.push(server);
  const url = `http://127.0.0.1:${server.port}`;
  /** A connection that sends `text`; `closed` resolves with all that was answered, at the end of the connection. */
  const say = (text: string, localAddress = '127.0.0.1') => {
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress });
    open.sockets.push(socket);
    let answered = '';
    socket.on('data', (chunk) => {
      answered += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(answered)));
    socket.write(text);
    return { socket, closed };
  };
  return { url, server, load, say, statuses, asked, reported, inRoute };
};

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

const ask = async (url: string, init?: RequestInit) => (await fetch(url, { ...init, signal: AbortSignal.timeout(20_000) })).status;

describe('clients that send slowly', () => {
  it('take nobody’s place, however many they are', async () => {
    const { url, load, say, reported } = await start();
    for (let n = 0; n < 300; n += 1) say(slowBody('/webhooks'));
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
    for (let n = 0; n < 30; n += 1) expect(await ask(`${url}/goods`)).toBe(200);
    expect(await ask(`${url}/webhooks`, post)).toBe(200);
    expect(load.shed).toMatchObject({ browsing: 0, payment: 0 });
    expect(reported).toEqual([]);
  });
  it('are ended when the header does not come in time', async () => {
    const { say } = await start({ headerTimeoutMs: 50 });
    expect(await say('POST /webhooks HTTP/1.1\r\nHost: to').closed).toMatch(/^HTTP\/1.1 408 /);
    expect(await say('').closed).toMatch(/^(HTTP\/1.1 408 |$)/);
  });
  it('are ended when the body does not come in time, and are no fault of ours', async () => {
    const { say, statuses, reported, load } = await start({ headerTimeoutMs: 50, requestTimeoutMs: 100 });
    expect(await say(slowBody('/webhooks')).closed).toMatch(/^HTTP\/1.1 408 /);
    await until(() => statuses.length > 0);
    expect([statuses, reported, load.inFlight]).toEqual([[499], [], 0]);
  });
  it('and go away are counted as 499, and are no fault of ours', async () => {
    const { say, statuses, asked, reported, load } = await start();
    const { socket } = say(slowBody('/webhooks'));
    await until(() => asked.length > 0);
    socket.destroy();
    await until(() => statuses.length > 0);
    expect([statuses, reported, load.inFlight]).toEqual([[499], [], 0]);
  });
});

it('a client that does not read its answer is ended', async () => {
  const { server, say } = await start({ readTimeoutMs: 100 });
  const { socket, closed } = say('GET /much HTTP/1.1\r\nHost: toko\r\n\r\n');
  socket.pause();
  await until(() => server.connections === 1);
  await until(() => server.connections === 0);
  socket.resume();
  expect((await closed).length).toBeLessThan(64 * 1024 * 1024);
});

describe('connections', () => {
  it('of one address are limited, and others are served', async () => {
    const { url, say } = await start({ maxConnectionsPerAddress: 5 });
    const held = Array.from({ length: 5 }, () => say(slowBody('/webhooks'), '127.0.0.2'));
    await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(await say('GET /goods HTTP/1.1\r\nHost: toko\r\n\r\n', '127.0.0.2').closed).toBe('');
    expect(await ask(`${url}/goods`)).toBe(200);
  });
  it('of addresses without a limit are not', async () => {
    const { say } = await start({ maxConnectionsPerAddress: 2, unlimitedAddresses: ['127.0.0.2'] });
    for (let n = 0; n < 5; n += 1) say(slowBody('/webhooks'), '127.0.0.2');
    expect(await say('GET /goods HTTP/1.1\r\nHost: toko\r\nConnection: close\r\n\r\n', '127.0.0.2').closed).toContain('goods');
  });
  it('make room for new ones where there are too many in all: the oldest of the address with most', async () => {
    const { url, say } = await start({ maxConnections: 10 });
    const first = say(slowBody('/webhooks'), '127.0.0.2');
    await new Promise((resolve) => first.socket.once('connect', resolve));
    for (let n = 0; n < 9; n += 1) say(slowBody('/webhooks'), '127.0.0.2');
    for (let n = 0; n < 5; n += 1) expect(await ask(`${url}/goods`, { headers: { connection: 'close' } })).toBe(200);
    expect(await first.closed).toBe('');
  });
  it('with two Host headers are refused', async () => {
    const { say } = await start();
    expect(await say('GET /goods HTTP/1.1\r\nHost: toko\r\nHost: evil\r\nConnection: close\r\n\r\n').closed).toMatch(/^HTTP\/1.1 400 /);
    expect(await say('GET /goods HTTP/1.1\r\nConnection: close\r\n\r\n').closed).toMatch(/^HTTP\/1.1 400 /);
  });
});

it('one class of requests cannot take all places', async () => {
  const { url, inRoute } = await start({}, 20);
  const held = Array.from({ length: 40 }, () => ask(`${url}/held`, { method: 'POST' }));
  await until(() => inRoute.length === 19);
  expect(await ask(`${url}/goods`)).toBe(200);
  for (const each of inRoute) each.resolve();
  expect((await Promise.all(held)).filter((status) => status === 200)).toHaveLength(19);
});
