// What comes in at the edge, whatever the route: bodies, queries, times and bytes, over real sockets where those matter.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../../infra/gateway/listen.ts';
import { sign } from '../../infra/outbound/signature.ts';
import { type Market, openMarket } from '../market.ts';
import { clientOf } from '../support/child.ts';
import { addressOf, freshId, routesOf } from '../support/probe.ts';
import { ok, openShop } from '../support/shop.ts';

let market: Market;
let server: Listening;
let admin: string;
beforeAll(async () => {
  market = await openMarket();
  server = await listen(market.app.fetch, { port: 0, hostname: '127.0.0.1' });
  admin = await market.tokenFor(freshId(), ['ADMIN']);
});
afterAll(async () => {
  await server.stop(async () => {});
  await market.close();
});

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Sent one by one, without a length unless `headers` say one. */
  readonly chunks?: readonly Uint8Array[];
}

/** A request by a socket, as its bytes are. */
const send = (path: string, { method = 'POST', headers = {}, chunks = [] }: Sent = {}) =>
  new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const sent = request({ port: server.port, path: `/api/v1${path}`, method, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    sent.on('error', reject);
    for (const chunk of chunks) sent.write(chunk);
    sent.end();
  });

const json = { 'content-type': 'application/json' };
const bytes = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

describe('a signed webhook', () => {
  const secret = () => (JSON.parse(readFileSync(join(market.dataDir, 'webhook-secrets.json'), 'utf8')) as { payment: string }).payment;
  const notice = () =>
    JSON.stringify({
      type: 'payment.captured',
      eventId: randomUUID(),
      occurredAt: new Date(market.now()).toISOString(),
      account: 'tokobapak',
      paymentId: freshId(),
      checkoutId: freshId(),
      amount: { amount: 1, currency: 'IDR' },
      note: 'Rp 1 – ya 😀',
    });
  const bom = [0xef, 0xbb, 0xbf];
  const deliver = (body: Buffer, headers: Record<string, string> = {}, chunks: readonly Uint8Array[] = [body]) =>
    send('/webhooks/simulated', { headers: { ...json, ...headers, 'x-signature': sign(secret(), body, market.now()) }, chunks });

  it.each([
    ['with a length', (body: Buffer) => deliver(body, { 'content-length': String(body.length) })],
    ['without one', (body: Buffer) => deliver(body)],
    [
      'byte by byte',
      (body: Buffer) =>
        deliver(
          body,
          {},
          [...body].map((one) => Buffer.from([one])),
        ),
    ],
  ])('is proved over the bytes that were sent, %s, also behind a byte order mark', async (_, how) => {
    expect(await how(bytes(notice()))).toMatchObject({ status: 200 });
    expect(await how(bytes(bom, notice()))).toMatchObject({ status: 200 });
  });
  it('of bytes that are no text is signed all the same, and not understood', async () => {
    const body = bytes('{"type":"', [0xff, 0xc3], '"}');
    expect(JSON.parse((await deliver(body)).text)).toMatchObject({ code: 'webhook.unknown_event' });
    expect(JSON.parse((await deliver(body, { 'content-length': String(body.length) })).text)).toMatchObject({
      code: 'webhook.unknown_event',
    });
  });
  it('whose bytes were changed is refused', async () => {
    const body = bytes(notice());
    const signature = sign(secret(), body, market.now());
    const changed = await send('/webhooks/simulated', { headers: { ...json, 'x-signature': signature }, chunks: [bytes(bom), body] });
    expect(JSON.parse(changed.text)).toMatchObject({ code: 'webhook.bad_signature', status: 401 });
  });
});

