// Which command a checkout sends for each thing that it asks for, and to whom: everything it says is read off the split plan.
import type { CartCommand } from '../../domain/cart/cart.ts';
import type { Ask } from '../../domain/checkout/events.ts';
import type { PlannedOrder } from '../../domain/checkout/plan.ts';
import { platformAmount } from '../../domain/checkout/pricing.ts';
import { boughtLines } from '../../domain/checkout/progress.ts';
import { lineOf, orderOf, type Purchase } from '../../domain/checkout/state.ts';
import { bookCapture, bookPlatform, platformLedger } from '../../domain/ledger/entries.ts';
import type { LedgerCommand } from '../../domain/ledger/ledger.ts';
import type { CreateOrder, OrderCommand } from '../../domain/order/commands.ts';
import type { OrderLine } from '../../domain/order/terms.ts';
import type { PaymentCommand } from '../../domain/payment/commands.ts';
import type { Share } from '../../domain/payment/shares.ts';
import { type StockCommand, stockId } from '../../domain/stock/stock.ts';
import { refundIds } from './fulfilment-reaction.ts';
import type { Send } from './saga.ts';

const toStock = (purchase: Purchase, lineId: string, command: StockCommand): Send => {
  const { variantId, location } = lineOf(purchase, lineId).line;
  return { target: 'stock', id: stockId(variantId, location), command };
};
const toOrder = (id: string, command: OrderCommand): Send => ({ target: 'order', id, command });
const toPayment = ({ plan }: Purchase, command: PaymentCommand): Send => ({ target: 'payment', id: plan.paymentId, command });

export const sendOf = (purchase: Purchase, ask: Ask, at: string): Send => {
  switch (ask.ask) {
    case 'create_order':
      return toOrder(ask.orderId, createOrder(purchase, orderOf(purchase, ask.orderId), at));
    case 'hold': {
      const { lineId, holdId, until } = ask;
      const { order, line } = lineOf(purchase, lineId);
      const { checkoutId, buyerId, countedFor, plan } = purchase;
      return toStock(purchase, lineId, {
        ...(countedFor && { countedFor }),
        ...(plan.method === 'cod' && { cod: true as const }),
        ...{ type: 'hold', holdId, checkoutId, orderId: order.orderId, buyerId },
        ...{ quantity: line.quantity, until, at },
      });
    }
    case 'commit':
      return toStock(purchase, ask.lineId, { type: 'commit', holdId: ask.holdId, at });
    case 'release':
      return toStock(purchase, ask.lineId, { type: 'release', holdId: ask.holdId, at });
    case 'pay':
      return toPayment(purchase, createPayment(purchase, at));
    case 'void':
      return toPayment(purchase, { type: 'void', at });
    case 'confirm_order':
      return toOrder(ask.orderId, { type: 'confirm', holds: holdsOf(purchase, orderOf(purchase, ask.orderId)), at });
    case 'cancel_order':
      return toOrder(ask.orderId, { type: 'cancel', by: 'system', reason: ask.reason, at });
    case 'refund':
      return toPayment(purchase, giveBack(purchase, ask, at));
    case 'book':
      return book(purchase, ask, at);
    case 'clear_cart': {
      const command: CartCommand = { type: 'remove_bought', checkoutId: purchase.checkoutId, lines: boughtLines(purchase), at };
      return { target: 'cart', id: ask.cartId, command };
    }
    default:
      return ask satisfies never;
  }
};

const createOrder = (purchase: Purchase, order: PlannedOrder, at: string): CreateOrder => {
  const { checkoutId, buyerId, address, plan } = purchase;
  const { orderId, sellerId, shipping, totals, promisedAt, shipBy } = order;
  return {
    type: 'create',
    orderId,
    checkoutId,
    buyerId,
    sellerId,
    paymentId: plan.paymentId,
    cod: plan.method === 'cod',
    lines: order.lines.map(orderLine),
    shipping,
    totals,
    address,
    payUntil: plan.holdUntil,
    ...(promisedAt !== null && { promisedAt }),
    ...(shipBy !== null && { shipBy }),
    at,
  };
};

const orderLine = ({ cartLineId: _cart, location: _location, freight: _freight, ...line }: PlannedOrder['lines'][number]): OrderLine =>
  line;

const createPayment = ({ checkoutId, buyerId, plan }: Purchase, at: string): PaymentCommand => ({
  type: 'create',
  paymentId: plan.paymentId,
  checkoutId,
  buyerId,
  method: plan.method,
  amount: plan.totals.total,
  parts: plan.parts.map(({ partId, method, channel, amount, orderId, installments, sourceType }) => ({
    ...{ partId, method, amount, installments },
    ...(channel !== undefined && { channel }),
    ...(orderId !== null && { orderId }),
    ...(sourceType !== null && { sourceType }),
  })),
  orders: plan.orders.map(shareOf),
  interest: platformAmount(plan, 'instalment_interest'),
  rounding: platformAmount(plan, 'rounding'),
  expiresAt: plan.paymentExpiresAt,
  until: plan.holdUntil,
  at,
});

/** An order's share of the payment: what its seller's books and its refunds are made from. */
export const shareOf = ({ orderId, sellerId, totals, lines }: PlannedOrder): Share => ({
  orderId,
  sellerId,
  amount: totals.total,
  shipping: totals.shipping,
  lines: lines.map(({ lineId, quantity, amount, tax, commission }) => ({
    ...{ lineId, quantity, amount },
    tax: { rule: tax.rule, amount: tax.amount },
    commission: { ruleId: commission.ruleId, version: commission.version, amount: commission.amount },
  })),
});

const holdsOf = (purchase: Purchase, { lines }: PlannedOrder) =>
  lines.map(({ lineId, variantId, location, quantity }) => ({
    lineId,
    stockId: stockId(variantId, location),
    holdId: purchase.holds[lineId]?.holdId ?? '',
    quantity,
  }));

/** On COD nothing was paid for the order yet: its part is not asked for any more. */
const giveBack = ({ plan }: Purchase, { orderId, reason }: { orderId: string; reason: string }, at: string): PaymentCommand =>
  plan.method === 'cod'
    ? { type: 'void_part', orderId, at }
    : { type: 'request_refund', refundId: refundIds.cancelled(orderId), orderId, of: 'rest', atMost: true, reason, at };

const book = (purchase: Purchase, { orderId }: { orderId: string | null }, at: string): Send => {
  const { checkoutId, buyerId, plan } = purchase;
  const paid = { checkoutId, paymentId: plan.paymentId, buyerId, at };
  if (orderId !== null) {
    const order = orderOf(purchase, orderId);
    const command: LedgerCommand = bookCapture(shareOf(order), paid);
    return { target: 'ledger', id: order.sellerId, command };
  }
  const own = { interest: platformAmount(plan, 'instalment_interest'), rounding: platformAmount(plan, 'rounding') };
  const command = bookPlatform(own, paid);
  if (!command) throw new RangeError('a booking for the platform is asked for only where it has an amount');
  return { target: 'ledger', id: platformLedger, command };
};
