// A whole marketplace for a test: its own data, its own clock, requests without a socket; a port of its own for webhooks alone.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { serve } from '@hono/node-server';
import { readConfig } from '../infra/config.ts';
import { logger } from '../infra/telemetry/log.ts';
import { openMarketplace } from '../marketplace.ts';
import type { Market, MarketOptions } from './market.types.ts';
import { documentedBy } from './support/documented.ts';
import { patiently } from './support/patient.ts';

export type { Answer, Market } from './market.types.ts';

/** Opens a marketplace on a new folder, or on the one of a market that was closed. With MARKET=fleet it is a fleet of processes on real servers. */
export const openMarket = async (options: MarketOptions = {}): Promise<Market> => {
  if (process.env.MARKET === 'fleet') return (await import('./fleet/market.ts')).openFleetMarket(options);
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'tokobapak-'));
  const config = readConfig({
    NODE_ENV: 'test',
    DATA_DIR: dataDir,
    ANALYTICS: 'off', // its engine takes 300 MB: only the tests of analytics want it
    RATE_LOGIN_PER_MINUTE: '10000',
    RATE_CHECKOUT_PER_MINUTE: '10000',
    RATE_SEARCH_PER_MINUTE: '10000',
    RATE_OTHER_PER_MINUTE: '100000',
    ...options.env,
  });
  let now = Date.parse(options.from ?? '2026-01-05T03:00:00.000Z');
  const marketplace = await openMarketplace(config, {
    log: logger(config.LOG_LEVEL === 'info' ? 'silent' : config.LOG_LEVEL),
    now: () => now,
    isAsleep: options.isAsleep ?? false,
  });
  const listening = Promise.withResolvers<number>();
  const server = serve({ fetch: marketplace.app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => listening.resolve(port));
  const mustBeDocumented = documentedBy(() => marketplace.app.request('/openapi.json'));
  marketplace.deliverWebhooksTo(`http://127.0.0.1:${await listening.promise}`);
  return {
    ...marketplace,
    dataDir,
    advance(milliseconds) {
      now += milliseconds;
    },
    async tamper(streamId, revision, text, replacement) {
      const log = new DatabaseSync(join(dataDir, 'log.db'), { timeout: 5_000 });
      const target = 'revision = ? AND stream = (SELECT id FROM streams WHERE name = ?)';
      log.prepare(`UPDATE events SET data = replace(data, ?, ?) WHERE ${target}`).run(text, replacement, revision, streamId);
      log.close();
    },
    async tokenFor(userId, roles, seller) {
      return (await marketplace.tokens.sign({ sub: userId, sid: randomUUID(), roles, seller: seller ?? null, epoch: 0 })).token;
    },
    async call(method, path, { token, body, headers = {} } = {}) {
      const sent = {
        ...(method !== 'GET' && { 'idempotency-key': randomUUID() }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      };
      return patiently(async () => {
        const response = await marketplace.app.request(`/api/v1${path}`, {
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
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
