// The analytics contract on ClickHouse; what happens when it is away, silent, slow or reset; and that whoever asks sees what another process writes.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openClickHouseAnalytics } from '../../infra/analytics/clickhouse.ts';
import { analyticsContract } from '../../infra/analytics/contract.ts';
import type { Facts } from '../../infra/analytics/schema.ts';
import { needed } from './needed.ts';
import { createProxy, type Proxy as Detour } from './toxiproxy.ts';

const url = needed('CLICKHOUSE_URL');

/** Statements past the adapter, as an operator would run them. */
const run = async (sql: string) => (await (await fetch(url, { method: 'POST', body: sql })).text()).trim();

const opened = (by = url, limits: { zone?: string; timeout?: number; queueLength?: number } = {}) => {
  const namespace = `test_${randomUUID().replaceAll('-', '')}`;
  const options = { url: by, namespace, zone: 'Asia/Jakarta', ...limits };
  const analytics = openClickHouseAnalytics(options);
  const databases = async () => (await run('SHOW DATABASES')).split('\n').filter((name) => name.startsWith(namespace));
  const wipe = async () => {
    for (const name of await databases()) await run(`DROP DATABASE \`${name}\` SYNC`);
  };
  const close = async () => {
    await analytics.close();
    await wipe();
  };
  return { analytics, options, databases, wipe, close };
};

analyticsContract('ClickHouse', async (zone) => opened(url, { zone }));

/** So many visits, the same ones each time. */
const visits = (count: number): Facts => ({
  visits: Array.from({ length: count }, (_, n) => ({
    ...{ kind: 'view', visitor_id: `v${n}`, occurred_at: '2026-01-02T01:00:00.000Z', product_id: 'p1', seller_id: 's1', checkout_id: '' },
    ...{ event_id: `e${n}`, line: 0, position: n + 1 },
  })),
});
const month = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z', bucket: 'month' } as const;
const at = (position: number) => ({ logId: 'log', position });
const unavailable = { code: 'analytics.unavailable' };
const visitors = async ({ analytics }: Pick<ReturnType<typeof opened>, 'analytics'>) =>
  (await analytics.report('activeUsers', month))[0]?.visitors ?? 0;

describe('trouble on the way to ClickHouse', () => {
  let proxy: Detour;
  let engine: ReturnType<typeof opened>;
  beforeEach(async () => {
    proxy = await createProxy(url);
  });
  afterEach(async () => {
    await proxy.up();
    await engine.close();
    await proxy.remove();
  });

  it('is told as such to whoever asks or writes, and forgotten when it is over', async () => {
    engine = opened(proxy.through(url));
    const { analytics } = engine;
    await analytics.create(1);
    await analytics.insert(1, visits(10), at(10));
    await proxy.down();
    const requests = [
      () => analytics.live(),
      () => analytics.report('gmv', month),
      () => analytics.query('SELECT 1'),
      () => analytics.insert(1, visits(11), at(11)),
      () => analytics.checkpoint(1),
      () => analytics.create(2),
    ];
    for (const request of requests) await expect(request()).rejects.toMatchObject(unavailable);
    await proxy.up();
    expect([await visitors(engine), await analytics.live(), await analytics.checkpoint(1)]).toEqual([10, 1, at(10)]);
  });

  it('that nobody answers through is given up in time', async () => {
    engine = opened(proxy.through(url), { timeout: 300 });
    const { analytics } = engine;
    await analytics.create(1);
    await proxy.timeout();
    await expect(analytics.report('gmv', month)).rejects.toMatchObject(unavailable);
    await expect(analytics.insert(1, visits(1), at(1))).rejects.toMatchObject(unavailable);
    await proxy.up();
    expect(await analytics.checkpoint(1)).toBe(null);
  });

  it('that only slows it down is waited for', async () => {
    engine = opened(proxy.through(url));
    await engine.analytics.create(1);
    await proxy.latency(50);
    await engine.analytics.insert(1, visits(10), at(10));
    expect(await visitors(engine)).toBe(10);
  });

  it('in the middle of a batch leaves the checkpoint behind it, and all of it can be written again', async () => {
    engine = opened(proxy.through(url));
    const { analytics } = engine;
    await analytics.create(1);
    await analytics.checkpoint(1);
    await proxy.reset(20_000);
    await expect(analytics.insert(1, visits(2_000), at(2_000))).rejects.toMatchObject(unavailable);
    await proxy.up();
    expect(await analytics.checkpoint(1)).toBe(null);
    await analytics.insert(1, visits(2_000), at(2_000));
    expect([await visitors(engine), await analytics.checkpoint(1)]).toEqual([2_000, at(2_000)]);
  });

  it('that broke idle connections, as when it was started anew, is not noticed', async () => {
    engine = opened(proxy.through(url));
    await engine.analytics.create(1);
    await proxy.down();
    await proxy.up();
    await engine.analytics.insert(1, visits(10), at(10));
    expect(await visitors(engine)).toBe(10);
  });
});

