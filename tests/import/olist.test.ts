// Made-up files through the whole marketplace: every odd case ends as its rule says, every figure is that of the files, and a second run adds nothing.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importOlist } from '../../commands/import/olist.ts';
import {
  checkoutIdOf,
  importIdOf,
  lineIdOf,
  orderIdOf,
  paymentIdOf,
  productIdOf,
  reviewIdOf,
  sellerIdOf,
  userIdOf,
  variantIdOf,
} from '../../commands/import/olist-ids.ts';
import { planOlist } from '../../commands/import/olist-timeline.ts';
import { createCarrier } from '../../commands/sagas/imported.ts';
import { perform } from '../../control.ts';
import { order } from '../../domain/order/order.ts';
import { payment } from '../../domain/payment/payment.ts';
import { availableOf } from '../../domain/stock/state.ts';
import { stock, stockId } from '../../domain/stock/stock.ts';
import { readOlistFiles } from '../../infra/import/olist-files.ts';
import { verifyOlist } from '../../infra/import/verify-olist.ts';
import { type Market, openMarket } from '../market.ts';
import { madeUp, orders, sourceId } from './made-up.ts';

interface Done {
  readonly eventsAdded: number;
  readonly position: string;
}

let market: Market;
let directory: string;
let first: Done;

/** As the command line asks the process that owns the data. */
const run = async (into: Market, from: string): Promise<Done> => {
  let last: object = {};
  for await (const line of perform(into, 'import.olist', { directory: from, longestMs: 60_000 }, new AbortController().signal)) last = line;
  return last as Done;
};
const differences = async (of: Market, from: string, position: string) => {
  const token = await of.tokenFor('01JZADMINADMINADMINADMINAD', ['ADMIN']);
  const ask = async (path: string) => {
    const { status, body } = await of.call('GET', path, { token, headers: { 'min-position': position } });
    expect(status, path).toBe(200);
    return body;
  };
  const compared = await verifyOlist(from, ask);
  expect(compared.length).toBeGreaterThan(100);
  return compared.filter(({ difference }) => difference !== 0);
};

beforeAll(async () => {
  market = await openMarket();
  directory = madeUp();
  first = await run(market, directory);
});
afterAll(async () => {
  await market.close();
  rmSync(directory, { recursive: true, force: true });
});

const sellerOf = (name: string) => orders.find((each) => each.name === name)?.items?.[0]?.seller ?? '';
const orderOf = (name: string, seller = sellerOf(name)) => orderIdOf(sourceId(name), sourceId(seller));
const events = async (streamId: string) =>
  (await market.store.read(streamId, 0, 1_000)).map(({ event }) => event as Record<string, unknown> & { type: string });
const find = async (streamId: string, type: string) => (await events(streamId)).find((event) => event.type === type);
const statusOf = async (name: string, seller?: string) => (await market.handle.load(order, orderOf(name, seller))).state.status;
const brl = (amount: number) => ({ amount, currency: 'BRL' });

describe('an import', () => {
  it('agrees with the files in every figure', async () => expect(await differences(market, directory, first.position)).toEqual([]));
  it('agrees again when every read model was built anew', async () => {
    await market.projector.ask({ ask: 'rebuild', projections: [] });
    expect(await differences(market, directory, first.position)).toEqual([]);
  });
  it('adds nothing when it is run again', async () => {
    expect(first.eventsAdded).toBeGreaterThan(500);
    expect((await run(market, directory)).eventsAdded).toBe(0);
  });
  it('finds a price that differs', async () => {
    const other = madeUp((one) =>
      one.name === 'plain' ? { ...one, items: one.items?.map((item) => ({ ...item, price: '100.01' })) ?? [] } : one,
    );
    expect((await run(market, other)).eventsAdded).toBe(0);
    const found = await differences(market, other, first.position);
    expect(found).toContainEqual({ figure: 'revenue gross all', files: expect.any(Number), product: expect.any(Number), difference: -1 });
    rmSync(other, { recursive: true });
  });
  it('marks all that it writes, so that no timer is set and nothing is sent', async () => {
    const all = await market.store.readAll(0, 10_000);
    expect(all.every(({ metadata }) => metadata.origin === 'import')).toBe(true);
    expect(await market.tables.count('saga-instances', { open: 1 })).toBe(0);
    expect(await market.tables.count('saga-instances', { wakeAt: { from: '' } })).toBe(0);
    expect(await market.tables.count('saga-instances', { outcome: 'NeedsHuman' })).toBe(0);
  });
  it('keeps the order of each stream in time', async () => {
    const last = new Map<string, string>();
    for (const { streamId, metadata } of await market.store.readAll(0, 10_000)) {
      expect(metadata.occurredAt >= (last.get(streamId) ?? '')).toBe(true);
      last.set(streamId, metadata.occurredAt);
    }
  });
});

