// A log that moves to another engine, and back: what was kept of the old one's id is refused, never shown for the new one's, and made anew.
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { positionText } from '../../domain/position.ts';
import type { Answer } from '../market.ts';
import { type Child, type Client, startChild } from '../support/child.ts';
import { freshId } from '../support/probe.ts';
import { order } from '../support/purchase.ts';
import { type Article, administrator, openShop, type Shop, sell, signIn } from '../support/shop.ts';
import { type Another, startAnother } from './another.ts';
import { differences, documentsOf, factsOf, rowsOf, spoil } from './copies.ts';
import { type Ground, newGround } from './fleet.ts';
import { freePorts, type Running, run } from './processes.ts';
import { clientAt, Town, until } from './town.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const program = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What `sell` sells, and what it is called where somebody shows what was kept of another log. */
const [name, staleName] = ['Kopi Gayo', 'Kopi Basi'];
/** Streams that end with their purchase. */
const ofPurchase = /^(checkout|order|payment|collection|fulfilment)-/;
const quickly = { ANALYTICS_INTERVAL_SECONDS: '1' };

/** All in one process with the log in its folder, and everything beside the log on the servers. */
const startHouse = (ground: Ground, folder: string): Promise<Child> => {
  const { DATA_DIR: _, EVENTSTORE_URL: __, KAFKA_BROKERS: ___, SERVICE_ADDRESSES: ____, ...env } = ground.env;
  return startChild(join(ground.directory, folder), { ...env, ...quickly });
};

const startLog = async ({ directory, logPort }: Pick<Ground, 'directory' | 'logPort'>): Promise<Running> => {
  const log = run(program('../eventstoredb/main.ts'), [join(directory, 'log'), String(logPort)], {});
  await log.said((line) => line.startsWith('esdb://'));
  return log;
};

const copy = async (from: string, to: string): Promise<object> => {
  const copying = run(program('../../main.ts'), ['events', 'copy', '--from', from, '--to', to, '--json'], { NODE_ENV: 'test' });
  const said = await copying.said((line) => line.startsWith('{'));
  expect(await copying.gone).toBe(0);
  return JSON.parse(said);
};

const buy = async (client: Client, article: Article) => order(client, { token: await client.tokenFor(freshId(), ['CUSTOMER']) }, article);

const sales = async (client: Client, position?: string): Promise<Answer> =>
  client.call('GET', '/analytics/gmv', {
    token: await administrator(client),
    ...(position !== undefined && { headers: { 'min-position': position } }),
  });

/** Answers when rows, documents and facts show what stands there. */
const shows = (client: Client, position: string) =>
  until(async () => {
    const found = await client.call('GET', '/search?q=kopi', { headers: { 'min-position': position } });
    return found.status === 200 && (await sales(client, position)).status === 200;
  });

const eventsOf = async (house: Child) => (await house.ask('events.tail', { after: 0, count: 0, follow: false })) as Recorded[];

/** A position at the end of the log. */
const endOf = async (house: Child): Promise<string> => {
  const { headers } = await house.call('GET', '/products');
  const logId = (headers.get('position') ?? '').replace(/\.\d+$/, '');
  return positionText(logId, (await eventsOf(house)).at(-1)?.position ?? 0);
};

const copiesOf = (ground: Ground) => Promise.all([rowsOf(ground), documentsOf(ground), factsOf(ground)]);
type Copies = Awaited<ReturnType<typeof copiesOf>>;

const differencesOf = (before: Copies, after: Copies) => before.map((one, n) => differences(one, after[n] ?? new Map()));

/** The same of the files of one that has everything in its folder: rows and documents tell another name. */
const spoilFiles = (folder: string) => {
  const columns = { 'read.db': 'row', 'search.db': 'document' };
  for (const [file, column] of Object.entries(columns)) {
    const database = new DatabaseSync(join(folder, file));
    const tables = database.prepare(
      "SELECT t.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND c.name = ?",
    );
    for (const { name: table } of tables.all(column))
      database.prepare(`UPDATE "${table}" SET ${column} = replace(${column}, ?, ?)`).run(name, staleName);
    database.close();
  }
};

/** What customers and staff see of these products and so many orders. */
const mustShow = async (client: Client, { sellerId }: Shop, articles: readonly Article[], orders: number) => {
  const namesIn = ({ body }: Answer) =>
    Object.fromEntries(body.items.map((each: { productId: string; name: string }) => [each.productId, each.name]));
  const wanted = Object.fromEntries(articles.map(({ productId }) => [productId, name]));
  expect(namesIn(await client.call('GET', `/products?seller=${sellerId}`))).toEqual(wanted);
  expect(namesIn(await client.call('GET', `/search?q=kopi&seller=${sellerId}`))).toEqual(wanted);
  for (const { productId } of articles) expect((await client.call('GET', `/products/${productId}`)).body).toMatchObject({ name });
  const { items } = (await sales(client)).body;
  expect(items.reduce((sum: number, each: { orders: number }) => sum + each.orders, 0)).toBe(orders);
};

const mustRefuse = async (client: Client, { productId }: Article, position: string) => {
  const token = await administrator(client);
  for (const path of ['/products', `/products/${productId}`, '/search?q=kopi', '/analytics/gmv']) {
    const { status, body } = await client.call('GET', path, { token, headers: { 'min-position': position } });
    expect([path, status, body.code]).toEqual([path, 409, 'request.other_log']);
  }
};

