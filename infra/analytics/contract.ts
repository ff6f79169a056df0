// What every analytics engine must do: facts once, reports, builds, and analysts who can read the facts and nothing else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analytics, QueryFormat } from './port.ts';
import type { Fact, Facts } from './schema.ts';

const period = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };

let position = 0;
const line = (
  fact: Partial<Fact<'order_lines'>> & Pick<Fact<'order_lines'>, 'kind' | 'order_id' | 'amount' | 'occurred_at'>,
): Fact<'order_lines'> => {
  position += 1;
  return {
    checkout_id: 'c1',
    buyer_id: 'b1',
    seller_id: 's1',
    product_id: 'p1',
    variant_id: 'v1',
    category_id: 'mode',
    payment_method: 'qris',
    currency: 'IDR',
    quantity: Math.sign(fact.amount),
    shipping: 0,
    tax: 0,
    commission: Math.trunc(fact.amount / 10),
    event_id: `e${position}`,
    line: 0,
    position,
    ...fact,
  };
};
const visit = (kind: string, visitor_id: string, occurred_at: string): Fact<'visits'> => {
  position += 1;
  return { kind, visitor_id, occurred_at, product_id: 'p1', seller_id: 's1', checkout_id: '', event_id: `e${position}`, line: 0, position };
};
const parcel = (days: number): Fact<'deliveries'> => {
  position += 1;
  const at = (day: number) => `2026-01-${10 + day}T03:00:00.000Z`;
  const times = { confirmed_at: at(0), shipped_at: at(1), promised_at: at(3), occurred_at: at(3 + days) };
  return {
    order_id: `o${position}`,
    seller_id: 's1',
    courier: 'JNE',
    city: 'Medan',
    event_id: `e${position}`,
    line: 0,
    position,
    ...times,
  };
};

const sales = [
  // 17:30 UTC is half past midnight of the next day in Jakarta.
  line({ kind: 'sale', order_id: 'o1', amount: 100_000, occurred_at: '2026-01-05T17:30:00.123Z' }),
  line({ kind: 'sale', order_id: 'o1', amount: 50_000, occurred_at: '2026-01-05T17:30:00.123Z', product_id: "p'2" }),
  line({
    kind: 'sale',
    order_id: 'o2',
    amount: 30_000,
    occurred_at: '2026-01-05T16:59:59.999Z',
    seller_id: 's2',
    product_id: 'p3',
    buyer_id: 'b2',
  }),
  line({ kind: 'refund', order_id: 'o1', amount: -100_000, occurred_at: '2026-01-07T01:00:00.000Z' }),
  line({ kind: 'placed', order_id: 'o4', amount: 9_990, occurred_at: '2026-01-07T01:00:00.000Z' }),
  line({ kind: 'sale', order_id: 'o5', amount: 700, occurred_at: '2026-01-07T01:00:00.000Z', currency: 'BRL' }),
  line({ kind: 'sale', order_id: 'o6', amount: 1, occurred_at: '2026-02-01T00:00:00.000Z' }),
];
const visits = [
  visit('view', 'anna', '2026-01-02T01:00:00.000Z'),
  visit('cart', 'anna', '2026-01-02T02:00:00.000Z'),
  visit('checkout', 'anna', '2026-01-02T03:00:00.000Z'),
  visit('paid', 'anna', '2026-01-02T04:00:00.000Z'),
  visit('view', 'budi', '2026-01-02T01:00:00.000Z'),
  visit('cart', 'budi', '2026-01-20T01:00:00.000Z'),
  visit('view', 'cici', '2026-01-03T01:00:00.000Z'),
];
const facts: Facts = { order_lines: sales, visits, deliveries: [parcel(-1), parcel(0), parcel(2)] };

