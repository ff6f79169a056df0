// Makes a data folder as a release wrote it, killed in the midst of its work: run in a worktree of that release (README.md says how).
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Child, newDataDir, startChild } from '../support/child.ts';
import { choicesOf, heard, homeOf, ok, openShop, register, sell } from '../support/shop.ts';

type Body = Record<string, unknown>;
const [out] = process.argv.slice(2);
if (!out) throw new Error('say where the folder is to be packed: make.ts FILE.tar.gz');
const dataDir = newDataDir();
const client: Child = await startChild(dataDir, { ANALYTICS: 'off' });

const becomes = (streamId: string, ...types: readonly string[]) =>
  heard(client, (recorded) => recorded.streamId === streamId && types.includes(recorded.event.type));
const buyer = await register(client, { email: 'buyer@example.test' });
const shop = await openShop(client);
const article = await sell(client, shop, 100);
const other = await register(client, { email: 'other@example.test' });
const asBuyer = async (path: string, body: object, { token } = buyer): Promise<Body> =>
  ok(await client.call('POST', path, { token, body }));
const asSeller = async (path: string, body?: object): Promise<Body> =>
  ok(await client.call('POST', path, { token: shop.token, ...(body && { body }) }));

const place = async (method: string, quantity: number, who = buyer) => {
  await asBuyer('/cart/lines', { productId: article.productId, variantId: article.variantId, quantity }, who);
  const quote = ok(await client.call('POST', '/checkouts/quote', { token: who.token, body: { address: homeOf() } }));
  const placed = ok(
    await client.call('POST', '/checkouts', { token: who.token, body: { quoteId: quote.quoteId, shipping: choicesOf(quote), method } }),
  );
  await becomes(`checkout-${placed.checkoutId}`, method === 'cod' ? 'checkout.completed' : 'checkout.awaiting_payment');
  return {
    checkoutId: placed.checkoutId as string,
    paymentId: placed.payment?.paymentId as string,
    orderId: placed.orders[0].orderId as string,
    lineId: quote.lines[0].lineId as string,
  };
};
const payFor = async ({ checkoutId, paymentId }: { checkoutId: string; paymentId: string }) => {
  await asBuyer(`/payments/${paymentId}/simulate`, { outcome: 'pay' });
  await becomes(`checkout-${checkoutId}`, 'checkout.completed');
};
const deliver = async (orderId: string) => {
  for (const step of ['acceptance', 'packing']) await asSeller(`/orders/${orderId}/${step}`);
  const booked = await heard(client, ({ event }) => event.type === 'shipment.booked' && 'orderId' in event && event.orderId === orderId);
  await asSeller(`/shipments/${(booked.event as { shipmentId?: string }).shipmentId}/simulate`, { to: 'delivered' });
  await becomes(`order-${orderId}`, 'order.delivered');
};

const returned = await place('qris', 2);
await payFor(returned);
await deliver(returned.orderId);
const { returnId } = await asBuyer(`/orders/${returned.orderId}/returns`, {
  lines: [{ lineId: returned.lineId, quantity: 1 }],
  reason: 'damaged',
});
await asSeller(`/returns/${returnId}/approval`);
const packed = await place('qris', 1);
await payFor(packed);
await asSeller(`/orders/${packed.orderId}/acceptance`);
const cod = await place('cod', 1);
const unpaid = await place('qris', 3);
const half: Awaited<ReturnType<typeof place>>[] = [];
for (let n = 0; n < 3; n += 1) {
  half.push(await place('qris', 1, other));
}
// All at once, and then the end: some of what follows a payment is done, some is not.
const paying = half.map((each) => asBuyer(`/payments/${each.paymentId}/simulate`, { outcome: 'pay' }, other).catch(() => {}));
await heard(client, ({ event }) => event.type === 'checkout.paid' && 'checkoutId' in event && event.checkoutId === half[0]?.checkoutId);
await client.kill();
await Promise.all(paying);
const signIns = {
  other: { email: other.email, password: other.password },
  buyer: { email: buyer.email, password: buyer.password },
  seller: { email: shop.email, password: shop.password },
};
const orders = {
  variantId: article.variantId,
  sellerId: shop.sellerId,
  sellerUserId: shop.userId,
  returnId,
  returned,
  packed,
  cod,
  unpaid,
  half,
};
writeFileSync(join(dataDir, 'known.json'), JSON.stringify({ at: new Date().toISOString(), ...signIns, ...orders }));
// What the killed process has left in write-ahead logs goes into the files, which is all that packing changes.
for (const file of readdirSync(dataDir).filter((name) => name.endsWith('.db') && name !== 'lock.db')) {
  const database = new DatabaseSync(join(dataDir, file));
  database.exec('PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}
const isKept = (name: string) => !/-(shm|wal|journal)$/.test(name) && name !== 'lock.db' && name !== 'owner.json';
execFileSync('tar', ['-czf', out, '-C', dataDir, ...readdirSync(dataDir).filter(isKept)]);
rmSync(dataDir, { recursive: true });
process.exit(0);
