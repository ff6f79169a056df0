import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { bookCapture, refundEntries } from '../ledger/entries.ts';
import type { CreatePayment, NotePayment, PaymentCommand, ReconcilePayment } from './commands.ts';
import type { PaymentEvent } from './events.ts';
import { payment } from './payment.ts';
import { createPayment, expiresAt, idr, noon, shares, total, until } from './sale.fixture.ts';
import type { Payment } from './state.ts';

const ids = { paymentId: 'p1', checkoutId: 'c1', buyerId: 'b1' };
const inTime = '2026-01-01T12:20:00.000Z';

/** Runs commands through the decider and answers all their events. */
const history = (...commands: PaymentCommand[]): PaymentEvent[] => {
  let state: Payment = payment.initial;
  const events: PaymentEvent[] = [];
  for (const command of commands) {
    for (const event of payment.decide(command, state)) {
      events.push(event);
      state = payment.evolve(state, event);
    }
  }
  return events;
};

const note = (status: NotePayment['status'], more: Partial<NotePayment> = {}): NotePayment => ({
  type: 'note',
  providerEventId: `e-${status}`,
  status,
  amount: total.amount,
  currency: 'IDR',
  at: noon,
  ...more,
});

const captured = {
  type: 'payment.captured',
  ...ids,
  at: noon,
  method: 'va',
  cod: false,
  amount: total,
  interest: idr(0),
  rounding: idr(0),
  orders: shares,
} as const;
const created = history(createPayment);
const paid = [...created, captured];
const voidIt = { type: 'void', at: inTime } as const;

describe('a payment is created', () => {
  it('with shares and parts that add up', () =>
    given(payment)
      .when(createPayment)
      .then({ ...createPayment, type: 'payment.created', parts: [...createPayment.parts], orders: [...createPayment.orders] }));
  it('not when a part is missing', () =>
    given(payment)
      .when({ ...createPayment, amount: idr(total.amount + 1) })
      .refuses('payment.unbalanced'));
  it('waits with the instructions of the gateway, once', () => {
    const instructions = { kind: 'va', bank: 'bca', accountNumber: '123' } as const;
    given(payment, ...created)
      .when({ type: 'instruct', instructions, at: noon })
      .then({ type: 'payment.pending', ...ids, at: noon, partId: 'p1', instructions, expiresAt });
  });
  it('still gets its instructions after a notice that it is pending', () => {
    const instructions = { kind: 'va', bank: 'bca', accountNumber: '123' } as const;
    given(payment, ...history(createPayment, note('pending')))
      .when({ type: 'instruct', instructions, at: noon })
      .then({ type: 'payment.pending', ...ids, at: noon, partId: 'p1', instructions, expiresAt });
  });
});

/** The notice that told of it. */
const told = { providerEventId: 'e-captured' };

describe('money comes', () => {
  it('and captures all orders', () =>
    given(payment, ...created)
      .when(note('captured'))
      .then({ ...captured, ...told }));
  it('after the expiry but within the holds: reinstated', () =>
    given(payment, ...history(createPayment, { type: 'expire', at: expiresAt }))
      .when(note('captured', { at: inTime }))
      .then(
        { type: 'payment.captured_late', ...ids, at: inTime, amount: total },
        { ...captured, ...told, type: 'payment.reinstated', at: inTime },
      ));
  it('after the holds: all of it goes back, a share per order', () => {
    const events = history(createPayment, note('captured', { at: until }));
    expect(events.map((event) => event.type)).toEqual([
      'payment.created',
      'payment.captured_late',
      'payment.refund_due',
      'payment.refund_requested',
      'payment.refund_requested',
    ]);
    expect(given(payment, ...events).state().status).toBe('RefundDue');
    const refunded = history(
      createPayment,
      note('captured', { at: until }),
      { type: 'refund_result', refundId: 'o1.late.p1', result: 'refunded', at: until },
      { type: 'refund_result', refundId: 'o2.late.p1', result: 'refunded', at: until },
    );
    expect(given(payment, ...refunded).state().status).toBe('Refunded');
  });
  it('after the checkout gave up: it goes back, even in time', () => {
    const late = history(createPayment, voidIt, note('captured', { at: inTime }));
    expect(given(payment, ...late).state()).toMatchObject({ status: 'RefundDue', final: true });
  });
  it('just before the checkout gives up: what was recorded first wins', () =>
    given(payment, ...history(createPayment, note('captured')))
      .when(voidIt)
      .refuses('payment.already_captured'));
  it.each([
    ['amount', { amount: total.amount - 1 }],
    ['currency', { currency: 'USD' }],
    ['account', { account: 'somebody else' }],
    ['part', { partId: 'p9' }],
  ] as const)('of the wrong %s is kept as an anomaly and moves nothing', (reason, wrong) => {
    const notice = note('captured', wrong);
    const { providerEventId, amount, currency } = notice;
    given(payment, ...created)
      .when(notice)
      .then({ type: 'payment.anomaly_noted', ...ids, at: noon, providerEventId, reason, amount, currency, captured: true });
  });
});

