// Payments through the simulated gateway, over HTTP: what webhooks, duplicates, disorder and lost replies end in.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Collection, collection } from '../../domain/collection/collection.ts';
import { type Fulfilment, fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import { minutes } from '../../domain/id.ts';
import type { Method } from '../../domain/payment/deadlines.ts';
import { payment } from '../../domain/payment/payment.ts';
import { type Reconciliation, reconciliation } from '../../domain/reconciliation/reconciliation.ts';
import { stock } from '../../domain/stock/stock.ts';
import { sign } from '../../infra/outbound/signature.ts';
import { type Market, openMarket } from '../market.ts';
import { ok } from '../support/shop.ts';
import { asSystem, fresh, idr, instant, openSale, type Sale, untilOrder, untilPayment } from './sale.ts';

// A busy machine may take long over anything; what hangs is told by what is waited for.

let market: Market;
let admin: string;
beforeAll(async () => {
  market = await openMarket();
});
// The clock moves on in some tests, and tokens live for minutes.
beforeEach(async () => {
  admin = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['CUSTOMER', 'ADMIN']);
});
afterAll(() => market.close());

const simulation = () => {
  if (!market.outside.payments) throw new Error('nothing is simulated here');
  return market.outside.payments;
};

/** A sale whose buyer has been told how to pay. */
const instructed = async (method: Method): Promise<Sale> => {
  const sale = await openSale(market, method);
  await untilPayment(market, sale.paymentId, (state) => state.status !== 'none' && state.parts.every((part) => part.instructed));
  return sale;
};

const simulate = ({ paymentId, buyer }: Sale, body: object) =>
  market.call('POST', `/payments/${paymentId}/simulate`, { token: buyer, body });
const play = async (sale: Sale, body: object) => ok(await simulate(sale, body));

const captured = (sale: Sale) => untilPayment(market, sale.paymentId, (state) => state.status === 'Captured');

const paid = async (): Promise<Sale> => {
  const sale = await instructed('va');
  await play(sale, { outcome: 'pay' });
  await captured(sale);
  await sale.confirm();
  return sale;
};

const typesIn = async (streamId: string) => (await market.store.read(streamId, 0, 1_000)).map(({ event }) => event.type);

/** Posts a webhook as the gateway would, signed with its own secret. */
const webhook = (notice: object, secret?: string, to = market) => {
  const body = JSON.stringify(notice);
  const secrets = JSON.parse(readFileSync(join(to.dataDir, 'webhook-secrets.json'), 'utf8')) as { payment: string };
  const headers = { 'x-signature': sign(secret ?? secrets.payment, body, to.now()) };
  return to.call('POST', '/webhooks/simulated', { body: notice, headers });
};

const noticeOf = (sale: Sale, eventId: string, more: object = {}) => ({
  type: 'payment.captured',
  eventId,
  occurredAt: instant(market),
  account: 'tokobapak',
  paymentId: sale.paymentId,
  checkoutId: sale.checkoutId,
  amount: sale.total,
  ...more,
});

