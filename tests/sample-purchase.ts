// A purchase for tests: two sellers, three lines in rupiah, one shipping option each.
import type { QuoteCheckout, StartCheckout } from '../domain/checkout/checkout.ts';
import type { QuotedLine, ShippingOption } from '../domain/checkout/plan.ts';
import { defaultTax } from '../domain/checkout/pricing.ts';
import { type Currency, money } from '../domain/money.ts';
import { isSealed, type Sealed } from '../domain/privacy.ts';

export const noon = '2026-01-01T12:00:00.000Z';
export const soon = '2026-01-01T12:01:00.000Z';

const sealed = (text: string): Sealed => {
  if (!isSealed(text)) throw new Error('not sealed');
  return text;
};
export const address = sealed('pii1.b1.YWRkcmVzcw');

export const quotedLine = (lineId: string, sellerId: string, price: number, more: Partial<QuotedLine> = {}): QuotedLine => ({
  lineId,
  cartLineId: `cart-${lineId}`,
  productId: `p-${lineId}`,
  variantId: `v-${lineId}`,
  location: 'main',
  sellerId,
  sku: `SKU-${lineId}`,
  name: `Article ${lineId}`,
  quantity: 1,
  unitPrice: money(price, 'IDR'),
  priceVersion: 3,
  weightGrams: 500,
  tax: defaultTax('IDR'),
  commission: { ruleId: 'default', version: 1, rate: 500 },
  ...more,
});

export const shippingOption = (sellerId: string, price: number, currency: Currency = 'IDR'): ShippingOption => ({
  sellerId,
  optionId: `jne-${sellerId}`,
  courier: 'JNE',
  service: 'REG',
  weightGrams: 1000,
  price: money(price, currency),
  rule: 'jne-rates@4',
  freight: null,
  promisedAt: null,
  shipBy: null,
});

export const lines = [quotedLine('l1', 's1', 100_000), quotedLine('l2', 's1', 50_001, { quantity: 3 }), quotedLine('l3', 's2', 20_000)];
export const shipping = [shippingOption('s1', 9_001), shippingOption('s2', 12_000)];
export const prices = { lines, shipping, platform: [] };

export const quote: QuoteCheckout = {
  type: 'quote',
  checkoutId: 'k1',
  buyerId: 'b1',
  cartId: 'b1',
  ownSellerId: null,
  address,
  ...prices,
  at: noon,
};

export const start: StartCheckout = {
  type: 'start',
  buyerId: 'b1',
  choices: [
    { sellerId: 's1', optionId: 'jne-s1', orderId: 'o1' },
    { sellerId: 's2', optionId: 'jne-s2', orderId: 'o2' },
  ],
  method: 'qris',
  paymentId: 'pay1',
  parts: [],
  fresh: prices,
  payBy: null,
  at: soon,
};