describe('a body', () => {
  it.each([{ 'content-length': '42' }, {}])('that is not UTF-8 is refused, and not stored with other letters, %j', async (length) => {
    const chunks = [bytes('{"email":"a@example.test","password":"caf', [0xe9], '"}')];
    const size = chunks[0]?.length ?? 0;
    const headers = { ...json, ...('content-length' in length && { 'content-length': String(size) }) };
    expect(JSON.parse((await send('/auth/login', { headers, chunks })).text)).toMatchObject({ code: 'request.bad_encoding', status: 400 });
  });
  it('with thousands of unknown fields gets a short answer', async () => {
    const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`field ${n} ${'x'.repeat(10)}`, n]));
    const refused = await market.call('POST', '/auth/login', { body });
    expect([refused.status, refused.body.code, refused.body.errors.length]).toEqual([400, 'request.invalid', 20]);
    const long = await market.call('POST', '/auth/login', { body: { ['x'.repeat(200_000)]: 1 } });
    expect(JSON.stringify(long.body).length).toBeLessThan(4_000);
  });
  it.each([[{ coupon: 1 }], [[1]], ['text'], [null]])('that says something to a route that takes none is refused: %j', async (body) => {
    const token = await market.tokenFor(freshId(), ['CUSTOMER']);
    const path = `/orders/${freshId()}/completion`;
    expect((await market.call('POST', path, { token, body })).body.code).toBe('request.invalid');
    expect((await market.call('POST', path, { token, body: {} })).body.code).toBe('order.not_found');
    expect((await market.call('POST', path, { token })).body.code).toBe('order.not_found');
  });
});

describe('a query', () => {
  it.each(['utm_source=x', 'UTM_Campaign=a&utm_campaign=b', 'gclid=1&fbclid=2&msclkid=3&ttclid=4', 'srsltid=x'])(
    'may carry what advertisements add: %s',
    async (query) => expect((await market.call('GET', `/products?${query}`)).status).not.toBe(400),
  );
  it.each(['utmsource=x', 'colour=red'])('may carry nothing else that is unknown: %s', async (query) =>
    expect((await market.call('GET', `/search?${query}`)).body.code).toBe('request.invalid'),
  );
  it('that is not UTF-8 is refused, and the sign that stands for it is not', async () => {
    expect((await market.call('GET', '/search?q=caf%E9')).body.code).toBe('request.bad_encoding');
    expect((await market.call('GET', '/search?q=caf%EF%BF%BD')).status).toBe(200);
  });
});

describe('a time', () => {
  const rule = async (from: string) => {
    const shop = await openShop(clientOf(market));
    return market.call('POST', `/admin/sellers/${shop.sellerId}/commissions`, { token: admin, body: { basisPoints: 500, from } });
  };
  it.each([
    ['2026-12-31T00:00:00Z', '2026-12-31T00:00:00.000Z'],
    ['2026-12-31T07:00:00+07:00', '2026-12-31T00:00:00.000Z'],
    ['2026-12-30T19:00:00.000-05:00', '2026-12-31T00:00:00.000Z'],
    ['2026-12-31T00:00:00.123456Z', '2026-12-31T00:00:00.123Z'],
  ])('of a body may be written as %s', async (written, kept) => expect(ok(await rule(written))).toMatchObject({ from: kept }));
  it.each(['2026-12-31', '2026-13-01T00:00:00Z', '2026-12-31T00:00:00', '9999-12-31T23:00:00-05:00', 'tomorrow'])(
    'that is none is refused: %s',
    async (written) => expect((await rule(written)).body.code).toBe('request.invalid'),
  );
  it.each(['2026-01-01T00:00:00Z', '2026-01-01T07:00:00%2B07:00', '2026-01-01T07:00:00+07:00'])(
    'of a query may be written as %s',
    async (time) => {
      const shop = await openShop(clientOf(market));
      const path = `/audit/streams/seller-${shop.sellerId}/state?asOf=${time}`;
      expect((await market.call('GET', path, { token: admin })).status).toBe(200);
    },
  );
});

