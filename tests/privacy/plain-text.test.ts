// Nobody's name, address or number stands in plain text in any file or log line, at any time; and once erased, no part of the API tells it.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyLog } from '../../infra/event-store/verify.ts';
import type { Document } from '../../infra/http/openapi.ts';
import { type Child, newDataDir, startChild } from '../support/child.ts';
import { administrator, choicesOf, heard, ok, openShop, type Person, register, type Shop, sell } from '../support/shop.ts';

// Many requests each; a busy machine must not decide.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** Words that stand nowhere but in what this one person told about herself. */
const said = {
  name: 'Ratna Kusumawardhani',
  email: 'ratna.kusuma.1987@surat-pribadi.example',
  phone: '+62 812 9988 7766',
  recipient: 'Ibu Ratna Kusumawardhani',
  addressPhone: '+62 813 5544 3322',
  street: 'Jalan Kenanga Wulung 77 RT 05',
  label: 'Rumah nenek di bukit',
  title: 'Harumnya sampai ke kamar tamu',
  review: 'Saya minum setiap subuh sebelum ke ladang tembakau.',
  guestEmail: 'tamu.tanpa.akun.1987@surat-pribadi.example',
  guestPhone: '+62 814 2211 0099',
  note: 'Kemasannya penyok karena hujan di teras depan.',
};
const words = Object.values(said);

/** A word as it may stand in a file: as it is, in small letters, as UTF-16, and within a text in base64, wherever it begins there. */
const forms = (word: string): Buffer[] => {
  const bytes = Buffer.from(word);
  const inBase64 = [0, 1, 2].map((skipped) => bytes.subarray(skipped).toString('base64').slice(0, -4)).filter((text) => text.length >= 8);
  return [bytes, Buffer.from(word.toLowerCase()), Buffer.from(word, 'utf16le'), ...inBase64.map((text) => Buffer.from(text))];
};
const patterns = words.flatMap((word) => forms(word).map((bytes) => ({ word, bytes })));

/** Engines drop files while they are looked at. */
const ifThere = <T>(look: () => T, otherwise: T): T => {
  try {
    return look();
  } catch {
    return otherwise;
  }
};

const filesIn = (folder: string): string[] =>
  ifThere(() => readdirSync(folder, { withFileTypes: true }), []).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });

