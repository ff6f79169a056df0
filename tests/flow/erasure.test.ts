// Who may be forgotten: an account that owes nothing and is owed nothing, whatever begins at the same moment.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { account } from '../../domain/account/account.ts';
import { checkout } from '../../domain/checkout/checkout.ts';
import { isPurchase } from '../../domain/checkout/state.ts';
import { fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import { ledger } from '../../domain/ledger/ledger.ts';
import { seller } from '../../domain/seller/seller.ts';
import { askQuote, openShop, pay, place, putIntoCart, type Shop, untilCheckout } from '../buying.ts';
import { type Answer, type Market, openMarket } from '../market.ts';
import { aContext } from '../shop.ts';
import { ok } from '../support/shop.ts';
import { type Person, password, signIn, signUp } from './people.ts';

let market: Market;
let shop: Shop;
beforeAll(async () => {
  market = await openMarket();
  shop = await openShop(market, 1_000);
});
afterAll(() => market.close());

const someone = () => signUp(market, `leaving-${randomUUID()}@example.com`);
const leave = ({ token }: Person) => market.call('DELETE', '/users/me', { token, body: { password } });

const quoted = async (buyer: Person) => {
  await putIntoCart(market, buyer, shop.goods);
  return (await askQuote(market, buyer)).body;
};
const bought = async (buyer: Person, method: 'qris' | 'cod'): Promise<Answer['body']> => {
  const { status, body } = await place(market, buyer, await quoted(buyer), { method });
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return body;
};
const cancel = async (buyer: Person, orderId: string) => {
  ok(await market.call('POST', `/orders/${orderId}/cancellation`, { token: buyer.token, body: { reason: 'changed_mind' } }));
  await market.until(fulfilment, orderId, (state) => fulfilment.outcome(state) === 'Completed', 20_000);
};

describe('an account', () => {
  it('with a purchase under way stays, and the answer names it', async () => {
    const buyer = await someone();
    const { checkoutId } = await bought(buyer, 'qris');
    const { status, body } = await leave(buyer);
    expect([status, body.code]).toEqual([409, 'user.has_open_orders']);
    expect(body.details.checkouts).toEqual([checkoutId]);
  });

  it.each(['qris', 'cod'] as const)('with an order that was not delivered (%s) stays until it is over', async (method) => {
    const buyer = await someone();
    const placed = await bought(buyer, method);
    if (method === 'qris') await pay(market, buyer, placed);
    await untilCheckout(market, placed.checkoutId, 'Completed');
    const [{ orderId }] = placed.orders;
    const { status, body } = await leave(buyer);
    expect([status, body.code]).toEqual([409, 'user.has_open_orders']);
    expect(body.details.orders).toEqual([orderId]);
    await cancel(buyer, orderId);
    // The money is still on its way back for a moment, and is owed until it is there.
    let left = await leave(buyer);
    while (left.status === 409) left = await leave(buyer);
    expect(left.status).toBe(202);
  });

  it('that only looked goes, and buys nothing any more', async () => {
    const buyer = await someone();
    const quote = await quoted(buyer);
    expect((await leave(buyer)).status).toBe(202);
    expect((await place(market, buyer, quote)).status).toBeGreaterThanOrEqual(400);
  });

  it('that buys and leaves at the same moment does one of the two', async () => {
    for (const _ of [1, 2, 3, 4, 5]) {
      const buyer = await someone();
      const quote = await quoted(buyer);
      const [placed, left] = await Promise.all([place(market, buyer, quote), leave(buyer)]);
      const { state } = await market.handle.load(checkout, quote.quoteId);
      const { state: now } = await market.handle.load(account, buyer.userId);
      expect([isPurchase(state), now.status], `${placed.status} ${left.status}`).toSatisfy(
        ([isBought, status]: [boolean, string]) => !(isBought && status === 'Erased'),
      );
    }
  });
});

describe('an account that had a shop', () => {
  it('stays while the books of the shop are not settled', async () => {
    const owner = await someone();
    const store = { storeName: 'Kopi Kita', slug: `kopi-${owner.userId.toLowerCase()}`, city: 'Bandung', description: '' };
    const applied = await market.call('POST', '/sellers', { token: owner.token, body: store });
    expect(applied.status, JSON.stringify(applied.body)).toBeLessThan(300);
    const { sellerId } = applied.body;
    expect((await leave(owner)).body.code).toBe('user.has_store');
    for (const type of ['start_review', 'approve'] as const) await market.handle(seller, sellerId, { type }, aContext());
    await market.until(account, owner.userId, (state) => 'sellerId' in state && state.sellerId === sellerId, 20_000);
    const { at } = aContext();
    const idr = (amount: number) => ({ amount, currency: 'IDR' as const });
    const entries = [
      { account: 'buyer_funds', amount: idr(-1_000), rule: 'buyer_payment', version: 1 },
      { account: 'seller_available', amount: idr(1_000), rule: 'seller_share', version: 1 },
    ] as const;
    await market.handle(
      ledger,
      sellerId,
      { type: 'book', bookingId: 'b1', ledgerId: sellerId, kind: 'capture', entries, valueAt: at, at },
      aContext(),
    );
    await market.handle(seller, sellerId, { type: 'request_close', at }, aContext());
    await market.handle(seller, sellerId, { type: 'close', at: '2027-01-01T00:00:00.000Z' }, aContext());
    const refused = await leave(await signIn(market, owner.email));
    expect([refused.status, refused.body.code]).toEqual([409, 'user.has_balance']);
    expect(refused.body.details.balances).toEqual({ 'seller_available.IDR': 1_000 });
  });
});
