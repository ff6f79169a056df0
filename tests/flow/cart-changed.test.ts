// One cart, several quotes: what was quoted is bought once, and only while the cart still holds it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seller } from '../../domain/seller/seller.ts';
import {
  aBuyer,
  askQuote,
  type Customer,
  cheapestOf,
  openShop,
  pay,
  place,
  putIntoCart,
  type Shop,
  sell,
  untilCheckout,
} from '../buying.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { aContext, anId, openStore } from '../shop.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 500);
});
afterAll(() => market.close());

const told = ({ status, body }: Answer) => [status, body.code ?? body.status];
const refused = [409, 'checkout.cart_changed'];

/** A buyer with three pieces of one article in the cart. */
const shopper = async () => {
  const buyer = await aBuyer(market);
  const { lineId } = await putIntoCart(market, buyer, shop.goods, 3);
  const change = (quantity: number) => market.call('PATCH', `/cart/lines/${lineId}`, { token: buyer.token, body: { quantity } });
  const choose = (selected: boolean) =>
    market.call('POST', '/cart/selection', { token: buyer.token, body: { lineIds: [lineId], selected } });
  return { buyer, lineId, change, choose };
};

const quoteOf = async (buyer: Customer, body: object = {}) => (await askQuote(market, buyer, body)).body;

const cancel = async ({ token }: Customer, checkoutId: string) => {
  await market.call('POST', `/checkouts/${checkoutId}/cancellation`, { token });
  await untilCheckout(market, checkoutId, 'Failed');
};

describe('two quotes of one cart', () => {
  it('are one purchase, whichever is bought first', async () => {
    const { buyer, lineId } = await shopper();
    const [first, second] = [await quoteOf(buyer), await quoteOf(buyer)];
    const placed = await place(market, buyer, second);
    expect(told(placed)).toEqual([201, 'AwaitingPayment']);
    const other = await place(market, buyer, first);
    expect(told(other)).toEqual(refused);
    const change = { lineId, field: 'checked_out', old: 3, new: 0, checkoutIds: [second.quoteId] };
    expect(other.body.details.changes).toEqual([change]);
    await pay(market, buyer, placed.body);
    await untilCheckout(market, second.quoteId, 'Completed');
    expect((await place(market, buyer, first)).body.details.changes).toMatchObject([{ lineId, field: 'removed' }]);
  });

  it('bought at the same moment are one purchase too', async () => {
    const { buyer } = await shopper();
    const other = await sell(market, shop, 50);
    await putIntoCart(market, buyer, other, 2);
    const quotes = [await quoteOf(buyer), await quoteOf(buyer), await quoteOf(buyer)];
    const placed = await Promise.all(quotes.map((quote) => place(market, buyer, quote)));
    expect(placed.map(told).sort()).toEqual([[201, 'AwaitingPayment'], refused, refused]);
  });

  it('leave the line to the next one when the first came to nothing', async () => {
    const { buyer } = await shopper();
    const [first, second] = [await quoteOf(buyer), await quoteOf(buyer)];
    await place(market, buyer, first);
    await cancel(buyer, first.quoteId);
    expect(told(await place(market, buyer, second))).toEqual([201, 'AwaitingPayment']);
    await cancel(buyer, second.quoteId);
    expect(told(await place(market, buyer, await quoteOf(buyer)))).toEqual([201, 'AwaitingPayment']);
  });
});

describe('a cart that has changed since the quote', () => {
  it('is not bought as it was', async () => {
    const { buyer, change, lineId } = await shopper();
    const quote = await quoteOf(buyer);
    await change(1);
    const lowered = await place(market, buyer, quote);
    expect(told(lowered)).toEqual(refused);
    expect(lowered.body.details.changes).toEqual([{ lineId, field: 'quantity', old: 3, new: 1 }]);
    await market.call('DELETE', `/cart/lines/${lineId}`, { token: buyer.token });
    expect((await place(market, buyer, quote)).body.details.changes).toEqual([{ lineId, field: 'removed', old: 3, new: 0 }]);
    await putIntoCart(market, buyer, shop.goods, 3);
    expect(told(await place(market, buyer, quote)), 'a line of its own, though of the same article').toEqual(refused);
    expect(told(await place(market, buyer, await quoteOf(buyer)))).toEqual([201, 'AwaitingPayment']);
  });

  it('is bought while what was quoted is still in it and chosen', async () => {
    const { buyer, change, choose } = await shopper();
    const quote = await quoteOf(buyer);
    await change(5);
    await choose(false);
    expect((await place(market, buyer, quote)).body.details.changes).toMatchObject([{ field: 'selected', old: true, new: false }]);
    await choose(true);
    expect(told(await place(market, buyer, quote))).toEqual([201, 'AwaitingPayment']);
  });

  it('is bought by the line, selected or not', async () => {
    const { buyer, choose, lineId } = await shopper();
    await choose(false);
    const quote = await quoteOf(buyer, { lineIds: [lineId] });
    expect(told(await place(market, buyer, quote))).toEqual([201, 'AwaitingPayment']);
  });
});

describe('own goods', () => {
  it('are not bought by who has joined the shop since the quote, nor since the token', async () => {
    const { buyer } = await shopper();
    const quote = await quoteOf(buyer);
    const { at } = aContext();
    const invite = { type: 'invite_member', invitationId: anId(), memberId: buyer.userId, email: null, at } as const;
    await market.handle(seller, shop.sellerId, invite, aContext());
    await market.handle(seller, shop.sellerId, { type: 'accept_invitation', memberId: buyer.userId, at }, aContext());
    expect(told(await place(market, buyer, quote))).toEqual([403, 'checkout.own_goods']);
    expect(told(await askQuote(market, buyer))).toEqual([403, 'checkout.own_goods']);
  });

  it('are not bought by who owns the shop, with an old token', async () => {
    const own = await openStore(market, 'Toko Sendiri');
    const buyer = { userId: own.userId, token: await market.tokenFor(own.userId, ['CUSTOMER']) };
    await putIntoCart(market, buyer, await sell(market, own, 5));
    expect(told(await askQuote(market, buyer))).toEqual([403, 'checkout.own_goods']);
  });
});

describe('shipping choices', () => {
  it('are one for each seller of the quote', async () => {
    const { buyer } = await shopper();
    const quote = await quoteOf(buyer);
    const [choice] = cheapestOf(quote);
    const strange = { sellerId: anId(), optionId: choice?.optionId };
    for (const shipping of [
      [choice, choice],
      [choice, strange],
    ]) {
      const answer = await place(market, buyer, quote, { shipping });
      expect(told(answer)).toEqual([422, 'checkout.shipping_choice_invalid']);
    }
    expect(told(await place(market, buyer, quote, { shipping: [strange] }))).toEqual([422, 'checkout.shipping_choice_missing']);
    expect(told(await place(market, buyer, quote))).toEqual([201, 'AwaitingPayment']);
  });
});
