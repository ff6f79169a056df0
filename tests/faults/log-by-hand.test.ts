// Somebody has changed the file of the embedded log by hand: the stream that was hit is refused, is named, and stops nothing else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { aBuyer, askQuote, listen, nowPosition, openShop, place, putIntoCart, type Shop, untilCheckout } from '../buying.ts';
import { type Market, openMarket } from '../market.ts';

let dataDir: string;
let market: Market;
let server: { close(): Promise<void> };
let shop: Shop;
const open = async () => {
  market = await openMarket({ dataDir });
  server = await listen(market);
};
const close = async () => {
  await market.close();
  await server.close();
};
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'log-by-hand-'));
  await open();
  shop = await openShop(market, 1_000);
});
afterEach(async () => {
  await close();
  rmSync(dataDir, { recursive: true });
});

const ordered = async (): Promise<string> => {
  const buyer = await aBuyer(market);
  await putIntoCart(market, buyer, shop.goods);
  const placed = await place(market, buyer, (await askQuote(market, buyer)).body, { method: 'cod' });
  await untilCheckout(market, placed.body.checkoutId, 'Completed');
  return placed.body.orders[0].orderId;
};
const accept = (orderId: string) => market.call('POST', `/orders/${orderId}/acceptance`, { token: shop.token, body: {} });

const inStream = 'stream = (SELECT id FROM streams WHERE name = ?)';
const change = (sql: string, ...values: string[]) => {
  const log = new DatabaseSync(join(dataDir, 'log.db'));
  expect(log.prepare(sql).run(...values).changes).toBe(1);
  log.close();
};
const forgetReadModels = () => {
  for (const name of ['projections.db', 'projections.db-wal', 'projections.db-shm']) rmSync(join(dataDir, name), { force: true });
};

it.each([
  ['an event cannot be read', `UPDATE events SET data = '{' WHERE revision = 1 AND ${inStream}`],
  ['its first event is gone', `DELETE FROM events WHERE revision = 0 AND ${inStream}`],
  ['its last event but one is gone', `DELETE FROM events WHERE revision = 1 AND ${inStream}`],
  ['the metadata cannot be read', `UPDATE events SET metadata = '' WHERE revision = 0 AND ${inStream}`],
])('a stream of which %s is refused, and all else goes on', async (_, sql) => {
  const [hit, whole] = [await ordered(), await ordered()];
  expect((await accept(hit)).status).toBe(200);
  await close();
  change(sql, `order-${hit}`);
  forgetReadModels();
  await open();
  const refused = await accept(hit);
  expect([refused.status, refused.body.code]).toEqual([409, 'log.stream_damaged']);
  expect((await accept(whole)).status).toBe(200);
  const later = await ordered();
  const { body } = await market.call('GET', `/sellers/me/orders?minPosition=${await nowPosition(market)}`, { token: shop.token });
  expect(body.items.map(({ orderId }: { orderId: string }) => orderId)).toEqual(expect.arrayContaining([whole, later]));
  expect(await market.metrics.text()).toContain('\ntokobapak_log_damaged_streams 1\n');
});

it('that ends in an event that cannot be read is open again all the same', async () => {
  const hit = await ordered();
  await accept(hit);
  await close();
  change(`UPDATE events SET data = '[' WHERE position = (SELECT max(position) FROM events)`);
  forgetReadModels();
  await open();
  expect((await market.app.request('/readyz')).status).toBe(200);
  await ordered();
});