describe('an import that is broken off', () => {
  it.each([20, 150, 300, 450])('after %i commands goes on from there', async (commands) => {
    const other = await openMarket();
    let left = commands;
    const breaking = (...given: Parameters<typeof other.handle>) => {
      left -= 1;
      return left > 0 ? other.handle(...given) : Promise.reject(new Error('pulled the plug'));
    };
    const handle = Object.assign(breaking, other.handle) as typeof other.handle;
    const { seals, blindIndex } = other;
    const needs = { handle, seals, blindIndex, carry: createCarrier(handle, true), fresh: true, atOnce: 512, progress: () => {} };
    await expect(importOlist(needs, planOlist(readOlistFiles(directory)))).rejects.toThrow('pulled the plug');
    const { position } = await run(other, directory);
    expect(await other.store.head()).toBe(first.eventsAdded);
    expect(await differences(other, directory, position)).toEqual([]);
    await other.close();
  });
});

describe('an order', () => {
  it.each([
    ['plain', 'Delivered'],
    ['early parcel', 'Shipped'],
    ['no dates', 'Delivered'],
    ['never approved', 'Delivered'],
    ['approved by nobody', 'Confirmed'],
    ['bought at no time', 'Shipped'],
    ['invoiced', 'Accepted'],
    ['processing', 'Accepted'],
    ['approved', 'Confirmed'],
    ['canceled', 'Cancelled'],
    ['canceled on its way', 'Returned'],
    ['canceled on arrival', 'Delivered'],
    ['unavailable', 'Cancelled'],
  ])('that is %s ends as %s', async (name, status) => expect(await statusOf(name)).toBe(status));
  it('that was cancelled says so with its reason, at the last time that is known', async () => {
    const about = { at: '2018-01-10T09:10:00.000Z', timeInferred: true };
    expect(await find(`order-${orderOf('unavailable')}`, 'order.cancelled')).toMatchObject({
      reason: 'UNAVAILABLE',
      by: 'system',
      ...about,
    });
    expect(await find(`order-${orderOf('canceled')}`, 'order.cancelled')).toMatchObject({ reason: 'CANCELED', timeInferred: true });
  });
  it('is one for each seller, of one purchase', async () => {
    const [anna, bruno] = await Promise.all(
      ['anna', 'bruno'].map((seller) => find(`order-${orderOf('two sellers', seller)}`, 'order.created')),
    );
    expect(anna).toMatchObject({
      checkoutId: bruno?.checkoutId,
      totals: { items: brl(20_000), shipping: brl(2_000) },
      sourceStatus: 'delivered',
    });
    expect(anna?.lines).toMatchObject([
      { quantity: 2, unitPrice: brl(10_000), name: expect.stringMatching(/^Furniture decor [0-9a-f]{8}$/) },
    ]);
    expect(bruno).toMatchObject({ totals: { items: brl(11_550), shipping: brl(2_501) } });
  });
  it('has what was promised, and by when it was to be sent', async () =>
    expect(await find(`order-${orderOf('plain')}`, 'order.created')).toMatchObject({
      promisedAt: '2018-03-01T00:00:00.000Z',
      shipBy: '2018-02-20T12:00:00.000Z',
    }));
  it('keeps the source’s time where it was too early for the steps, and says where none is known', async () => {
    expect(await find(`order-${orderOf('early parcel')}`, 'order.shipped')).toMatchObject({
      at: '2018-01-07T08:00:00.000Z',
      sourceAt: '2018-01-05T08:00:00.000Z',
    });
    expect(await find(`order-${orderOf('arrived before it left')}`, 'order.delivered')).toMatchObject({
      at: '2018-01-10T08:00:00.000Z',
      sourceAt: '2018-01-08T08:00:00.000Z',
    });
    expect(await find(`order-${orderOf('no dates')}`, 'order.delivered')).toMatchObject({
      at: '2018-01-07T09:10:00.000Z',
      timeInferred: true,
    });
    expect(await find(`import-${importIdOf(sourceId('early parcel'))}`, 'import.row_adjusted')).toMatchObject({
      reason: 'TIME_CLAMPED',
      field: 'order_delivered_carrier_date',
      before: '2018-01-05T08:00:00.000Z',
    });
  });
  it('that was delivered had been approved, at the time of its purchase where nobody wrote down when', async () => {
    const bought = '2018-01-07T10:00:00.000Z';
    expect(await find(`order-${orderOf('never approved')}`, 'order.accepted')).toMatchObject({ at: bought, timeInferred: true });
    expect(await find(`order-${orderOf('never approved')}`, 'order.shipped')).toMatchObject({ at: bought, timeInferred: true });
    const about = await events(`import-${importIdOf(sourceId('never approved'))}`);
    expect(about).toMatchObject([
      { reason: 'TIME_INFERRED', field: 'order_approved_at', before: null },
      { reason: 'TIME_INFERRED', field: 'order_delivered_carrier_date', before: null },
      { reason: 'TIME_INFERRED', field: 'review_answer_timestamp', file: 'order_reviews' },
      { reason: 'TIME_INFERRED', field: 'review_answer_timestamp', file: 'order_reviews' },
    ]);
  });
  it('without items is left out, with its status and its money', async () => {
    expect(await events(`checkout-${checkoutIdOf(sourceId('canceled without items'))}`)).toEqual([]);
    const payments = [
      { type: 'credit_card', amount: brl(1_200) },
      { type: 'voucher', amount: brl(300) },
    ];
    expect(await find(`import-${importIdOf(sourceId('canceled without items'))}`, 'import.row_rejected')).toMatchObject({
      reason: 'NO_ITEMS',
      status: 'canceled',
      payments,
    });
  });
});