describe('a log that moves', () => {
  let ground: Ground;
  let house: Child | null = null;
  let town: Town | null = null;
  let log: Running | null = null;
  const others: Another[] = [];
  let shop: Shop;
  let articles: [Article, Article];
  let before: { position: string; events: number };
  const url = () => ground.env.EVENTSTORE_URL ?? '';
  const living = <T>(one: T | null): T => {
    if (one === null) throw new Error('a test before this one has failed');
    return one;
  };
  const leave = async () => {
    const left = living(house);
    before = { position: await endOf(left), events: (await eventsOf(left)).length };
    await left.stop();
    house = null;
    await spoil(ground, name, staleName);
  };

  beforeAll(async () => {
    ground = await newGround();
    house = await startHouse(ground, 'house');
    shop = await openShop(house);
    articles = [await sell(house, shop, 10), await sell(house, shop, 10)];
    await buy(house, articles[0]);
    await shows(house, await endOf(house));
    await mustShow(house, shop, articles, 1);
    await leave();
  });
  afterAll(async () => {
    for (const { process } of others) await process.kill();
    await house?.stop();
    await town?.close();
    await log?.stop();
    await ground?.remove();
  });

  it('from one process to a server is carried and proved equal', async () => {
    log = await startLog(ground);
    expect(await copy(join(ground.directory, 'house'), url())).toMatchObject({ copied: before.events, events: before.events, faults: [] });
  });

  it('is not served by rows of the old id, whoever starts first', async () => {
    const api = await startAnother(ground, 'read-api', quickly);
    others.push(api);
    const there = clientAt(api.address);
    await until(async () => (await there.call('GET', '/products')).status > 0);
    const projections = await startAnother(ground, 'projections', quickly);
    others.push(projections);
    await api.listens();
    const { body } = await there.call('GET', `/products?seller=${shop.sellerId}`);
    expect(body.items.map((each: { name: string }) => each.name)).toEqual([name, name]);
    await projections.listens();
    await Promise.all([api.process.stop(), projections.process.stop()]);
    await living(log).stop();
    log = null;
  });

  it('is the same log on a fleet', async () => {
    town = await Town.open({ env: quickly }, ground);
    await shows(town.client, await town.now());
    await mustShow(town.client, shop, articles, 1);
  });

  it('refuses positions of the old id', () => mustRefuse(living(town).client, articles[0], before.position));

  it('goes on, and does nothing a second time; old and new things are shown, all of it as if built from nothing', async () => {
    const { client, inside } = living(town);
    const token = await signIn(client, shop.email, shop.password);
    const third = await sell(client, { ...shop, token }, 10);
    for (const article of [articles[0], third]) await buy(client, article);
    await living(town).settled();
    await shows(client, await living(town).now());
    await mustShow(client, shop, [...articles, third], 3);
    // The sagas have read all of the log anew by now.
    const all = await living(town).wholeLog();
    const ended = new Set(all.slice(0, before.events).flatMap(({ streamId }) => (ofPurchase.test(streamId) ? [streamId] : [])));
    expect(all.slice(before.events).filter(({ streamId }) => ended.has(streamId))).toEqual([]);
    const found = await copiesOf(ground);
    await inside.projector.ask({ ask: 'rebuild', projections: [] });
    await shows(client, await living(town).now());
    expect(differencesOf(found, await copiesOf(ground))).toEqual([[], [], []]);
  });

  it('comes back to one process, which makes all of it anew as well', async () => {
    const { client } = living(town);
    const left = await living(town).now();
    const { length } = await living(town).wholeLog();
    const articles = (await client.call('GET', `/products?seller=${shop.sellerId}`)).body.items as Article[];
    await living(town).close();
    town = null;
    await spoil(ground, name, staleName);
    log = await startLog(ground);
    expect(await copy(url(), join(ground.directory, 'back'))).toMatchObject({ copied: length, faults: [] });
    await log.stop();
    log = null;

    house = await startHouse(ground, 'back');
    await shows(house, await endOf(house));
    expect(await eventsOf(house)).toHaveLength(length);
    await mustShow(house, shop, articles, 3);
    for (const position of [before.position, left]) await mustRefuse(house, articles[0] as Article, position);
    const found = await copiesOf(ground);
    await house.ask('projections.rebuild', { names: [] });
    await shows(house, await endOf(house));
    expect(differencesOf(found, await copiesOf(ground))).toEqual([[], [], []]);
  });
});

describe('a log that goes to a server and comes back into its folder as another', () => {
  it('finds the files of the old id there, and makes them anew', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tokobapak-moved-'));
    const [folder, back] = [join(directory, 'house'), join(directory, 'back')];
    const [logPort = 0] = await freePorts(1);
    const url = `esdb://admin:changeit@127.0.0.1:${logPort}?tls=false`;
    const alone = { ANALYTICS: 'off' };

    const before = await startChild(folder, alone);
    const shop = await openShop(before);
    const article = await sell(before, shop, 10);
    await buy(before, article);
    const position = await endOf(before);
    await before.stop();
    spoilFiles(folder);
    const log = await startLog({ directory, logPort });
    const carried = await copy(folder, url);
    expect(carried).toMatchObject({ faults: [] });
    expect(await copy(url, back)).toEqual(carried);
    await log.stop();
    for (const file of readdirSync(folder)) if (file.startsWith('log.db')) rmSync(join(folder, file));
    renameSync(join(back, 'log.db'), join(folder, 'log.db'));

    const after = await startChild(folder, alone);
    const end = { headers: { 'min-position': await endOf(after) } };
    for (const path of [`/products?seller=${shop.sellerId}`, '/search?q=kopi'])
      expect((await after.call('GET', path, end)).body.items).toMatchObject([{ productId: article.productId, name }]);
    const refused = await after.call('GET', '/products', { headers: { 'min-position': position } });
    expect([refused.status, refused.body.code]).toEqual([409, 'request.other_log']);
    await after.stop();
    rmSync(directory, { recursive: true });
  });
});
