// One small purchase put straight into the log, so that what follows a checkout can be tried without one.
import { randomUUID } from 'node:crypto';
import { newId } from '../../commands/handle.ts';
import { account } from '../../domain/account/account.ts';
import { later, minutes } from '../../domain/id.ts';
import { type Money, money } from '../../domain/money.ts';
import { type Order, order } from '../../domain/order/order.ts';
import type { OrderLine } from '../../domain/order/terms.ts';
import { deadlines, type Method } from '../../domain/payment/deadlines.ts';
import { payment } from '../../domain/payment/payment.ts';
import { shareOf } from '../../domain/payment/shares.ts';
import type { OpenPayment, Payment } from '../../domain/payment/state.ts';
import { seller } from '../../domain/seller/seller.ts';
import { shipment } from '../../domain/shipment/shipment.ts';
import { stock } from '../../domain/stock/stock.ts';
import { user } from '../../domain/user/user.ts';
import type { Market } from '../market.ts';
import { ok } from '../support/shop.ts';

export const idr = (amount: number): Money => money(amount, 'IDR');

export interface Sale {
  readonly buyerId: string;
  readonly sellerId: string;
  readonly orderId: string;
  readonly checkoutId: string;
  readonly paymentId: string;
  readonly stockId: string;
  readonly total: Money;
  readonly buyer: string;
  readonly seller: string;
  readonly stranger: string;
  /** What a paid checkout does with its order: confirms it with its goods. */
  confirm(): Promise<void>;
}

/** The market's clock, as text. */
export const instant = (market: Market) => new Date(market.now()).toISOString();

/** The context of a command that nobody sent over HTTP. */
export const asSystem = (market: Market) => {
  const commandId = randomUUID();
  return {
    commandId,
    correlationId: commandId,
    causationId: commandId,
    actor: { kind: 'system', id: 'test' },
    at: instant(market),
  } as const;
};

const id = () => newId({ commandId: randomUUID(), correlationId: '', causationId: '', actor: { kind: 'system', id: 'test' }, at: '' }, 0);

const lineOf = (variantId: string): OrderLine => ({
  lineId: 'line-1',
  productId: id(),
  variantId,
  sku: 'SKU-1',
  name: 'Kopi Gayo',
  quantity: 3,
  unitPrice: idr(50_000),
  amount: idr(150_000),
  tax: { rule: 'ppn_11', rate: 1100, base: idr(150_000), amount: idr(14_865), included: true },
  commission: { ruleId: 'standard', version: 1, rate: 500, base: idr(150_000), amount: idr(7_500) },
});