describe('the provider says what it holds, because a notice did not fit', () => {
  const reconcile = (held: number, more: Partial<ReconcilePayment> = {}): PaymentCommand => ({
    ...{ type: 'reconcile', held: idr(held), checkoutId: 'c1', account: 'shop', ownAccount: 'shop', at: inTime },
    ...{ reason: 'amount', amount: held, currency: 'IDR', ...more },
  });
  const stateAfter = (...commands: PaymentCommand[]) => given(payment, ...history(createPayment, ...commands)).state();

  it.each([1, 10_000, total.amount - 1, total.amount + 1, 999_999])(
    '%i of another amount: all of it goes back, and the sale is off',
    (held) => {
      const state = stateAfter(reconcile(held));
      expect(state).toMatchObject({ status: 'RefundDue', final: true });
      const refunds = state.status === 'none' ? [] : Object.values(state.refunds);
      expect(refunds.reduce((all, { amount }) => all + amount.amount, 0)).toBe(held);
      expect(refunds.every(({ booked }) => !booked)).toBe(true);
    },
  );
  it('the same once more: nothing more goes back', () =>
    given(payment, ...history(createPayment, reconcile(10_000)))
      .when(reconcile(10_000))
      .then());
  it('and what comes later goes back as well', () => {
    const state = stateAfter(reconcile(10_000), note('captured'));
    const refunds = state.status === 'none' ? [] : Object.values(state.refunds);
    expect(refunds.reduce((all, { amount }) => all + amount.amount, 0)).toBe(10_000 + total.amount);
  });
  it('all that was asked for: it is a sale', () =>
    expect(stateAfter(reconcile(total.amount))).toMatchObject({ status: 'Captured', final: false }));
  it('twice what was asked for: the sale stands, and the rest goes back', () => {
    const state = stateAfter(note('captured'), reconcile(2 * total.amount, { reason: 'repeated', amount: total.amount }));
    expect(state).toMatchObject({ status: 'Captured', final: false });
    const back = state.status === 'none' ? [] : Object.values(state.refunds);
    expect(back.reduce((all, { amount }) => all + amount.amount, 0)).toBe(total.amount);
  });
  it('what was taken, told of twice: nothing to do', () =>
    given(payment, ...paid)
      .when(reconcile(total.amount, { reason: 'repeated' }))
      .then());
  it.each([
    ['nothing', reconcile(0, { amount: 10_000 })],
    ['another currency', reconcile(10_000, { held: { amount: 10_000, currency: 'USD' } })],
    ['somebody else’s', reconcile(10_000, { account: 'somebody else' })],
    ['of another checkout', reconcile(10_000, { checkoutId: 'c9' })],
  ])('%s: a human decides', (_name, command) =>
    given(payment, ...created)
      .when(command)
      .refuses('payment.anomaly'),
  );
  it('less than what was taken: a human decides', () =>
    given(payment, ...paid)
      .when(reconcile(total.amount - 1))
      .refuses('payment.anomaly'));
});

describe('time runs out', () => {
  it('a timer that is too early changes nothing', () =>
    given(payment, ...created)
      .when({ type: 'expire', at: noon })
      .then());
  it('unpaid it expires', () =>
    given(payment, ...created)
      .when({ type: 'expire', at: expiresAt })
      .then({ type: 'payment.expired', ...ids, at: expiresAt }));
  it('paid it does not', () =>
    given(payment, ...paid)
      .when({ type: 'expire', at: expiresAt })
      .then());
  it('a payment given up is voided for good', () =>
    given(payment, ...created)
      .when(voidIt)
      .then({ type: 'payment.voided', ...ids, at: inTime, final: true }));
});