describe('several processes', () => {
  it('see which build is live as soon as another has been swapped in, and miss none meanwhile', async () => {
    const writer = opened();
    const reader = { analytics: openClickHouseAnalytics(writer.options) };
    expect([await reader.analytics.live(), await visitors(reader)]).toEqual([null, 0]);
    await writer.analytics.create(1);
    await writer.analytics.insert(1, visits(1), at(5));
    expect([await reader.analytics.live(), await visitors(reader)]).toEqual([1, 1]);
    let isOver = false;
    const watch = async () => {
      const seen = new Set<number>();
      while (!isOver) seen.add(await visitors(reader));
      return [...seen];
    };
    const watching = watch();
    for (let build = 2; build <= 4; build++) {
      await writer.analytics.create(build);
      await writer.analytics.insert(build, visits(build), at(5));
      await writer.analytics.swap(build);
      expect([await reader.analytics.live(), await visitors(reader)]).toEqual([build, build]);
    }
    isOver = true;
    expect(await watching).toEqual((await watching).toSorted());
    expect(await writer.databases()).toHaveLength(2); // the live build, and the one that says which it is
    await reader.analytics.close();
    await writer.close();
  });

  it('that only ask make no build live', async () => {
    const engine = opened();
    const { body } = await engine.analytics.query('SELECT count() AS n FROM visits', {}, 'csv');
    expect([Buffer.from(body).toString(), await engine.analytics.live()]).toEqual(['"n"\n0\n', null]);
    await engine.close();
  });

  it('find out when a build was taken away', async () => {
    const engine = opened();
    await engine.analytics.create(1);
    await engine.analytics.insert(1, visits(1), at(1));
    await engine.wipe();
    await expect(engine.analytics.insert(1, visits(2), at(2))).rejects.toMatchObject({ code: 'analytics.unknown_build' });
    expect([await engine.analytics.live(), await visitors(engine)]).toEqual([null, 0]);
    await engine.close();
  });
});

describe('an analyst', () => {
  it('sees nothing of other databases on the server, not by any way of naming them', async () => {
    const engine = opened();
    const other = opened();
    await other.analytics.create(1);
    await engine.analytics.create(1);
    const [database = ''] = (await other.databases()).filter((name) => name.endsWith('_1'));
    const queries = [
      'SELECT * FROM DB.visits',
      'SELECT 1 WHERE 1 IN DB.visits',
      'SELECT 1 WHERE 1 IN (`DB`.`visits`)',
      'SELECT DB.visits.line',
    ];
    for (const query of queries)
      await expect(engine.analytics.query(query.replace('DB', database))).rejects.toMatchObject({ code: 'analytics.query_refused' });
    await other.close();
    await engine.close();
  });

  it('is told to come again when too many are waiting', async () => {
    const engine = opened(url, { queueLength: 1 });
    const first = engine.analytics.live();
    await expect(engine.analytics.live()).rejects.toMatchObject({ code: 'analytics.busy' });
    expect(await first).toBe(null);
    await engine.close();
  });
});
