// From HTTP through the log to a read model and back: the catalogue.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { category } from '../../domain/category/category.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';

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
    const shown = await market.call('POST', `${path}/activation`, { token: admin });
    expect(shown.body).toMatchObject({ brandId: body.brandId, revision: 3 });
    const one = await market.call('GET', `${path}?minPosition=${shown.body.position}`);
    expect(one.body).toEqual({ brandId: body.brandId, name: 'Bintang', slug: 'bintang', active: true, revision: 3 });
    expect((await market.call('GET', `/brands/${anId()}`)).body.code).toBe('catalog.brand_not_found');
  });
});

it('is told which category is not there, whatever was asked of it', async () => {
  const path = `/categories/${anId()}`;
  const naming = { name: 'Hilang', slug: 'hilang' };
  for (const [method, asked, body] of [
    ['POST', '/categories', { ...naming, parentId: anId() }],
    ['PATCH', path, naming],
    ['POST', `${path}/move`, { parentId: null, order: 0 }],
    ['POST', `${path}/activation`, undefined],
    ['DELETE', `${path}/activation`, undefined],
    ['POST', `${path}/attributes`, { name: 'Warna', kind: 'text' }],
    ['DELETE', `${path}/attributes/${anId()}`, undefined],
  ] as const) {
    const refused = await market.call(method, asked, { token: admin, body });
    expect([method, asked, refused.status, refused.body.code]).toEqual([method, asked, 404, 'catalog.category_not_found']);
  }
});

describe('the level below a category', () => {
  it('has what is shown, by its place; none where there is no such category', async () => {
    const create = async (body: object): Promise<string> =>
      (await market.call('POST', '/categories', { token: admin, body })).body.categoryId;
    const parentId = await create({ name: 'Dapur', slug: 'dapur' });
    const second = await create({ name: 'Panci', slug: 'panci', parentId, order: 2 });
    const first = await create({ name: 'Sendok', slug: 'sendok', parentId, order: 1 });
    const below = async (position: string, above = parentId) =>
      (await market.call('GET', `/categories/${above}/children?minPosition=${position}`)).body.items;
    const hidden = await market.call('DELETE', `/categories/${second}/activation`, { token: admin });
    expect(hidden.body).toMatchObject({ categoryId: second, revision: 1 });
    expect(await below(hidden.body.position)).toMatchObject([{ categoryId: first, parentId }]);
    const { position } = (await market.call('POST', `/categories/${second}/activation`, { token: admin })).body;
    expect(await below(position)).toMatchObject([{ categoryId: first }, { categoryId: second, revision: 2 }]);
    expect(await below(position, second)).toEqual([]);
    expect((await market.call('GET', `/categories/${anId()}`)).body.code).toBe('catalog.category_not_found');
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
    const empty = await market.call('POST', `${path}/attributes`, { token: admin, body: { name: 'Ukuran', kind: 'choice' } });
    expect([empty.status, empty.body.code]).toEqual([422, 'catalog.attribute_without_choices']);
    const removed = await market.call('DELETE', `${path}/attributes/${defined.body.attributeId}`, { token: admin });
    expect(removed.body).toMatchObject({ categoryId: body.categoryId, attributeId: defined.body.attributeId });
    expect(await read(removed.body.position)).toEqual([]);
  });
});

