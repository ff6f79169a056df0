// A rush for the last pieces through two processes that share one log: as many are held as there are, and nobody meets an error of ours.
// BUYERS says how many come at once (1,000 unless told).
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stock, stockId } from '../../domain/stock/stock.ts';
import type { Answer } from '../market.ts';
import { chainFaults, stockFaults } from '../support/inspect.ts';
import { freshId } from '../support/probe.ts';
import { choicesOf, homeOf, ok, openShop, sell } from '../support/shop.ts';
import { type Another, startAnother } from './another.ts';
import { clientAt, Town, unlimited } from './town.ts';

const buyers = Number(process.env.BUYERS ?? 1_000);
const pieces = Math.ceil(buyers / 10);
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let town: Town;
let another: Another;
beforeAll(async () => {
  town = await Town.open({ env: { ANALYTICS: 'off' }, without: ['gateway', 'read-api'] });
  another = await startAnother(town.ground, 'write-api', unlimited);
  await another.listens();
});
afterAll(async () => {
  await another?.process.stop();
  await town?.close();
});

const codes = (answers: readonly Answer[]) => {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = status < 300 ? String(status) : `${status} ${body.code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

/** Refusals that a process makes when more come at once than it can serve; each says when to come again. */
const passing = new Set(['gateway.overloaded', 'server.store_unavailable']);
const first: Answer[] = [];

/** A buyer who comes again when told to; `hear` is told of the first answer. */
const comingBack = async (call: () => Promise<Answer>, hear: (answer: Answer) => void = () => {}): Promise<Answer> => {
  for (let isFirst = true; ; isFirst = false) {
    const answer = await call();
    if (isFirst) hear(answer);
    if (answer.status !== 503 || !passing.has(answer.body.code)) return answer;
    await pause(Number(answer.headers.get('retry-after') ?? 1) * 1_000);
  }
};

describe('one article that a hundred can have', () => {
  it('goes to a hundred of a thousand who check out at once by two processes, and the others learn that it is gone', async () => {
    const sides = [clientAt(town.ground.addressOf('write-api')), clientAt(another.address)];
    const client = { ...town.client, ...sides[0] };
    const shop = await openShop(client);
    const { productId, variantId } = await sell(client, shop, pieces);
    const carts = Array.from({ length: buyers }, (_, n) => async () => {
      const { call } = sides[n % 2] ?? client;
      const token = await client.tokenFor(freshId(), ['CUSTOMER']);
      ok(await comingBack(() => call('POST', '/cart/lines', { token, body: { productId, variantId } })));
      const quote = ok(await comingBack(() => call('POST', '/checkouts/quote', { token, body: { address: homeOf() } })));
      const body = { quoteId: quote.quoteId, shipping: choicesOf(quote), method: 'qris' };
      const key = randomUUID();
      const checkOut = () => call('POST', '/checkouts', { token, body, headers: { 'idempotency-key': key } });
      return () => comingBack(checkOut, (answer) => first.push(answer));
    });
    const ready: (() => Promise<Answer>)[] = [];
    while (carts.length > 0) ready.push(...(await Promise.all(carts.splice(0, 50).map((fill) => fill()))));

    const answers = await Promise.all(ready.map((checkOut) => checkOut()));
    const counts = codes(answers);
    process.stdout.write(`at first ${JSON.stringify(codes(first))}, in the end ${JSON.stringify(counts)}\n`);
    // Whoever was answered before it was known (202) has it, or learns that it is gone, by the checkout's address.
    expect(Object.keys(counts).filter((code) => !['201', '202', '409 checkout.out_of_stock'].includes(code))).toEqual([]);
    await town.settled();
    const ended = (type: string) => town.heard.filter(({ event }) => event.type === type).length;
    expect(ended('checkout.awaiting_payment')).toBe(pieces);
    expect(ended('checkout.failed')).toBe(ended('checkout.started') - pieces);
    const { state } = await town.inside.handle.load(stock, stockId(variantId, 'main'));
    expect(state).toMatchObject({ onHand: pieces, heldPieces: pieces, committedPieces: 0 });
    expect(stockFaults(town.heard)).toEqual([]);
    expect(chainFaults(town.heard, { isDense: false })).toEqual([]);
  });
});