describe('several parts', () => {
  const parts: CreatePayment['parts'] = [
    { partId: 'p1.1', method: 'card', amount: idr(40_000), installments: 3, sourceType: 'credit_card' },
    { partId: 'p1.2', method: 'voucher', amount: idr(total.amount - 40_000) },
  ];
  const split = history({ ...createPayment, parts });
  it('capture the payment when the last is there, which says how each was paid', () => {
    const one = note('captured', { partId: 'p1.1', amount: 40_000 });
    given(payment, ...split)
      .when(one)
      .then({ type: 'payment.part_captured', ...ids, ...told, at: noon, partId: 'p1.1', amount: idr(40_000) });
    given(payment, ...history({ ...createPayment, parts }, one))
      .when(note('captured', { partId: 'p1.2', amount: total.amount - 40_000 }))
      .then(
        { type: 'payment.part_captured', ...ids, ...told, at: noon, partId: 'p1.2', amount: idr(total.amount - 40_000) },
        { ...captured, ...told, parts: [...parts] },
      );
  });
});

describe('cash at the door', () => {
  const parts = shares.map(({ orderId, amount }) => ({ partId: `p1.${orderId}`, method: 'cod', amount, orderId }));
  const cod: CreatePayment = { ...createPayment, method: 'cod', parts };
  const [one] = shares;
  if (!one) throw new Error('the fixture has shares');
  const collected = [
    { type: 'payment.part_collected', ...ids, at: noon, partId: 'p1.o1', orderId: 'o1', amount: one.amount },
    { type: 'payment.part_captured', ...ids, at: noon, partId: 'p1.o1', amount: one.amount, order: one },
  ] as const;
  it('is collected and captured per order', () =>
    given(payment, ...history(cod))
      .when({ type: 'collect', orderId: 'o1', remitted: true, at: noon })
      .then(...collected));
  it('a refused parcel touches only its order', () =>
    given(payment, ...history(cod), ...collected)
      .when({ type: 'void_part', orderId: 'o2', at: noon })
      .then(
        { type: 'payment.part_voided', ...ids, at: noon, partId: 'p1.o2', orderId: 'o2' },
        { ...captured, method: 'cod', cod: true, amount: one.amount, orders: [one] },
      ));
  it('an order that is paid is not voided', () =>
    given(payment, ...history(cod), ...collected)
      .when({ type: 'void_part', orderId: 'o1', at: noon })
      .refuses('payment.wrong_status'));
  it('never expires', () =>
    given(payment, ...history(cod))
      .when({ type: 'expire', at: '2027-01-01T00:00:00.000Z' })
      .then());
});

const refund = (refundId: string, of: Extract<PaymentCommand, { type: 'request_refund' }>['of'], orderId = 'o1') =>
  ({ type: 'request_refund', refundId, orderId, of, reason: 'return', at: noon }) as const;

