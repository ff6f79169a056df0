// What counts as sold and what as taken back, where a purchase over HTTP does not come by.
import { describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { type Money, money } from '../../domain/money.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { OrderLine } from '../../domain/order/terms.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Sealed } from '../../domain/privacy.ts';
import { type Background, type FactEvent, factsOf } from './facts.ts';

const at = '2026-01-05T03:00:00.000Z';
const idr = (amount: number): Money => money(amount, 'IDR');
const none = idr(0);

const recorded = <E extends { type: string }>(event: E, revision = 0, occurredAt = at): Recorded<E> => ({
  event,
  streamId: 'any',
  revision,
  position: revision + 1,
  metadata: {
    ...{ eventId: `event-${revision}`, commandId: 'c', correlationId: 'c', causationId: 'c', actor: { kind: 'system', id: 't' } },
    ...{ occurredAt, recordedAt: occurredAt, schemaVersion: 1, hash: '' },
  },
});

const line = (lineId: string, amount: number): OrderLine => ({
  ...{ lineId, productId: `product-${lineId}`, variantId: `variant-${lineId}`, sku: lineId, name: lineId, quantity: 2 },
  ...{ unitPrice: idr(amount / 2), amount: idr(amount) },
  tax: { rule: 'ppn', rate: 1_100, base: idr(amount), amount: idr(amount / 10), included: true },
  commission: { ruleId: 'c', version: 1, rate: 500, base: idr(amount), amount: idr(amount / 20) },
});

const whose = { orderId: 'o', checkoutId: 'ch', buyerId: 'b', sellerId: 's', at };
const created: Extract<OrderEvent, { type: 'order.created' }> = {
  type: 'order.created',
  ...{ ...whose, paymentId: 'p', cod: false, lines: [line('1', 1_000), line('2', 3_000)], payUntil: at },
  shipping: { courier: 'jne', service: 'reg', weightGrams: 100, price: idr(90) },
  totals: { items: idr(4_000), tax: none, shipping: idr(90), total: idr(4_090) },
  address: 'pii1.b.x' as Sealed,
  promisedAt: '2026-01-09T00:00:00.000Z',
};
const confirmed: OrderEvent = {
  type: 'order.confirmed',
  ...{ ...whose, paymentId: 'p', cod: false, total: idr(4_090), sellerNet: idr(4_000), holds: [], acceptBy: at },
};
const shipped: OrderEvent = { type: 'order.shipped', ...whose, courier: 'jne' };
const cancelled: OrderEvent = { type: 'order.cancelled', ...whose, reason: 'x', by: 'buyer', paymentId: 'p', cod: false, confirmed: true };

const having = (...order: readonly OrderEvent[]): Background => ({
  order: order.map((event, n) => recorded(event, n)),
  method: 'qris',
  categoryOf: (productId) => (productId === 'product-1' ? 'books' : ''),
});

type Refunded = Extract<PaymentEvent, { type: 'payment.refunded' }>;
const refund = (given: Partial<Refunded>): FactEvent => ({
  ...{ type: 'payment.refunded', paymentId: 'p', checkoutId: 'ch', buyerId: 'b', at, refundId: 'r', orderId: 'o', sellerId: 's' },
  ...{ amount: idr(500), shipping: none, lines: [], booked: true, reason: 'x' },
  ...given,
});
const half = {
  ...{ lineId: '2', quantity: 1, amount: idr(1_500) },
  ...{ tax: { rule: 'ppn', amount: idr(150) }, commission: { ruleId: 'c', version: 1, amount: idr(75) } },
};
const linesOf = (event: FactEvent, background: Background) => factsOf(recorded(event, 9), background).order_lines ?? [];
const figures = (event: FactEvent, background: Background) =>
  linesOf(event, background).map(({ kind, product_id, quantity, amount, shipping, tax, commission }) => [
    ...[kind, product_id, quantity, amount, shipping, tax, commission],
  ]);

describe('a sale', () => {
  it('has a fact per line, the shipping on the first', () => {
    expect(figures(confirmed as FactEvent, having(created))).toEqual([
      ['sale', 'product-1', 2, 1_000, 90, 100, 50],
      ['sale', 'product-2', 2, 3_000, 0, 300, 150],
    ]);
  });
  it('names category and method as they were then', () => {
    expect(linesOf(confirmed as FactEvent, having(created))[0]).toMatchObject({
      category_id: 'books',
      payment_method: 'qris',
      currency: 'IDR',
    });
  });
});

describe('a refund', () => {
  it('takes back what it gives, line by line', () => {
    const given = refund({ amount: idr(1_590), shipping: idr(90), lines: [half] });
    expect(figures(given, having(created, confirmed))).toEqual([['refund', 'product-2', -1, -1_500, -90, -150, -75]]);
  });
  it('of shipping alone takes back no goods', () => {
    expect(figures(refund({ shipping: idr(90) }), having(created, confirmed))).toEqual([['refund', 'product-1', 0, 0, -90, 0, 0]]);
  });
  it('of a cancelled order is its cancellation', () => {
    expect(figures(refund({ lines: [half] }), having(created, confirmed, cancelled))[0]?.[0]).toBe('cancellation');
  });
  it('of money that was never a sale takes nothing back', () => {
    expect(figures(refund({ lines: [half], booked: false }), having(created, confirmed))).toEqual([]);
    expect(figures(refund({ lines: [half] }), having(created))).toEqual([]);
  });
});

describe('cash on delivery', () => {
  const voided: FactEvent = { type: 'payment.part_voided', paymentId: 'p', checkoutId: 'ch', buyerId: 'b', at, partId: 'x', orderId: 'o' };
  it('that is no longer asked for takes the whole sale back', () => {
    expect(figures(voided, having({ ...created, cod: true }, confirmed))).toEqual([
      ['cancellation', 'product-1', -2, -1_000, -90, -100, -50],
      ['cancellation', 'product-2', -2, -3_000, 0, -300, -150],
    ]);
  });
  it('takes nothing back before it was a sale', () => {
    expect(figures(voided, having({ ...created, cod: true }))).toEqual([]);
  });
});

describe('a parcel', () => {
  const delivered: FactEvent = { type: 'order.delivered', ...whose, returnUntil: at };
  it('is held against what was promised', () => {
    expect(factsOf(recorded(delivered, 9), having(created, confirmed, shipped)).deliveries).toMatchObject([
      { order_id: 'o', courier: 'jne', confirmed_at: at, shipped_at: at, promised_at: created.promisedAt },
    ]);
  });
  it('without a promise cannot be late', () => {
    const { promisedAt: _, ...unpromised } = created;
    expect(factsOf(recorded(delivered, 9), having(unpromised, confirmed, shipped))).toEqual({ deliveries: [] });
  });
});
