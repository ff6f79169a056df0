// Parcels through the simulated couriers, over HTTP: rates, booking, tracking, cash at the door, and the mails that follow.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import { days } from '../../domain/id.ts';
import type { Method } from '../../domain/payment/deadlines.ts';
import { reconciliation } from '../../domain/reconciliation/reconciliation.ts';
import { type Shipment, shipment } from '../../domain/shipment/shipment.ts';
import { stock } from '../../domain/stock/stock.ts';
import { sign } from '../../infra/outbound/signature.ts';
import { type Market, openMarket } from '../market.ts';
import { ok } from '../support/shop.ts';
import { fresh, idr, instant, openSale, packed, type Sale, untilOrder, untilPayment } from './sale.ts';

// A busy machine may take long over anything; what hangs is told by what is waited for.

let market: Market;
beforeAll(async () => {
  market = await openMarket();
});
afterAll(() => market.close());

const parcels = () => {
  if (!market.outside.parcels) throw new Error('nothing is simulated here');
  return market.outside.parcels;
};

const booked = async (sale: Sale): Promise<Exclude<Shipment, { status: 'none' }>> => {
  const state = await market.until(shipment, sale.orderId, ({ status }) => status !== 'none', 20_000);
  if (state.status === 'none') throw new Error('no parcel was booked');
  return state;
};

const shippable = async (method: Method) => {
  const sale = await openSale(market, method);
  await packed(market, sale);
  return { ...sale, parcel: await booked(sale) };
};

const simulate = ({ orderId, seller }: Sale, body: object) =>
  market.call('POST', `/shipments/${orderId}/simulate`, { token: seller, body });
const play = async (sale: Sale, body: object) => ok(await simulate(sale, body));

describe('rates', () => {
  const asked = { origin: 'Bandung', destination: 'Surabaya', weightGrams: 800 };

  it('are answered by query and by body, cheapest first', async () => {
    const byQuery = await market.call('GET', '/shipping/rates?origin=Bandung&destination=Surabaya&weightGrams=800');
    const byBody = await market.call('POST', '/shipping/rates', { body: asked });
    expect(byQuery.body.items[0]).toMatchObject({ price: { amount: 15_000, currency: 'IDR' } });
    expect(byBody.body).toEqual(byQuery.body);
    expect((await market.call('GET', '/shipping/couriers')).body.items).toHaveLength(5);
  });

  it('are refused for a parcel that nobody carries, or without a weight', async () => {
    expect((await market.call('POST', '/shipping/rates', { body: { ...asked, weightGrams: 900_000 } })).body.code).toBe('shipping.no_rate');
    expect((await market.call('GET', '/shipping/rates?origin=Bandung&destination=Surabaya')).body.errors).toMatchObject([
      { field: 'weightGrams' },
    ]);
  });
});

describe('a parcel', () => {
  it('is booked once although the reply is lost, and the courier learns no name and no street', async () => {
    await parcels().setFaults({ loseReplies: 1, unavailable: 1 });
    const { parcel, orderId } = await shippable('va');
    await parcels().setFaults({});
    const there = await market.outside.courier.parcel(parcel.trackingNumber);
    expect(there).toMatchObject({ shipmentId: orderId, originCity: 'Bandung', destinationCity: 'Surabaya', weightGrams: 800 });
    expect(JSON.stringify(there)).not.toMatch(/Ani|Tunjungan/);
  });

  it('takes its order along whatever order the notices come in, and however often', async () => {
    const sale = await shippable('va');
    await play(sale, { to: 'delivered', outOfOrder: true, duplicates: 2 });
    await untilOrder(market, sale.orderId, 'Delivered');
    const path = `/shipments/${sale.orderId}/tracking`;
    const { body } = await fresh(market, path, sale.buyer);
    expect(body.history.map(({ status }: { status: string }) => status)).toEqual(['Booked', 'PickedUp', 'InTransit', 'Delivered']);
    const byNumber = await fresh(market, `/shipping/tracking/${sale.parcel.trackingNumber}`, sale.seller);
    expect(byNumber.body).toEqual(body);
    expect((await fresh(market, path, sale.stranger)).body.code).toBe('shipping.not_found');
    expect((await simulate({ ...sale, seller: sale.stranger }, { to: 'returned' })).body.code).toBe('shipping.not_found');
  });

  it('that was moved before its booking stood in the log is taken up with it', async () => {
    const sale = await openSale(market, 'va');
    const { orderId } = sale;
    const cities = { originCity: 'Bandung', destinationCity: 'Surabaya' };
    const request = { shipmentId: orderId, orderId, courier: 'jne', service: 'REG', ...cities, weightGrams: 800 };
    const { trackingNumber } = await market.outside.courier.book(request);
    await parcels().simulateParcel(trackingNumber, 'picked_up', { drop: true });
    await packed(market, sale);
    await untilOrder(market, orderId, 'Shipped');
  });

  it('paid at the door brings the money with it', async () => {
    const sale = await shippable('cod');
    expect(await market.outside.courier.parcel(sale.parcel.trackingNumber)).toMatchObject({ collect: sale.total });
    await play(sale, { to: 'delivered' });
    await untilPayment(market, sale.paymentId, ({ status }) => status === 'Captured');
  });

  it('refused at the door goes back on the shelf, and nothing is paid', async () => {
    const sale = await shippable('cod');
    await play(sale, { to: 'returned' });
    await untilOrder(market, sale.orderId, 'Returned');
    await untilPayment(market, sale.paymentId, ({ status }) => status === 'Voided');
    const shelf = await market.until(stock, sale.stockId, (state) => state.status !== 'none' && state.onHand === 5, 20_000);
    expect(shelf).toMatchObject({ onHand: 5 });
  });
});