describe('a payment', () => {
  const created = (name: string) => find(`payment-${paymentIdOf(sourceId(name))}`, 'payment.created');
  it('does not expire before its money came, however late that was', async () =>
    expect(await created('late')).toMatchObject({
      method: 'retail',
      expiresAt: '2018-01-05T11:00:00.000Z',
      until: '2018-01-05T11:15:00.000Z',
    }));
  it('has a part for each that the source has, but none of nothing', async () => {
    const id = paymentIdOf(sourceId('vouchers'));
    const voucher = { method: 'ewallet', sourceType: 'voucher', amount: brl(3_000), installments: 1 };
    expect((await created('vouchers'))?.parts).toEqual([
      { ...voucher, partId: `${id}.2` },
      { ...voucher, partId: `${id}.3` },
    ]);
    expect(await created('two sellers')).toMatchObject({
      method: 'card',
      parts: [{ sourceType: 'credit_card', installments: 2 }, { sourceType: 'voucher' }],
    });
    expect((await market.handle.load(payment, id)).state.status).toBe('Captured');
    expect(await find(`import-${importIdOf(sourceId('vouchers'))}`, 'import.row_rejected')).toMatchObject({
      file: 'order_payments',
      reason: 'ZERO_VALUE',
    });
  });
  it('gives the platform what is beyond goods and freight: rounding up to five cents, else interest', async () => {
    expect(await created('rounded down')).toMatchObject({ rounding: brl(-3), interest: brl(0) });
    expect(await created('rounded up')).toMatchObject({ rounding: brl(5), interest: brl(0) });
    expect(await created('with interest')).toMatchObject({ rounding: brl(0), interest: brl(1_234) });
  });
  it('goes back in full when its order is off, the platform’s interest apart', async () => {
    const refunded = async (name: string) =>
      (await events(`payment-${paymentIdOf(sourceId(name))}`)).filter(({ type }) => type === 'payment.refunded');
    expect(await refunded('canceled')).toMatchObject([{ amount: brl(11_000) }, { amount: brl(3_500) }]);
    expect(await refunded('canceled on its way')).toMatchObject([{ amount: brl(11_000), reason: 'delivery_failed' }]);
    expect(await refunded('canceled on arrival')).toMatchObject([{ amount: brl(11_000), shipping: brl(1_000), reason: 'return' }]);
    expect((await market.handle.load(payment, paymentIdOf(sourceId('unavailable')))).state.status).toBe('Refunded');
  });
});

describe('a listing', () => {
  const lampId = productIdOf(sourceId('lamp'), sourceId('anna'));
  it('is a product of one seller, and changes its price when it was sold at another', async () => {
    const changes = (await events(`product-${lampId}`)).filter(({ type }) => type === 'product.price_changed');
    expect(changes).toMatchObject([
      { before: brl(10_000), price: brl(8_990) },
      { before: brl(8_990), price: brl(10_000) },
    ]);
    expect(await find(`product-${productIdOf(sourceId('lamp'), sourceId('bruno'))}`, 'product.variant_added')).toMatchObject({
      price: brl(9_550),
    });
  });
  it('received what was sold of it, and has left what was not sent or came back', async () => {
    const { state } = await market.handle.load(stock, stockId(variantIdOf(sourceId('lamp'), sourceId('anna')), 'main'));
    if (state.status === 'none') throw new Error('nothing was received');
    // Cancelled, returned twice; four still wait to be sent.
    expect([availableOf(state), state.onHand]).toEqual([3, 7]);
  });
  it('is in its category, by the English name, else the Portuguese, else in none', async () => {
    const { body } = await market.call('GET', `/categories?minPosition=${first.position}`);
    expect(body.items.map(({ slug }: { slug: string }) => slug).sort()).toEqual(['furniture-decor', 'pc-gamer', 'uncategorised']);
  });
});

