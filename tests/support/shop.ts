// A marketplace with something to buy, made by the API alone, as people make it: they register, apply, are approved, and list their goods.
import { randomUUID } from 'node:crypto';
import type { Recorded } from '../../domain/metadata.ts';
import type { Role } from '../../infra/http/env.ts';
import type { Answer } from '../market.ts';
import type { Client } from './child.ts';
import { freshId } from './probe.ts';

export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

export interface Article {
  readonly sellerId: string;
  readonly productId: string;
  readonly variantId: string;
}

export interface Shop extends Person {
  readonly sellerId: string;
}

/** The body of an answer that had to be a success. */
export const ok = ({ status, body }: Answer): Answer['body'] => {
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

export const register = async (client: Client, about: { name?: string; email?: string } = {}): Promise<Person> => {
  const email = about.email ?? `${randomUUID()}@example.test`;
  const password = `correct horse ${randomUUID()}`;
  const { user } = ok(await client.call('POST', '/auth/register', { body: { name: about.name ?? 'Siti', email, password } }));
  return { userId: user.userId, email, password, token: await signIn(client, email, password) };
};

export const signIn = async (client: Client, email: string, password: string): Promise<string> =>
  ok(await client.call('POST', '/auth/login', { body: { email, password } })).accessToken;

/** Answers once such an event stands in the log. */
export const heard = async (client: Client, isIt: (recorded: Recorded) => boolean): Promise<Recorded> => {
  for await (const recorded of client.events(0)) if (isIt(recorded)) return recorded;
  throw new Error('the log ended before it was heard');
};

export const administrator = (client: Client, roles: readonly Role[] = ['CUSTOMER', 'ADMIN']) => client.tokenFor(freshId(), roles);

export const openShop = async (client: Client, city = 'Bandung', storeName = 'Toko Siti'): Promise<Shop> => {
  const person = await register(client);
  const admin = await administrator(client);
  const application = { storeName, slug: `toko-${randomUUID()}`, city };
  const { sellerId } = ok(await client.call('POST', '/sellers', { token: person.token, body: application }));
  ok(await client.call('POST', `/admin/sellers/${sellerId}/review`, { token: admin }));
  ok(await client.call('POST', `/admin/sellers/${sellerId}/approval`, { token: admin }));
  await heard(client, ({ event }) => event.type === 'account.role_granted' && 'userId' in event && event.userId === person.userId);
  return { ...person, sellerId, token: await signIn(client, person.email, person.password) };
};

export const sell = async (client: Client, { token, sellerId }: Shop, pieces: number, price = 50_000): Promise<Article> => {
  const variants = [{ sku: 'A', price: { amount: price, currency: 'IDR' }, weightGrams: 400 }];
  const product = ok(await client.call('POST', '/products', { token, body: { name: 'Kopi Gayo', variants, activate: true } }));
  const { productId, variantIds } = product;
  const [variantId] = variantIds;
  ok(await client.call('POST', `/inventory/${variantId}/receipts`, { token, body: { productId, quantity: pieces } }));
  return { sellerId, productId, variantId };
};

export const homeOf = (recipient = 'Siti Rahma') => ({
  recipient,
  phone: '+628110001112',
  street: 'Jalan Braga 1',
  city: 'Jakarta',
  province: 'DKI Jakarta',
  postalCode: '10110',
});

/** The cheapest way to ship, one per seller of the quote. */
export const choicesOf = (quote: Answer['body']): { sellerId: string; optionId: string }[] => {
  const first = new Map<string, string>();
  for (const { sellerId, optionId } of quote.shipping) if (!first.has(sellerId)) first.set(sellerId, optionId);
  return [...first].map(([sellerId, optionId]) => ({ sellerId, optionId }));
};
