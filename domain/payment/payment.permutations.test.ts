// A provider keeps no order among its notices and sends some of them twice: whatever comes when, the payment ends in one state.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NotePayment, PaymentCommand } from './commands.ts';
import { payment } from './payment.ts';
import { createPayment, expiresAt, idr, total, until } from './sale.fixture.ts';
import type { Payment } from './state.ts';

const inTime = '2026-01-01T12:20:00.000Z';

const notice = (status: NotePayment['status'], id: string, more: Partial<NotePayment> = {}): NotePayment => ({
  type: 'note',
  providerEventId: id,
  status,
  amount: total.amount,
  currency: 'IDR',
  account: 'shop',
  at: inTime,
  ...more,
});

/** What a provider may say of one payment that is declined, runs out, and is then paid after all. */
const paidAfterAll: readonly PaymentCommand[] = [
  notice('pending', 'n1'),
  notice('authorized', 'n2'),
  notice('failed', 'n3'),
  notice('expired', 'n4'),
  notice('voided', 'n5'),
  notice('captured', 'n6'),
  notice('captured', 'n7'),
  notice('captured', 'n8', { amount: 1 }),
  notice('captured', 'n9', { currency: 'USD' }),
  { type: 'instruct', instructions: { kind: 'va', bank: 'bca', accountNumber: '1' }, at: inTime },
  { type: 'expire', at: expiresAt },
];
const neverPaid = paidAfterAll.filter((each) => each.type !== 'note' || each.status !== 'captured');
const paidTooLate = paidAfterAll.map((each) => ({ ...each, at: until }));
/** NOTE: a void that comes after the money is refused, so it stands before all notices: only those have no order. */
const givenUp: PaymentCommand = { type: 'void', at: inTime };
const twoParts: readonly PaymentCommand[] = [
  notice('authorized', 'n1', { partId: 'a', amount: 40_000 }),
  notice('captured', 'n2', { partId: 'a', amount: 40_000 }),
  notice('failed', 'n3', { partId: 'b', amount: total.amount - 40_000 }),
  notice('captured', 'n4', { partId: 'b', amount: total.amount - 40_000 }),
  notice('expired', 'n5', { partId: 'a', amount: 40_000 }),
];
const inTwoParts = {
  ...createPayment,
  parts: [
    { partId: 'a', method: 'card', amount: idr(40_000) },
    { partId: 'b', method: 'voucher', amount: idr(total.amount - 40_000) },
  ],
};
const refunds: readonly PaymentCommand[] = (['sent', 'unknown', 'failed', 'refunded'] as const).map((result) => ({
  type: 'refund_result',
  refundId: 'r1',
  result,
  at: inTime,
}));

const endOf = (past: readonly PaymentCommand[], commands: readonly PaymentCommand[]): Payment => {
  let state: Payment = payment.initial;
  for (const command of [...past, ...commands]) for (const event of payment.decide(command, state)) state = payment.evolve(state, event);
  return state;
};

/** Every notice at least once, some of them twice, in any order. */
const disordered = (notices: readonly PaymentCommand[]) =>
  fc.subarray([...notices]).chain((twice) => fc.shuffledSubarray([...notices, ...twice], { minLength: notices.length + twice.length }));

describe.each([
  ['paid after all', [createPayment], paidAfterAll, 'Captured'],
  ['never paid', [createPayment], neverPaid, 'Voided'],
  ['paid too late', [createPayment], paidTooLate, 'RefundDue'],
  ['given up by its checkout', [createPayment, givenUp], paidAfterAll, 'RefundDue'],
  ['of two parts', [inTwoParts], twoParts, 'Captured'],
  [
    'with a refund of one order',
    [
      createPayment,
      notice('captured', 'n1'),
      { type: 'request_refund', refundId: 'r1', orderId: 'o1', of: 'rest', reason: 'return', at: inTime } as const,
    ],
    refunds,
    'PartiallyRefunded',
  ],
] as const)('a payment %s', (_name, past, notices, status) => {
  const expected = endOf(past, notices);
  it('ends as it should', () => expect(expected.status).toBe(status));
  it('ends in one state after 10,000 disorders of its notices', () =>
    fc.assert(
      fc.property(disordered(notices), (commands) => {
        expect(endOf(past, commands)).toEqual(expected);
      }),
      { numRuns: 10_000 },
    ));
});
