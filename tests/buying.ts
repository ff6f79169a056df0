// What a test of buying needs: goods on a shelf, a buyer with a cart, and the way from a quote to a payment.
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { checkout } from '../domain/checkout/checkout.ts';
import { isPurchase } from '../domain/checkout/state.ts';
import { defaultLocation } from '../domain/location.ts';
import { positionText } from '../domain/position.ts';
import { stock, stockId } from '../domain/stock/stock.ts';
import type { Answer, Market } from './market.ts';
import { aContext, anId, listProduct, openStore, rupiah, type Store } from './shop.ts';
import { placedPatiently } from './support/patient.ts';
import { ok } from './support/shop.ts';

export interface Goods {
  readonly productId: string;
  readonly variantId: string;
  readonly sellerId: string;
}

export interface Shop extends Store {
  readonly goods: Goods;
}

/** A product with one variant, and `pieces` of it on the shelf. */
export const sell = async (market: Market, store: Store, pieces: number, price = 50_000): Promise<Goods> => {
  const variants = [{ sku: 'A', price: rupiah(price), weightGrams: 200 }];
  const { productId, variantIds } = await listProduct(market, store, `Barang ${anId()}`, { variants });
  const variantId = variantIds[0] ?? '';
  const { sellerId } = store;
  const place = { variantId, location: defaultLocation, productId, sellerId };
  const receipt = { type: 'receive', movementId: anId(), ...place, quantity: pieces, reason: 'receipt', at: aContext().at } as const;
  await market.handle(stock, stockId(variantId, defaultLocation), receipt, aContext());
  return { productId, variantId, sellerId };
};

export const openShop = async (market: Market, pieces: number, price?: number, city?: string): Promise<Shop> => {
  const store = await openStore(market, 'Toko Ani', city);
  return { ...store, goods: await sell(market, store, pieces, price) };
};

export interface Customer {
  readonly userId: string;
  readonly token: string;
}

export const aBuyer = async (market: Market): Promise<Customer> => {
  const userId = anId();
  return { userId, token: await market.tokenFor(userId, ['CUSTOMER']) };
};

export const address = {
  ...{ recipient: 'Budi Santoso', phone: '+62811000111', street: 'Jl. Braga 1' },
  ...{ city: 'Jakarta', province: 'DKI Jakarta', postalCode: '10110', country: 'ID' },
};

export const putIntoCart = async (market: Market, { token }: Customer, { productId, variantId }: Goods, quantity = 1) =>
  (await market.call('POST', '/cart/lines', { token, body: { productId, variantId, quantity } })).body;

export const askQuote = (market: Market, { token }: Customer, body: object = {}): Promise<Answer> =>
  market.call('POST', '/checkouts/quote', { token, body: { address, ...body } });

/** The cheapest way to ship for every seller of a quote. */
export const cheapestOf = (quote: Answer['body']) => {
  const sellers = [...new Set<string>(quote.lines.map((line: { sellerId: string }) => line.sellerId))];
  return sellers.map((sellerId) => ({
    sellerId,
    optionId: quote.shipping.find((option: { sellerId: string }) => option.sellerId === sellerId).optionId,
  }));
};

export const place = (
  market: Market,
  { token }: Customer,
  quote: Answer['body'],
  body: object = {},
  headers: Record<string, string> = { 'idempotency-key': randomUUID() },
) =>
  placedPatiently(() =>
    market.call('POST', '/checkouts', {
      token,
      body: { quoteId: quote.quoteId, shipping: cheapestOf(quote), method: 'qris', ...body },
      headers,
    }),
  );

/** Milliseconds; only a checkout that hangs takes so long. */
const longestCheckout = 30_000;

/** The checkout as soon as it has one of these statuses. */
export const untilCheckout = async (market: Market, checkoutId: string, ...statuses: readonly string[]) => {
  const state = await market.until(checkout, checkoutId, (now) => statuses.includes(now.status), longestCheckout);
  if (!isPurchase(state) || !statuses.includes(state.status)) throw new Error(`the checkout is ${state.status}`);
  return state;
};

/** Pays what `place` has answered, as soon as there is something to pay: where much goes on, its buyer is answered before. */
export const pay = async (market: Market, { token }: Pick<Customer, 'token'>, { checkoutId, payment }: Answer['body']) => {
  await untilCheckout(market, checkoutId, 'AwaitingPayment');
  return ok(await market.call('POST', `/payments/${payment.paymentId}/simulate`, { token, body: { outcome: 'pay' } }));
};

/** A position that read models have to pass to show what stands in the log now. */
export const nowPosition = async (market: Market) => positionText(market.store.logId, await market.store.head());

/** The same market behind a socket, so that simulated providers can reach it. */
export const listen = async (market: Market): Promise<{ close(): Promise<void> }> => {
  const server = serve({ fetch: market.app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise<void>((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  market.deliverWebhooksTo(`http://127.0.0.1:${port}`);
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
};
