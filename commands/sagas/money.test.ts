// The sagas of a payment, a refund and a new seller: each step, each compensation.
import { describe, expect, it } from 'vitest';
import { idr, noon, expiresAt as payBy } from '../../domain/payment/sale.fixture.ts';
import { collection } from './payment.ts';
import { recorded } from './recorded.fixture.ts';
import { refund } from './refund.ts';
import type { Saga, TimerDue } from './saga.ts';
import { sellerRole } from './seller-role.ts';

type Trigger = { type: string; [field: string]: unknown } | TimerDue;
const isTimer = (trigger: Trigger): trigger is TimerDue => trigger.type === 'timer.due';
const timer = (at: string): TimerDue => ({ type: 'timer.due', at });

/** Folds what each trigger leads to, asks each event again (nothing more may come), and answers the state and what the last one sends. */
const upTo = <State, Event extends { type: string }>(saga: Saga<State, Event>, ...triggers: Trigger[]) => {
  let state = saga.process.initial;
  let last: readonly Event[] = [];
  for (const trigger of triggers) {
    const cause = isTimer(trigger) ? trigger : recorded(trigger);
    last = saga.react(state, cause);
    state = last.reduce((now, event) => saga.process.evolve(now, event), state);
    expect(saga.react(state, cause), `${trigger.type} again`).toEqual([]);
  }
  const intents = last.filter((event) => saga.process.isIntent(event));
  return { state, intents, sends: intents.flatMap((intent) => saga.sends(intent, state)), outcome: saga.process.outcome(state) };
};

const amount = idr(95_555);

describe('the collection of a payment', () => {
  const payment = (type: string, more: object = {}) => ({
    type: `payment.${type}`,
    paymentId: 'p1',
    checkoutId: 'c1',
    buyerId: 'b1',
    at: noon,
    ...more,
  });
  const parts = [{ partId: 'p1', method: 'va', amount }];
  const created = payment('created', { method: 'va', amount, parts, expiresAt: payBy });
  const pending = payment('pending', { partId: 'p1', instructions: { kind: 'va', bank: 'bca', accountNumber: '1' } });
  it('asks the gateway for instructions', () =>
    expect(upTo(collection, created).sends).toEqual([
      {
        target: 'gateway',
        id: 'p1',
        command: {
          ...{ type: 'create_payment', paymentId: 'p1', checkoutId: 'c1', buyerId: 'b1', method: 'va' },
          ...{ amount, parts, expiresAt: payBy, account: null, at: noon },
        },
      },
    ]));
  it('asks for none at the door', () => expect(upTo(collection, { ...created, method: 'cod' }).outcome).toBe('NotStarted'));
  it('looks at the gateway before it expires what nobody paid, once', () => {
    const { sends, state } = upTo(collection, created, pending, timer(payBy));
    expect(sends).toEqual([{ target: 'gateway', id: 'p1', command: { type: 'expire', paymentId: 'p1', at: payBy } }]);
    expect(collection.process.wakeAt(state)).toBe(null);
  });
  it('a paid one is at its end and waits for nothing', () => {
    const { state, outcome } = upTo(collection, created, pending, payment('captured'));
    expect([outcome, collection.process.wakeAt(state)]).toEqual(['Completed', null]);
  });
  it('calls off what was given up', () => {
    const { sends } = upTo(collection, created, pending, payment('voided', { final: true }));
    expect(sends).toEqual([{ target: 'gateway', id: 'p1', command: { type: 'void', paymentId: 'p1', at: noon } }]);
  });
  it('not what the gateway itself called off', () =>
    expect(upTo(collection, created, payment('voided', { final: false })).sends).toEqual([]));
  it('is done with what the gateway answered', () => {
    const { state, intents } = upTo(collection, created);
    const [intent] = intents;
    if (!intent) throw new Error('no intent');
    const done = collection.settled(intent, state, [{ code: 'already_so', details: {}, at: noon }]);
    expect(collection.process.isOpen(intent, done.reduce(collection.process.evolve, state))).toBe(false);
  });
});

