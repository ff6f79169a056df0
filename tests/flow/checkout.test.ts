// Quotes and checkouts over HTTP: what is priced, what is refused, and what nobody else may see.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minutes } from '../../domain/id.ts';
import type { Sealed } from '../../domain/privacy.ts';
import { seller } from '../../domain/seller/seller.ts';
import { user } from '../../domain/user/user.ts';
import {
  aBuyer,
  address,
  askQuote,
  type Customer,
  nowPosition,
  openShop,
  place,
  putIntoCart,
  type Shop,
  sell,
  untilCheckout,
} from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId, rupiah } from '../shop.ts';
import { fresh, untilPayment } from './sale.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 100, 50_000, 'Bandung');
});
afterAll(() => market.close());

/** A buyer with an address in the address book. */
const resident = async (): Promise<Customer & { addressId: string }> => {
  const buyer = await aBuyer(market);
  const { userId } = buyer;
  const addressId = anId();
  const sealed: Sealed = await market.seals.seal(userId, address);
  await market.handle(user, userId, { type: 'create', userId, name: null, phone: null, language: 'id' }, aContext());
  await market.handle(user, userId, { type: 'add_address', addressId, label: null, address: sealed, primary: true }, aContext());
  return { ...buyer, addressId };
};

describe('a quote', () => {
  it('prices the selected lines, with every way to ship, cheapest first', async () => {
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, shop.goods, 6);
    const { body } = await askQuote(market, buyer);
    expect(body.lines).toMatchObject([
      { sku: 'A', quantity: 6, unitPrice: rupiah(50_000), amount: rupiah(300_000), tax: { rule: 'ppn@1', rate: 1100, included: true } },
    ]);
    expect(body.lines[0]).not.toHaveProperty('commission');
    const prices = body.shipping.map(({ price }: { price: { amount: number } }) => price.amount);
    expect(prices).toEqual([...prices].sort((a, b) => a - b));
    expect(body.shipping[0]).toMatchObject({ sellerId: shop.sellerId, weightGrams: 1_200 });
  });

  it('takes an address from the address book, and nobody else’s', async () => {
    const [buyer, stranger] = [await resident(), await resident()];
    await putIntoCart(market, buyer, shop.goods);
    expect((await askQuote(market, buyer, { address: { addressId: buyer.addressId } })).status).toBe(201);
    const refused = await askQuote(market, buyer, { address: { addressId: stranger.addressId } });
    expect([refused.status, refused.body.code]).toEqual([404, 'user.address_not_found']);
  });

  it('keeps the address out of every plain text', async () => {
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, shop.goods);
    const { body } = await askQuote(market, buyer);
    const [quoted] = await market.store.read(`checkout-${body.quoteId}`, 0, 1);
    expect(JSON.stringify(quoted)).not.toContain(address.recipient);
    expect(JSON.stringify(body)).not.toContain(address.street);
  });

  it('is for some lines of the cart, where they are named', async () => {
    const buyer = await aBuyer(market);
    const { lineId } = await putIntoCart(market, buyer, shop.goods);
    await putIntoCart(market, buyer, await sell(market, shop, 5));
    const { body } = await askQuote(market, buyer, { lineIds: [lineId] });
    expect(body.lines).toMatchObject([{ cartLineId: lineId }]);
    expect((await askQuote(market, buyer, { lineIds: [anId()] })).body.code).toBe('cart.line_not_found');
  });

  it('is refused for an empty cart, for goods that are off sale, and for a shop on holiday', async () => {
    const buyer = await aBuyer(market);
    expect((await askQuote(market, buyer)).body.code).toBe('checkout.cart_empty');
    const resting = await openShop(market, 5);
    const { lineId } = await putIntoCart(market, buyer, resting.goods);
    await market.handle(seller, resting.sellerId, { type: 'start_holiday' }, aContext());
    const holiday = await askQuote(market, buyer);
    expect(holiday.body).toMatchObject({ status: 409, code: 'checkout.seller_unavailable', details: { lines: [{ cartLineId: lineId }] } });
    await market.call('DELETE', '/cart/lines', { token: buyer.token });
    const gone = await sell(market, shop, 5);
    await putIntoCart(market, buyer, gone);
    await market.call('DELETE', `/products/${gone.productId}/activation`, { token: shop.token });
    expect((await askQuote(market, buyer)).body.code).toBe('checkout.product_unavailable');
  });

  it('takes nothing from the client but the choice', async () => {
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, shop.goods);
    const priced = await askQuote(market, buyer, { price: 1 });
    expect(priced.body.errors).toEqual([{ field: 'price', message: 'is not a known field' }]);
    expect((await market.call('POST', '/checkouts/quote', { body: { address } })).status).toBe(401);
  });
});

