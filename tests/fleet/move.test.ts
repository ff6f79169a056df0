// A marketplace that outgrows its machine: everything of it is carried to the servers of a fleet by one command, and back, and goes on there.
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { eventContract } from '../../domain/registry.ts';
import { readConfig } from '../../infra/config.ts';
import { type Moved, moveMarketplace, type Where } from '../../infra/connect-move.ts';
import { type Child, type Client, startChild } from '../support/child.ts';
import { type Estate, openEstate } from '../support/purchase.ts';
import { type Article, choicesOf, heard, homeOf, ok, type Person, register, sell, signIn } from '../support/shop.ts';
import { type Ground, newGround } from './fleet.ts';
import { type Running, run } from './processes.ts';
import { Town } from './town.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const program = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const main = program('../../main.ts');
const quick = { ANALYTICS: 'off' };

const startLog = async ({ directory, logPort }: Pick<Ground, 'directory' | 'logPort'>): Promise<Running> => {
  const log = run(program('../eventstoredb/main.ts'), [join(directory, 'log'), String(logPort)], {});
  await log.said((line) => line.startsWith('esdb://'));
  return log;
};

/** What the folder's marketplace and the fleet have in common. */
const keysOf = ({ env }: Ground) => {
  const { MASTER_KEY = '', PAYMENT_WEBHOOK_SECRET = '', COURIER_WEBHOOK_SECRET = '' } = env;
  return { MASTER_KEY, PAYMENT_WEBHOOK_SECRET, COURIER_WEBHOOK_SECRET, ...quick };
};

/** Moves until it says that it is at `at`, and is broken off there. */
const breakOff = async (ground: Ground, folder: string, to: Where, at: string) => {
  const onProgress = (what: string) => {
    if (what === at) throw new Error(`broken off at ${at}`);
  };
  const config = readConfig({ ...ground.env, DATA_DIR: folder });
  const options = {
    owns: eventContract.owns,
    patience: <T>(task: () => Promise<T>) => task(),
    onProgress,
    signal: new AbortController().signal,
  };
  await expect(moveMarketplace(config, to, options)).rejects.toThrow(`broken off at ${at}`);
};

const move = async (ground: Ground, folder: string, to: Where): Promise<Moved> => {
  const moving = run(main, ['move', '--to', to, '--json'], { ...ground.env, DATA_DIR: folder });
  const said = await moving.said((line) => line.startsWith('{'));
  expect(await moving.gone).toBe(0);
  return JSON.parse(said);
};

const differencesIn = ({ rows }: Moved) => Object.entries(rows).filter(([, { differences }]) => differences > 0);

/** A start that is to be refused: what it says. */
const refused = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> => {
  const process = run(main, args, { NODE_ENV: 'test', PORT: '0', ...env });
  expect(await process.gone).toBe(1);
  return process.lines.join('\n');
};

const eventsOf = async (house: Child) => (await house.ask('events.tail', { after: 0, count: 0, follow: false })) as Recorded[];
/** An answer but for its position, which is another log's. */
const placeless = ({ body: { position: _, ...body }, status }: { body: object & { position?: string }; status: number }) => ({
  status,
  body,
});
const asWritten = (events: readonly Recorded[]) => events.map(({ position: _, ...event }) => event);

