// EventStoreDB restored from a backup that is older than all that was made of the log: noticed at the start and while running, and made anew.
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../infra/config.ts';
import { logger } from '../../infra/telemetry/log.ts';
import { openLasting } from '../../lasting.ts';
import { type Marketplace, openMarketplace } from '../../marketplace.ts';
import { openMarket } from '../market.ts';
import type { Market } from '../market.types.ts';
import { type EventStoreStandIn, startEventStoreStandIn } from './stand-in.ts';

let directory: string;
let server: EventStoreStandIn;
let market: Market;
const events = () => join(directory, 'server');
const backup = () => join(directory, 'backup');

const open = async () => openMarket({ dataDir: join(directory, 'house'), env: { EVENTSTORE_URL: server.url } });
const founded = async (name: string) => {
  const token = await market.tokenFor('01J00000000000000000000000', ['ADMIN']);
  const answer = await market.call('POST', '/brands', { token, body: { name, slug: name.toLowerCase() } });
  expect(answer.status).toBe(201);
  return answer.body as { brandId: string; position: string };
};
const brands = async (position?: string) => {
  const answer = await market.call('GET', `/brands${position ? `?minPosition=${position}` : ''}`);
  return answer.status === 200 ? answer.body.items.map(({ name }: { name: string }) => name) : answer.body.code;
};

/** Puts the server's files back as they were at the backup, while the server is down. */
const setBack = async (meanwhile: () => Promise<unknown> = async () => {}) => {
  const { port } = server;
  await server.close();
  await meanwhile();
  rmSync(events(), { recursive: true });
  cpSync(backup(), events(), { recursive: true });
  server = await startEventStoreStandIn({ directory: events(), port });
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'set-back-'));
  server = await startEventStoreStandIn({ directory: events() });
  market = await open();
});
afterEach(async () => {
  await market.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

describe('a log that was set back', () => {
  it('is noticed at the start: nothing is shown that it does not hold, and nothing is passed over', async () => {
    await founded('Before');
    cpSync(events(), backup(), { recursive: true });
    const lost = await founded('Lost');
    expect(await brands(lost.position)).toEqual(['Before', 'Lost']);
    await setBack(() => market.close());
    market = await open();
    expect(await brands()).toEqual(['Before']);
    const after = await founded('After');
    expect(await brands(after.position)).toEqual(['After', 'Before']);
    expect(await brands(lost.position)).toBe('request.other_log');
  });

  it('is noticed at the start also where it has grown beyond what was made of it', async () => {
    await founded('Before');
    cpSync(events(), backup(), { recursive: true });
    const lost = await founded('Lost');
    expect(await brands(lost.position)).toEqual(['Before', 'Lost']);
    await setBack(() => market.close());
    // Another process, whose own files know nothing of the time before.
    const other = await openMarket({ env: { EVENTSTORE_URL: server.url } });
    market = other;
    for (const name of ['A', 'B', 'C', 'D']) await founded(name);
    await other.close();
    market = await open();
    const after = await founded('After');
    expect(await brands(after.position)).toEqual(['A', 'After', 'B', 'Before', 'C', 'D']);
  });

  it('is noticed while running: everything is opened anew, in the same process', async () => {
    await market.close();
    let opened = 0;
    let running: Marketplace;
    const config = readConfig({ NODE_ENV: 'test', DATA_DIR: join(directory, 'house'), ANALYTICS: 'off', EVENTSTORE_URL: server.url });
    const lasting = await openLasting(async (onSetBack) => {
      opened += 1;
      running = await openMarketplace(config, { log: logger('silent'), onSetBack });
      return running;
    }, logger('silent'));
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await running.app.request(`/api/v1${path}`, init);
      return { status: response.status, body: (await response.json()) as { position: string; items: { name: string }[] } };
    };
    const found = async (name: string) => {
      const claims = { sub: '01J00000000000000000000000', sid: randomUUID(), roles: ['ADMIN' as const], seller: null, epoch: 0 };
      const authorization = `Bearer ${(await running.tokens.sign(claims)).token}`;
      const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() };
      return ask('/brands', { method: 'POST', headers, body: JSON.stringify({ name, slug: name.toLowerCase() }) });
    };
    const names = async (position: string) => (await ask(`/brands?minPosition=${position}`)).body.items.map(({ name }) => name);
    await found('Before');
    cpSync(events(), backup(), { recursive: true });
    const lost = await found('Lost');
    expect(await names(lost.body.position)).toEqual(['Before', 'Lost']);
    await setBack();
    while (opened < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await lasting.settled();
    const after = await found('After');
    expect(after.status).toBe(201);
    expect(await names(after.body.position)).toEqual(['After', 'Before']);
    await lasting.close();
    market = await open();
  });
});
