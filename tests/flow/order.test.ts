// Orders over HTTP: the seller's work, what buyers may still change, who may look, and changes as they happen.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { order } from '../../domain/order/order.ts';
import {
  aBuyer,
  address,
  askQuote,
  type Customer,
  listen,
  nowPosition,
  openShop,
  place,
  putIntoCart,
  type Shop,
  untilCheckout,
} from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';

let market: Market;
let server: { close(): Promise<void> };
let shop: Shop;
let other: Shop;
let staff: string;
beforeAll(async () => {
  market = await openMarket();
  server = await listen(market);
  shop = await openShop(market, 1_000);
  other = await openShop(market, 1_000);
  staff = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
});
afterAll(async () => {
  await market.close();
  await server.close();
});

/** A confirmed order of one line: cash on delivery needs no payment first. */
const ordered = async (buyer: Customer): Promise<string> => {
  await putIntoCart(market, buyer, shop.goods);
  const placed = await place(market, buyer, (await askQuote(market, buyer)).body, { method: 'cod' });
  await untilCheckout(market, placed.body.checkoutId, 'Completed');
  return placed.body.orders[0].orderId;
};

const tell = (orderId: string, what: string, token: string, body: object = {}) =>
  market.call('POST', `/orders/${orderId}/${what}`, { token, body });

const read = async (path: string, token: string) =>
  market.call('GET', `${path}${path.includes('?') ? '&' : '?'}minPosition=${await nowPosition(market)}`, { token });

describe('a seller', () => {
  it('accepts, packs and ships, each once and in this order', async () => {
    const orderId = await ordered(await aBuyer(market));
    expect((await tell(orderId, 'packing', shop.token)).body.code).toBe('order.not_accepted');
    expect((await tell(orderId, 'acceptance', shop.token)).body.events).toEqual(['order.accepted']);
    expect((await tell(orderId, 'acceptance', shop.token)).body.events).toEqual([]);
    expect((await tell(orderId, 'packing', shop.token)).status).toBe(200);
    const shipped = await tell(orderId, 'shipment', shop.token, { trackingNumber: 'JNE123456' });
    expect(shipped.body.events).toEqual(['order.shipped']);
    expect((await read(`/orders/${orderId}`, shop.token)).body).toMatchObject({
      status: 'Shipped',
      parcel: { trackingNumber: 'JNE123456' },
    });
  });

  it('finds only orders of the own shop', async () => {
    const orderId = await ordered(await aBuyer(market));
    for (const what of ['acceptance', 'packing', 'shipment', 'cancellation/agreement', 'cancellation/refusal']) {
      const answer = await tell(orderId, what, other.token);
      expect([what, answer.status, answer.body.code]).toEqual([what, 404, 'order.not_found']);
    }
    expect((await read(`/sellers/me/orders`, other.token)).body.items).toEqual([]);
  });

  it('works by deadline: what is to be accepted or shipped first comes first', async () => {
    const fresh = await openShop(market, 100);
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, fresh.goods);
    const quote = await askQuote(market, buyer);
    const placed = await place(market, buyer, quote.body, { method: 'cod' });
    await untilCheckout(market, placed.body.checkoutId, 'Completed');
    const [{ orderId }] = placed.body.orders;
    const work = await read('/sellers/me/orders', fresh.token);
    expect(work.body.items).toMatchObject([{ orderId, status: 'Confirmed', acceptBy: '2026-01-07T03:00:00.000Z' }]);
    expect(work.body.items[0]).not.toHaveProperty('address');
    await tell(orderId, 'cancellation', fresh.token, { reason: 'out_of_stock' });
    expect((await read('/sellers/me/orders', fresh.token)).body.items).toEqual([]);
    const cancelled = await read('/sellers/me/orders?status=Cancelled', fresh.token);
    expect(cancelled.body.items).toMatchObject([{ orderId, cancelled: { by: 'seller', reason: 'out_of_stock' } }]);
  });
});

