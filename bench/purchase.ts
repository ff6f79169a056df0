// Purchases over HTTP: a whole one from the cart to the confirmed orders, and the rush for one article.
import { randomUUID } from 'node:crypto';
import type { Client, Reply } from './client.ts';
import type { Buyer, Operation, SeededProduct, Stage } from './stage.ts';

const address = {
  recipient: 'Siti Rahayu',
  phone: '+62 812 0000 0000',
  street: 'Jalan Melati 7',
  city: 'Bandung',
  province: 'Jawa Barat',
  postalCode: '40111',
  country: 'ID',
};
const payment = JSON.stringify({ outcome: 'pay' });

const signedIn = ({ token }: Buyer) => `authorization: Bearer ${token}\r\n`;
const post = (client: Client, path: string, headers: string, body: string) =>
  client.request('POST', `/api/v1${path}`, `${headers}idempotency-key: ${randomUUID()}\r\n`, body);

/** Ends an operation with what went wrong in it. */
class Unexpected extends Error {}

const expecting = (reply: Reply, step: string, ...wanted: readonly number[]) => {
  if (wanted.includes(reply.status)) return JSON.parse(reply.body);
  const { code } = reply.body.startsWith('{') ? JSON.parse(reply.body) : {};
  throw new Unexpected(`${step}: ${reply.status} ${code ?? ''}`);
};

/** Answers the line's id. */
const addLine = async (client: Client, headers: string, { productId, variantId }: SeededProduct): Promise<string> =>
  expecting(await post(client, '/cart/lines', headers, JSON.stringify({ productId, variantId, quantity: 1 })), 'cart', 201).lineId;

interface Quote {
  readonly quoteId: string;
  readonly shipping: readonly { readonly sellerId: string; readonly optionId: string }[];
}

const startBody = ({ quoteId, shipping }: Quote) => {
  const first = new Map<string, string>();
  for (const { sellerId, optionId } of shipping) if (!first.has(sellerId)) first.set(sellerId, optionId);
  return JSON.stringify({ quoteId, shipping: [...first].map(([sellerId, optionId]) => ({ sellerId, optionId })), method: 'qris' });
};

/** A quote for these lines of the cart. */
const asked = async (client: Client, headers: string, lineIds: readonly string[]): Promise<Quote> =>
  expecting(await post(client, '/checkouts/quote', headers, JSON.stringify({ address, lineIds })), 'quote', 201);

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const patience = 30_000;
/** What a buyer waits who was told that the checkout is still under way, in milliseconds. */
const notYet = 100;
/** What the load waits at least before it asks again, in milliseconds. */
const shortest = 4;

/**
 * Asks how the checkout stands until both orders are confirmed. The first question comes when the purchases before needed about so
 * long: whoever asks all the time measures the asking.
 */
const confirmation = () => {
  let usual = shortest;
  return async (client: Client, headers: string, checkoutId: string) => {
    const begin = performance.now();
    await pause(usual * 0.8);
    for (;;) {
      const { status } = expecting(await client.request('GET', `/api/v1/checkouts/${checkoutId}`, headers), 'checkout', 200, 404);
      const waited = performance.now() - begin;
      if (status === 'Confirmed' || status === 'Completed') {
        usual = Math.max(shortest, usual * 0.9 + waited * 0.1);
        return;
      }
      if (status === 'Failed' || status === 'Expired') throw new Unexpected(`checkout: ${status}`);
      if (waited > patience) throw new Unexpected(`checkout: still ${status}`);
      await pause(Math.max(shortest, usual * 0.1));
    }
  };
};

/** `isUnderWay`: the checkout was answered before there was anything to pay, which comes soon. */
const pay = async (client: Client, headers: string, paymentId: string, isUnderWay: boolean) => {
  const begin = performance.now();
  for (;;) {
    const reply = await client.request('POST', `/api/v1/payments/${paymentId}/simulate`, headers, payment);
    const isEarly = isUnderWay && (reply.status === 404 || reply.status === 409) && performance.now() - begin < patience;
    if (!isEarly) return expecting(reply, 'pay', 202);
    await pause(notYet);
  }
};

const mustBeConfirmed = async (client: Client, headers: string, orderIds: readonly string[]) => {
  for (const orderId of orderIds) {
    const { status } = expecting(await client.request('GET', `/api/v1/orders/${orderId}`, headers), 'order', 200);
    if (status !== 'Confirmed') throw new Unexpected(`order: ${status}`);
  }
};

/** 10 requests of a checkout's kind are allowed per minute, and each purchase makes two. */
export const purchasesPerBuyer = 4;
const clients = 16;

/** One in so many purchases has its orders looked at, each on its own. */
const sampled = 20;

/** The clock of a full checkout runs from the first line in the cart until both orders are confirmed. */
export const fullCheckout = ({ seeded, buyers }: Stage): Operation => {
  const confirmed = confirmation();
  const { products } = seeded;
  return async (client, n) => {
    // The clients take turns, so that a buyer's next purchase comes long after the last one.
    const buyer = buyers[Math.floor(n / (clients * purchasesPerBuyer)) * clients + (n % clients)];
    if (!buyer) return 'no buyer left';
    const headers = signedIn(buyer);
    const first = (n * 7_919) % products.length;
    // The next product is the next seller's.
    const lines = [products[first], products[(first + 1) % products.length]] as [SeededProduct, SeededProduct];
    // What the last purchase bought may still be in the cart.
    const lineIds: string[] = [];
    for (const line of lines) lineIds.push(await addLine(client, headers, line));
    const quote = await asked(client, headers, lineIds);
    const answer = await post(client, '/checkouts', headers, startBody(quote));
    const started = expecting(answer, 'start', 201, 202);
    await pay(client, headers, started.payment.paymentId, answer.status === 202);
    await confirmed(client, headers, started.checkoutId);
    if (started.orders.length !== 2) return `${started.orders.length} orders`;
    if (n % sampled === 0) {
      const orderIds = started.orders.map(({ orderId }: { orderId: string }) => orderId);
      await mustBeConfirmed(client, headers, orderIds);
    }
    return 'ok';
  };
};

/** What the buyers of the rush hold in their hands: one prepared request each. */
const prepared = new Map<number, { headers: string; body: string }>();

export const hotQuote =
  ({ seeded, buyers }: Stage): Operation =>
  async (client, n) => {
    const buyer = buyers[n];
    if (!buyer) return 'no buyer left';
    const headers = signedIn(buyer);
    const lineId = await addLine(client, headers, seeded.hot);
    prepared.set(n, { headers, body: startBody(await asked(client, headers, [lineId])) });
    return 'ok';
  };

/** Sold, or refused because others came first: both are answers. */
export const hotCheckout = (): Operation => async (client, n) => {
  const request = prepared.get(n);
  if (!request) return 'not prepared';
  const reply = await post(client, '/checkouts', request.headers, request.body);
  const body = JSON.parse(reply.body);
  if (reply.status === 201) return 'ok: 201';
  if (reply.status === 409 && body.code === 'checkout.out_of_stock') return 'ok: 409 out of stock';
  return `${reply.status} ${body.code ?? body.status}`;
};