describe('a buyer', () => {
  it('chooses among the methods', async () => {
    const { body } = await market.call('GET', '/payments/methods');
    expect(body.items).toContainEqual({ method: 'ewallet', channels: ['gopay', 'ovo', 'dana', 'shopeepay'], minutesToPay: 15 });
    expect(body.items).toContainEqual({ method: 'cod', channels: [], minutesToPay: null });
  });

  it('is told how to pay, and nobody else is', async () => {
    const sale = await instructed('va');
    const path = `/payments/${sale.paymentId}`;
    const { body } = await fresh(market, path, sale.buyer);
    expect(body).toMatchObject({ status: 'Pending', amount: sale.total, parts: [{ instructions: { kind: 'va', bank: 'bca' } }] });
    expect(JSON.stringify(body)).not.toContain('commission');
    expect((await fresh(market, path, sale.stranger)).body.code).toBe('payment.not_found');
    expect((await market.call('GET', path)).status).toBe(401);
    expect((await market.call('POST', `${path}/simulate`, { token: sale.stranger, body: { outcome: 'pay' } })).status).toBe(404);
  });

  it('pays once, however often the gateway says so', async () => {
    const sale = await instructed('qris');
    await play(sale, { outcome: 'pay', duplicates: 3 });
    await captured(sale);
    await play(sale, { outcome: 'pay', duplicates: 3 });
    const types = await typesIn(`payment-${sale.paymentId}`);
    expect(types.filter((type) => type === 'payment.captured')).toHaveLength(1);
    expect((await fresh(market, `/payments/${sale.paymentId}`, sale.buyer)).body.orders).toMatchObject([{ paid: true }]);
  });

  it('pays by card although the capture is told before the authorisation', async () => {
    const sale = await instructed('card');
    await play(sale, { outcome: 'pay', outOfOrder: true });
    await captured(sale);
    expect((await simulate(sale, { outcome: 'fail' })).body.code).toBe('payment.wrong_status');
  });

  it('is asked for the money once when the reply of the gateway is lost', async () => {
    await simulation().setFaults({ loseReplies: 1, unavailable: 1 });
    const sale = await instructed('va');
    await simulation().setFaults({});
    expect(await typesIn(`payment-${sale.paymentId}`)).toEqual(['payment.created', 'payment.pending']);
  });

  it('has paid although no notice ever came: the gateway is asked before anything expires', async () => {
    const sale = await instructed('ewallet');
    await play(sale, { outcome: 'pay', drop: true });
    market.advance(minutes(15));
    await captured(sale);
  });

  it('who pays nothing in time has an expired payment', async () => {
    const sale = await instructed('qris');
    market.advance(minutes(15));
    await untilPayment(market, sale.paymentId, (state) => state.status === 'Expired');
  });
});

describe('a payment that its checkout gave up', () => {
  const giveUp = (sale: Sale) => market.handle(payment, sale.paymentId, { type: 'void', at: instant(market) }, asSystem(market));
  const ended = async (sale: Sale) => {
    const isOver = (state: Collection) => collection.outcome(state) === 'Compensated' || collection.outcome(state) === 'Completed';
    return collection.outcome(await market.until(collection, sale.paymentId, isOver, 20_000));
  };

  it('is called off at the gateway', async () => {
    const sale = await instructed('va');
    await giveUp(sale);
    expect(await ended(sale)).toBe('Compensated');
    expect(await market.outside.gateway.payment(sale.paymentId)).toMatchObject({ status: 'voided' });
  });

  it('goes back to the buyer who pays it all the same', async () => {
    const sale = await instructed('va');
    await giveUp(sale);
    await ended(sale);
    await play(sale, { outcome: 'pay', late: true });
    await untilPayment(market, sale.paymentId, (state) => state.status === 'Refunded');
    expect((await market.outside.gateway.payment(sale.paymentId))?.refunded).toEqual(sale.total);
  });

  it('goes back although nobody was told that it was paid', async () => {
    const sale = await instructed('va');
    await play(sale, { outcome: 'pay', drop: true });
    await giveUp(sale);
    await untilPayment(market, sale.paymentId, (state) => state.status === 'Refunded');
    expect((await market.outside.gateway.payment(sale.paymentId))?.refunded).toEqual(sale.total);
  });
});