/** Three pieces of one article at Rp50.000 and Rp18.000 for the parcel, ordered and to be paid by `method`. */
export const openSale = async (market: Market, method: Method): Promise<Sale> => {
  const { handle, seals } = market;
  const at = instant(market);
  const send = () => asSystem(market);
  const [buyerId, sellerId, orderId, checkoutId, paymentId, variantId] = [id(), id(), id(), id(), id(), id()] as const;
  const city = { city: 'Surabaya', street: 'Jalan Tunjungan 1', recipient: 'Ani' };
  const address = await seals.seal(buyerId, city);
  const email = await seals.seal(buyerId, 'ani@example.test');
  const register = { type: 'register', userId: buyerId, email, emailVerified: true, credentialId: null } as const;
  await handle(account, buyerId, register, send());
  const name = await seals.seal(buyerId, 'Ani');
  await handle(user, buyerId, { type: 'create', userId: buyerId, name, phone: null, language: 'en' }, send());
  const store = { storeName: 'Kopi Kita', slug: sellerId.toLowerCase(), city: 'Bandung', description: '' };
  await handle(seller, sellerId, { type: 'apply', sellerId, userId: id(), ...store, bankAccount: null, documents: [] }, send());

  const line = lineOf(variantId);
  const shipping = { courier: 'jne', service: 'REG', weightGrams: 800, price: idr(18_000) };
  const total = idr(168_000);
  const totals = { items: idr(150_000), tax: idr(0), shipping: shipping.price, total };
  const cod = method === 'cod';
  const { expiresAt, until } = deadlines(method, at);
  const whose = { orderId, checkoutId, buyerId, sellerId };
  const terms = { lines: [line], shipping, totals };
  await handle(order, orderId, { type: 'create', ...whose, paymentId, cod, ...terms, address, payUntil: until, at }, send());
  const part = { partId: paymentId, method, amount: total, ...(cod && { orderId }) };
  const shares = { parts: [part], orders: [shareOf({ orderId, sellerId, ...terms })], interest: idr(0), rounding: idr(0) };
  const paid = { paymentId, checkoutId, buyerId, method, amount: total, ...shares, expiresAt, until };
  await handle(payment, paymentId, { type: 'create', ...paid, at }, send());

  const location = 'main';
  const stockId = `${variantId}.${location}`;
  const received = { movementId: id(), variantId, location, productId: line.productId, sellerId, quantity: 5, reason: 'delivery' };
  await handle(stock, stockId, { type: 'receive', ...received, at }, send());
  const holdId = `${line.lineId}.1`;
  const held = { holdId, checkoutId, orderId, buyerId, quantity: 3, until: later(until, minutes(60)) };
  await handle(stock, stockId, { type: 'hold', ...held, at }, send());
  const confirm = async () => {
    await handle(stock, stockId, { type: 'commit', holdId, at: instant(market) }, send());
    const holds = [{ lineId: line.lineId, stockId, holdId, quantity: 3 }];
    await handle(order, orderId, { type: 'confirm', holds, at: instant(market) }, send());
  };
  return {
    ...whose,
    paymentId,
    stockId,
    total,
    buyer: await market.tokenFor(buyerId, ['CUSTOMER']),
    seller: await market.tokenFor(id(), ['CUSTOMER', 'SELLER'], sellerId),
    stranger: await market.tokenFor(id(), ['CUSTOMER', 'SELLER'], id()),
    confirm,
  };
};

/** The most that a test waits for anything, in milliseconds: far more than it ever takes. */
const patience = 20_000;

/** The payment as soon as `isReached` says so of its stream. */
export const untilPayment = async (market: Market, paymentId: string, isReached: (state: Payment) => boolean): Promise<OpenPayment> => {
  const reached = await market.until(payment, paymentId, isReached, patience);
  if (reached.status === 'none' || !isReached(reached)) throw new Error(`payment ${paymentId} is ${reached.status}`);
  return reached;
};

/** Answers when the order has this status. */
export const untilOrder = async (market: Market, orderId: string, status: Order['status']) => {
  const { status: reached } = await market.until(order, orderId, (state) => state.status === status, patience);
  if (reached !== status) throw new Error(`order ${orderId} is ${reached}`);
};

/** Takes a sale on until its goods are packed; unless it is paid at the door, it is paid first. */
export const packed = async (market: Market, sale: Sale) => {
  const { orderId, paymentId, sellerId, buyer } = sale;
  const collected = await market.until(payment, paymentId, (state) => state.status === 'Pending', patience);
  if (collected.status !== 'none' && collected.method !== 'cod') {
    await untilPayment(market, paymentId, (state) => state.status !== 'none' && state.parts.every((part) => part.instructed));
    ok(await market.call('POST', `/payments/${paymentId}/simulate`, { token: buyer, body: { outcome: 'pay' } }));
    await untilPayment(market, paymentId, (state) => state.status === 'Captured');
  }
  await sale.confirm();
  const at = instant(market);
  await market.handle(order, orderId, { type: 'accept', sellerId, at }, asSystem(market));
  await market.handle(order, orderId, { type: 'pack', sellerId, at }, asSystem(market));
};

/** Takes a sale on until its buyer has the goods. */
export const delivered = async (market: Market, sale: Sale) => {
  await packed(market, sale);
  await market.until(shipment, sale.orderId, (state) => state.status !== 'none', patience);
  ok(await market.call('POST', `/shipments/${sale.orderId}/simulate`, { token: sale.seller, body: { to: 'delivered' } }));
  await untilOrder(market, sale.orderId, 'Delivered');
};

/** A read that shows all that the log holds now. */
export const fresh = async (market: Market, path: string, token?: string) => {
  const position = `${market.store.logId}.${await market.store.head()}`;
  return market.call('GET', path, { headers: { 'min-position': position }, ...(token !== undefined && { token }) });
};
