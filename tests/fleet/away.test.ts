// A server that is away for a while: commands succeed without it, so do reads that do not need it, and what was left undone is made up for.
// AWAY_PURCHASES says for how many purchases (5 unless told).
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { needed } from '../engines/needed.ts';
import { createProxy, type Proxy as Way } from '../engines/toxiproxy.ts';
import { openStreet, type Street } from '../faults/buyers.ts';
import type { Answer } from '../market.ts';
import { chainFaults, stockFaults } from '../support/inspect.ts';
import { freshId } from '../support/probe.ts';
import { type Article, choicesOf, homeOf, ok } from '../support/shop.ts';
import { differences, documentsOf, factsOf, feedFaults, rowsOf } from './copies.ts';
import { Town, until } from './town.ts';

const purchases = Number(process.env.AWAY_PURCHASES ?? 5);
vi.setConfig({ testTimeout: 180_000 + purchases * 10_000, hookTimeout: 120_000 });

const servers = ['redis', 'elasticsearch', 'clickhouse', 'kafka'] as const;
type Server = (typeof servers)[number];

let town: Town;
let street: Street;
let proxies: Record<Server, Way>;
beforeAll(async () => {
  const broker = needed('KAFKA_BROKERS').split(',')[0] ?? '';
  const [redis, elasticsearch, clickhouse, kafka] = await Promise.all([
    createProxy(needed('REDIS_URL')),
    createProxy(needed('ELASTICSEARCH_URL')),
    createProxy(needed('CLICKHOUSE_URL')),
    createProxy(broker),
  ]);
  proxies = { redis, elasticsearch, clickhouse, kafka };
  town = await Town.open({
    env: {
      REDIS_URL: redis.through(needed('REDIS_URL')),
      ELASTICSEARCH_URL: elasticsearch.through(needed('ELASTICSEARCH_URL')),
      CLICKHOUSE_URL: clickhouse.through(needed('CLICKHOUSE_URL')),
      ANALYTICS_INTERVAL_SECONDS: '1',
      // A broker says itself where it lives.
      DETOURS: `${broker}=${kafka.address}`,
      NODE_OPTIONS: `--import ${new URL('./detour.ts', import.meta.url).href}`,
    },
  });
  street = await openStreet(town);
  await until(async () => town.inside.projector.passed(await town.inside.store.head(), 1_000));
});
afterAll(async () => {
  await town?.close();
  for (const proxy of Object.values(proxies ?? {})) await proxy.remove();
});

/** Everything but the outcome of a purchase, which needs the feed: sent once, without asking again. */
const buyOnce = async (): Promise<{ placed: Answer; token: string; article: Article }> => {
  const token = await town.client.tokenFor(freshId(), ['CUSTOMER']);
  const article = street.articles[0] as Article;
  const { productId, variantId } = article;
  const { call } = town.client;
  ok(await call('POST', '/cart/lines', { token, body: { productId, variantId } }));
  const quote = ok(await call('POST', '/checkouts/quote', { token, body: { address: homeOf() } }));
  const placed = await call('POST', '/checkouts', { token, body: { quoteId: quote.quoteId, shipping: choicesOf(quote), method: 'qris' } });
  ok(placed);
  return { placed, token, article };
};

describe.each(servers)('%s, away for a while', (server) => {
  const checkouts: string[] = [];

  it('stops no command, and no read that does not need it', async () => {
    await proxies[server].down();
    for (let n = 0; n < purchases; n += 1) {
      const { placed, token, article } = await buyOnce();
      checkouts.push(placed.body.checkoutId);
      if (server === 'kafka') expect(placed.status).toBe(202);
      else expect([201, 202]).toContain(placed.status);
      const { status } = await town.client.call('GET', `/products/${article.productId}`, { token });
      expect(status).toBe(200);
    }
  });

  it('is only missed by what needs it', async () => {
    const found = await town.client.call('GET', '/search?q=kopi');
    const wanted = server === 'elasticsearch' ? { status: 503 } : { status: 200 };
    expect({ status: found.status }).toEqual(wanted);
  });

  it('finds everything made up for when it is back', async () => {
    await proxies[server].up();
    await town.settled();
    const head = await town.inside.store.head();
    await until(() => town.inside.projector.factsPassed(head, 1_000));
    const waiting = town.heard.flatMap(({ event, streamId }) => (event.type === 'checkout.awaiting_payment' ? [streamId] : []));
    expect(checkouts.filter((id) => !waiting.includes(`checkout-${id}`))).toEqual([]);
    expect((await feedFaults(town.ground.namespace, town.heard)).faults).toEqual([]);
  });
});

describe('after all of it', () => {
  it('everything is as if nothing had been away', async () => {
    const copies = async () => {
      await until(async () => town.inside.projector.factsPassed(await town.inside.store.head(), 1_000));
      return Promise.all([rowsOf(town.ground), documentsOf(town.ground), factsOf(town.ground)]);
    };
    const before = await copies();
    await town.inside.projector.ask({ ask: 'rebuild', projections: [] });
    const after = await copies();
    expect(before.map((copy, n) => differences(copy, after[n] ?? new Map()))).toEqual([[], [], []]);
    expect(chainFaults(town.heard, { isDense: false })).toEqual([]);
    expect(stockFaults(town.heard)).toEqual([]);
  });
});
