import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lines, quotedLine, shippingOption } from '../../tests/sample-purchase.ts';
import { DomainError } from '../error.ts';
import { type Currency, type Money, money, plus, sum, zero } from '../money.ts';
import { type PaymentPart, Plan, type PlatformLine, type QuotedLine } from './plan.ts';
import { defaultTax, type PlanInput, quoteTotals, splitPlan, taxOn } from './pricing.ts';

const at = '2026-01-01T12:15:00.000Z';
const idr = (amount: number) => money(amount, 'IDR');
const input: PlanInput = {
  currency: 'IDR',
  lines,
  chosen: [
    { orderId: 'o1', option: shippingOption('s1', 9_001) },
    { orderId: 'o2', option: shippingOption('s2', 12_000) },
  ],
  platform: [],
  paymentId: 'pay1',
  method: 'qris',
  parts: [],
  paymentExpiresAt: at,
  holdUntil: at,
};
const total = (of: readonly Money[], currency: Currency = 'IDR') => sum(of, currency).amount;

describe('taxes', () => {
  it('in rupiah are PPN of 11 %, held by the price', () =>
    expect(taxOn(idr(111_000), defaultTax('IDR'))).toEqual({
      ...{ rule: 'ppn@1', rate: 1100, included: true },
      ...{ base: idr(100_000), amount: idr(11_000) },
    }));
  it('may be added to the price', () =>
    expect(taxOn(idr(100_000), { rule: 'ppn@1', rate: 1100, included: false })).toMatchObject({ base: idr(100_000), amount: idr(11_000) }));
  it('are none elsewhere', () => expect(taxOn(money(100, 'BRL'), defaultTax('BRL'))).toMatchObject({ amount: money(0, 'BRL') }));
});

describe('a split plan', () => {
  const plan = splitPlan(input);
  const [first, second] = plan.orders;

  it('has one order per seller', () =>
    expect(plan.orders.map(({ orderId, sellerId }) => [orderId, sellerId])).toEqual([
      ['o1', 's1'],
      ['o2', 's2'],
    ]));
  it('names the rule of every figure', () =>
    expect(first).toMatchObject({
      shippingRule: 'jne-rates@4',
      lines: [
        {
          tax: { rule: 'ppn@1', rate: 1100 },
          commission: { ruleId: 'default', version: 1, rate: 500, base: idr(100_000), amount: idr(5_000) },
        },
        {},
      ],
    }));
  it('adds up per order', () => {
    expect(first?.totals).toEqual({ items: idr(250_003), tax: idr(0), shipping: idr(9_001), total: idr(259_004) });
    expect(second?.totals).toEqual({ items: idr(20_000), tax: idr(0), shipping: idr(12_000), total: idr(32_000) });
  });
  it('adds up as a whole', () =>
    expect(plan.totals).toEqual({ items: idr(270_003), tax: idr(0), shipping: idr(21_001), platform: idr(0), total: idr(291_004) }));
  it('splits the shipping by weight, to the last unit', () =>
    expect(first?.lines.map(({ freight }) => freight.amount)).toEqual([2_250, 6_751]));
  it('is paid by one payment', () =>
    expect(plan.parts).toEqual([
      { partId: 'pay1.1', method: 'qris', amount: idr(291_004), orderId: null, installments: 1, sourceType: null },
    ]));
  it('is paid at each door on COD', () =>
    expect(splitPlan({ ...input, method: 'cod' }).parts.map(({ orderId, amount }) => [orderId, amount.amount])).toEqual([
      ['o1', 259_004],
      ['o2', 32_000],
    ]));
  it('is what its events keep', () => expect(Plan.parse(plan)).toEqual(plan));
});