describe('a buyer', () => {
  it('cancels freely before the acceptance, and asks after it', async () => {
    const buyer = await aBuyer(market);
    const [free, asked, agreed] = [await ordered(buyer), await ordered(buyer), await ordered(buyer)];
    expect((await tell(free, 'cancellation', buyer.token)).body.events).toEqual(['order.cancelled']);
    for (const orderId of [asked, agreed]) {
      await tell(orderId, 'acceptance', shop.token);
      expect((await tell(orderId, 'cancellation', buyer.token, { reason: 'changed_mind' })).body.events).toEqual([
        'order.cancel_requested',
      ]);
    }
    expect((await read(`/orders/${asked}`, shop.token)).body).toMatchObject({ status: 'Accepted', cancelRequested: 'changed_mind' });
    expect((await tell(asked, 'cancellation/refusal', shop.token)).body.events).toEqual(['order.cancel_declined']);
    expect((await tell(agreed, 'cancellation/agreement', shop.token)).body.events).toEqual(['order.cancelled']);
    expect((await read(`/orders/${agreed}`, buyer.token)).body).toMatchObject({ status: 'Cancelled', cancelled: { by: 'buyer' } });
  });

  it('confirms the delivery and completes the order', async () => {
    const buyer = await aBuyer(market);
    const orderId = await ordered(buyer);
    expect((await tell(orderId, 'delivery-confirmation', buyer.token)).body.code).toBe('order.not_shipped');
    for (const what of ['acceptance', 'packing', 'shipment']) await tell(orderId, what, shop.token);
    expect((await tell(orderId, 'delivery-confirmation', shop.token)).status).toBe(404);
    expect((await tell(orderId, 'delivery-confirmation', buyer.token)).body.events).toEqual(['order.delivered']);
    expect((await tell(orderId, 'completion', buyer.token)).body.events).toEqual(['order.completed']);
    expect((await tell(orderId, 'cancellation', buyer.token)).body.code).toBe('order.already_shipped');
    const { steps } = (await read(`/orders/${orderId}/timeline`, buyer.token)).body;
    const own = steps.map(({ type }: { type: string }) => type).filter((type: string) => type.startsWith('order.'));
    expect(own).toEqual(['created', 'confirmed', 'accepted', 'packed', 'shipped', 'delivered', 'completed'].map((step) => `order.${step}`));
  });

  it('sees own orders alone, a page at a time', async () => {
    const buyer = await aBuyer(market);
    const orderIds = [await ordered(buyer), await ordered(buyer), await ordered(buyer)];
    const first = await read('/orders?limit=2', buyer.token);
    for (const { sellerId, store: shopOf } of first.body.items)
      expect(shopOf).toEqual({ sellerId, name: expect.any(String), slug: expect.any(String) });
    const second = await read(`/orders?limit=2&cursor=${first.body.next}`, buyer.token);
    const seen = [...first.body.items, ...second.body.items].map((item: { orderId: string }) => item.orderId);
    expect([first.body.items.length, seen.sort()]).toEqual([2, orderIds.sort()]);
    expect((await read('/orders?status=Shipped', buyer.token)).body.items).toEqual([]);
  });
});

describe('an order', () => {
  it('shows its address to its buyer and its seller, its commission to the seller, and itself to nobody else', async () => {
    const buyer = await aBuyer(market);
    const orderId = await ordered(buyer);
    const [forBuyer, forSeller, forStaff] = [
      await read(`/orders/${orderId}`, buyer.token),
      await read(`/orders/${orderId}`, shop.token),
      await read(`/orders/${orderId}`, staff),
    ];
    expect([forBuyer.body.address, forSeller.body.address, forStaff.body.address]).toEqual([address, address, undefined]);
    expect(forBuyer.body.lines[0]).not.toHaveProperty('commission');
    expect(forSeller.body.lines[0].commission.ruleId).toBe('default');
    for (const path of ['', '/timeline', '/events']) {
      expect((await read(`/orders/${orderId}${path}`, (await aBuyer(market)).token)).body.code).toBe('order.not_found');
    }
    expect((await read('/admin/orders?limit=1', staff)).body.items).toHaveLength(1);
    expect((await read('/admin/orders', buyer.token)).status).toBe(403);
  });
});

/** Reads a stream of server-sent events until `count` of them have come; answers their types and ids. */
const heard = async (response: Response, count: number) => {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const found = () =>
    [...text.matchAll(/id: (\S+)\nevent: (\S+)\ndata: (.*)\n\n/g)].map(([, id = '', type = '', data = '{}']) => ({
      id,
      type,
      data: JSON.parse(data),
    }));
  while (reader && found().length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader?.cancel();
  return found();
};

const listenTo = async (path: string, token: string, lastEventId?: string) =>
  market.app.request(`/api/v1${path}`, {
    headers: { authorization: `Bearer ${token}`, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
  });

describe('changes', () => {
  it('reach the buyer as they happen, and from where the line was lost', async () => {
    const buyer = await aBuyer(market);
    const orderId = await ordered(buyer);
    await read(`/orders/${orderId}`, buyer.token);
    const live = await listenTo(`/orders/${orderId}/events`, buyer.token);
    expect(live.headers.get('content-type')).toBe('text/event-stream');
    await tell(orderId, 'acceptance', shop.token);
    await tell(orderId, 'packing', shop.token);
    const both = await heard(live, 2);
    expect(both.map(({ type }) => type)).toEqual(['order.accepted', 'order.packed']);
    expect(both[0]?.data).toEqual({ type: 'order.accepted', orderId, at: '2026-01-05T03:00:00.000Z' });
    await tell(orderId, 'shipment', shop.token);
    await market.until(order, orderId, (state) => state.status === 'Shipped', 5_000);
    const missed = await heard(await listenTo(`/orders/${orderId}/events`, buyer.token, both[0]?.id), 2);
    expect(missed.map(({ type }) => type)).toEqual(['order.packed', 'order.shipped']);
  });

  it('reach the seller for every order that is paid, and end with the server', async () => {
    const own = await openMarket();
    const stall = await openShop(own, 10);
    const customer = await aBuyer(own);
    const live = await own.app.request('/api/v1/sellers/me/orders/events', { headers: { authorization: `Bearer ${stall.token}` } });
    await putIntoCart(own, customer, stall.goods);
    const placed = await place(own, customer, (await askQuote(own, customer)).body, { method: 'cod' });
    const reading = heard(live, 2);
    await untilCheckout(own, placed.body.checkoutId, 'Completed');
    await own.close();
    expect((await reading).map(({ type, data }) => [type, data.orderId])).toEqual([['order.confirmed', placed.body.orders[0].orderId]]);
  });
});