describe('cash on delivery', () => {
  const post = (path: string, token: string, body: object = {}) => market.call('POST', path, { token, body });
  /** Shipped with a number that the seller has made up, and delivered and completed on the buyer's word. */
  const completedByWord = async () => {
    const sale = await shippable('cod');
    const { orderId, seller, buyer } = sale;
    ok(await post(`/orders/${orderId}/shipment`, seller, { trackingNumber: 'INVENTED-1' }));
    ok(await post(`/orders/${orderId}/delivery-confirmation`, buyer));
    expect(
      (await post(`/orders/${orderId}/returns`, buyer, { lines: [{ lineId: 'line-1', quantity: 1 }], reason: 'damaged' })).body.code,
    ).toBe('payment.not_captured');
    ok(await post(`/orders/${orderId}/completion`, buyer));
    await untilOrder(market, orderId, 'Completed');
    return sale;
  };
  const status = async (sale: Sale) => (await fresh(market, `/payments/${sale.paymentId}`, sale.buyer)).body.status;
  const available = async (sale: Sale) =>
    (await fresh(market, '/sellers/me/balance', sale.seller)).body.balances.find(
      ({ account }: { account: string }) => account === 'seller_available',
    );

  it('is moved by nobody’s word but the courier’s', async () => {
    const sale = await completedByWord();
    expect(await status(sale)).toBe('Pending');
    expect((await post(`/orders/${sale.orderId}/refunds`, sale.seller, { reason: 'goodwill' })).body.code).toBe('payment.not_captured');
    expect(await available(sale)).toBeUndefined();
    await play(sale, { to: 'delivered' });
    await untilPayment(market, sale.paymentId, (state) => state.status === 'Captured');
    await market.until(fulfilment, sale.orderId, (state) => fulfilment.outcome(state) === 'Completed', 20_000);
    expect((await available(sale)).balance.amount).toBeGreaterThan(0);
  });

  it('that the courier never tells of is voided a week after the completion', async () => {
    const sale = await completedByWord();
    market.advance(days(8));
    await untilPayment(market, sale.paymentId, (state) => state.status === 'Voided');
    await market.until(fulfilment, sale.orderId, (state) => fulfilment.outcome(state) === 'Completed', 20_000);
  });

  it('that the courier told of in vain is found when it is asked', async () => {
    const sale = await completedByWord();
    await parcels().simulateParcel(sale.parcel.trackingNumber, 'delivered', { drop: true });
    market.advance(days(8));
    await untilPayment(market, sale.paymentId, (state) => state.status === 'Captured');
  });

  it.each([1, 167_999, 168_001])('of %i instead of what is owed moves nothing and needs a human', async (amount) => {
    const sale = await shippable('cod');
    const notice = {
      ...{ type: 'shipment.delivered', eventId: `short-${sale.orderId}`, occurredAt: instant(market), city: 'Surabaya', courier: 'jne' },
      ...{ shipmentId: sale.orderId, orderId: sale.orderId, trackingNumber: sale.parcel.trackingNumber, collected: idr(amount) },
    };
    const secrets = JSON.parse(readFileSync(join(market.dataDir, 'webhook-secrets.json'), 'utf8')) as { courier: string };
    const headers = { 'x-signature': sign(secrets.courier, JSON.stringify(notice), market.now()) };
    expect((await market.call('POST', '/webhooks/simulated-courier', { body: notice, headers })).status).toBe(200);

    const instance = `simulated-courier.short-${sale.orderId}`;
    await market.until(reconciliation, instance, (state) => reconciliation.outcome(state) === 'NeedsHuman', 20_000);
    expect(await status(sale)).toBe('Pending');
  });
});

describe('the buyer', () => {
  it('gets a mail of each step, once, and nobody else reads it', async () => {
    const sale = await shippable('va');
    await play(sale, { to: 'delivered', duplicates: 2 });
    await untilOrder(market, sale.orderId, 'Delivered');
    await market.mailed(await market.store.head());
    const { body } = await market.call('GET', '/dev/mails', { token: sale.buyer });
    expect(body.items.map(({ subject }: { subject: string }) => subject)).toEqual([
      `Order ${sale.orderId} was delivered`,
      `Order ${sale.orderId} is on its way`,
      `Order ${sale.orderId} is confirmed`,
    ]);
    expect(body.items[1]).toMatchObject({ to: 'ani@example.test', text: expect.stringContaining(sale.parcel.trackingNumber) });
    const others = await market.call('GET', `/dev/mails?userId=${sale.buyerId}`, { token: sale.stranger });
    expect(others.body.items).toEqual([]);
    const root = await market.tokenFor('01JZR00TR00TR00TR00TR00TR0', ['CUSTOMER', 'SUPER_ADMIN']);
    expect((await market.call('GET', `/dev/mails?userId=${sale.buyerId}`, { token: root })).body.items).toHaveLength(3);
  });

  it('of a refund gets its amount', async () => {
    const sale = await shippable('va');
    const asked = await market.call('POST', `/orders/${sale.orderId}/refunds`, {
      token: sale.seller,
      body: { lines: [{ lineId: 'line-1', quantity: 1 }], reason: 'damaged' },
    });
    expect(asked.body.amount).toEqual(idr(50_000));
    await untilPayment(market, sale.paymentId, ({ status }) => status === 'PartiallyRefunded');
    await market.mailed(await market.store.head());
    const { body } = await market.call('GET', '/dev/mails', { token: sale.buyer });
    expect(body.items[0]).toMatchObject({ subject: `A refund for order ${sale.orderId}`, text: expect.stringContaining('50,000') });
  });
});
