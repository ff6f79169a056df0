// What ClickHouse may answer at the wrong moment: played by a server that says what it is told to.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { largestResult } from './analysts.ts';
import { openClickHouseAnalytics } from './clickhouse.ts';
import type { Analytics } from './port.ts';

type Answer = (response: ServerResponse) => void;
const rows =
  (...data: object[]): Answer =>
  (response) =>
    response.end(JSON.stringify({ meta: [], data, rows: data.length }));
const refusal =
  (code: number, type: string): Answer =>
  (response) => {
    response.writeHead(500, { 'x-clickhouse-exception-code': code });
    response.end(`Code: ${code}. DB::Exception: So it is. (${type}) (version 26.1)`);
  };
const text =
  (body: string): Answer =>
  (response) =>
    response.end(body);
const broken: Answer = (response) => response.socket?.destroy();

/** What is answered to one request after the other, and what they were. */
let answers: Answer[];
let asked: { database: string | null; sql: string; settings: URLSearchParams }[];

const server = createServer(async (request: IncomingMessage, response) => {
  let sql = '';
  for await (const chunk of request) sql += chunk;
  const { searchParams } = new URL(request.url ?? '', 'http://any');
  asked.push({ database: searchParams.get('database'), sql, settings: searchParams });
  (answers.shift() ?? broken)(response);
});

let analytics: Analytics;
beforeEach(async () => {
  [answers, asked] = [[], []];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://reader:secret@127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  analytics = openClickHouseAnalytics({ url, namespace: 'shop', zone: 'Asia/Jakarta' });
});
afterEach(async () => {
  await analytics.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const month = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z', bucket: 'month' } as const;
const live = (build: number) => rows({ build });
const tree = text('SelectWithUnionQuery (children 1)\n ExpressionList (children 1)\n');
const ask = () => analytics.query('SELECT 1', {}, 'csv', { seconds: 2, rows: 3, memoryBytes: 4 });
/** What comes before the answer to an analyst: the names of databases, the live build, the engine's reading of the query. */
const before = [rows({ name: 'shop_facts_1' }), live(1), tree];

describe('ClickHouse', () => {
  it('is asked again when a build was dropped between the question which is live and the one about it', async () => {
    answers = [live(1), refusal(81, 'UNKNOWN_DATABASE'), live(2), rows({ bucket: '2026-01' })];
    expect(await analytics.report('activeUsers', month)).toEqual([{ bucket: '2026-01' }]);
    expect(asked.map(({ database }) => database)).toEqual([null, 'shop_facts_1', null, 'shop_facts_2']);
  });

  it('is asked again when a connection is broken, once', async () => {
    answers = [broken, live(3)];
    expect(await analytics.live()).toBe(3);
    answers = [broken, broken, live(3)];
    await expect(analytics.live()).rejects.toMatchObject({ code: 'analytics.unavailable' });
  });

  it.each([
    ['too many queries', refusal(202, 'TOO_MANY_SIMULTANEOUS_QUERIES'), 'analytics.busy'],
    ['a wrong password', refusal(516, 'AUTHENTICATION_FAILED'), 'analytics.unavailable'],
    ['a proxy in between', text('<html>Bad gateway</html>'), 'analytics.unavailable'],
  ])('tells %s', async (_, answer, code) => {
    answers = [answer];
    await expect(analytics.live()).rejects.toMatchObject({ code });
  });

  it('is given the caps of an analyst, may only read, and says all or nothing', async () => {
    answers = [...before, text('"1"\n1\n')];
    expect(Buffer.from((await ask()).body).toString()).toBe('"1"\n1\n');
    const { sql, settings } = asked.at(-1) ?? { sql: '', settings: new URLSearchParams() };
    expect(sql).toMatch(/max_execution_time = 2, max_result_rows = 3,[\s\S]*max_memory_usage = 4,[\s\S]*FORMAT CSVWithNames$/);
    expect([settings.get('readonly'), settings.get('wait_end_of_query')]).toEqual(['2', '1']);
  });

  it.each([
    ['a query', [...before], (signal: AbortSignal) => analytics.query('SELECT 1', {}, 'csv', undefined, signal)],
    ['a report', [live(1)], (signal: AbortSignal) => analytics.report('activeUsers', month, signal)],
  ])('stops %s whose client has left: the connection is closed, and it is told to end it then', async (_, first, question) => {
    const client = new AbortController();
    const closed = Promise.withResolvers<void>();
    answers = [
      ...first,
      (response) => {
        response.once('close', closed.resolve);
        client.abort();
      },
    ];
    await expect(question(client.signal)).rejects.toMatchObject({ code: 'request.aborted' });
    await closed.promise;
    const { settings } = asked.findLast(({ sql }) => sql !== 'SELECT 1 FORMAT TSVRaw') ?? {};
    expect(['readonly', 'cancel_http_readonly_queries_on_client_close'].map((name) => settings?.get(name))).toEqual(['2', '1']);
  });

  it.each([
    ['TIMEOUT_EXCEEDED', refusal(159, 'TIMEOUT_EXCEEDED'), 'analytics.query_too_slow'],
    ['TOO_MANY_ROWS_OR_BYTES', refusal(396, 'TOO_MANY_ROWS_OR_BYTES'), 'analytics.result_too_large'],
    ['MEMORY_LIMIT_EXCEEDED', refusal(241, 'MEMORY_LIMIT_EXCEEDED'), 'analytics.result_too_large'],
    ['UNKNOWN_IDENTIFIER', refusal(47, 'UNKNOWN_IDENTIFIER'), 'analytics.query_failed'],
    ['UNKNOWN_TABLE', refusal(60, 'UNKNOWN_TABLE'), 'analytics.query_failed'],
    ['an answer without end', text('x'.repeat(largestResult + 1)), 'analytics.result_too_large'],
  ])('tells an analyst of %s in our words', async (_, answer, code) => {
    answers = [...before, answer, text('1\n'), live(1)];
    await expect(ask()).rejects.toMatchObject({ code });
  });
});