describe('a method', () => {
  it.each(['PUT', 'DELETE', 'PATCH', 'POST', 'PROPFIND', 'OPTIONS'])(
    'that an address does not know is told which it knows: %s',
    async (method) => {
      const told = await send('/search', { method });
      expect([told.status, told.headers.allow]).toEqual([method === 'OPTIONS' ? 204 : 405, 'GET, HEAD, OPTIONS']);
      if (method !== 'OPTIONS') expect(JSON.parse(told.text).code).toBe('request.method_not_allowed');
    },
  );
  it('of reading is refused where there are only commands', async () => {
    const told = await send(`/orders/${freshId()}/completion`, { method: 'GET' });
    expect([told.status, told.headers.allow]).toEqual([405, 'POST, OPTIONS']);
    expect((await send(`/orders/${freshId()}/completion`, { method: 'HEAD' })).status).toBe(405);
  });
  it('HEAD answers as GET, without a body', async () => {
    const [head, get] = await Promise.all([send('/search?q=x', { method: 'HEAD' }), send('/search?q=x', { method: 'GET' })]);
    expect([head.status, head.headers['content-type'], head.text]).toEqual([200, get.headers['content-type'], '']);
  });
  it.each(['GET', 'PUT', 'OPTIONS', 'PROPFIND'])('makes no address of one that leads nowhere: %s', async (method) =>
    expect((await send('/nowhere', { method })).status).toBe(404),
  );
});

describe('an access token', () => {
  it('may be announced in any case', async () => {
    const token = await market.tokenFor(freshId(), ['CUSTOMER']);
    for (const scheme of ['bearer', 'BEARER', 'Bearer ']) {
      expect((await market.call('GET', '/orders', { headers: { authorization: `${scheme} ${token}` } })).status).toBe(200);
    }
    expect((await market.call('GET', '/orders', { headers: { authorization: `Basic ${token}` } })).status).toBe(401);
  });
});

describe('the cookie of a guest', () => {
  it('is taken under https by its protected name only', async () => {
    const secure = await openMarket({ env: { PUBLIC_URL: 'https://shop.example' } });
    try {
      const id = randomUUID();
      const named = async (cookie: string) => (await secure.call('GET', '/cart', { headers: { cookie } })).headers.get('set-cookie');
      expect(await named(`guest=${id}`)).toMatch(/^__Host-guest=/);
      expect(await named(`guest=${id}; x__Host-guest=${id}`)).toMatch(/^__Host-guest=/);
      expect(await named(`a=b; __Host-guest=${id}`)).toBeNull();
    } finally {
      await secure.close();
    }
  });
  it('is taken without https by its plain name only', async () => {
    const id = randomUUID();
    const named = async (cookie: string) => (await market.call('GET', '/cart', { headers: { cookie } })).headers.get('set-cookie');
    expect(await named(`guest=${id}`)).toBeNull();
    expect(await named(`__Host-guest=${id}`)).toMatch(/^guest=/);
  });
});

describe('an administrator from an address that is not allowed', () => {
  it('has no power over what belongs to others, whatever the route', async () => {
    const guarded = await openMarket({ env: { ADMIN_IP_ALLOW: '203.0.113.0/24', TRUSTED_PROXY_HOPS: '1' } });
    try {
      const token = await guarded.tokenFor(freshId(), ['CUSTOMER', 'ADMIN', 'SUPER_ADMIN']);
      const call = (method: string, path: string, address: string) =>
        guarded.call(method, path, { token, headers: { 'x-forwarded-for': address } });
      for (const route of routesOf(guarded.app).filter(({ who }) => Array.isArray(who) && who.some((role) => role !== 'SELLER'))) {
        const from = await call(route.method, addressOf(route, {}).replace('/api/v1', ''), '198.51.100.7');
        expect([route.path, from.body.code]).toEqual([route.path, 'gateway.address_not_allowed']);
      }
      const refund = `/orders/${freshId()}/refunds`;
      expect((await call('POST', refund, '203.0.113.9')).body.code).toBe('request.invalid');
    } finally {
      await guarded.close();
    }
  });
});
