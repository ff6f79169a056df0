// What the clients do, over and over: one operation each of the paths that go over HTTP. Runs in the process of the load.
import { randomUUID } from 'node:crypto';
import type { Client, Reply } from './client.ts';
import { searchOf } from './names.ts';
import { fullCheckout, hotCheckout, hotQuote } from './purchase.ts';
import type { Operation, Stage } from './stage.ts';

// Below the limits per minute (300 and 60), so that an address is given up before it is refused.
const requestsPerAddress = 250;
const searchesPerAddress = 50;

/** The address of the n-th stranger, as the proxy in front would write it. */
const from = (n: number) => `x-forwarded-for: 10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}\r\n`;

const sorts = ['newest', 'price_asc', 'price_desc', 'best_selling'];

const said = ({ status }: Reply, wanted: number) => (status === wanted ? 'ok' : `status ${status}`);

const idOf = <T>(list: readonly T[], n: number): T => list[(n * 7_919) % list.length] as T;

export const searchPath = (n: number) => {
  const { text, maxPrice } = searchOf(n);
  return `/api/v1/search?q=${encodeURIComponent(text)}${maxPrice === null ? '' : `&maxPrice=${maxPrice}`}`;
};

export const cartLine = (productId: string, variantId: string) => JSON.stringify({ productId, variantId, quantity: 1 });

/** Operations from this one on come from addresses that the ones before do not reach. */
export const firstOfCrowd = requestsPerAddress * 2 ** 22;

/** A new cart and its first line. */
export const newCart =
  ({ seeded }: Stage) =>
  (client: Client, n: number): Promise<Reply> => {
    const { productId, variantId } = idOf(seeded.products, n);
    const headers = `idempotency-key: ${randomUUID()}\r\n${from(Math.floor(n / requestsPerAddress))}`;
    return client.request('POST', '/api/v1/cart/lines', headers, cartLine(productId, variantId));
  };

export const scenarios: Readonly<Record<string, (stage: Stage) => Operation>> = {
  'bare-a': () => async (client, n) => said(await client.request('GET', '/a', from(n)), 200),
  'bare-b': () => async (client, n) => said(await client.request('GET', '/b', from(n)), 200),
  'bare-post': () => {
    const line = cartLine('0'.repeat(26), '0'.repeat(26));
    return async (client, n) => said(await client.request('POST', '/', from(n), line), 200);
  },

  a:
    ({ seeded }) =>
    async (client, n) =>
      said(
        await client.request('GET', `/api/v1/products/${idOf(seeded.products, n).productId}`, from(Math.floor(n / requestsPerAddress))),
        200,
      ),

  b:
    ({ seeded }) =>
    async (client, n) => {
      const category = idOf(seeded.categories, n);
      return said(
        await client.request(
          'GET',
          `/api/v1/products?limit=20&category=${category}&sort=${idOf(sorts, Math.floor(n / seeded.categories.length))}`,
          from(Math.floor(n / requestsPerAddress)),
        ),
        200,
      );
    },

  c: () => async (client, n) => said(await client.request('GET', searchPath(n), from(Math.floor(n / searchesPerAddress))), 200),

  d: (stage) => {
    const ask = newCart(stage);
    return async (client, n) => said(await ask(client, n), 201);
  },

  e: fullCheckout,
  'f-quote': hotQuote,
  f: hotCheckout,
};