let dataDir: string;
let child: Child;
let ratna: Person;
let shop: Shop;
let bought: {
  orderId: string;
  checkoutId: string;
  paymentId: string;
  productId: string;
  variantId: string;
  reviewId: string;
  shipmentId: string;
};
beforeAll(async () => {
  dataDir = newDataDir();
  child = await startChild(dataDir, { LOG_LEVEL: 'trace' });
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Where any of the words can be read. */
const leaks = (): string[] => {
  const inFiles = filesIn(dataDir).flatMap((path) => {
    const content = ifThere(() => readFileSync(path), Buffer.alloc(0));
    return patterns.filter(({ bytes }) => content.includes(bytes)).map(({ word }) => `${path}: ${word}`);
  });
  const lines = child.lines.join('\n');
  return [...inFiles, ...words.filter((word) => lines.includes(word)).map((word) => `a line of the log: ${word}`)];
};

const hears = (type: string, field: string, value: string) =>
  heard(
    child,
    ({ event }) => event.type === type && field in event && Object.entries(event).some(([key, is]) => key === field && is === value),
  );

/** Waits until all that is read has come as far as the log has now. `known`: any position in this log, as an answer tells it. */
const readToTheEnd = async (known: string) => {
  const [{ position }] = (await child.ask('events.tail', { count: 1, follow: false })) as [{ position: number }];
  const path = `/categories?minPosition=${known.split('.')[0]}.${position}`;
  // One answer waits for two seconds at most, which on a busy machine may not be enough.
  await expect.poll(async () => (await child.call('GET', path)).status, { timeout: 60_000 }).toBe(200);
};

const post = async (path: string, token: string, body: object = {}) => ok(await child.call('POST', path, { token, body }));

const address = {
  recipient: said.recipient,
  phone: said.addressPhone,
  street: said.street,
  city: 'Jakarta',
  province: 'DKI Jakarta',
  // Five digits stand in many numbers, so they are not looked for: they are sealed in one text with the street.
  postalCode: '40971',
};

describe('what a person tells', () => {
  it('when she registers stands nowhere in plain text', async () => {
    ratna = await register(child, { name: said.name, email: said.email });
    ok(await child.call('PATCH', '/users/me', { token: ratna.token, body: { phone: said.phone } }));
    await post('/users/me/addresses', ratna.token, { label: said.label, address, primary: true });
    await child.call('POST', '/auth/login', { body: { email: said.email, password: 'not the right one' } });
    await child.call('POST', '/auth/forgot-password', { body: { email: said.email } });
    await child.call('POST', '/auth/register', { body: { email: said.email, name: said.name, password: 'x' } });
    expect(leaks()).toEqual([]);
  });

  it('when she buys, and is sent it, stands nowhere in plain text', async () => {
    shop = await openShop(child, 'Surabaya');
    const article = await sell(child, shop, 10);
    // What is nobody's secret is found, so that finding nothing means something.
    expect(filesIn(dataDir).filter((path) => readFileSync(path).includes('Kopi Gayo')).length).toBeGreaterThan(0);
    const { productId, variantId } = article;
    const { token } = ratna;
    await post('/cart/lines', token, { productId, variantId });
    const quote = await post('/checkouts/quote', token, { address });
    const placed = await post('/checkouts', token, { quoteId: quote.quoteId, shipping: choicesOf(quote), method: 'qris' });
    const { checkoutId, payment } = placed;
    const [{ orderId }] = placed.orders;
    expect(leaks()).toEqual([]);
    await hears('checkout.awaiting_payment', 'checkoutId', checkoutId);
    await post(`/payments/${payment.paymentId}/simulate`, token, { outcome: 'pay' });
    await hears('checkout.completed', 'checkoutId', checkoutId);
    for (const step of ['acceptance', 'packing']) await post(`/orders/${orderId}/${step}`, shop.token);
    const { event } = await hears('shipment.booked', 'orderId', orderId);
    const { shipmentId } = event as { type: string; shipmentId?: string };
    await post(`/shipments/${shipmentId}/simulate`, token, { to: 'delivered' });
    await hears('order.delivered', 'orderId', orderId);
    bought = { orderId, checkoutId, paymentId: payment.paymentId, productId, variantId, reviewId: '', shipmentId: shipmentId ?? '' };
    expect(leaks()).toEqual([]);
  });

  it('when somebody buys as a guest stands nowhere in plain text, and the cookie neither', async () => {
    const cookie = randomUUID();
    const asGuest = async (path: string, body: object) =>
      ok(await child.call('POST', path, { headers: { cookie: `guest=${cookie}` }, body }));
    const { productId, variantId } = await sell(child, shop, 5);
    await asGuest('/cart/lines', { productId, variantId });
    const elsewhere = { ...address, recipient: 'Tamu', phone: '+62811000111', street: 'Jl. Braga 1', postalCode: '40111' };
    const contact = { email: said.guestEmail, phone: said.guestPhone };
    const quote = await asGuest('/checkouts/quote', { address: elsewhere, contact });
    const placed = await asGuest('/checkouts', { quoteId: quote.quoteId, shipping: choicesOf(quote), method: 'qris' });
    await hears('checkout.awaiting_payment', 'checkoutId', placed.checkoutId);
    await asGuest(`/payments/${placed.payment.paymentId}/simulate`, { outcome: 'pay' });
    await hears('checkout.completed', 'checkoutId', placed.checkoutId);
    await asGuest('/guest/links', { orderId: placed.orders[0].orderId, email: said.guestEmail });
    expect(leaks()).toEqual([]);
    const tells = (content: Buffer | string) => content.includes(cookie);
    expect(filesIn(dataDir).filter((path) => ifThere(() => tells(readFileSync(path)), false))).toEqual([]);
    expect(child.lines.some(tells)).toBe(false);
  });

  it('when she says what she thinks stands nowhere in plain text', async () => {
    const { orderId } = bought;
    const { token } = ratna;
    const { position } = await hears('order.delivered', 'orderId', orderId);
    const [{ position: first }] = (await child.ask('events.tail', { count: 1, follow: false })) as [{ position: number }];
    expect(first).toBeGreaterThanOrEqual(position);
    const order = ok(await child.call('GET', `/orders/${orderId}`, { token }));
    const [{ lineId }] = order.lines;
    const review = await post('/reviews', token, { orderId, lineId, rating: 5, title: said.title, body: said.review });
    const asked = await post(`/orders/${orderId}/returns`, token, { lines: [{ lineId, quantity: 1 }], reason: 'damaged', note: said.note });
    bought = { ...bought, reviewId: review.reviewId };
    expect(leaks()).toEqual([]);
    // Nobody is forgotten while something is still open.
    const { password } = ratna;
    expect((await child.call('DELETE', '/users/me', { token, body: { password } })).body.code).toBe('user.has_open_orders');
    await post(`/returns/${asked.returnId}/rejection`, shop.token, { reason: 'used' });
    const completed = await post(`/orders/${orderId}/completion`, token);
    // What the shop is owed is booked after that, and must not change any more while figures are compared.
    await hears('fulfilment.done', 'key', 'completion');
    await readToTheEnd(completed.position);
    expect(order.address).toMatchObject({ street: said.street });
  });
});

describe('whoever erases her account', () => {
  const figures = async (admin: string) =>
    Promise.all(
      [
        ['/admin/ledger/trial-balance', admin],
        ['/sellers/me/balance', shop.token],
      ].map(async ([path = '', token = '']) => ok(await child.call('GET', path, { token }))),
    );

  /** What any reading route says to anybody who may ask, with every id that leads to what she did. */
  const everythingToRead = async (admin: string): Promise<string[]> => {
    const document = (await (await fetch(`${child.url}/openapi.json`)).json()) as Document;
    const streams = [
      `account-${ratna.userId}`,
      `user-${ratna.userId}`,
      `order-${bought.orderId}`,
      `checkout-${bought.checkoutId}`,
      `shipment-${bought.shipmentId}`,
      `review-${bought.reviewId}`,
    ];
    const ids: Record<string, string> = { ...bought, userId: ratna.userId, sellerId: shop.sellerId, ledgerId: shop.sellerId };
    const paths = Object.entries(document.paths)
      .filter(([path, { get }]) => path.startsWith('/api/v1') && get && !path.endsWith('/events'))
      .flatMap(([path]) => (path.includes('{streamId}') ? streams.map((stream) => path.replace('{streamId}', stream)) : [path]))
      .map((path) => path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'none').slice('/api/v1'.length));
    expect(paths.length).toBeGreaterThan(20);
    const answers: string[] = [];
    for (const path of [...paths, `/dev/mails?userId=${ratna.userId}`]) {
      for (const token of [admin, shop.token]) {
        const { status, body } = await child.call('GET', path, { token });
        answers.push(`${path} ${status} ${typeof body === 'string' ? body : JSON.stringify(body)}`);
      }
    }
    return answers;
  };

  it('leaves nothing that could be read, and nothing missing in the books', async () => {
    const admin = await administrator(child, ['CUSTOMER', 'ADMIN', 'SUPER_ADMIN']);
    const before = await figures(admin);
    const told = await everythingToRead(admin);
    expect(told.filter((answer) => answer.includes(said.street)).length).toBeGreaterThan(0);

    const { password, token, userId } = ratna;
    const gone = await child.call('DELETE', '/users/me', { token, body: { password } });
    expect(gone.status).toBe(202);
    await hears('erasure.completed', 'userId', userId);
    await readToTheEnd(String(gone.headers.get('position')));

    const after = await everythingToRead(admin);
    expect(after.filter((answer) => words.some((word) => answer.includes(word)))).toEqual([]);
    const order = ok(await child.call('GET', `/orders/${bought.orderId}`, { token: shop.token }));
    expect(JSON.stringify(order)).toContain('[erased]');
    expect(await figures(admin)).toEqual(before);
    const login = await child.call('POST', '/auth/login', { body: { email: said.email, password } });
    expect([login.status, login.body.code]).toEqual([401, 'auth.bad_credentials']);
    expect((await child.call('GET', '/users/me', { token })).status).toBe(401);
    expect(leaks()).toEqual([]);
  });

  it('is not brought back by building everything anew', async () => {
    const admin = await administrator(child, ['CUSTOMER', 'ADMIN', 'SUPER_ADMIN']);
    await child.ask('projections.rebuild', { names: [] });
    const after = await everythingToRead(admin);
    expect(after.filter((answer) => words.some((word) => answer.includes(word)))).toEqual([]);
    expect(leaks()).toEqual([]);
  });

  it('leaves a log that can be verified', async () => {
    expect(await child.stop()).toBe(0);
    expect((await verifyLog(join(dataDir, 'log.db'))).faults).toEqual([]);
    expect(leaks()).toEqual([]);
  });
});
