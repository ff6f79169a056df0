// A marketplace for a test as a fleet of processes: requests go to its gateway; the log and the tables are looked into from here.
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { proxy } from 'hono/proxy';
import { readConfig } from '../../infra/config.ts';
import type { Env } from '../../infra/http/env.ts';
import { logger } from '../../infra/telemetry/log.ts';
import { openMarketplace } from '../../marketplace.ts';
import type { Market, MarketOptions } from '../market.types.ts';
import { type Ground, newGround, startFleet } from './fleet.ts';

/** Folders of markets that are opened again: what stands on the servers is found by them. */
const grounds = new Map<string, Ground>();

const quick = {
  ANALYTICS: 'off',
  RATE_LOGIN_PER_MINUTE: '10000',
  RATE_CHECKOUT_PER_MINUTE: '10000',
  RATE_SEARCH_PER_MINUTE: '10000',
  RATE_OTHER_PER_MINUTE: '100000',
};

/** How often somebody who waits for a process looks again, in milliseconds. */
const lookEvery = 20;

export const openFleetMarket = async (options: MarketOptions): Promise<Market> => {
  const ground = (options.dataDir && grounds.get(options.dataDir)) || (await newGround());
  if (options.dataDir) grounds.set(options.dataDir, ground);
  let now = Date.parse(options.from ?? '2026-01-05T03:00:00.000Z');
  const env = { ...quick, ...options.env };
  const fleet = await startFleet(ground, { env, clock: now, without: options.isAsleep ? ['sagas'] : [] });
  const marketplace = await openMarketplace(readConfig({ ...ground.env, ...env }), {
    log: logger('silent'),
    now: () => now,
    roles: new Set(),
  });
  const origin = ground.addressOf('gateway');
  const { store } = marketplace;
  return {
    ...marketplace,
    dataDir: options.dataDir ?? ground.directory,
    app: new Hono<Env>().all('*', (c) => proxy(`${origin}${c.req.url.slice(new URL(c.req.url).origin.length)}`, { raw: c.req.raw })),
    advance(milliseconds) {
      now += milliseconds;
      fleet.setClock(now);
    },
    // Timers of a running fleet fire by themselves.
    sagaRunner: { fireDueTimers: async () => {}, openIntents: () => 0 },
    metrics: { text: async () => (await fetch(`${ground.addressOf('projections')}/metrics`)).text() },
    mailed: async (position) => {
      while ((await store.checkpoints.load('mails')) < position) await new Promise((resolve) => setTimeout(resolve, lookEvery));
    },
    deliverWebhooksTo: () => {}, // they go to the gateway
    async tokenFor(userId, roles, seller) {
      return (await marketplace.tokens.sign({ sub: userId, sid: randomUUID(), roles, seller: seller ?? null, epoch: 0 })).token;
    },
    async call(method, path, { token, body, headers = {} } = {}) {
      const response = await fetch(`${origin}/api/v1${path}`, {
        method,
        headers: {
          ...(method !== 'GET' && { 'idempotency-key': randomUUID() }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
    },
    async close() {
      await marketplace.close();
      await fleet.stop();
      if (!options.dataDir) await ground.remove();
    },
  };
};