describe('a refund', () => {
  it('gives back lines by quantity, the last one with the rest', () => {
    const events = history(
      createPayment,
      note('captured'),
      refund('r1', { lines: [{ lineId: 'l1', quantity: 1 }], shipping: false }),
      refund('r2', 'rest'),
    );
    const amounts = events.filter((event) => event.type === 'payment.refund_requested').map((event) => event.amount.amount);
    expect(amounts).toEqual([10_000, 34_555]);
  });
  it('never more than is left', () =>
    given(payment, ...history(createPayment, note('captured'), refund('r1', 'rest')))
      .when(refund('r2', { lines: [{ lineId: 'l2', quantity: 1 }], shipping: false }))
      .refuses('payment.refund_exceeds_share'));
  it('that failed leaves its share to another', () => {
    const failed = { type: 'refund_result', refundId: 'r1', result: 'failed', at: noon } as const;
    const events = history(createPayment, note('captured'), refund('r1', 'rest'), failed, refund('r2', 'rest'));
    expect(given(payment, ...events).state()).toMatchObject({ refunds: { r1: { status: 'Failed' }, r2: { status: 'Requested' } } });
  });
  it('is paid back by hand when the provider has failed it, and no other refund has taken its share', () => {
    const settle = { type: 'settle_refund', refundId: 'r1', at: noon } as const;
    const failed = { type: 'refund_result', refundId: 'r1', result: 'failed', at: noon } as const;
    const asked = [createPayment, note('captured'), refund('r1', 'rest')];
    given(payment, ...history(...asked))
      .when(settle)
      .refuses('payment.wrong_status');
    given(payment, ...history(...asked, failed, refund('r2', 'rest')))
      .when(settle)
      .refuses('payment.refund_exceeds_share');
    const settled = history(...asked, failed, settle);
    expect(settled.at(-1)).toMatchObject({ type: 'payment.refunded', refundId: 'r1', amount: { amount: 44_555 } });
    given(payment, ...settled)
      .when(settle)
      .then();
    given(payment, ...settled)
      .when(refund('r2', 'rest'))
      .refuses('payment.refund_exceeds_share');
  });
  it("not of another seller's order", () =>
    given(payment, ...paid)
      .when({ ...refund('r1', 'rest'), sellerId: 's2' })
      .refuses('order.not_found'));
  it('not before the money is there', () =>
    given(payment, ...created)
      .when(refund('r1', 'rest'))
      .refuses('payment.not_captured'));
  it('of everything makes the payment Refunded', () => {
    const result = (refundId: string) => ({ type: 'refund_result', refundId, result: 'refunded', at: noon }) as const;
    const half = history(createPayment, note('captured'), refund('r1', 'rest'), result('r1'));
    expect(given(payment, ...half).state().status).toBe('PartiallyRefunded');
    const all = history(createPayment, note('captured'), refund('r1', 'rest'), result('r1'), refund('r2', 'rest', 'o2'), result('r2'));
    expect(given(payment, ...all).state().status).toBe('Refunded');
  });
});

describe('any run of partial refunds', () => {
  const wish = fc.record({
    lineId: fc.constantFrom('l1', 'l2', 'l3'),
    quantity: fc.integer({ min: 1, max: 3 }),
    shipping: fc.boolean(),
    fails: fc.boolean(),
    orderId: fc.constantFrom('o1', 'o2'),
  });
  it('I5: gives back no more than was captured; what is booked sums to zero and equals captured − refunded; the rest ends at nothing', () =>
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 12 }), (wishes) => {
        let state: Payment = payment.initial;
        const balances: Record<string, number> = {};
        let refunded = 0;
        const run = (command: PaymentCommand) => {
          for (const event of payment.decide(command, state)) {
            state = payment.evolve(state, event);
            const bookings =
              event.type === 'payment.captured'
                ? event.orders.map((share) => ({ sellerId: share.sellerId, entries: bookCapture(share, { ...ids, at: noon }).entries }))
                : event.type === 'payment.refunded'
                  ? [{ sellerId: event.sellerId, entries: refundEntries(event, 'seller_pending') }]
                  : [];
            if (event.type === 'payment.refunded') refunded += event.amount.amount;
            for (const { sellerId, entries } of bookings) {
              expect(entries.reduce((sum, entry) => sum + entry.amount.amount, 0)).toBe(0);
              for (const { account, amount } of entries)
                balances[`${sellerId}.${account}`] = (balances[`${sellerId}.${account}`] ?? 0) + amount.amount;
            }
          }
        };
        const attempt = (command: PaymentCommand) => {
          try {
            run(command);
            return true;
          } catch {
            return false;
          }
        };
        run(createPayment);
        run(note('captured'));
        wishes.forEach(({ lineId, quantity, shipping, orderId, fails }, index) => {
          const refundId = `r${index}`;
          if (!attempt(refund(refundId, { lines: [{ lineId, quantity }], shipping }, orderId))) return;
          run({ type: 'refund_result', refundId, result: fails ? 'failed' : 'refunded', at: noon });
        });
        expect(0 - (balances['s1.buyer_funds'] ?? 0) - (balances['s2.buyer_funds'] ?? 0)).toBe(total.amount - refunded);
        for (const orderId of ['o1', 'o2']) {
          if (attempt(refund(`rest-${orderId}`, 'rest', orderId)))
            run({ type: 'refund_result', refundId: `rest-${orderId}`, result: 'refunded', at: noon });
        }
        expect(refunded).toBe(total.amount);
        expect(Object.values(balances).every((balance) => balance === 0)).toBe(true);
      }),
    ));
});