describe('an external quote', () => {
  const line = (lineId: string, price: number) =>
    quotedLine(lineId, 's1', 0, { unitPrice: money(price, 'BRL'), tax: defaultTax('BRL'), cartLineId: null });
  const option = {
    ...shippingOption('s1', 1_850, 'BRL'),
    freight: [
      { lineId: 'l1', amount: money(1_849, 'BRL') },
      { lineId: 'l2', amount: money(1, 'BRL') },
    ],
  };
  const platform: PlatformLine[] = [
    { kind: 'instalment_interest', amount: money(250, 'BRL'), rule: 'source@1' },
    { kind: 'rounding', amount: money(-3, 'BRL'), rule: 'source@1' },
  ];
  const part = (n: number, amount: number, sourceType: string, installments = 1): PaymentPart => ({
    ...{ partId: `pay1.${n}`, method: 'card', orderId: null },
    ...{ amount: money(amount, 'BRL'), sourceType, installments },
  });
  const external: PlanInput = {
    ...input,
    currency: 'BRL',
    lines: [line('l1', 10_000), line('l2', 500)],
    chosen: [{ orderId: 'o1', option }],
    platform,
    parts: [part(1, 12_000, 'credit_card', 10), part(2, 597, 'voucher')],
  };

  it('pins the freight of each line', () =>
    expect(splitPlan(external).orders[0]?.lines.map(({ freight }) => freight.amount)).toEqual([1_849, 1]));
  it('keeps interest and rounding out of every share', () => {
    const plan = splitPlan(external);
    expect(plan.orders[0]?.totals.total).toEqual(money(12_350, 'BRL'));
    expect(plan.totals).toMatchObject({ platform: money(247, 'BRL'), total: money(12_597, 'BRL') });
  });
  it('is paid by several payments', () => expect(splitPlan(external).parts).toEqual(external.parts));
  it('is refused when its parts do not add up', () => {
    expect(() => splitPlan({ ...external, parts: [part(1, 12_000, 'credit_card')] })).toThrow(DomainError);
    expect(() => splitPlan({ ...external, chosen: [{ orderId: 'o1', option: { ...option, price: money(1_851, 'BRL') } }] })).toThrow(
      DomainError,
    );
  });
  it('is refused at the door: nobody collects the interest there', () =>
    expect(() => splitPlan({ ...external, method: 'cod', parts: [] })).toThrow('no interest'));
});

describe('whatever is bought', () => {
  const anyLine = fc
    .record({
      seller: fc.integer({ min: 1, max: 5 }),
      price: fc.integer({ min: 0, max: 2_000_000_000 }),
      quantity: fc.integer({ min: 1, max: 999 }),
      weightGrams: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50_000 })),
      rate: fc.integer({ min: 0, max: 2_500 }),
      included: fc.boolean(),
      commission: fc.integer({ min: 0, max: 3_000 }),
    })
    .map(
      ({ seller, price, quantity, weightGrams, rate, included, commission }) =>
        (n: number): QuotedLine =>
          quotedLine(`l${n}`, `s${seller}`, price, {
            ...{ quantity, weightGrams },
            tax: { rule: 'any@1', rate, included },
            commission: { ruleId: 'any', version: 1, rate: commission },
          }),
    );
  const anyInput = fc
    .tuple(
      fc.array(anyLine, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat({ max: 1_000_000 }), { minLength: 5, maxLength: 5 }),
      fc.integer({ min: -5, max: 100_000 }),
    )
    .map(([makers, freights, extra]): PlanInput => {
      const bought = makers.map((make, n) => make(n));
      const sellers = [...new Set(bought.map(({ sellerId }) => sellerId))];
      const chosen = sellers.map((sellerId, n) => ({ orderId: `o${n}`, option: shippingOption(sellerId, freights[n] ?? 0) }));
      return { ...input, lines: bought, chosen, platform: [{ kind: 'rounding', amount: idr(extra), rule: 'any@1' }] };
    });

  it('no unit is lost and none appears: lines make orders, orders and the platform make the total, parts pay it', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const plan = splitPlan(any);
        for (const { lines: own, totals, shipping } of plan.orders) {
          expect(total(own.map(({ amount }) => amount)) + shipping.price.amount).toBe(totals.total.amount);
          expect(totals.items.amount + totals.tax.amount + totals.shipping.amount).toBe(totals.total.amount);
          expect(total(own.map(({ freight }) => freight))).toBe(shipping.price.amount);
          for (const { amount, tax, unitPrice, quantity } of own) {
            const price = unitPrice.amount * quantity;
            expect(tax.included ? tax.base.amount + tax.amount.amount : tax.base.amount).toBe(price);
            expect(amount.amount).toBe(tax.included ? price : price + tax.amount.amount);
          }
        }
        const orders = plan.orders.map(({ totals }) => totals.total);
        expect(plus(sum(orders, 'IDR'), plan.totals.platform)).toEqual(plan.totals.total);
        expect(total(plan.parts.map(({ amount }) => amount))).toBe(plan.totals.total.amount);
        expect(plan.orders.flatMap(({ lines: own }) => own.map(({ lineId }) => lineId)).sort()).toEqual(
          any.lines.map(({ lineId }) => lineId).sort(),
        );
      }),
    );
  });

  it('the quote says the total of the plan before shipping', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const { totals } = splitPlan(any);
        const quoted = quoteTotals(any.lines, any.platform, 'IDR');
        expect(quoted).toEqual({ ...totals, shipping: zero('IDR'), total: idr(totals.total.amount - totals.shipping.amount) });
      }),
    );
  });
});
