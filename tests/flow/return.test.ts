// Returns over HTTP: asked for, disputed, sent, inspected, and the money and the goods back where they belong.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fulfilment, fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import { type ReturnStatus, returns } from '../../domain/return/return.ts';
import { stock } from '../../domain/stock/stock.ts';
import { type Market, openMarket } from '../market.ts';
import { ok } from '../support/shop.ts';
import { delivered, fresh, idr, openSale, type Sale, untilPayment } from './sale.ts';

// A busy machine may take long over anything; what hangs is told by what is waited for.

let market: Market;
let admin: string;
beforeAll(async () => {
  market = await openMarket();
  admin = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['CUSTOMER', 'ADMIN']);
});
afterAll(() => market.close());

const sold = async (): Promise<Sale> => {
  const sale = await openSale(market, 'va');
  await delivered(market, sale);
  return sale;
};

const pieces = (quantity: number) => ({ lines: [{ lineId: 'line-1', quantity }], reason: 'damaged', note: 'The bag is torn.' });

const request = ({ orderId, buyer }: Sale, body: object, headers: Record<string, string> = {}) =>
  market.call('POST', `/orders/${orderId}/returns`, { token: buyer, body, headers });

const move = (returnId: string, step: string, token: string, body: object = {}) =>
  market.call('POST', `/returns/${returnId}/${step}`, { token, body });

const untilReturn = async (returnId: string, status: ReturnStatus) => {
  const { status: reached } = await market.until(returns, returnId, (state) => state.status === status, 20_000);
  expect(reached).toBe(status);
};

const inspection = { conditions: [{ lineId: 'line-1', condition: 'sellable' }], resolution: 'refund' };

/** The order is completed, and nothing of it waits for anybody. */
const untilFulfilled = async ({ orderId, buyer }: Sale) => {
  ok(await market.call('POST', `/orders/${orderId}/completion`, { token: buyer }));
  const isOver = (state: Fulfilment) => ['Completed', 'NeedsHuman'].includes(fulfilment.outcome(state));
  const state = await market.until(fulfilment, orderId, isOver, 20_000);
  expect(fulfilment.outcome(state)).toBe('Completed');
};

