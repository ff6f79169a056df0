// What an analyst may cost, over HTTP on the engine as it is installed: rows and bytes are counted whatever they come from, and who leaves costs nothing more.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../../infra/gateway/listen.ts';
import { type Market, openMarket } from '../market.ts';
import { freshId } from '../support/probe.ts';

const installed = existsSync(new URL('../../node_modules/chdb/package.json', import.meta.url));

describe.runIf(installed)('an analyst', () => {
  let market: Market;
  let server: Listening;
  let token: string;
  beforeAll(async () => {
    market = await openMarket({ env: { ANALYTICS: 'on' } });
    server = await listen(market.app.fetch, { port: 0, hostname: '127.0.0.1' });
    token = await market.tokenFor(freshId(), ['CUSTOMER', 'ANALYST']);
  });
  afterAll(async () => {
    await server.stop(async () => {});
    await market.close();
  });

  const ask = (sql: string) => market.call('POST', '/analytics/sql', { token, body: { sql, format: 'csv' } });
  const array = (length: number) => `arrayJoin(arrayResize([1], ${length}))`;

  it.each([
    ['rows without a table', `SELECT ${array(100_001)}`],
    ['rows of several parts', `SELECT ${array(60_000)} UNION ALL SELECT ${array(60_000)}`],
    ['rows without a table beside those of one', `SELECT ${array(100_001)} UNION ALL SELECT line FROM visits`],
    ['bytes of one row', "SELECT arrayWithConstant(1000000, leftPad('x', 300))"],
    ['memory', `SELECT length(arrayMap(x -> x + 1, arrayResize([1], 1000000000)))`],
  ])('is refused too many %s', async (_, sql) => {
    const { status, body } = await ask(sql);
    expect([status, body.code]).toEqual([422, 'analytics.result_too_large']);
  });

  it('is given as many rows as there may be', async () => {
    const { status, body } = await ask(`SELECT ${array(100_000)} AS n`);
    expect([status, body.split('\n').length]).toEqual([200, 100_002]);
  });

  it('who leaves is not worked for any more', async () => {
    const counted = async (status: number) =>
      (await market.metrics.text()).split('\n').some((line) => line.includes('/analytics/sql') && line.includes(`status="${status}"`));
    // 1e18 pairs: without somebody who ends it, it would run into the limit of time, and be counted as that.
    const numbers = `(SELECT ${array(1_000_000)} AS n)`;
    const sql = `SELECT count() FROM ${numbers} AS a, ${numbers} AS b, ${numbers} AS c WHERE a.n + b.n + c.n > 5`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const client = new AbortController();
    const asked = fetch(`http://127.0.0.1:${server.port}/api/v1/analytics/sql`, {
      ...{ method: 'POST', headers, signal: client.signal },
      body: JSON.stringify({ sql }),
    });
    const inFlight = async () => /^tokobapak_http_requests_in_flight 1$/m.test(await market.metrics.text());
    await expect.poll(inFlight, { timeout: 30_000 }).toBe(true);
    client.abort();
    await expect(asked).rejects.toThrow('abort');
    await expect.poll(() => counted(499), { timeout: 30_000 }).toBe(true);
    expect((await ask('SELECT 1 AS one')).body).toBe('"one"\n1\n');
  });
});
