// What a market needs before anybody can buy: stores, products on their shelves, and orders that have arrived.
import { randomUUID } from 'node:crypto';
import { type Context, newId } from '../commands/handle.ts';
import { ulidText } from '../domain/id.ts';
import type { Money } from '../domain/money.ts';
import { order } from '../domain/order/order.ts';
import type { Sealed } from '../domain/privacy.ts';
import { seller } from '../domain/seller/seller.ts';
import type { Market } from './market.ts';

export const anId = () => ulidText(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'));

/** The context of a command that no request has sent. */
export const aContext = (at = '2026-01-05T03:00:00.000Z'): Context => {
  const commandId = randomUUID();
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'test' }, at };
};

export const rupiah = (amount: number): Money => ({ amount, currency: 'IDR' });

export interface Store {
  readonly sellerId: string;
  readonly userId: string;
  readonly token: string;
}

/** A store that has been approved, and its owner's token. */
export const openStore = async (market: Market, storeName = 'Toko Ani', city = 'Bandung'): Promise<Store> => {
  const sellerId = anId();
  const userId = anId();
  const slug = `toko-${sellerId.toLowerCase()}`;
  const application = { sellerId, userId, storeName, slug, city, description: '', bankAccount: null, documents: [] };
  await market.handle(seller, sellerId, { type: 'apply', ...application }, aContext());
  await market.handle(seller, sellerId, { type: 'start_review' }, aContext());
  await market.handle(seller, sellerId, { type: 'approve' }, aContext());
  return { sellerId, userId, token: await market.tokenFor(userId, ['CUSTOMER', 'SELLER'], sellerId) };
};

export interface Listed {
  readonly productId: string;
  readonly variantIds: readonly string[];
  readonly position: string;
}

/** A product on sale with one variant, unless `more` says otherwise. */
export const listProduct = async (market: Market, { token }: Store, name: string, more: object = {}): Promise<Listed> => {
  const variants = [{ sku: 'A', price: rupiah(50_000), weightGrams: 200 }];
  const { body } = await market.call('POST', '/products', { token, body: { name, variants, activate: true, ...more } });
  return body;
};

/** An order of one line, up to the status that is named. Nothing is paid for it, and no stock moves. */
export const placeOrder = async (
  market: Market,
  { sellerId }: Store,
  { productId, variantIds }: Listed,
  buyerId: string,
  upTo: 'Confirmed' | 'Delivered',
) => {
  const context = aContext();
  const [orderId, lineId, checkoutId, paymentId] = [0, 1, 2, 3].map((n) => newId(context, n)) as [string, string, string, string];
  const { at } = context;
  const none = rupiah(0);
  const price = rupiah(50_000);
  const line = {
    ...{ lineId, productId, variantId: variantIds[0] ?? '', sku: 'A', name: 'A', quantity: 1, unitPrice: price, amount: price },
    tax: { rule: 'none', rate: 0, base: price, amount: none, included: true },
    commission: { ruleId: 'none', version: 0, rate: 0, base: price, amount: none },
  };
  const shipping = { courier: 'jne', service: 'reg', weightGrams: 200, price: none };
  const totals = { items: price, tax: none, shipping: none, total: price };
  const address = `pii1.${buyerId}.c2VhbGVk` as Sealed;
  const whose = { orderId, checkoutId, buyerId, sellerId, paymentId, cod: false };
  const terms = { ...whose, lines: [line], shipping, totals, address, payUntil: '2026-01-06T03:00:00.000Z' };
  const send = (command: Parameters<typeof order.decide>[0]) => market.handle(order, orderId, command, aContext());
  let result = await send({ type: 'create', ...terms, at });
  result = await send({ type: 'confirm', holds: [], at });
  if (upTo === 'Delivered') {
    await send({ type: 'accept', sellerId, at });
    await send({ type: 'pack', sellerId, at });
    await send({ type: 'ship', sellerId, trackingNumber: 'JNE1', courier: 'jne', at });
    result = await send({ type: 'deliver', at });
  }
  return { orderId, lineId, position: result.position };
};
