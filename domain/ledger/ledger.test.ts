import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { days, hours, later } from '../id.ts';
import { idr, noon, shares } from '../payment/sale.fixture.ts';
import {
  bookCapture,
  bookPlatform,
  captureEntries,
  completionEntries,
  lateEntries,
  lateRefundEntries,
  refundEntries,
  sellerNet,
} from './entries.ts';
import type { Entry, LedgerEvent } from './events.ts';
import { type LedgerCommand, ledger } from './ledger.ts';

const [share] = shares;
if (!share) throw new Error('the fixture has shares');
const purchase = { checkoutId: 'c1', paymentId: 'p1', buyerId: 'b1', at: noon };
const capture = bookCapture(share, purchase);
const booked: LedgerEvent = { ...capture, type: 'ledger.booked', entries: [...capture.entries] };

const sumOf = (entries: readonly Entry[]) => entries.reduce((sum, { amount }) => sum + amount.amount, 0);

describe('a booking', () => {
  it('names the rule and version of each amount', () =>
    expect(capture.entries).toEqual([
      { account: 'buyer_funds', amount: idr(-44_555), rule: 'buyer_payment', version: 1 },
      { account: 'seller_pending', amount: idr(30_254), rule: 'seller_share', version: 1 },
      { account: 'shipping', amount: idr(9_000), rule: 'shipping_price', version: 1 },
      { account: 'tax', amount: idr(3_523), rule: 'ppn_11', version: 1 },
      { account: 'platform_commission', amount: idr(1_778), rule: 'standard', version: 3 },
    ]));
  it('is made', () => given(ledger).when(capture).then(booked));
  it('is made once, whenever it is tried again', () =>
    given(ledger, booked)
      .when({ ...capture, at: later(noon, days(20)) })
      .then());
  it('is refused unless it sums to zero', () =>
    given(ledger)
      .when({ ...capture, entries: capture.entries.slice(1) })
      .refuses('ledger.unbalanced'));
  it('is refused when it is too old to tell whether it was made before', () => {
    const now = later(noon, days(40));
    const many = Array.from({ length: 1_000 }, (_, n): LedgerEvent => ({ ...booked, bookingId: `other${n}`, valueAt: now, at: now }));
    given(ledger, booked, ...many.slice(1))
      .when({ ...capture, at: now })
      .then();
    const past = given(ledger, booked, ...many, { ...booked, bookingId: 'last', valueAt: later(now, hours(1)), at: now });
    past.when({ ...capture, at: now }).refuses('ledger.too_old');
    expect(Object.keys(past.state().recent)).toEqual([now, later(now, hours(1))].map((at) => at.slice(0, 13)));
  });
  it('is made once the clock is right that was ahead, and once only', () => {
    const ahead = later(noon, days(40));
    const past = [booked, { ...booked, bookingId: 'ahead', valueAt: ahead, at: ahead }] as const;
    given(ledger, ...past)
      .when(capture)
      .then();
    given(ledger, ...past)
      .when({ ...capture, bookingId: 'next' })
      .then({ ...booked, bookingId: 'next' });
  });
  it('is none where nothing is booked', () => expect(bookPlatform({ interest: idr(0), rounding: idr(0) }, purchase)).toBeNull());
  it('takes interest and rounding as the platform’s own', () =>
    expect(sumOf(bookPlatform({ interest: idr(100), rounding: idr(-3) }, purchase)?.entries ?? [])).toBe(0));
  it('of late money is undone by its refund', () => expect(sumOf([...lateEntries(idr(5)), ...lateRefundEntries(idr(5))])).toBe(0));
});

describe('I5: captures, completions and refunds in any number', () => {
  const step = fc.record({
    what: fc.constantFrom('complete' as const, 'refund' as const),
    line: fc.nat(1),
    quantity: fc.integer({ min: 1, max: 2 }),
  });
  it('sum to zero each; what a full refund leaves to the seller is nothing', () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        let state = ledger.initial;
        let n = 0;
        const run = (entries: readonly Entry[]) => {
          n += 1;
          const command: LedgerCommand = {
            type: 'book',
            bookingId: `b${n}`,
            ledgerId: 's1',
            kind: 'adjustment',
            entries,
            valueAt: noon,
            at: noon,
          };
          for (const event of ledger.decide(command, state)) state = ledger.evolve(state, event);
        };
        let left = { amount: share.amount, shipping: share.shipping, lines: share.lines };
        let isCompleted = false;
        run(captureEntries(share));
        const refund = (slice: typeof left) => run(refundEntries(slice, isCompleted ? 'seller_available' : 'seller_pending'));
        for (const { what, line, quantity } of steps) {
          const found = left.lines[line];
          if (what === 'complete' && !isCompleted) {
            run(completionEntries(sellerNet(left)));
            isCompleted = true;
          } else if (what === 'refund' && found && quantity < found.quantity) {
            const part = (amount: number) => Math.floor((amount * quantity) / found.quantity);
            const piece = {
              ...found,
              quantity,
              amount: idr(part(found.amount.amount)),
              tax: { ...found.tax, amount: idr(part(found.tax.amount.amount)) },
              commission: { ...found.commission, amount: idr(part(found.commission.amount.amount)) },
            };
            refund({ amount: piece.amount, shipping: idr(0), lines: [piece] });
            const rest = {
              ...found,
              quantity: found.quantity - quantity,
              amount: idr(found.amount.amount - piece.amount.amount),
              tax: { ...found.tax, amount: idr(found.tax.amount.amount - piece.tax.amount.amount) },
              commission: { ...found.commission, amount: idr(found.commission.amount.amount - piece.commission.amount.amount) },
            };
            left = {
              ...left,
              amount: idr(left.amount.amount - piece.amount.amount),
              lines: left.lines.map((each, index) => (index === line ? rest : each)),
            };
          }
          expect(state.balances['buyer_funds.IDR']).toBe(-left.amount.amount);
        }
        refund(left);
        expect(Object.values(state.balances).every((balance) => balance === 0)).toBe(true);
      }),
    ));
});
