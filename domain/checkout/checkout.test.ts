import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { lines, noon, prices, quote, quotedLine, shippingOption, soon, start } from '../../tests/sample-purchase.ts';
import { money } from '../money.ts';
import { checkout, linesPerCheckout } from './checkout.ts';
import type { CheckoutEvent } from './events.ts';
import { isPurchase } from './state.ts';

const common = { checkoutId: 'k1', buyerId: 'b1' };
const quoted = checkout.decide(quote, checkout.initial);
const started = checkout.decide(start, quoted.reduce(checkout.evolve, checkout.initial));
const past = [...quoted, ...started];
const planOf = (events: readonly CheckoutEvent[]) => {
  const state = [...quoted, ...events].reduce(checkout.evolve, checkout.initial);
  if (!isPurchase(state)) throw new Error('not started');
  return state.plan;
};

describe('a quote', () => {
  const [expected] = quoted;
  if (expected?.type !== 'checkout.quoted') throw new Error('not quoted');

  it('says what the lines cost, and for how long', () => {
    given(checkout).when(quote).then(expected);
    expect(expected).toMatchObject({ currency: 'IDR', expiresAt: '2026-01-01T12:15:00.000Z', totals: { items: { amount: 270_003 } } });
  });
  it('needs something to buy', () =>
    given(checkout)
      .when({ ...quote, lines: [] })
      .refuses('checkout.cart_empty'));
  it('has a limit of lines', () => {
    const many = Array.from({ length: linesPerCheckout + 1 }, (_, n) => quotedLine(`l${n}`, 's1', 1));
    given(checkout)
      .when({ ...quote, lines: many })
      .refuses('checkout.too_many_lines', { limit: linesPerCheckout });
  });
  it("refuses the buyer's own goods", () =>
    given(checkout)
      .when({ ...quote, ownSellerId: 's2' })
      .refuses('checkout.own_goods', { lines: ['l3'] }));
  it('has one currency', () => {
    const real = quotedLine('l4', 's2', 0, { unitPrice: money(1, 'BRL') });
    given(checkout)
      .when({ ...quote, lines: [...lines, real] })
      .refuses('checkout.mixed_currencies', { currencies: ['IDR', 'BRL'] });
    given(checkout)
      .when({ ...quote, shipping: [shippingOption('s1', 1, 'BRL')] })
      .refuses('checkout.mixed_currencies');
  });
});

describe('a checkout starts', () => {
  it('with its split plan and one order asked for per seller', () => {
    given(checkout, ...quoted)
      .when(start)
      .then(...started);
    expect(started).toMatchObject([
      { type: 'checkout.started', asks: ['o1', 'o2'].map((orderId) => ({ ask: 'create_order', attempt: 1, orderId })) },
    ]);
    expect(planOf(started).orders.map(({ orderId }) => orderId)).toEqual(['o1', 'o2']);
  });
  it('with the deadlines of the payment method', () => {
    const virtual = checkout.decide({ ...start, method: 'va' }, quoted.reduce(checkout.evolve, checkout.initial));
    expect(planOf(started)).toMatchObject({ paymentExpiresAt: '2026-01-01T12:16:00.000Z', holdUntil: '2026-01-01T12:31:00.000Z' });
    expect(planOf(virtual)).toMatchObject({ paymentExpiresAt: '2026-01-02T12:01:00.000Z', holdUntil: '2026-01-02T12:16:00.000Z' });
  });
  it('with a later deadline where the source knows when the money came', () => {
    const late = checkout.decide({ ...start, payBy: '2026-01-03T00:00:00.000Z' }, quoted.reduce(checkout.evolve, checkout.initial));
    expect(planOf(late)).toMatchObject({ paymentExpiresAt: '2026-01-03T00:00:00.000Z', holdUntil: '2026-01-03T00:15:00.000Z' });
  });
  it('not when a price or a fee changed: it says which, and nothing is held', () => {
    const fresh = {
      lines: [...lines.slice(0, 1), quotedLine('l2', 's1', 60_000)],
      shipping: [shippingOption('s1', 9_500), shippingOption('s2', 12_000)],
      platform: [{ kind: 'instalment_interest' as const, amount: money(5, 'IDR'), rule: 'any@1' }],
    };
    given(checkout, ...quoted)
      .when({ ...start, fresh })
      .refuses('checkout.quote_changed', {
        changes: [
          { subject: 'l2', field: 'price', old: money(50_001, 'IDR'), new: money(60_000, 'IDR') },
          { subject: 'l3', field: 'gone', old: 1, new: null },
          { subject: 'jne-s1', field: 'shipping', old: money(9_001, 'IDR'), new: money(9_500, 'IDR') },
          { subject: 'k1', field: 'fees', old: money(0, 'IDR'), new: money(5, 'IDR') },
        ],
      });
  });
  it('not when a tax changed', () => {
    const tax = { rule: 'ppn@2', rate: 1200, included: true };
    given(checkout, ...quoted)
      .when({ ...start, fresh: { ...prices, lines: lines.map((line) => ({ ...line, tax })) } })
      .refuses('checkout.quote_changed');
  });
  it('until the quote is over', () => {
    const late = '2026-01-01T12:15:00.001Z';
    given(checkout, ...quoted)
      .when({ ...start, at: late })
      .refuses('checkout.quote_expired');
  });
  it('with a choice for every seller', () =>
    given(checkout, ...quoted)
      .when({ ...start, choices: start.choices.slice(0, 1) })
      .refuses('checkout.shipping_choice_missing', { sellerId: 's2' }));
  it('for its own buyer', () =>
    given(checkout, ...quoted)
      .when({ ...start, buyerId: 'b2' })
      .refuses('checkout.quote_not_found'));
  it('from a quote', () => given(checkout).when(start).refuses('checkout.quote_not_found'));
  it('once', () =>
    given(checkout, ...past)
      .when({ ...start, paymentId: 'pay2' })
      .refuses('checkout.already_started'));
});