describe('a person', () => {
  it('has one account, without a password and without an address to write to', async () =>
    expect(await events(`account-${userIdOf(sourceId('maria'))}`)).toEqual([
      {
        type: 'account.registered',
        userId: userIdOf(sourceId('maria')),
        email: null,
        emailVerified: false,
        credentialId: null,
        roles: ['CUSTOMER'],
        epoch: 1,
      },
    ]));
  it('sees the own orders, with as much of the address as is known', async () => {
    const buyerId = userIdOf(sourceId('maria'));
    const token = await market.tokenFor(buyerId, ['CUSTOMER']);
    const { body } = await market.call('GET', `/orders?minPosition=${first.position}`, { token });
    expect(body.items).toHaveLength(2);
    const one = await market.call('GET', `/orders/${orderOf('plain')}`, { token });
    expect(one.body.address).toMatchObject({ city: 'sao paulo', province: 'SP', postalCode: '01310', partial: true });
  });
  it('reads of each what the API document says, and so do staff', async () => {
    const token = await market.tokenFor(userIdOf(sourceId('maria')), ['CUSTOMER']);
    const staff = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['ADMIN']);
    const { checkoutId, paymentId } = (await market.call('GET', `/orders/${orderOf('plain')}`, { token })).body;
    const own = ['/checkouts', `/checkouts/${checkoutId}`, `/payments/${paymentId}`, `/orders/${orderOf('plain')}/timeline`, '/returns'];
    const all = [
      '/admin/orders',
      '/admin/checkouts',
      `/admin/checkouts/${checkoutId}`,
      '/admin/payments',
      `/admin/payments/${paymentId}`,
      '/audit/log?open=false',
    ];
    for (const path of own) expect((await market.call('GET', path, { token })).status, path).toBe(200);
    for (const path of all) expect((await market.call('GET', path, { token: staff })).status, path).toBe(200);
  });
});

describe('a review', () => {
  it('speaks of a whole order: later rows of it are edits, in the order in which they were given', async () => {
    const said = await events(`review-${reviewIdOf(sourceId('plain'))}`);
    expect(said).toMatchObject([
      { type: 'review.posted', kind: 'order', verified: 'source', rating: 4, sourceReviewId: sourceId('r1') },
      { type: 'review.edited', rating: 2, sourceReviewId: sourceId('r2') },
      { type: 'review.edited', rating: 1, sourceReviewId: sourceId('r3') },
    ]);
    expect(await market.seals.open(said[0]?.body as Parameters<typeof market.seals.open>[0])).toBe('Chegou, "enfim"\nmas tarde');
  });
  it('may share its id with that of another order', async () => {
    for (const name of ['late', 'two sellers'])
      expect(await events(`review-${reviewIdOf(sourceId(name))}`)).toMatchObject([{ sourceReviewId: sourceId('shared'), rating: 5 }]);
  });
  it('counts once for each product of its order', async () => {
    const [posted] = await events(`review-${reviewIdOf(sourceId('two sellers'))}`);
    expect(posted?.productIds).toHaveLength(3);
    expect(posted?.sellerIds).toEqual(['anna', 'bruno'].map((name) => sellerIdOf(sourceId(name))));
  });
  it('may come before the purchase', async () => expect(await events(`review-${reviewIdOf(sourceId('invoiced'))}`)).toHaveLength(1));
  it('of an order that is left out is left out', async () =>
    expect(await events(`import-${importIdOf(sourceId('created without items'))}`)).toMatchObject([
      { reason: 'NO_ITEMS' },
      { file: 'order_reviews', reason: 'ORDER_REJECTED' },
    ]));
});

it('holds are named by the lines of the source', async () =>
  expect(await find(`stock-${stockId(variantIdOf(sourceId('vase'), sourceId('bruno')), 'main')}`, 'stock.held')).toMatchObject({
    holdId: `${lineIdOf(sourceId('canceled'), sourceId('vase'), sourceId('bruno'))}.1`,
  }));
