// One small purchase of two sellers' orders, with round figures, for the tests of what happens after a checkout.
import { money } from '../money.ts';
import type { OrderLine, ShippingTerms, Totals } from '../order/terms.ts';
import type { Sealed } from '../privacy.ts';
import type { CreatePayment } from './commands.ts';
import { shareOf } from './shares.ts';

export const idr = (amount: number) => money(amount, 'IDR');

export const noon = '2026-01-01T12:00:00.000Z';
export const expiresAt = '2026-01-01T12:15:00.000Z';
export const until = '2026-01-01T12:30:00.000Z';

/** `quantity` pieces at `unitPrice`, 11 % tax included, `commissionRate` in basis points of the price. */
export const line = (lineId: string, quantity: number, unitPrice: number, commissionRate = 500): OrderLine => {
  const amount = quantity * unitPrice;
  return {
    lineId,
    productId: `product-${lineId}`,
    variantId: `variant-${lineId}`,
    sku: `SKU-${lineId}`,
    name: `Goods ${lineId}`,
    quantity,
    unitPrice: idr(unitPrice),
    amount: idr(amount),
    tax: { rule: 'ppn_11', rate: 1100, base: idr(amount), amount: idr(Math.round((amount * 1100) / 11100)), included: true },
    commission: {
      ruleId: 'standard',
      version: 3,
      rate: commissionRate,
      base: idr(amount),
      amount: idr(Math.round((amount * commissionRate) / 10000)),
    },
  };
};

export const orderTerms = (orderId: string, sellerId: string, lines: OrderLine[], shippingPrice: number) => {
  const items = lines.reduce((sum, each) => sum + each.amount.amount, 0);
  const shipping: ShippingTerms = { courier: 'jne', service: 'REG', weightGrams: 1000, price: idr(shippingPrice) };
  const totals: Totals = { items: idr(items), tax: idr(0), shipping: idr(shippingPrice), total: idr(items + shippingPrice) };
  return { orderId, sellerId, lines, shipping, totals };
};

export const first = orderTerms('o1', 's1', [line('l1', 3, 10_000), line('l2', 1, 5_555)], 9_000);
export const second = orderTerms('o2', 's2', [line('l3', 2, 20_000, 0)], 11_000);
export const shares = [shareOf(first), shareOf(second)];
export const total = idr(first.totals.total.amount + second.totals.total.amount);

export const createPayment: CreatePayment = {
  type: 'create',
  paymentId: 'p1',
  checkoutId: 'c1',
  buyerId: 'b1',
  method: 'va',
  amount: total,
  parts: [{ partId: 'p1', method: 'va', amount: total }],
  orders: shares,
  interest: idr(0),
  rounding: idr(0),
  expiresAt,
  until,
  account: 'shop',
  at: noon,
};

export const address = 'pii1.b1.c2VhbGVk' as Sealed;
