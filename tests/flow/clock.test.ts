// A clock that was ahead for a while and is right again: what was touched meanwhile sells, and the log tells what was there when.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { days, hours, minutes } from '../../domain/id.ts';
import { defaultLocation } from '../../domain/location.ts';
import { payment } from '../../domain/payment/payment.ts';
import { stock, stockId } from '../../domain/stock/stock.ts';
import {
  aBuyer,
  askQuote,
  type Customer,
  type Goods,
  openShop,
  pay,
  place,
  putIntoCart,
  type Shop,
  sell,
  untilCheckout,
} from '../buying.ts';
import { type Market, openMarket } from '../market.ts';
import { ok } from '../support/shop.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 10);
});
afterAll(() => market.close());

/** Somebody new, whose token is of this moment. */
const order = async (
  goods: Goods,
  quantity = 1,
): Promise<{ buyer: Customer; checkout: { checkoutId: string; payment: { paymentId: string } } }> => {
  const buyer = await aBuyer(market);
  await putIntoCart(market, buyer, goods, quantity);
  return { buyer, checkout: ok(await place(market, buyer, ok(await askQuote(market, buyer)))) };
};
const buy = async (goods: Goods, quantity = 1) => {
  const { buyer, checkout } = await order(goods, quantity);
  await pay(market, buyer, checkout);
  await untilCheckout(market, checkout.checkoutId, 'Completed');
  return checkout;
};
const onShelf = async ({ variantId }: Goods) => (await market.handle.load(stock, stockId(variantId, defaultLocation))).state;

describe.each([
  ['an hour', hours(1)],
  ['thirty days', days(30)],
  ['forty days', days(40)],
])('after a clock that was %s ahead', (_howFar, ahead) => {
  let goods: Goods;
  beforeEach(async () => {
    goods = await sell(market, shop, 6);
  });
  const wrongly = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    market.advance(ahead);
    try {
      return await work();
    } finally {
      market.advance(-ahead);
    }
  };

  it('goods that were sold by it are sold at once, and paid for to the seller', async () => {
    await buy(goods);
    await wrongly(() => buy(goods));
    await buy(goods);
    expect(await onShelf(goods)).toMatchObject({ onHand: 6, heldPieces: 0, committedPieces: 3 });
  });

  it('what was held by it and never paid is free for others', async () => {
    const abandoned = await wrongly(() => order(goods, 6));
    market.advance(minutes(1));
    await buy(goods, 6);
    expect(await onShelf(goods)).toMatchObject({ heldPieces: 0, committedPieces: 6 });
    // Whoever pays too late all the same gets the money back.
    const { userId } = abandoned.buyer;
    await pay(market, { token: await market.tokenFor(userId, ['CUSTOMER']) }, abandoned.checkout);
    await untilCheckout(market, abandoned.checkout.checkoutId, 'Failed', 'Expired');
    const { paymentId } = abandoned.checkout.payment;
    await market.until(payment, paymentId, ({ status }) => status === 'Refunded', 30_000);
  });

  it('what it has let expire is not given back twice', async () => {
    const open = await order(goods, 2);
    await wrongly(() => buy(goods, 6));
    await untilCheckout(market, open.checkout.checkoutId, 'Expired', 'AwaitingPayment');
    expect(await onShelf(goods)).toMatchObject({ onHand: 6, heldPieces: 0, committedPieces: 6 });
  });
});