/** `open` gives an empty engine whose market is in this time zone. */
export const analyticsContract = (name: string, open: (zone: string) => Promise<{ analytics: Analytics; close(): Promise<void> }>) => {
  describe(name, { timeout: 60_000 }, () => {
    let analytics: Analytics;
    let close = async () => {};
    beforeAll(async () => {
      ({ analytics, close } = await open('Asia/Jakarta'));
    }, 60_000);
    afterAll(() => close());

    const ask = async (sql: string, params = {}) => {
      const { body } = await analytics.query(sql, params);
      const answer: { data: unknown[] } = JSON.parse(Buffer.from(body).toString());
      return answer.data;
    };

    it('is empty before the first build', async () => {
      expect(await analytics.live()).toBe(null);
      expect(await analytics.report('gmv', { ...period, bucket: 'day' })).toEqual([]);
      await expect(analytics.checkpoint(1)).rejects.toMatchObject({ code: 'analytics.unknown_build' });
    });

    it('takes facts with their checkpoint, and the same facts again without effect', async () => {
      await analytics.create(1);
      await analytics.create(1);
      expect(await analytics.live()).toBe(1);
      expect(await analytics.checkpoint(1)).toBe(null);
      await analytics.insert(1, facts, { logId: 'log', position: 50 });
      await analytics.insert(1, facts, { logId: 'log', position: 50 });
      await analytics.insert(1, {}, { logId: 'log', position: 40 });
      expect(await analytics.checkpoint(1)).toEqual({ logId: 'log', position: 50 });
      expect(await ask('SELECT count() AS n FROM order_lines')).toEqual([{ n: sales.length }]);
      await expect(analytics.insert(1, {}, { logId: 'other', position: 60 })).rejects.toMatchObject({ code: 'analytics.other_log' });
    });

    it('reports gross and net by the days of the market, per currency', async () => {
      expect(await analytics.report('gmv', { ...period, bucket: 'day' })).toEqual([
        { bucket: '2026-01-05', currency: 'IDR', orders: 1, gross: 30_000, net: 30_000, commission: 3_000 },
        { bucket: '2026-01-06', currency: 'IDR', orders: 1, gross: 150_000, net: 150_000, commission: 15_000 },
        { bucket: '2026-01-07', currency: 'BRL', orders: 1, gross: 700, net: 700, commission: 70 },
        { bucket: '2026-01-07', currency: 'IDR', orders: 0, gross: 0, net: -100_000, commission: -10_000 },
      ]);
      expect(await analytics.report('gmv', { ...period, bucket: 'month', sellerId: 's2' })).toMatchObject([
        { bucket: '2026-01', gross: 30_000 },
      ]);
    });

    it('reports orders per hour, products and sellers by what remained', async () => {
      expect(await analytics.report('ordersPerHour', period)).toEqual([
        { bucket: '2026-01-05T23:00', orders: 1 },
        { bucket: '2026-01-06T00:00', orders: 1 },
        { bucket: '2026-01-07T08:00', orders: 1 },
      ]);
      expect(await analytics.report('topProducts', { ...period, limit: 2 })).toEqual([
        { product_id: "p'2", seller_id: 's1', currency: 'IDR', quantity: 1, net: 50_000 },
        { product_id: 'p3', seller_id: 's2', currency: 'IDR', quantity: 1, net: 30_000 },
      ]);
      expect(await analytics.report('topProducts', { ...period, sellerId: 's2' })).toMatchObject([{ product_id: 'p3' }]);
      expect(await analytics.report('topSellers', { ...period, limit: 1 })).toEqual([
        { seller_id: 's1', currency: 'IDR', orders: 1, gross: 150_000, net: 50_000 },
      ]);
    });

    it('reports how far visitors come, and who comes back', async () => {
      expect(await analytics.report('funnel', period)).toEqual([
        { step: 'view', visitors: 3, reached: 3 },
        { step: 'cart', visitors: 2, reached: 1 },
        { step: 'checkout', visitors: 1, reached: 1 },
        { step: 'paid', visitors: 1, reached: 1 },
      ]);
      expect(await analytics.report('activeUsers', { ...period, bucket: 'month' })).toEqual([
        { bucket: '2026-01', visitors: 3, buyers: 1 },
      ]);
      expect(await analytics.report('cohorts', { ...period, to: '2026-03-01T00:00:00.000Z' })).toEqual([
        { cohort: '2026-01', month: 0, buyers: 2 },
        { cohort: '2026-01', month: 1, buyers: 1 },
      ]);
      expect(await analytics.report('deliverySlip', period)).toEqual([
        { courier: 'JNE', days: 0, parcels: 2 },
        { courier: 'JNE', days: 2, parcels: 1 },
      ]);
    });

    it.each([
      [
        'Europe/Berlin',
        ['2026-10-25T00:30', '2026-10-25T01:30', '2026-10-25T02:30'],
        ['2026-10-25T02:00+0200', '2026-10-25T02:00+0100', '2026-10-25T03:00'],
      ],
      [
        'America/New_York',
        ['2026-11-01T05:30', '2026-11-01T06:30', '2026-11-01T07:30'],
        ['2026-11-01T01:00-0400', '2026-11-01T01:00-0500', '2026-11-01T02:00'],
      ],
    ])('tells the two hours of one name apart when summer time ends in %s', async (zone, times, hours) => {
      const other = await open(zone);
      await other.analytics.create(1);
      const order_lines = times.map((time, n) => line({ kind: 'sale', order_id: `o${n}`, amount: 100, occurred_at: `${time}:00.000Z` }));
      await other.analytics.insert(1, { order_lines }, { logId: 'log', position: 1 });
      const autumn = { from: '2026-10-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' };
      expect(await other.analytics.report('ordersPerHour', autumn)).toEqual(hours.map((bucket) => ({ bucket, orders: 1 })));
      const gmv = await other.analytics.report('gmv', { ...autumn, bucket: 'hour' });
      expect(gmv.map(({ bucket, gross }) => [bucket, gross])).toEqual(hours.map((hour) => [hour, 100]));
      expect(await other.analytics.report('gmv', { ...autumn, bucket: 'day' })).toMatchObject([{ orders: 3 }]);
      await other.close();
    });

    it('answers analysts, with values that never become text, as JSON, CSV and Parquet', async () => {
      const sql =
        'SELECT product_id, sum(amount) AS net, min(occurred_at) AS first FROM order_lines WHERE product_id = {product:String} GROUP BY ALL';
      expect(await ask(sql, { product: "p'2" })).toEqual([{ product_id: "p'2", net: 50_000, first: '2026-01-05T17:30:00.123Z' }]);
      const as = async (format: QueryFormat) => Buffer.from((await analytics.query('SELECT 1 AS a, 2 AS b', {}, format)).body);
      expect((await as('csv')).toString()).toBe('"a","b"\n1,2\n');
      expect((await as('parquet')).subarray(0, 4).toString()).toBe('PAR1');
    });

    it.each([
      'WITH big AS (SELECT * FROM order_lines WHERE amount > 1) SELECT count() FROM big WHERE order_id IN (SELECT order_id FROM order_lines) -- all',
      "SELECT kind, uniqExactIf(visitor_id, product_id != ''), quantile(0.5)(position), toStartOfWeek(min(occurred_at)) FROM visits GROUP BY kind WITH TOTALS",
      'SELECT o.order_id, row_number() OVER (PARTITION BY o.seller_id ORDER BY o.amount DESC) FROM order_lines o LEFT JOIN deliveries d USING (order_id) LIMIT 3',
      'SELECT 1 UNION ALL SELECT 2',
      "SELECT CASE WHEN amount BETWEEN 1 AND 2 THEN 'a' ELSE 'b' END, arrayMap(x -> x + 1, [1, 2]), occurred_at + INTERVAL 1 DAY, amount::Float64 FROM order_lines",
    ])('lets analysts ask %s', async (sql) => {
      expect((await analytics.query(sql, {}, 'csv')).body.length).toBeGreaterThan(0);
    });

    it.each([
      'DROP TABLE order_lines',
      'INSERT INTO order_lines SELECT * FROM order_lines',
      'SELECT 1; DROP DATABASE facts_1',
      'SELECT * FROM system.tables',
      'SELECT 1 WHERE 1 IN system.one',
      'SELECT count() FROM facts.live',
      'SELECT * FROM facts_1.order_lines',
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
      "SELECT file('/etc/passwd')",
      "SELECT * FROM url('http://localhost/', 'LineAsString')",
      "SELECT * FROM s3('http://localhost/x', 'CSV')",
      "SELECT * FROM merge('system', 'tables')",
      'SELECT * FROM numbers(10)',
      'SELECT * FROM order_lines, numbers(10)',
      'SELECT 1 WHERE 1 IN numbers(10)',
      'SELECT * FROM `system`.`numbers`',
      "SELECT * FROM generateRandom('a UInt8')",
      'SELECT * FROM (EXPLAIN SELECT 1)',
      "SELECT getSetting('max_threads')",
      "SELECT dictGet('d', 'a', 1)",
      'SELECT sleep(3)',
      "SELECT 1 INTO OUTFILE '/dev/null'",
      'SELECT 1 FORMAT Null',
      'SELECT 1 SETTINGS max_execution_time = 0',
      'SELECT * FROM (SELECT 1 SETTINGS readonly = 0)',
      'SET max_threads = 1',
      'SHOW TABLES',
      'EXPLAIN SELECT 1',
    ])('refuses %s', async (sql) => {
      await expect(analytics.query(sql)).rejects.toMatchObject({ code: expect.stringMatching(/^analytics\.query_(refused|failed)$/) });
      expect(await ask('SELECT count() AS n FROM order_lines')).toEqual([{ n: sales.length }]);
    });

    it('tells apart a mistake, too many rows and too much time', async () => {
      const rows = 'SELECT a.line FROM order_lines a, order_lines b, order_lines c';
      const caps = { seconds: 1, rows: 100, memoryBytes: 100_000_000 };
      for (const mistake of ['SELECT nothing FROM order_lines', 'SELECT line FROM nowhere'])
        await expect(analytics.query(mistake)).rejects.toMatchObject({ code: 'analytics.query_failed' });
      for (const sql of [rows, `${rows} UNION ALL ${rows}`, `(${rows}) UNION ALL (${rows})`])
        await expect(analytics.query(sql, {}, 'csv', caps)).rejects.toMatchObject({ code: 'analytics.result_too_large' });
      // What the refused queries had written already is not in anybody else's answer.
      expect(Buffer.from((await analytics.query('SELECT 1 AS one', {}, 'csv')).body).toString()).toBe('"one"\n1\n');
      const cross = Array.from({ length: 16 }, (_, i) => `order_lines t${i}`).join(', ');
      await expect(analytics.query(`SELECT count() FROM ${cross}`, {}, 'csv', caps)).rejects.toMatchObject({
        code: 'analytics.query_too_slow',
      });
    });

    it.each([
      ['rows without a table', 'SELECT arrayJoin(arrayResize([1], 101))'],
      ['rows without a table beside those of one', 'SELECT arrayJoin(arrayResize([1], 101)) UNION ALL SELECT line FROM order_lines'],
      ['rows without a table in a name of their own', 'WITH rows AS (SELECT arrayJoin(arrayResize([1], 101))) SELECT * FROM rows'],
      ['bytes without a table', "SELECT arrayWithConstant(70, leftPad('x', 1000000))"],
      ['bytes of a table', 'SELECT arrayWithConstant(20, leftPad(order_id, 1000000)) FROM order_lines'],
    ])('counts %s', async (_, sql) => {
      const caps = { seconds: 10, rows: 100, memoryBytes: 1_000_000_000 };
      await expect(analytics.query(sql, {}, 'csv', caps)).rejects.toMatchObject({ code: 'analytics.result_too_large' });
    });

    it('leaves the answer of a query as it is: its order, its names, its totals, and as many rows as there may be', async () => {
      const as = async (sql: string, rows = 100_000) =>
        Buffer.from((await analytics.query(sql, {}, 'csv', { seconds: 10, rows, memoryBytes: 1_000_000_000 })).body).toString();
      expect(await as('SELECT 1, 1 -- twice the same name')).toBe('"1","1"\n1,1\n');
      const totals = 'SELECT currency AS c, count() AS n FROM order_lines GROUP BY c WITH TOTALS ORDER BY c DESC LIMIT 5';
      expect(await as(totals)).toBe('"c","n"\n"IDR",6\n"BRL",1\n\n"",7\n');
      expect((await as('SELECT arrayJoin(arrayResize([1], 100))', 100)).split('\n')).toHaveLength(102);
      const many = 'SELECT arrayJoin(arrayEnumerate(arrayResize([1], 100000))) AS n ORDER BY n DESC';
      expect(await as(many)).toBe(`"n"\n${Array.from({ length: 100_000 }, (_, n) => 100_000 - n).join('\n')}\n`);
    });

    it('gives up what nobody waits for any more, and answers others', async () => {
      const cross = Array.from({ length: 16 }, (_, i) => `order_lines t${i}`).join(', ');
      const client = new AbortController();
      const caps = { seconds: 1, rows: 100, memoryBytes: 1_000_000_000 };
      const first = analytics.query(`SELECT count() FROM ${cross}`, {}, 'csv', caps, client.signal);
      const second = analytics.query('SELECT 1 AS one', {}, 'csv', caps, client.signal);
      const third = analytics.query('SELECT 1 AS one', {}, 'csv');
      client.abort();
      for (const asked of [first, second]) await expect(asked).rejects.toMatchObject({ code: 'request.aborted' });
      expect(Buffer.from((await third).body).toString()).toBe('"one"\n1\n');
    });

    it('builds new tables beside the live ones and swaps when they have read as far', async () => {
      await analytics.create(2);
      await analytics.insert(2, { order_lines: sales.slice(0, 1) }, { logId: 'log', position: 49 });
      await expect(analytics.swap(2)).rejects.toMatchObject({ code: 'analytics.build_behind' });
      await analytics.insert(2, {}, { logId: 'log', position: 51 });
      expect(await ask('SELECT count() AS n FROM order_lines')).toEqual([{ n: sales.length }]);
      await analytics.swap(2);
      expect(await analytics.live()).toBe(2);
      expect(await ask('SELECT count() AS n FROM order_lines')).toEqual([{ n: 1 }]);
      await expect(analytics.checkpoint(1)).rejects.toMatchObject({ code: 'analytics.unknown_build' });
    });
  });
};