describe('the tree of categories', () => {
  const create = async (parentId: string | null = null): Promise<string> => {
    const slug = `k-${randomUUID()}`;
    const { status, body } = await market.call('POST', '/categories', { token: admin, body: { name: slug, slug, parentId } });
    expect(status, JSON.stringify(body)).toBe(201);
    return body.categoryId;
  };
  /** What a client does that is told to come again. */
  const move = async (categoryId: string, parentId: string | null): Promise<string> => {
    const { status, body } = await market.call('POST', `/categories/${categoryId}/move`, { token: admin, body: { parentId, order: 1 } });
    return status === 503 ? move(categoryId, parentId) : (body.code ?? 'moved');
  };
  const depthsOf = (items: readonly { categoryId: string; children: [] }[], depth = 1): [string, number][] =>
    items.flatMap(({ categoryId, children }) => [[categoryId, depth] as [string, number], ...depthsOf(children, depth + 1)]);
  const depths = async () => {
    const position = `${market.store.logId}.${await market.store.head()}`;
    return new Map(depthsOf((await market.call('GET', `/categories?minPosition=${position}`)).body.items));
  };

  it('lets two categories that go below each other at once lose neither', async () => {
    for (const _ of [1, 2, 3, 4, 5]) {
      const [x, y] = [await create(), await create()];
      const answers = await Promise.all([move(x, y), move(y, x)]);
      expect(answers.sort()).toEqual(['catalog.category_cycle', 'moved']);
      const found = await depths();
      expect([found.get(x), found.get(y)].sort()).toEqual([1, 2]);
    }
  });

  it('is nowhere without its end, whoever moves what at once', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => create()));
    const rounds = Array.from({ length: 24 }, (_, n) => [ids[n % 6], ids[(n * 5 + 1 + Math.floor(n / 6)) % 6]] as const);
    const answers = await Promise.all(rounds.map(([what = '', below = '']) => (what === below ? 'moved' : move(what, below))));
    for (const answer of answers) expect(['moved', 'catalog.category_cycle', 'catalog.category_too_deep']).toContain(answer);
    const found = await depths();
    for (const id of ids) expect(found.get(id), id).toBeLessThanOrEqual(6);
  });

  it('is six levels deep at most, with what hangs below a category that moves', async () => {
    const chain = async (length: number) => {
      const ids = [await create()];
      while (ids.length < length) ids.push(await create(ids.at(-1)));
      return ids;
    };
    const [long, short] = [await chain(6), await chain(3)];
    const slug = `k-${randomUUID()}`;
    const deeper = await market.call('POST', '/categories', { token: admin, body: { name: slug, slug, parentId: long[5] } });
    expect([deeper.status, deeper.body.code]).toEqual([422, 'catalog.category_too_deep']);
    expect(await move(short[0] ?? '', long[3] ?? '')).toBe('catalog.category_too_deep');
    expect(await move(short[0] ?? '', long[2] ?? '')).toBe('moved');
    // Both fit alone, and not together.
    const [one, two] = [await chain(3), await chain(3)];
    const third = await chain(2);
    const together = await Promise.all([move(one[0] ?? '', two[2] ?? ''), move(two[0] ?? '', third[1] ?? '')]);
    expect(together.sort()).toEqual(['catalog.category_too_deep', 'moved']);
  });

  it('knows what stood in an older log', async () => {
    const older = await openMarket();
    try {
      const token = await older.tokenFor('01JZADMINADMINADMINADMINAD', ['CUSTOMER', 'ADMIN']);
      const [a, b] = ['01JZCATEG0RYAAAAAAAAAAAAAA', '01JZCATEG0RYBBBBBBBBBBBBBB'];
      const commandId = randomUUID();
      const context = {
        commandId,
        correlationId: commandId,
        causationId: commandId,
        actor: { kind: 'system', id: 'test' },
        at: '2026-01-01T00:00:00.000Z',
      } as const;
      await older.handle(category, a, { type: 'create', categoryId: a, parentId: null, name: 'A', slug: 'a', order: 0 }, context);
      await older.handle(category, b, { type: 'create', categoryId: b, parentId: a, name: 'B', slug: 'b', order: 0 }, context);
      await older.call('GET', `/categories?minPosition=${older.store.logId}.${await older.store.head()}`);
      const answer = await older.call('POST', `/categories/${a}/move`, { token, body: { parentId: b, order: 0 } });
      expect([answer.status, answer.body.code]).toEqual([409, 'catalog.category_cycle']);
    } finally {
      await older.close();
    }
  });
});