describe('a return', () => {
  it('ends with the money at the buyer and the goods on the shelf', async () => {
    const sale = await sold();
    const { status, body } = await request(sale, pieces(2));
    expect([status, body.status]).toEqual([201, 'Requested']);
    expect((await move(body.returnId, 'approval', sale.seller)).status).toBe(200);
    expect((await move(body.returnId, 'dispatch', sale.buyer, { trackingNumber: 'JNE123' })).status).toBe(200);
    expect((await move(body.returnId, 'receipt', sale.seller)).status).toBe(200);
    expect((await move(body.returnId, 'inspection', sale.seller, inspection)).status).toBe(200);
    await untilReturn(body.returnId, 'Refunded');
    const { refunds } = await untilPayment(market, sale.paymentId, (state) => state.status === 'PartiallyRefunded');
    expect(Object.values(refunds)).toMatchObject([{ amount: idr(100_000) }]);
    const shelf = await market.until(stock, sale.stockId, (state) => state.status !== 'none' && state.onHand === 4, 20_000);
    expect(shelf).toMatchObject({ onHand: 4 });
    const mine = await fresh(market, '/returns', sale.buyer);
    expect(mine.body.items).toMatchObject([{ status: 'Refunded', note: 'The bag is torn.', trackingNumber: 'JNE123' }]);
    expect((await fresh(market, '/sellers/me/returns', sale.seller)).body.items).toHaveLength(1);

    expect((await fresh(market, `/returns/${body.returnId}`, sale.stranger)).body.code).toBe('return.not_found');
  });

  it('leaves of a buyer who is erased no number by which the page of a courier would tell where he or she lives', async () => {
    const sale = await sold();
    const { returnId } = ok(await request(sale, pieces(1)));
    ok(await move(returnId, 'approval', sale.seller));
    ok(await move(returnId, 'dispatch', sale.buyer, { trackingNumber: 'JNE123' }));
    const audited = JSON.stringify((await fresh(market, `/audit/streams/return-${returnId}/log`, admin)).body);
    expect(audited).not.toContain('JNE123');
    // NOTE: no process that reads has had the key yet: this is not how the others would hear of it.
    await market.seals.erase(sale.buyerId);
    expect((await fresh(market, '/sellers/me/returns', sale.seller)).body.items).toMatchObject([
      { note: '[erased]', trackingNumber: '[erased]' },
    ]);
  });

  it.each([
    ['the shipping', { lines: [], shipping: true }, 100_000],
    ['a piece', { lines: [{ lineId: 'line-1', quantity: 1 }] }, 118_000],
    ['two pieces and the shipping', { lines: [{ lineId: 'line-1', quantity: 2 }], shipping: true }, 50_000],
    ['everything', {}, 0],
  ])('of goods of which %s was paid back before gives back what is left, and ends', async (_what, goodwill, left) => {
    const sale = await sold();
    ok(await market.call('POST', `/orders/${sale.orderId}/refunds`, { token: sale.seller, body: { ...goodwill, reason: 'goodwill' } }));
    await untilPayment(market, sale.paymentId, (state) => state.status !== 'Captured');
    const { body } = await request(sale, pieces(2));
    for (const step of ['approval', 'receipt']) ok(await move(body.returnId, step, sale.seller));
    ok(await move(body.returnId, 'inspection', sale.seller, { ...inspection, shipping: true }));
    await untilReturn(body.returnId, 'Refunded');
    const { refunds } = await untilPayment(market, sale.paymentId, (state) => state.status !== 'none');
    expect(refunds[body.returnId]?.amount.amount ?? 0).toBe(left);
    await untilFulfilled(sale);
  });

  it('that is turned down can be escalated, and staff decide', async () => {
    const sale = await sold();
    const { body } = await request(sale, pieces(1));
    expect((await move(body.returnId, 'escalation', sale.buyer)).body.code).toBe('return.wrong_status');
    expect((await move(body.returnId, 'rejection', sale.seller, { reason: 'used' })).status).toBe(200);
    expect((await move(body.returnId, 'escalation', sale.buyer)).status).toBe(200);
    expect((await fresh(market, '/admin/returns', admin)).body.items).toMatchObject([{ returnId: body.returnId, status: 'Escalated' }]);
    expect((await move(body.returnId, 'decision', sale.seller, { approve: true, reason: 'fair' })).status).toBe(403);
    expect((await move(body.returnId, 'decision', admin, { approve: false, reason: 'used' })).status).toBe(200);
    expect((await fresh(market, `/returns/${body.returnId}`, sale.buyer)).body).toMatchObject({ status: 'Denied', refusal: 'used' });
  });

  it('is of nobody else', async () => {
    const sale = await sold();
    expect((await request({ ...sale, buyer: sale.stranger }, pieces(1))).body.code).toBe('order.not_found');
    const { body } = await request(sale, pieces(1));
    for (const step of ['approval', 'receipt', 'escalation', 'dispatch']) {
      expect((await move(body.returnId, step, sale.stranger)).body.code).toBe('return.not_found');
    }
    expect((await move(body.returnId, 'approval', sale.buyer)).status).toBe(403);
  });

  it('is never of more than was bought', async () => {
    const sale = await sold();
    expect((await request(sale, pieces(4))).body.code).toBe('return.too_much');
    expect((await request(sale, { ...pieces(1), lines: [{ lineId: 'line-9', quantity: 1 }] })).body.code).toBe('return.too_much');
    // Two at once cannot see each other: one of them is told to look again.
    const both = await Promise.all([request(sale, pieces(2)), request(sale, pieces(2))]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it('is asked for once, however often the same key is sent', async () => {
    const sale = await sold();
    const headers = { 'idempotency-key': `return-${sale.orderId}` };
    const answers = await Promise.all([1, 2, 3].map(() => request(sale, pieces(1), headers)));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
  });

  it('comes too late after the window, and too early before the delivery', async () => {
    const sale = await openSale(market, 'va');
    expect((await request(sale, pieces(1))).body.code).toBe('order.not_delivered');
  });
});
