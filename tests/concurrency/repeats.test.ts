// The first answer again, byte for byte, whatever has happened since: also after a restart, when only the log remembers.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, type Market, openMarket } from '../market.ts';
import { type Client, clientOf, newDataDir } from '../support/child.ts';
import { type Estate, openEstate } from '../support/purchase.ts';
import { administrator, ok } from '../support/shop.ts';

// Many requests each; a busy machine must not decide.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly options: { token?: string; body?: unknown; headers: Record<string, string> };
  readonly answer: Answer;
}

const dataDir = newDataDir();
const sent: Sent[] = [];
let market: Market;
let estate: Estate;

/** A client that keeps what it sent, with its keys, and what was answered. */
const keeping = (client: Client): Client => ({
  ...client,
  call: async (method, path, options = {}) => {
    const headers = { 'idempotency-key': randomUUID(), ...options.headers };
    const answer = await client.call(method, path, { ...options, headers });
    if (method !== 'GET' && answer.status < 300) sent.push({ method, path, options: { ...options, headers }, answer });
    return answer;
  },
});

beforeAll(async () => {
  market = await openMarket({ dataDir });
  const client = keeping(clientOf(market));
  estate = await openEstate(client);
});
afterAll(async () => {
  await market.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** What needs no key is done again when it is sent again, and an order placed tells how it stands by now. */
const isKept = ({ path, answer }: Sent) =>
  // To become a seller, or a member of a shop, ends the session in which one has asked for it.
  answer.headers.get('etag') !== null && !['/checkouts', '/auth/login', '/sellers'].includes(path) && !path.endsWith('/acceptance');

const differences = async (): Promise<string[]> => {
  const different: string[] = [];
  for (const { method, path, options, answer } of sent.filter(isKept)) {
    const again = await market.call(method, path, options);
    const isSame = JSON.stringify(again.body) === JSON.stringify(answer.body) && again.headers.get('etag') === answer.headers.get('etag');
    if (!isSame || again.status !== answer.status)
      different.push(`${method} ${path}: ${again.status} ${JSON.stringify(again.body).slice(0, 200)}`);
    else if (again.headers.get('idempotent-replayed') !== 'true') different.push(`${method} ${path} does not say that it is a repeat`);
  }
  return different;
};

describe('what was accepted', () => {
  it('is answered alike when it is sent again at once', async () => {
    expect(sent.filter(isKept).length).toBeGreaterThan(15);
    expect(await differences()).toEqual([]);
  });

  it('and after everything that it rested on has gone', async () => {
    const { shop, buyer, ids } = estate;
    const admin = await administrator(clientOf(market));
    const gone: readonly (readonly [method: string, path: string, token: string, body?: object])[] = [
      ['DELETE', '/cart/lines', buyer.token],
      ['DELETE', `/users/me/addresses/${ids.addressId}`, buyer.token],
      ['DELETE', `/products/${ids.productId}/pictures/${ids.pictureId}`, shop.token],
      ['DELETE', `/products/${ids.productId}`, shop.token],
      ['POST', `/returns/${ids.returnId}/approval`, shop.token],
      ['POST', `/admin/reviews/${ids.reviewId}/hiding`, admin, { reason: 'spam' }],
      ['POST', `/admin/sellers/${shop.sellerId}/suspension`, admin, { reason: 'other' }],
      ['POST', `/admin/users/${ids.userId}/suspension`, admin, { reason: 'other' }],
    ];
    for (const [method, path, token, body] of gone) ok(await market.call(method, path, { token, ...(body && { body }) }));
    expect(await differences()).toEqual([]);
  });

  it('and by the next process', async () => {
    await market.close();
    market = await openMarket({ dataDir });
    const before = await market.store.head();
    expect(await differences()).toEqual([]);
    expect(await market.store.head()).toBe(before);
  });

  it('and when a crash has kept their keys out of the key store, as it may where that stands beside the log', async () => {
    await market.close();
    const log = new DatabaseSync(join(dataDir, 'log.db'));
    const { changes } = log.prepare('DELETE FROM command_keys WHERE stream IS NOT NULL').run();
    log.close();
    expect(Number(changes)).toBeGreaterThan(15);
    market = await openMarket({ dataDir });
    const before = await market.store.head();
    expect(await differences()).toEqual([]);
    expect(await market.store.head()).toBe(before);
  });
});