describe('a checkout', () => {
  it('is paid through the bank that its buyer has chosen', async () => {
    const buyer = await aBuyer(market);
    await putIntoCart(market, buyer, shop.goods);
    const { body: quote } = await askQuote(market, buyer);
    const elsewhere = await place(market, buyer, quote, { method: 'va', channel: 'gopay' });
    expect([elsewhere.status, elsewhere.body.code]).toEqual([422, 'payment.channel_unknown']);
    const nowhere = await place(market, buyer, quote, { method: 'va', channel: 'under the mattress' });
    expect([nowhere.status, nowhere.body.errors]).toMatchObject([400, [{ field: 'channel' }]]);
    const headers = { 'idempotency-key': anId() };
    const send = () => place(market, buyer, quote, { method: 'va', channel: 'mandiri' }, headers);
    const { paymentId } = (await send()).body.payment;
    await untilPayment(market, paymentId, (state) => state.status !== 'none' && state.parts.every((part) => part.instructed));
    const { body } = await fresh(market, `/payments/${paymentId}`, buyer.token);
    expect(body).toMatchObject({ method: 'va', parts: [{ instructions: { kind: 'va', bank: 'mandiri' } }] });
    const told = await send();
    expect([told.status, told.body.status]).toEqual([201, 'AwaitingPayment']);
    expect(told.body.payment.instructions).toEqual([{ kind: 'va', bank: 'mandiri', accountNumber: expect.any(String) }]);
  });

  it('is seen by its buyer alone', async () => {
    const [buyer, stranger] = [await aBuyer(market), await aBuyer(market)];
    await putIntoCart(market, buyer, shop.goods);
    const placed = await place(market, buyer, (await askQuote(market, buyer)).body);
    const path = `/checkouts/${placed.body.checkoutId}?minPosition=${await nowPosition(market)}`;
    expect((await market.call('GET', path, { token: buyer.token })).body).toMatchObject({
      orders: placed.body.orders,
      totals: placed.body.totals,
    });
    expect((await market.call('GET', path, { token: stranger.token })).body.code).toBe('checkout.not_found');
    expect((await market.call('GET', '/checkouts', { token: buyer.token })).body.items).toHaveLength(1);
    expect((await market.call('GET', '/checkouts', { token: stranger.token })).body.items).toEqual([]);
  });
});

// Last, for time has passed after it.
describe('a checkout that came to nothing', () => {
  it('is refused, by what it ended with, to whoever sends its start again', async () => {
    for (const [end, code, status] of [
      ['cancelled', 'checkout.cancelled', 409],
      ['unpaid', 'checkout.expired', 410],
    ] as const) {
      const buyer = await aBuyer(market);
      await putIntoCart(market, buyer, shop.goods);
      const { body: quote } = await askQuote(market, buyer);
      const headers = { 'idempotency-key': anId() };
      const { checkoutId } = (await place(market, buyer, quote, {}, headers)).body;
      await untilCheckout(market, checkoutId, 'AwaitingPayment');
      if (end === 'cancelled') await market.call('POST', `/checkouts/${checkoutId}/cancellation`, { token: buyer.token });
      else market.advance(minutes(45));
      await untilCheckout(market, checkoutId, 'Failed', 'Expired');
      const token = await market.tokenFor(buyer.userId, ['CUSTOMER']);
      const again = await place(market, { ...buyer, token }, quote, {}, headers);
      expect([end, again.status, again.body.code]).toEqual([end, status, code]);
    }
  });
});
