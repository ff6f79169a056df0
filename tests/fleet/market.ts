// A marketplace for a test as a fleet of processes: requests go to its gateway; the log and the tables are looked into from here.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Hono } from 'hono';
import { readConfig } from '../../infra/config.ts';
import type { Env } from '../../infra/http/env.ts';
import { logger } from '../../infra/telemetry/log.ts';
import { openMarketplace } from '../../marketplace.ts';
import { tamper } from '../eventstoredb/tamper.ts';
import type { Market, MarketOptions } from '../market.types.ts';
import { documentedBy } from '../support/documented.ts';
import { patiently } from '../support/patient.ts';
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
/** How long read models may take to come up with the log, in milliseconds. */
const longestSettling = 10_000;

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
  const dataDir = options.dataDir ?? ground.directory;
  const { PAYMENT_WEBHOOK_SECRET: payment, COURIER_WEBHOOK_SECRET: courier } = ground.env;
  writeFileSync(join(dataDir, 'webhook-secrets.json'), JSON.stringify({ payment, courier }));
  const { store } = marketplace;
  const metricsOf = async (role: 'gateway' | 'write-api' | 'read-api' | 'projections' | 'sagas') =>
    (await fetch(`${ground.addressOf(role)}/metrics`)).text();
  const heardBy = async (role: 'write-api' | 'read-api') => Number(/^tokobapak_feed_position (\d+)$/m.exec(await metricsOf(role))?.[1]);
  /** In one process everybody knows at once what has just been appended; here it is waited for. */
  const settled = async (path: string) => {
    const head = await store.head();
    for (const role of ['write-api', 'read-api'] as const) while ((await heardBy(role)) < head) await pause(lookEvery);
    if (!path.includes('minPosition')) await marketplace.projector.passed(head, longestSettling);
  };
  const mustBeDocumented = documentedBy(() => fetch(`${origin}/openapi.json`));
  return {
    ...marketplace,
    dataDir,
    app: Object.assign(new Hono<Env>(), { request: (path: string, init?: RequestInit) => fetch(`${origin}${path}`, init) }),
    advance(milliseconds) {
      now += milliseconds;
      fleet.setClock(now);
    },
    // Timers of a running fleet fire by themselves.
    sagaRunner: { fireDueTimers: async () => {}, openIntents: () => 0 },
    metrics: { text: async () => (await Promise.all((['gateway', 'projections', 'sagas'] as const).map(metricsOf))).join('\n') },
    mailed: async (position) => {
      while ((await store.checkpoints.load('mails')) < position) await pause(lookEvery);
    },
    deliverWebhooksTo: () => {}, // they go to the gateway
    async tamper(streamId, revision, text, replacement) {
      await fleet.of('log').stop();
      tamper(join(ground.directory, 'log'), streamId, revision, text, replacement);
      await fleet.start('log');
    },
    async tokenFor(userId, roles, seller) {
      return (await marketplace.tokens.sign({ sub: userId, sid: randomUUID(), roles, seller: seller ?? null, epoch: 0 })).token;
    },
    async call(method, path, { token, body, headers = {} } = {}) {
      await settled(path);
      const sent = {
        'user-agent': '',
        ...(method !== 'GET' && { 'idempotency-key': randomUUID() }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      };
      return patiently(async () => {
        const response = await fetch(`${origin}/api/v1${path}`, {
          method,
          headers: sent,
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        await mustBeDocumented({ method, path: `/api/v1${path}`, status: response.status, headers: response.headers, text });
        return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
      });
    },
    async close() {
      await marketplace.close();
      await fleet.stop();
      if (!options.dataDir) await ground.remove();
    },
  };
};