describe('what an operator decides about a command that was refused', () => {
  const by = (decision: 'retry' | 'close') => ({ decision, operatorId: 'a1', at: noon });
  const refused = [{ code: 'gateway.refused', details: {}, at: noon }] as const;
  it('has the gateway asked again, or not', () => {
    const { state, intents } = upTo(collection, {
      ...{ type: 'payment.created', paymentId: 'p1', checkoutId: 'c1', buyerId: 'b1', at: noon },
      ...{ method: 'va', amount, parts: [], expiresAt: payBy },
    });
    const [intent] = intents;
    if (!intent) throw new Error('no intent');
    const stuck = collection.settled(intent, state, [...refused]).reduce(collection.process.evolve, state);
    const decided = (decision: 'retry' | 'close') =>
      collection.process.evolve(stuck, { type: 'collection.resolved', paymentId: 'p1', ...by(decision) });
    expect(collection.process.isRefused?.(intent, stuck)).toBe(true);
    expect([stuck, decided('retry'), decided('close')].map((now) => collection.process.isOpen(intent, now))).toEqual([false, true, false]);
  });
  it('has the role given again, or not', () => {
    const { state, intents } = upTo(sellerRole, { type: 'seller.approved', sellerId: 's1', userId: 'u1' });
    const [intent] = intents;
    if (!intent) throw new Error('no intent');
    const stuck = sellerRole.settled(intent, state, [...refused]).reduce(sellerRole.process.evolve, state);
    const decided = (decision: 'retry' | 'close') =>
      sellerRole.process.evolve(stuck, { type: 'onboarding.resolved', sellerId: 's1', userId: 'u1', ...by(decision) });
    expect([stuck, decided('retry'), decided('close')].map(sellerRole.process.outcome)).toEqual(['NeedsHuman', 'Running', 'Completed']);
  });
});

describe('a refund on its way', () => {
  const ids = { paymentId: 'p1', checkoutId: 'c1', buyerId: 'b1', orderId: 'o1', sellerId: 's1', refundId: 'r1', at: noon };
  const requested = (booked: boolean) => ({
    type: 'payment.refund_requested',
    ...ids,
    amount,
    shipping: idr(0),
    lines: [],
    booked,
    reason: 'return',
    method: 'va',
  });
  const step = (type: string) => ({ type: `payment.${type}`, ...ids });
  it('is sent to the gateway', () =>
    expect(upTo(refund, requested(true)).sends).toEqual([
      { target: 'gateway', id: 'p1', command: { type: 'refund', refundId: 'r1', paymentId: 'p1', orderId: 'o1', amount, at: noon } },
    ]));
  it('ends when the buyer has it', () =>
    expect(upTo(refund, requested(true), step('refund_sent'), step('refunded')).outcome).toBe('Completed'));
  it('is asked after when nobody knows, ever more seldom', () => {
    const unknown = upTo(refund, requested(true), step('refund_unknown'));
    expect(refund.process.wakeAt(unknown.state)).toBe('2026-01-01T12:05:00.000Z');
    const asked = upTo(refund, requested(true), step('refund_unknown'), timer('2026-01-01T12:05:00.000Z'));
    expect(asked.sends.map(({ command }) => command.type)).toEqual(['refund_status']);
    expect(refund.process.wakeAt(asked.state)).toBe('2026-01-01T12:15:00.000Z');
  });
  it('whose outcome is not known is never sent blindly again', () => {
    const { intents } = upTo(refund, requested(true));
    const { state } = upTo(refund, requested(true), step('refund_unknown'));
    expect(intents.map((intent) => refund.process.isOpen(intent, state))).toEqual([false]);
  });
  it('needs a human when it failed', () => expect(upTo(refund, requested(true), step('refund_failed')).outcome).toBe('NeedsHuman'));
  it('or an operator, who takes it as settled', () => {
    const { state } = upTo(refund, requested(true), step('refund_failed'));
    const by = { decision: 'close', operatorId: 'a1', at: noon } as const;
    expect(refund.process.outcome(refund.process.evolve(state, { type: 'refund.resolved', refundId: 'r1', ...by }))).toBe('Completed');
  });
  it('of late money stands on the platform’s books until it is paid back', () => {
    expect(upTo(refund, requested(false)).sends.map(({ target, id }) => `${target} ${id}`)).toEqual(['gateway p1', 'ledger platform']);
    const booked = { type: 'ledger.booked', ...ids, kind: 'capture', ledgerId: 'platform' };
    const { sends } = upTo(refund, requested(false), booked, step('refunded'));
    expect(sends).toMatchObject([{ target: 'ledger', id: 'platform', command: { kind: 'refund', bookingId: 'refund.r1' } }]);
  });
  it('takes no notice of a seller’s books', () =>
    expect(refund.correlate(recorded({ type: 'ledger.booked', ...ids, ledgerId: 's1' }))).toBe(null));
});

describe('an approved seller', () => {
  const approved = { type: 'seller.approved', sellerId: 's1', userId: 'u1' };
  it('gets the role', () =>
    expect(upTo(sellerRole, approved).sends).toEqual([
      { target: 'account', id: 'u1', command: { type: 'grant_role', role: 'SELLER', sellerId: 's1', by: { kind: 'system' } } },
    ]));
  it('has it when the account says so', () => {
    const granted = { type: 'account.role_granted', userId: 'u1', role: 'SELLER', sellerId: 's1', epoch: 2 };
    expect(upTo(sellerRole, approved, granted).outcome).toBe('Completed');
  });
});
