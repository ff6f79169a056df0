// What many do at once has the outcome of what they would do one after another: stock, claims, carts, and one key sent three times.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Context } from '../../commands/handle.ts';
import { cart } from '../../domain/cart/cart.ts';
import { DomainError } from '../../domain/error.ts';
import { days, later } from '../../domain/id.ts';
import { stock, stockId } from '../../domain/stock/stock.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { type Client, clientOf } from '../support/child.ts';
import { chainFaults, stockFaults } from '../support/inspect.ts';
import { placedPatiently } from '../support/patient.ts';
import { freshId } from '../support/probe.ts';
import { type Article, administrator, choicesOf, homeOf, ok, openShop, type Shop, sell } from '../support/shop.ts';

// Many requests each; a busy machine must not decide.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let market: Market;
let client: Client;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  client = clientOf(market);
  shop = await openShop(client);
});
afterAll(() => market.close());

const at = () => new Date(market.now()).toISOString();
const asSystem = (): Context => {
  const commandId = randomUUID();
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'test' }, at: at() };
};
const wholeLog = () => market.store.readAll(0, 1_000_000);
const buyerToken = () => market.tokenFor(freshId(), ['CUSTOMER']);
const many = <T>(count: number, work: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => work(n)));

const codes = (answers: readonly Answer[]) => {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = status < 300 ? String(status) : `${status} ${body.code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

describe('stock', () => {
  it('of 100 pieces is held 100 times when 1,000 buyers come at once, and the others are refused', async () => {
    const { variantId } = await sell(client, shop, 100);
    const id = stockId(variantId, 'main');
    const outcomes = await many(1_000, async (n) => {
      const hold = { holdId: `${freshId()}.1`, checkoutId: freshId(), orderId: freshId(), buyerId: freshId(), quantity: 1 };
      const until = later(at(), days(1));
      return market.handle(stock, id, { type: 'hold', ...hold, until, at: at() }, asSystem()).then(
        () => 'held',
        (error: unknown) => (error instanceof DomainError ? error.code : `${n}: ${String(error)}`),
      );
    });
    expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(100);
    expect(outcomes.filter((outcome) => outcome === 'stock.insufficient')).toHaveLength(900);
    expect((await market.handle.load(stock, id)).state).toMatchObject({ onHand: 100, heldPieces: 100, committedPieces: 0 });
    expect(stockFaults(await wholeLog())).toEqual([]);
  });

  it('of 10 pieces is sold to 10 of 40 buyers who check out at once, and nothing of the others is left behind', async () => {
    const article = await sell(client, shop, 10);
    const placed = await many(40, async () => {
      const token = await buyerToken();
      const { productId, variantId } = article;
      ok(await market.call('POST', '/cart/lines', { token, body: { productId, variantId } }));
      const quote = ok(await market.call('POST', '/checkouts/quote', { token, body: { address: homeOf() } }));
      const body = { quoteId: quote.quoteId, shipping: choicesOf(quote), method: 'qris' };
      const headers = { 'idempotency-key': randomUUID() };
      return () => placedPatiently(() => market.call('POST', '/checkouts', { token, body, headers }));
    });
    const answers = await Promise.all(placed.map((place) => place()));
    expect(codes(answers)).toEqual({ 201: 10, '409 checkout.out_of_stock': 30 });
    const { state } = await market.handle.load(stock, stockId(article.variantId, 'main'));
    expect(state).toMatchObject({ onHand: 10, heldPieces: 10 });
    expect(stockFaults(await wholeLog())).toEqual([]);
  });
});

describe('an e-mail address', () => {
  it('goes to one of 100 who register with it at once', async () => {
    const email = `${randomUUID()}@example.test`;
    const answers = await many(100, (n) =>
      market.call('POST', '/auth/register', { body: { name: `Siti ${n}`, email, password: `correct horse ${randomUUID()}` } }),
    );
    expect(codes(answers)).toEqual({ 201: 1, '409 auth.email_taken': 99 });
  });
});

describe('a cart', () => {
  const linesOf = async (buyerId: string) => {
    const { state } = await market.handle.load(cart, buyerId);
    return state.status === 'open' ? state.lines.map(({ variantId, quantity }) => ({ variantId, quantity })) : [];
  };

  it('counts every one of 60 additions at once of two articles', async () => {
    const articles = [await sell(client, shop, 5), await sell(client, shop, 5)] as const;
    const buyerId = freshId();
    const token = await market.tokenFor(buyerId, ['CUSTOMER']);
    const answers = await many(60, (n) => {
      const { productId, variantId } = articles[n % 2] as Article;
      return market.call('POST', '/cart/lines', { token, body: { productId, variantId, quantity: 2 } });
    });
    expect(codes(answers)).toEqual({ 201: 60 });
    const wanted = articles.map(({ variantId }) => ({ variantId, quantity: 60 }));
    expect(await linesOf(buyerId)).toEqual(expect.arrayContaining(wanted));
    expect(await linesOf(buyerId)).toHaveLength(2);
  });
});

describe('one key sent three times at once', () => {
  const thrice = async (method: string, path: string, token: string | undefined, body: object) => {
    const headers = { 'idempotency-key': randomUUID() };
    const before = await market.store.head();
    const answers = await many(3, () => market.call(method, path, { body, headers, ...(token !== undefined && { token }) }));
    expect(codes(answers)).toEqual({ 201: 3 });
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    const replayed = answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true').length;
    const late = await market.call(method, path, { body, headers, ...(token !== undefined && { token }) });
    expect(late.body).toEqual(answers[0]?.body);
    return { answer: answers[0] as Answer, replayed, grown: (await market.store.readAll(before, 1_000)).map(({ event }) => event.type) };
  };
  const article = () => sell(client, shop, 50);

  it('creates one category', async () => {
    const admin = await administrator(client);
    const { replayed, grown } = await thrice('POST', '/categories', admin, { name: 'Buku', slug: `buku-${randomUUID()}` });
    expect([replayed, grown]).toEqual([2, ['category.created']]);
  });

  it('puts one line into the cart', async () => {
    const { productId, variantId } = await article();
    const { replayed, grown } = await thrice('POST', '/cart/lines', await buyerToken(), { productId, variantId, quantity: 3 });
    expect([replayed, grown]).toEqual([2, ['cart.line_added']]);
  });

  it('registers one person', async () => {
    const body = { name: 'Siti', email: `${randomUUID()}@example.test`, password: `correct horse ${randomUUID()}` };
    const { grown } = await thrice('POST', '/auth/register', undefined, body);
    expect(grown.filter((type) => type === 'account.registered')).toHaveLength(1);
  });

  it('creates one product, and receives its goods once', async () => {
    const variants = [{ sku: 'A', price: { amount: 1_000, currency: 'IDR' } }];
    const { answer, grown } = await thrice('POST', '/products', shop.token, { name: 'Teh', variants });
    expect(grown.filter((type) => type === 'product.created')).toHaveLength(1);
    const { productId, variantIds } = answer.body;
    const received = await thrice('POST', `/inventory/${variantIds[0]}/receipts`, shop.token, { productId, quantity: 7 });
    expect([received.replayed, received.grown, received.answer.body.onHand]).toEqual([2, ['stock.received'], 7]);
  });

  it('quotes once and buys once', async () => {
    const { productId, variantId } = await article();
    const token = await buyerToken();
    ok(await market.call('POST', '/cart/lines', { token, body: { productId, variantId } }));
    const quoted = await thrice('POST', '/checkouts/quote', token, { address: homeOf() });
    expect([quoted.replayed, quoted.grown]).toEqual([2, ['checkout.quoted']]);
    const quote = quoted.answer.body;
    const { grown } = await thrice('POST', '/checkouts', token, { quoteId: quote.quoteId, shipping: choicesOf(quote), method: 'qris' });
    for (const type of ['checkout.started', 'order.created', 'stock.held', 'payment.created']) {
      expect([type, grown.filter((each) => each === type)]).toEqual([type, [type]]);
    }
  });

  it('leaves no command that took effect twice', async () => expect(chainFaults(await wholeLog())).toEqual([]));
});

describe('an event', () => {
  it('is in the state of its stream for whoever hears of it', async () => {
    const { productId, variantId } = await sell(client, shop, 5);
    const buyers = await many(20, async () => {
      const buyerId = freshId();
      return { buyerId, token: await market.tokenFor(buyerId, ['CUSTOMER']) };
    });
    const found: Promise<readonly [number, number]>[] = [];
    const stop = market.store.onCommitted((events) => {
      for (const { event, revision } of events) {
        if (event.type !== 'cart.line_added' || !('cartId' in event)) continue;
        found.push(market.handle.load(cart, String(event.cartId)).then((loaded) => [loaded.revision, revision] as const));
      }
    });
    await Promise.all(buyers.map(({ token }) => market.call('POST', '/cart/lines', { token, body: { productId, variantId } })));
    await market.projector.passed(await market.store.head(), 10_000);
    stop();
    expect(found).toHaveLength(20);
    for (const [loaded, heard] of await Promise.all(found)) expect(loaded).toBeGreaterThanOrEqual(heard);
  });
});
