// What Elasticsearch answers to a batch, document by document: played by a server that says what it is told to.
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openElasticsearchIndex } from './elasticsearch.ts';
import { openElasticsearchReader } from './elasticsearch-reader.ts';
import type { SearchIndex } from './port.ts';

/** Answers to the batches that come, one list of statuses each; and which documents were in them. */
let statuses: number[][];
let batches: string[][];
let saved: string[];
/** What is answered to searches. */
let searching: { status: number; body: object }[];

const server = createServer(async (request, response) => {
  const path = request.url ?? '';
  let text = '';
  for await (const chunk of request) text += chunk;
  const answer = (status: number, body: object) => {
    response.writeHead(status, {
      'content-type': 'application/vnd.elasticsearch+json;compatible-with=9',
      'x-elastic-product': 'Elasticsearch',
    });
    response.end(JSON.stringify(body));
  };
  if (path.includes('_bulk')) {
    const lines = text.trim().split('\n');
    const ids = lines.flatMap((line) => JSON.parse(line).index?._id ?? []);
    const own = statuses.shift() ?? [];
    batches.push(ids);
    const items = ids.map((_id, n) => {
      const status = own[n] ?? 200;
      return { index: { _id, status, ...(status >= 300 && { error: { type: `type_${status}`, reason: 'so it is' } }) } };
    });
    answer(200, { errors: items.some(({ index }) => index.status >= 300), items });
  } else if (path.includes('_search')) {
    const { status, body } = searching.shift() ?? { status: 500, body: {} };
    answer(status, body);
  } else if (request.method === 'PUT') {
    saved.push(text);
    answer(201, { result: 'created' });
  } else if (path.includes('_doc')) answer(404, { found: false });
  else answer(200, { 'shop-products-1': { aliases: {} } });
});

let url: string;
let index: SearchIndex;
beforeEach(async () => {
  [statuses, batches, saved, searching] = [[], [], [], []];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  index = openElasticsearchIndex({ url, namespace: 'shop' });
});
afterEach(async () => {
  await index.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const write = () =>
  index.write(
    1,
    ['a', 'b', 'c'].map((deleted, position) => ({ position, deleted })),
    { logId: 'log', position: 3 },
  );

describe('a batch', () => {
  it('of which a document is known in a newer version is as good as written', async () => {
    statuses = [[200, 409, 200]];
    await write();
    expect([batches, saved.length]).toEqual([[['a', 'b', 'c']], 1]);
  });

  it('for which there is no room is sent again, those alone that were refused', async () => {
    statuses = [[429, 200, 503], [409, 429], []];
    await write();
    expect([batches, saved.length]).toEqual([[['a', 'b', 'c'], ['a', 'c'], ['c']], 1]);
  });

  it('for which there is no room for long is given up, and the checkpoint stays', async () => {
    statuses = Array.from({ length: 9 }, () => [429, 429, 429]);
    await expect(write()).rejects.toMatchObject({ code: 'search.unavailable' });
    expect(saved).toEqual([]);
  });

  it('of which a document is refused fails with its reason, and the checkpoint stays', async () => {
    statuses = [[200, 400, 200]];
    await expect(write()).rejects.toThrow('refuses b: type_400: so it is');
    expect(saved).toEqual([]);
  });
});

describe('a search', () => {
  it.each([429, 503, 403])('that is answered with %i twice is unavailable', async (status) => {
    const reader = openElasticsearchReader({ url, namespace: 'shop' });
    searching = [
      { status, body: {} },
      { status, body: {} },
    ];
    await expect(reader.search({ text: 'kopi' })).rejects.toMatchObject({ code: 'search.unavailable' });
    await reader.close();
  });

  it('whose build has just been dropped is asked again', async () => {
    const reader = openElasticsearchReader({ url, namespace: 'shop' });
    searching = [
      { status: 404, body: {} },
      { status: 200, body: { hits: { total: { value: 0 }, hits: [] } } },
    ];
    expect(await reader.search({})).toMatchObject({ hits: [], total: 0 });
    await reader.close();
  });

  it('with a cursor that no page has ended with is refused', async () => {
    const reader = openElasticsearchReader({ url, namespace: 'shop' });
    const cursor = Buffer.from(JSON.stringify(['newest', 1.5, 'p1'])).toString('base64url');
    await expect(reader.search({ sort: 'newest', cursor })).rejects.toMatchObject({ code: 'search.bad_cursor' });
    await reader.close();
  });
});
