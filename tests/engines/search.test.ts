// The search contract on Elasticsearch, and what happens when it is away, silent, slow, reset in the middle of a batch, or wiped.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { searchContract } from '../../infra/search/contract.ts';
import { openElasticsearchIndex } from '../../infra/search/elasticsearch.ts';
import { openElasticsearchReader } from '../../infra/search/elasticsearch-reader.ts';
import type { SearchDocument } from '../../infra/search/port.ts';
import { needed } from './needed.ts';
import { createProxy, type Proxy as Detour } from './toxiproxy.ts';

const url = needed('ELASTICSEARCH_URL');

/** An empty index of its own. `timeout` is that of one request. */
const opened = (by = url, timeout?: number) => {
  const namespace = `test-${randomUUID()}`;
  const options = { url: by, namespace, ...(timeout !== undefined && { timeout }) };
  const index = openElasticsearchIndex(options);
  const reader = openElasticsearchReader(options);
  const indexes = async () => Object.keys((await (await fetch(`${url}/${namespace}-*`)).json()) as object);
  const wipe = async () => {
    for (const name of await indexes()) await fetch(`${url}/${name}`, { method: 'DELETE' });
  };
  const close = async () => {
    await reader.close();
    await index.close();
    await wipe();
  };
  return { namespace, index, reader, indexes, wipe, settle: async () => {}, close };
};

searchContract('Elasticsearch', async () => opened());

const products = Array.from(
  { length: 400 },
  (_, n): SearchDocument => ({
    productId: `p${n}`,
    sellerId: 's1',
    sellerName: 'Toko Sinar',
    name: `Lentera ${n}`,
    description: `Penerang nomor ${n}`.repeat(10),
    categoryIds: ['rumah'],
    brand: null,
    price: { amount: 40_000, currency: 'IDR' },
    rating: { average: 0, count: 0 },
    city: 'Jakarta',
    sold: n,
    createdAt: '2026-01-01T00:00:00.000Z',
    image: null,
    active: true,
    suggest: [],
    skus: [],
  }),
);
const all = products.map((document, n) => ({ position: n + 1, document }));
const done = { logId: 'log', position: 400 };
const unavailable = { code: 'search.unavailable', details: { retryAfter: 1 } };

describe('trouble on the way to Elasticsearch', () => {
  let proxy: Detour;
  let engine: ReturnType<typeof opened>;
  const total = async () => (await engine.reader.search({ text: 'lentera' })).total;
  beforeEach(async () => {
    proxy = await createProxy(url);
  });
  afterEach(async () => {
    await proxy.up();
    await engine.close();
    await proxy.remove();
  });

  it('is told as such to whoever searches, suggests or writes, and forgotten when it is over', async () => {
    engine = opened(proxy.through(url));
    await engine.index.create(1);
    await engine.index.write(1, all, done);
    await proxy.down();
    await expect(engine.reader.search({})).rejects.toMatchObject(unavailable);
    await expect(engine.reader.suggest('lent')).rejects.toMatchObject(unavailable);
    await expect(engine.reader.checkpoint()).rejects.toMatchObject(unavailable);
    await expect(engine.index.write(1, [], { ...done, position: 401 })).rejects.toMatchObject(unavailable);
    await expect(engine.index.live()).rejects.toMatchObject(unavailable);
    await proxy.up();
    expect([await total(), await engine.index.live(), await engine.index.checkpoint(1)]).toEqual([400, 1, done]);
  });

  it('that nobody answers through is given up in time', async () => {
    engine = opened(proxy.through(url), 300);
    await engine.index.create(1);
    await proxy.timeout();
    await expect(engine.reader.search({})).rejects.toMatchObject(unavailable);
    await expect(engine.index.write(1, all.slice(0, 1), done)).rejects.toMatchObject(unavailable);
    await proxy.up();
    expect(await total()).toBe(0);
  });

  it('that only slows it down is waited for', async () => {
    engine = opened(proxy.through(url));
    await engine.index.create(1);
    await proxy.latency(100);
    await engine.index.write(1, all, done);
    expect(await total()).toBe(400);
  });

  it('in the middle of a batch leaves the checkpoint behind it, and all of it can be written again', async () => {
    engine = opened(proxy.through(url));
    await engine.index.create(1);
    await engine.index.checkpoint(1);
    await proxy.reset(10_000);
    await expect(engine.index.write(1, all, done)).rejects.toMatchObject(unavailable);
    await proxy.up();
    expect(await engine.reader.checkpoint()).toBe(null);
    await engine.index.write(1, all, done);
    expect([await total(), await engine.reader.checkpoint()]).toEqual([400, done]);
  });

  it('that broke idle connections, as when it was started anew, is not noticed', async () => {
    engine = opened(proxy.through(url));
    await engine.index.create(1);
    await engine.index.write(1, all, done);
    await proxy.down();
    await proxy.up();
    await engine.index.write(1, [{ position: 401, deleted: 'p1' }], { ...done, position: 401 });
    expect(await total()).toBe(399);
  });
});

describe('an index that is taken away', () => {
  it('is an unknown build, which nobody makes by writing to it', async () => {
    const engine = opened();
    await engine.index.create(1);
    await engine.index.write(1, all.slice(0, 1), done);
    await engine.wipe();
    await expect(engine.index.write(1, all, done)).rejects.toMatchObject({ code: 'search.unknown_build' });
    await expect(engine.index.write(1, [], done)).rejects.toMatchObject({ code: 'search.unknown_build' });
    expect(await engine.indexes()).toEqual([]);
    expect(await engine.reader.search({ text: 'lentera' })).toMatchObject({ hits: [], total: 0 });
    await engine.close();
  });

  it('by another build takes with it what interrupted swaps have left', async () => {
    const engine = opened();
    for (const build of [1, 2, 3]) await engine.index.create(build);
    await engine.index.swap(3);
    expect(await engine.indexes()).toEqual([`${engine.namespace}-products-3`]);
    await engine.close();
  });

  it('by another build is not missed by those who search meanwhile', async () => {
    const engine = opened();
    const others = [1, 2, 3].map(() => openElasticsearchReader({ url, namespace: engine.namespace }));
    await engine.index.create(1);
    await engine.index.write(1, all, done);
    let isOver = false;
    const watch = async (reader: (typeof others)[number]) => {
      const totals = new Set<number>();
      while (!isOver) totals.add((await reader.search({ text: 'lentera' })).total);
      return [...totals];
    };
    const watching = others.map(watch);
    for (let build = 2; build <= 4; build++) {
      await engine.index.create(build);
      await engine.index.write(build, all, done);
      await engine.index.swap(build);
    }
    isOver = true;
    expect(await Promise.all(watching)).toEqual(others.map(() => [400]));
    for (const reader of others) await reader.close();
    await engine.close();
  });
});