describe('a webhook', () => {
  it('without its signature, or forged, is refused', async () => {
    const sale = await instructed('va');
    const notice = noticeOf(sale, 'forged-1');
    expect((await market.call('POST', '/webhooks/simulated', { body: notice })).body.code).toBe('webhook.bad_signature');
    expect((await webhook(notice, 'another secret of 32 characters..')).status).toBe(401);
    expect((await market.call('POST', '/webhooks/nobody', { body: notice })).status).toBe(404);
    const long = await market.call('POST', '/webhooks/simulated', { body: { ...notice, padding: 'x'.repeat(300_000) } });
    expect([long.status, long.body.code]).toEqual([413, 'request.too_large']);
    expect(await typesIn('webhook-simulated.forged-1')).toEqual([]);
  });

  it.each([
    ['amount', { amount: idr(1) }],
    ['currency', { amount: { amount: 168_000, currency: 'USD' } }],
    ['account', { account: 'somebody-else' }],
    ['checkout', { checkoutId: 'another' }],
  ])('with another %s moves no money and is kept as an anomaly', async (reason, wrong) => {
    const sale = await instructed('va');
    expect((await webhook(noticeOf(sale, `wrong-${reason}`, wrong))).status).toBe(200);
    const { status } = await untilPayment(market, sale.paymentId, (state) => state.status !== 'none' && state.anomalies.length === 1);
    expect(status).toBe('Pending');
    const events = await market.store.read(`payment-${sale.paymentId}`, 0, 10);
    expect(events.map(({ event }) => event)).toContainEqual(expect.objectContaining({ type: 'payment.anomaly_noted', reason }));
  });

  it('about a payment that nobody knows is kept, shown to a human, and the next one goes on', async () => {
    const sale = await instructed('va');
    expect((await webhook(noticeOf(sale, 'unknown-1', { paymentId: '01JZZZZZZZZZZZZZZZZZZZZZZZ' }))).status).toBe(200);
    expect(await reconciled('simulated.unknown-1')).toBe('NeedsHuman');
    expect(await typesIn('webhook-simulated.unknown-1')).toEqual(['webhook.received', 'webhook.set_aside']);
    expect((await webhook(noticeOf(sale, 'known-1'))).status).toBe(200);
    await captured(sale);
  });
});

/** How the reconciliation of a notice that did not fit has ended. */
const reconciled = async (instance: string) => {
  const isOver = (state: Reconciliation) => ['NeedsHuman', 'Completed'].includes(reconciliation.outcome(state));
  return reconciliation.outcome(await market.until(reconciliation, instance, isOver, 20_000));
};

describe('money that fits nothing', () => {
  it.each([10_000, 99_999, 167_999, 168_001])(
    '%i instead of what was asked for goes back in full, and nothing is bought',
    async (amount) => {
      const sale = await instructed('va');
      await play(sale, { outcome: 'pay', amount });
      await untilPayment(market, sale.paymentId, (state) => state.status === 'Refunded');
      expect(await market.outside.gateway.payment(sale.paymentId)).toMatchObject({ captured: idr(amount), refunded: idr(amount) });
      expect(await typesIn(`payment-${sale.paymentId}`)).not.toContain('payment.captured');
    },
  );

  it('goes back although no notice told of it', async () => {
    const sale = await instructed('qris');
    await play(sale, { outcome: 'pay', amount: 10_000, drop: true });
    market.advance(minutes(15));
    await untilPayment(market, sale.paymentId, (state) => state.status === 'Refunded');
    expect(await market.outside.gateway.payment(sale.paymentId)).toMatchObject({ refunded: idr(10_000) });
  });

  it.each([
    ['amount', { amount: idr(1) }],
    ['currency', { amount: { amount: 168_000, currency: 'USD' } }],
    ['account', { account: 'somebody-else' }],
    ['checkout', { checkoutId: 'another' }],
  ])('of another %s, of which the provider knows nothing, needs a human', async (reason, wrong) => {
    const sale = await instructed('va');
    const eventId = `nowhere-${reason}`;
    expect((await webhook(noticeOf(sale, eventId, wrong))).status).toBe(200);
    expect(await reconciled(`${sale.paymentId}.${eventId}`)).toBe('NeedsHuman');
    expect(await market.outside.gateway.payment(sale.paymentId)).toMatchObject({ status: 'pending' });
  });

  it('told of twice is looked for, and is the same money where the provider has no more', async () => {
    const sale = await paid();
    expect((await webhook(noticeOf(sale, `again-${sale.paymentId}`))).status).toBe(200);
    expect(await reconciled(`${sale.paymentId}.again-${sale.paymentId}`)).toBe('Completed');
    expect((await fresh(market, `/payments/${sale.paymentId}`, sale.buyer)).body.status).toBe('Captured');
  });

  it('beyond a payment that was taken needs a human where the provider does not show it', async () => {
    const sale = await paid();
    expect((await webhook(noticeOf(sale, `more-${sale.paymentId}`, { amount: idr(99_999) }))).status).toBe(200);
    expect(await reconciled(`${sale.paymentId}.more-${sale.paymentId}`)).toBe('NeedsHuman');
    expect((await fresh(market, `/payments/${sale.paymentId}`, sale.buyer)).body.status).toBe('Captured');
  });

  it('is counted by what is wrong with it', async () => {
    const sale = await instructed('va');
    await webhook(noticeOf(sale, `counted-${sale.paymentId}`, { amount: idr(2) }));
    await reconciled(`${sale.paymentId}.counted-${sale.paymentId}`);
    expect(await market.metrics.text()).toMatch(/tokobapak_money_anomalies_total\{reason="amount"\} [1-9]/);
  });
});

