// A release opens what any release wrote: folders of older ones, killed in the midst of their work, are taken up where they stood (README.md).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { perform } from '../../control.ts';
import { hours, minutes } from '../../domain/id.ts';
import { defaultLocation } from '../../domain/location.ts';
import { order } from '../../domain/order/order.ts';
import { payment } from '../../domain/payment/payment.ts';
import { eventSchemas } from '../../domain/registry.ts';
import { returns } from '../../domain/return/return.ts';
import { stock, stockId } from '../../domain/stock/stock.ts';
import { verifyLog } from '../../infra/event-store/verify.ts';
import { untilCheckout } from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { clientOf } from '../support/child.ts';
import { ok, signIn } from '../support/shop.ts';

const fixtures = new URL('./fixtures/', import.meta.url).pathname;

interface Bought {
  readonly checkoutId: string;
  readonly paymentId: string;
  readonly orderId: string;
  readonly lineId: string;
}

/** What make.ts has noted of its market. */
interface Known {
  readonly at: string;
  readonly buyer: { readonly email: string; readonly password: string };
  readonly other: { readonly email: string; readonly password: string };
  readonly variantId: string;
  readonly seller: { readonly email: string; readonly password: string };
  readonly returnId: string;
  readonly returned: Bought;
  readonly packed: Bought;
  readonly cod: Bought;
  readonly unpaid: Bought;
  readonly half: readonly Bought[];
}

const longest = 30_000;
let market: Market | null = null;
let dataDir = '';
afterEach(async () => {
  await market?.close();
  market = null;
  rmSync(dataDir, { recursive: true, force: true });
});

const open = async (file: string): Promise<{ market: Market; known: Known }> => {
  dataDir = mkdtempSync(join(tmpdir(), 'older-'));
  execFileSync('tar', ['-xzf', join(fixtures, file), '-C', dataDir]);
  const known: Known = JSON.parse(readFileSync(join(dataDir, 'known.json'), 'utf8'));
  market = await openMarket({ dataDir, from: known.at });
  return { market, known };
};

const asked = async (of: Market, operation: string, input: object): Promise<object[]> => {
  const lines: object[] = [];
  for await (const line of perform(of, operation, input, new AbortController().signal)) lines.push(line as object);
  return lines;
};

describe.each(readdirSync(fixtures))('the folder of %s', (file) => {
  it('holds nothing that today cannot read', async () => {
    const { market } = await open(file);
    const events = await market.store.readAll(0, 10_000);
    const unread = events.flatMap(({ event }) => (eventSchemas.get(event.type)?.schema.safeParse(event).success ? [] : [event.type]));
    expect([events.length > 100, unread]).toEqual([true, []]);
  });

  it('is taken up where it stood: nothing stands still, nothing is lost, and everybody gets in', { timeout: 120_000 }, async () => {
    const { market, known } = await open(file);
    // The first was told of its payment before the kill; the others may never have been paid.
    const paid = known.half[0];
    for (const { checkoutId } of [...known.half.slice(0, 1), known.returned, known.packed, known.cod])
      await untilCheckout(market, checkoutId, 'Completed');
    await market.until(order, paid?.orderId ?? '', ({ status }) => status === 'Confirmed', longest);
    const signedIn = (who: { email: string; password: string }) => signIn(clientOf(market), who.email, who.password);
    expect(await signedIn(known.other)).toEqual(expect.any(String));

    // The return goes on to its end.
    const as = (step: string, token: string, body: object) => market.call('POST', `/returns/${known.returnId}/${step}`, { token, body });
    const seller = await signedIn(known.seller);
    ok(await as('dispatch', await signedIn(known.buyer), { trackingNumber: 'JNE123' }));
    ok(await as('receipt', seller, {}));
    const conditions = [{ lineId: known.returned.lineId, condition: 'sellable' }];
    ok(await as('inspection', seller, { conditions, resolution: 'refund' }));
    await market.until(returns, known.returnId, ({ status }) => status === 'Refunded', longest);
    await market.until(payment, known.returned.paymentId, ({ status }) => status === 'PartiallyRefunded', longest);

    // An order that was accepted goes its way.
    ok(await market.call('POST', `/orders/${known.packed.orderId}/packing`, { token: seller }));
    await market.until(order, known.packed.orderId, ({ status }) => status === 'Packed', longest);

    // What nobody pays is given up, and its goods are free.
    market.advance(hours(1) + minutes(1));
    await market.sagaRunner.fireDueTimers();
    await untilCheckout(market, known.unpaid.checkoutId, 'Expired');
    let bought = 0;
    // Each was bought of a cart that still held those before it: one piece, two, three.
    for (const [n, { checkoutId }] of known.half.entries())
      if ((await untilCheckout(market, checkoutId, 'Completed', 'Expired')).status === 'Completed') bought += n + 1;
    const shelf = (await market.handle.load(stock, stockId(known.variantId, defaultLocation))).state;
    // Of 100 two were sent, and one came back.
    expect(shelf).toMatchObject({ onHand: 99, heldPieces: 0, committedPieces: 2 + bought });

    expect(await asked(market, 'sagas.list', { outcome: 'NeedsHuman', limit: 100 })).toEqual([]);
    expect(await asked(market, 'projections.parked', {})).toEqual([]);
    expect(await verifyLog(join(dataDir, 'log.db'))).toMatchObject({ faults: [] });
  });
});

it('a folder whose purchases were written in words that nobody folds any more is refused, with the way to go', async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'older-'));
  execFileSync('tar', ['-xzf', new URL('./refused-8fbcc62.tar.gz', import.meta.url).pathname, '-C', dataDir]);
  await expect(openMarket({ dataDir })).rejects.toThrow(
    /checkout\.\w+, which releases up to 860f966 wrote .* Go on with the release that wrote it/,
  );
});
