// A marketplace whose readers stand still for good: it says so, where whoever sends it requests and whoever looks after it will see it.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaryEvent, type EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMarket } from '../market.ts';
import type { Market } from '../market.types.ts';
import { connect, credentials } from './client.ts';
import { type EventStoreStandIn, startEventStoreStandIn } from './stand-in.ts';

let directory: string;
let server: EventStoreStandIn;
let other: EventStoreDBClient;
let market: Market;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'standing-'));
  server = await startEventStoreStandIn({ directory });
  other = connect(server.url);
  market = await openMarket({ env: { EVENTSTORE_URL: server.url, STALLED_AFTER_SECONDS: '1' } });
});
afterEach(async () => {
  await market.close();
  await other.dispose();
  await server.close();
  rmSync(directory, { recursive: true });
});

const readiness = async () => {
  const response = await market.app.request('/readyz');
  return { status: response.status, ...((await response.json()) as { checks: Record<string, string>; stalled: { reader: string }[] }) };
};

it('is not ready while an event of a newer release holds up every reader, and says since when, where and why', async () => {
  expect(await readiness()).toMatchObject({ status: 200, checks: { readers: 'ok' }, stalled: [] });
  const hash = 'a'.repeat(64);
  const metadata = JSON.stringify({ eventId: randomUUID(), schemaVersion: 99, recordedAt: '2026-01-05T03:00:00.000Z', hash });
  const newer = binaryEvent({ type: 'brand.created', data: Buffer.from('{}'), metadata: Buffer.from(metadata) });
  await other.appendToStream('brand-newer', newer, { expectedRevision: 'no_stream', credentials });
  const wanted = ['sagas', 'mails', 'revocations', 'order-orders'];
  let seen = await readiness();
  while (!wanted.every((name) => seen.stalled.some(({ reader }) => reader === name))) seen = await readiness();
  expect(seen).toMatchObject({ status: 503, checks: { log: 'ok', readers: 'failed' } });
  expect(seen.stalled[0]).toEqual({ reader: expect.any(String), since: expect.stringMatching(/^20.*Z$/), position: expect.any(Number) });
  const metrics = await market.metrics.text();
  expect(metrics).toMatch(/tokobapak_reader_stalled\{reader="sagas",reason="brand.created v99 at \d+ is newer than this release[^"]*"\} 1/);
  expect(metrics).toMatch(/tokobapak_reader_stalled_since_seconds\{reader="order-orders"\} \d{10}/);
});