describe('a buyer leaves', () => {
  const cancel = { type: 'cancel', buyerId: 'b1', at: soon } as const;
  const compensating = { type: 'checkout.compensating', ...common, at: soon, outcome: 'failed', reason: 'checkout.cancelled' } as const;
  const done = ['o1', 'o2'].map((subject) => ({ ask: 'create_order', subject }) as const);
  const opened = { type: 'checkout.advanced', ...common, at: soon, done } as const;

  it('before anything was held: the orders are cancelled as they open', () =>
    given(checkout, ...past)
      .when(cancel)
      .then(compensating));
  it('with open orders: they are cancelled', () =>
    given(checkout, ...past, opened)
      .when(cancel)
      .then({
        ...compensating,
        asks: ['o1', 'o2'].map((orderId) => ({ ask: 'cancel_order', attempt: 1, orderId, reason: 'cancelled' }) as const),
      }));
  it('not the purchase of somebody else', () =>
    given(checkout, ...past)
      .when({ ...cancel, buyerId: 'b2' })
      .refuses('checkout.not_found'));
  it('not what never started', () =>
    given(checkout, ...quoted)
      .when(cancel)
      .refuses('checkout.not_found'));
  it('not after it is paid', () =>
    given(checkout, ...past, opened, { type: 'checkout.paid', ...common, at: soon, paymentId: 'pay1', amount: money(1, 'IDR') })
      .when(cancel)
      .refuses('checkout.already_paid'));
});

describe('an operator decides', () => {
  const asks = ['o1', 'o2'].map((orderId) => ({ ask: 'book', attempt: 1, bookingId: `capture.${orderId}`, orderId }) as const);
  const paid: CheckoutEvent = { type: 'checkout.paid', ...common, at: soon, paymentId: 'pay1', amount: money(1, 'IDR'), asks };
  const refusal: CheckoutEvent = {
    ...{ type: 'checkout.command_refused', ...common, at: soon },
    ...{ ask: 'book', subject: 'capture.o1', code: 'ledger.too_old', details: {} },
  };
  const asked: CheckoutEvent = { type: 'checkout.human_needed', ...common, at: soon, reason: 'book' };
  const stuck = [...past, paid, refusal, asked];
  const resolve = { type: 'resolve', decision: 'retry', operatorId: 'a1', at: noon } as const;
  const resolved = { type: 'checkout.resolved', ...common, decision: 'retry', operatorId: 'a1', at: noon } as const;

  it('to try again what was refused', () =>
    given(checkout, ...stuck)
      .when(resolve)
      .then({ ...resolved, asks: [{ ask: 'book', attempt: 2, bookingId: 'capture.o1', orderId: 'o1' }] }));
  it('to close what was settled by hand', () =>
    given(checkout, ...stuck)
      .when({ ...resolve, decision: 'close' })
      .then({ ...resolved, decision: 'close' }, { type: 'checkout.completed', ...common, at: noon }));
  it('only when asked', () =>
    given(checkout, ...past)
      .when(resolve)
      .then());
});
