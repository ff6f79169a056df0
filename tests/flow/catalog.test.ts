// From HTTP through the log to a read model and back: the catalogue.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Market, openMarket } from '../market.ts';

let market: Market;
let admin: string;
beforeAll(async () => {
  market = await openMarket();
  admin = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['CUSTOMER', 'ADMIN']);
});
afterAll(() => market.close());

describe('a category', () => {
  it('is there for everybody once it was created', async () => {
    const created = await market.call('POST', '/categories', { token: admin, body: { name: 'Buku', slug: 'buku' } });
    expect(created.status).toBe(201);
    const tree = await market.call('GET', `/categories?minPosition=${created.body.position}`);
    expect(tree.body.items).toMatchObject([{ categoryId: created.body.categoryId, name: 'Buku', children: [] }]);
  });

  it('is created once, however often the same key is sent', async () => {
    const headers = { 'idempotency-key': 'one key'.replace(' ', '-') };
    const body = { name: 'Musik', slug: 'musik' };
    const answers = await Promise.all([1, 2, 3].map(() => market.call('POST', '/categories', { token: admin, body, headers })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(2);
    const other = await market.call('POST', '/categories', { token: admin, body: { ...body, name: 'Film' }, headers });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency.key_reused']);
  });

  it('is refused without a key, without a role, with an unknown field', async () => {
    const body = { name: 'Buku', slug: 'buku' };
    expect((await market.call('POST', '/categories', { token: admin, body, headers: { 'idempotency-key': '' } })).body.code).toBe(
      'idempotency.key_missing',
    );
    expect((await market.call('POST', '/categories', { body })).status).toBe(401);
    const unknown = await market.call('POST', '/categories', { token: admin, body: { ...body, price: 1 } });
    expect(unknown.body.errors).toEqual([{ field: 'price', message: 'is not a known field' }]);
  });

  it('changes only from the revision that the client has seen', async () => {
    const created = await market.call('POST', '/categories', { token: admin, body: { name: 'Mainan', slug: 'mainan' } });
    const path = `/categories/${created.body.categoryId}`;
    const body = { name: 'Mainan Anak', slug: 'mainan-anak' };
    const stale = await market.call('PATCH', path, { token: admin, body, headers: { 'if-match': '"7"', 'idempotency-key': randomUUID() } });
    expect([stale.status, stale.body.code]).toEqual([412, 'request.precondition_failed']);
    const renamed = await market.call('PATCH', path, { token: admin, body, headers: { 'if-match': created.headers.get('etag') ?? '' } });
    expect([renamed.status, renamed.headers.get('etag')]).toEqual([200, '"1"']);
  });
});

describe('a brand', () => {
  it('is listed by name under the name that it has now, and not while it is hidden', async () => {
    const { body } = await market.call('POST', '/brands', { token: admin, body: { name: 'Zebra', slug: 'zebra' } });
    const names = async (position: string) =>
      (await market.call('GET', `/brands?minPosition=${position}`)).body.items.map((brand: { name: string }) => brand.name);
    await market.call('POST', '/brands', { token: admin, body: { name: 'Kilat', slug: 'kilat' } });
    expect(
      await names((await market.call('POST', '/brands', { token: admin, body: { name: 'Awan', slug: 'awan' } })).body.position),
    ).toEqual(['Awan', 'Kilat', 'Zebra']);
    const path = `/brands/${body.brandId}`;
    const renamed = await market.call('PATCH', path, { token: admin, body: { name: 'Bintang', slug: 'bintang' } });
    expect(await names(renamed.body.position)).toEqual(['Awan', 'Bintang', 'Kilat']);
    const hidden = await market.call('DELETE', `${path}/activation`, { token: admin });
    expect(await names(hidden.body.position)).toEqual(['Awan', 'Kilat']);
    expect((await market.call('PATCH', path, { body: { name: 'x', slug: 'x' } })).status).toBe(401);
  });
});

describe('an attribute', () => {
  it('is asked for, and no longer once it was removed', async () => {
    const { body } = await market.call('POST', '/categories', { token: admin, body: { name: 'Kain', slug: 'kain' } });
    const path = `/categories/${body.categoryId}`;
    const defined = await market.call('POST', `${path}/attributes`, {
      token: admin,
      body: { name: 'Warna', kind: 'choice', choices: ['biru'] },
    });
    const read = async (position: string) => (await market.call('GET', `${path}?minPosition=${position}`)).body.attributes;
    expect(await read(defined.body.position)).toMatchObject([{ attributeId: defined.body.attributeId, name: 'Warna' }]);
    const removed = await market.call('DELETE', `${path}/attributes/${defined.body.attributeId}`, { token: admin });
    expect(await read(removed.body.position)).toEqual([]);
  });
});