describe('a marketplace that moves', () => {
  let ground: Ground;
  let folder: string;
  let house: Child | null = null;
  let town: Town | null = null;
  let log: Running | null = null;
  let estate: Estate;
  let article: Article;
  /** A buyer with a purchase that is still to be paid, and a session. */
  let buyer: Person;
  let refreshToken: string;
  let open: { checkoutId: string; payment: { paymentId: string } };
  const key = randomUUID();
  let firstAnswer: { status: number; body: object };
  let before: Recorded[];

  const addsAddress = (client: Pick<Client, 'call'>, token: string) =>
    client.call('POST', '/users/me/addresses', { token, body: { address: homeOf() }, headers: { 'idempotency-key': key } });
  const refusesPassword = async (client: Client) =>
    expect((await client.call('POST', '/auth/login', { body: { email: buyer.email, password: 'another one 1234' } })).status).toBe(401);
  const verified = async (client: Client, stream: string) => {
    const token = await client.tokenFor(buyer.userId, ['CUSTOMER', 'ADMIN']);
    return ok(await client.call('GET', `/audit/streams/${stream}/verification`, { token }));
  };

  beforeAll(async () => {
    ground = await newGround();
    folder = join(ground.directory, 'house');
    house = await startChild(folder, keysOf(ground));
    estate = await openEstate(house);
    article = await sell(house, estate.shop, 5);
    buyer = await register(house, { name: 'Wayan' });
    const post = async (path: string, body: object) => ok(await (house as Child).call('POST', path, { token: buyer.token, body }));
    await post('/cart/lines', { productId: article.productId, variantId: article.variantId, quantity: 2 });
    const quote = await post('/checkouts/quote', { address: homeOf() });
    open = await post('/checkouts', { quoteId: quote.quoteId, shipping: choicesOf(quote), method: 'qris' });
    await heard(house, ({ event, streamId }) => event.type === 'checkout.awaiting_payment' && streamId === `checkout-${open.checkoutId}`);
    await post('/cart/lines', { productId: article.productId, variantId: article.variantId, quantity: 1 });
    ({ refreshToken } = ok(await house.call('POST', '/auth/login', { body: { email: buyer.email, password: buyer.password } })));
    firstAnswer = await addsAddress(house, buyer.token);
    await refusesPassword(house);
    before = await eventsOf(house);
    await house.stop();
    house = null;
  });
  afterAll(async () => {
    await house?.stop();
    await town?.close();
    await log?.stop();
    await ground?.remove();
  });

  it('starts nowhere while it is half way', async () => {
    log = await startLog(ground);
    for (const at of ['copy', 'passwords', 'mail']) await breakOff(ground, folder, 'servers', at);
    expect(await refused(['start', '--role', 'read-api'], { ...ground.env, ...quick, DATA_DIR: join(ground.directory, 'early') })).toMatch(
      /^A move from \S+ to here, begun 2\S+, is not at its end: run the same `move` again/m,
    );
  });

  it('is carried to the servers, though the move was broken off three times, and proved equal', async () => {
    const moved = await move(ground, folder, 'servers');
    expect(moved.log).toMatchObject({ events: before.length, faults: [] });
    expect(differencesIn(moved)).toEqual([]);
    expect(moved.rows).toMatchObject({
      passwords: { rows: 4 },
      signing_keys: { rows: 1 },
      refresh_tokens: { rows: expect.any(Number) },
      command_keys: { rows: expect.any(Number) },
    });
    for (const name of ['refresh_tokens', 'person_keys', 'command_keys', 'mail']) expect(moved.rows[name]?.rows).toBeGreaterThan(3);
    expect(moved.rows.login_failures?.rows).toBeGreaterThan(0);
  });

  it('starts where it was no more', async () => {
    expect(await refused(['start'], { DATA_DIR: folder, ...keysOf(ground) })).toMatch(
      /^This marketplace was moved to esdb:\/\/127\.0\.0\.1:\d+ and postgres:[^\s@]+ at 2\S+: start it there\./m,
    );
    expect(await refused(['move', '--to', 'servers'], { ...ground.env, DATA_DIR: folder })).toMatch(/^This marketplace was moved to /m);
  });

  it('goes on as a fleet: old passwords and sessions, the open purchase, the return', async () => {
    await log?.stop();
    log = null;
    // The books of the simulated providers stay files: the role that plays them goes on with them.
    const simulators = join(ground.directory, 'simulators');
    mkdirSync(simulators);
    for (const name of ['gateway.db', 'gateway.db-wal', 'courier.db', 'courier.db-wal'])
      if (existsSync(join(folder, name))) cpSync(join(folder, name), join(simulators, name));
    town = await Town.open({ env: quick }, ground);
    const { client } = town;
    expect(asWritten(await town.wholeLog()).slice(0, before.length)).toEqual(asWritten(before));
    expect(await town.inside.projector.passed(await town.inside.store.head(), 60_000)).toBe(true);

    await refusesPassword(client);
    for (const person of [estate.buyer, estate.shop, buyer]) expect(await signIn(client, person.email, person.password)).toBeTruthy();
    const refreshed = ok(await client.call('POST', '/auth/refresh', { body: { refreshToken } }));
    const token = await signIn(client, buyer.email, buyer.password);
    const repeated = await addsAddress(client, refreshed.accessToken);
    expect([placeless(repeated), repeated.headers.get('idempotent-replayed')]).toEqual([placeless(firstAnswer), 'true']);
    expect(ok(await client.call('GET', '/users/me', { token }))).toMatchObject({ name: 'Wayan' });
    expect(ok(await client.call('GET', '/cart', { token })).lines).toHaveLength(1);

    ok(await client.call('POST', `/payments/${open.payment.paymentId}/simulate`, { token, body: { outcome: 'pay' } }));
    await heard(client, ({ event, streamId }) => event.type === 'checkout.completed' && streamId === `checkout-${open.checkoutId}`);

    const seller = await signIn(client, estate.shop.email, estate.shop.password);
    ok(await client.call('POST', `/returns/${estate.ids.returnId}/approval`, { token: seller }));
    await heard(client, ({ event, streamId }) => event.type === 'return.approved' && streamId === `return-${estate.ids.returnId}`);
    await town.settled();
    // The sagas have read all of the log anew by now, and have begun nothing that had ended.
    expect((await town.sagas()).filter(({ outcome }) => outcome === 'NeedsHuman')).toEqual([]);
    for (const stream of [`checkout-${open.checkoutId}`, `return-${estate.ids.returnId}`])
      expect(await verified(client, stream)).toMatchObject({ faults: [] });
  });

  it('comes back to its folder, with what has happened since', async () => {
    const all = await (town as Town).wholeLog();
    expect(await refused(['move', '--to', 'folder'], { ...ground.env, DATA_DIR: folder })).toMatch(
      /^The fleet runs: .*Stop all of its processes/m,
    );
    await (town as Town).close();
    town = null;
    log = await startLog(ground);
    await breakOff(ground, folder, 'folder', 'refresh_tokens');
    const moved = await move(ground, folder, 'folder');
    expect(moved.log).toMatchObject({ events: all.length, faults: [] });
    expect(moved.log.found).toBeGreaterThanOrEqual(before.length);
    expect(differencesIn(moved)).toEqual([]);
    await log.stop();
    log = null;
    house = await startChild(folder, keysOf(ground));
    expect(asWritten(await eventsOf(house)).slice(0, all.length)).toEqual(asWritten(all));
    const token = await signIn(house, buyer.email, buyer.password);
    const bought = ok(await house.call('GET', `/checkouts/${open.checkoutId}`, { token }));
    expect(bought).toMatchObject({ status: 'Completed' });
    const repeated = await addsAddress(house, token);
    expect([repeated.body, repeated.headers.get('idempotent-replayed')]).toEqual([firstAnswer.body, 'true']);
    expect(await verified(house, `checkout-${open.checkoutId}`)).toMatchObject({ faults: [] });
  });

  it('is not put over another one', async () => {
    const other = join(ground.directory, 'other');
    const stranger = await startChild(other, keysOf(ground));
    await register(stranger);
    await stranger.stop();
    log = await startLog(ground);
    expect(await refused(['move', '--to', 'servers'], { ...ground.env, DATA_DIR: other })).toMatch(
      /holds something else|goes on after the end/,
    );
    const again = await startChild(other, keysOf(ground));
    expect((await eventsOf(again)).length).toBeGreaterThan(0);
    await again.stop();
  });
});