describe('a webhook that was kept before a kill', () => {
  it('reaches its payment after the restart', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tokobapak-'));
    try {
      const before = await openMarket({ dataDir });
      const sale = await openSale(before, 'va');
      await untilPayment(before, sale.paymentId, (state) => state.status === 'Pending');
      await before.close();
      // Nothing follows the log here: what was answered is in the inbox, and no further.
      const killed = await openMarket({ dataDir, isAsleep: true });
      expect((await webhook(noticeOf(sale, 'before-the-kill'), undefined, killed)).status).toBe(200);
      expect((await killed.handle.load(payment, sale.paymentId)).state.status).toBe('Pending');
      await killed.close();
      const after = await openMarket({ dataDir });
      await untilPayment(after, sale.paymentId, (state) => state.status === 'Captured');
      await after.close();
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
});

describe('a refund', () => {
  const refund = (sale: Sale, token: string, body: object, headers: Record<string, string> = {}) =>
    market.call('POST', `/orders/${sale.orderId}/refunds`, { token, body, headers });
  const refunded = (sale: Sale, refundId: string) =>
    untilPayment(market, sale.paymentId, (state) => state.status !== 'none' && state.refunds[refundId]?.status === 'Refunded');

  it('of some pieces goes back to the buyer, and its seller sees it', async () => {
    const sale = await paid();
    const body = { lines: [{ lineId: 'line-1', quantity: 1 }], reason: 'damaged' };
    const headers = { 'idempotency-key': 'refund-one-piece' };
    const [asked, again] = await Promise.all([refund(sale, sale.seller, body, headers), refund(sale, sale.seller, body, headers)]);
    expect([asked.status, asked.body.amount, again.body]).toEqual([201, idr(50_000), asked.body]);
    await refunded(sale, asked.body.refundId);
    for (const token of [sale.buyer, sale.seller, admin]) {
      const { body: shown } = await fresh(market, `/refunds/${asked.body.refundId}`, token);
      expect(shown).toMatchObject({ status: 'Refunded', amount: idr(50_000), lines: [{ lineId: 'line-1', quantity: 1 }] });
      expect((await fresh(market, `/orders/${sale.orderId}/refunds`, token)).body.items).toHaveLength(1);
    }
    expect((await fresh(market, `/refunds/${asked.body.refundId}`, sale.stranger)).body.code).toBe('payment.refund_not_found');
    expect((await fresh(market, `/orders/${sale.orderId}/refunds`, sale.stranger)).body.items).toEqual([]);
  });

  it('never exceeds what is left, and never is of another seller', async () => {
    const sale = await paid();
    const all = await refund(sale, admin, { reason: 'goodwill' });
    expect(all.body.amount).toEqual(sale.total);
    expect((await refund(sale, sale.seller, { reason: 'goodwill' })).body.code).toBe('payment.refund_exceeds_share');
    expect((await refund(sale, sale.stranger, { reason: 'goodwill' })).body.code).toBe('order.not_found');
    expect((await refund(sale, sale.buyer, { reason: 'goodwill' })).status).toBe(403);
    expect(await untilPayment(market, sale.paymentId, (state) => state.status === 'Refunded')).toBeTruthy();
  });

  it('of everything takes an order that was not sent off the seller’s list, and frees its goods', async () => {
    const sale = await paid();
    await refund(sale, sale.seller, { reason: 'goodwill' });
    await untilOrder(market, sale.orderId, 'Cancelled');
    await market.until(stock, sale.stockId, (state) => state.status !== 'none' && state.committedPieces === 0, 20_000);
    const isOver = (state: Fulfilment) => ['Completed', 'NeedsHuman'].includes(fulfilment.outcome(state));
    const state = await market.until(fulfilment, sale.orderId, isOver, 20_000);
    expect(fulfilment.outcome(state)).toBe('Completed');
  });

  it('that the provider fails again and again is asked for no more by its seller, so that nobody fills the staff’s list', async () => {
    const sale = await paid();
    for (const attempt of [1, 2, 3]) {
      await simulation().setFaults({ refundsFail: 1 });
      const { body } = await refund(sale, sale.seller, { reason: 'damaged' });
      await untilPayment(
        market,
        sale.paymentId,
        (state) =>
          state.status !== 'none' && state.refunds[body.refundId]?.status === 'Failed' && Object.keys(state.refunds).length === attempt,
      );
    }
    expect((await refund(sale, sale.seller, { reason: 'damaged' })).body.code).toBe('payment.too_many_failed_refunds');
    expect((await refund(sale, admin, { reason: 'damaged' })).status).toBe(201);
  });

  it('is sent once when replies are lost and the gateway is away', async () => {
    const sale = await paid();
    await simulation().setFaults({ loseReplies: 1, unavailable: 1 });
    const { body } = await refund(sale, sale.seller, { reason: 'damaged' });
    await refunded(sale, body.refundId);
    await simulation().setFaults({});
    const { refunds } = await simulation().books();
    expect(refunds.filter(({ id }) => id === body.refundId)).toHaveLength(1);
  });

  it('that takes its time is told by a webhook; one that fails may be asked for anew', async () => {
    const sale = await paid();
    await simulation().setFaults({ refundsPending: 1 });
    const { body } = await refund(sale, sale.seller, { reason: 'damaged' });
    const has = (status: string) =>
      untilPayment(market, sale.paymentId, (state) => state.status !== 'none' && state.refunds[body.refundId]?.status === status);
    await has('Sent');
    await simulation().simulateRefund(body.refundId, 'fail');
    await has('Failed');
    const again = await refund(sale, sale.seller, { reason: 'damaged' });
    await refunded(sale, again.body.refundId);
  });

  it('that the provider has failed is paid back by hand, once', async () => {
    const sale = await paid();
    await simulation().setFaults({ refundsFail: 1 });
    const { body } = await refund(sale, sale.seller, { reason: 'damaged' });
    await untilPayment(market, sale.paymentId, (state) => state.status !== 'none' && state.refunds[body.refundId]?.status === 'Failed');
    const path = `/orders/${sale.orderId}/refunds/${body.refundId}/settlement`;
    expect((await market.call('POST', path, { token: sale.seller })).status).toBe(403);
    expect((await market.call('POST', path, { token: admin })).body).toMatchObject({ status: 'Refunded' });
    await refunded(sale, body.refundId);
    expect((await refund(sale, sale.seller, { reason: 'damaged' })).body.code).toBe('payment.refund_exceeds_share');
  });

  it('of cash from the door waits until staff have paid it back', async () => {
    const sale = await openSale(market, 'cod');
    await sale.confirm();
    await market.handle(
      payment,
      sale.paymentId,
      { type: 'collect', orderId: sale.orderId, remitted: true, at: instant(market) },
      asSystem(market),
    );
    const { body } = await refund(sale, sale.seller, { reason: 'damaged' });
    await untilPayment(market, sale.paymentId, (state) => state.status !== 'none' && state.refunds[body.refundId]?.status === 'Sent');
    const path = `/orders/${sale.orderId}/refunds/${body.refundId}/settlement`;
    expect((await market.call('POST', path, { token: sale.seller })).status).toBe(403);
    expect((await market.call('POST', path, { token: admin })).status).toBe(200);
    await refunded(sale, body.refundId);
  });
});
