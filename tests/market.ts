// A whole marketplace for a test: its own data, its own clock, requests without a socket; a port of its own for webhooks alone.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { readConfig } from '../infra/config.ts';
import type { Role } from '../infra/http/env.ts';
import { logger } from '../infra/telemetry/log.ts';
import { type Marketplace, openMarketplace } from '../marketplace.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** What tests look into besides: of a fleet some of it stands in other processes. */
type Inside = Omit<Marketplace, 'sagaRunner' | 'metrics'>;

export interface Market extends Inside {
  readonly sagaRunner: Pick<Marketplace['sagaRunner'], 'fireDueTimers' | 'openIntents'>;
  readonly metrics: Pick<Marketplace['metrics'], 'text'>;
  readonly dataDir: string;
  /** Moves the market's clock; it stands still otherwise. */
  advance(milliseconds: number): void;
  /** A bearer token for somebody with these roles. */
  tokenFor(userId: string, roles: readonly Role[], seller?: string): Promise<string>;
  /** A request to the API: path below /api/v1. Commands get a fresh Idempotency-Key unless `headers` name one. */
  call(method: string, path: string, options?: { token?: string; body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
}

export interface MarketOptions {
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where its clock stands at first. */
  readonly from?: string;
  readonly isAsleep?: boolean;
}

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
  marketplace.deliverWebhooksTo(`http://127.0.0.1:${await listening.promise}`);
  return {
    ...marketplace,
    dataDir,
    advance(milliseconds) {
      now += milliseconds;
    },
    async tokenFor(userId, roles, seller) {
      return (await marketplace.tokens.sign({ sub: userId, sid: randomUUID(), roles, seller: seller ?? null, epoch: 0 })).token;
    },
    async call(method, path, { token, body, headers = {} } = {}) {
      const response = await marketplace.app.request(`/api/v1${path}`, {
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
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
