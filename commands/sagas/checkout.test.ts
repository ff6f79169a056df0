// A purchase on its way to the end, step by step.
import { describe, expect, it } from 'vitest';
import { checkout as decider } from '../../domain/checkout/checkout.ts';
import { money } from '../../domain/money.ts';
import {
  awaiting,
  begun,
  booked,
  booking,
  cancelled,
  cancelling,
  captured,
  cleared,
  clearing,
  committed,
  committing,
  completed,
  confirmed,
  confirming,
  done,
  each,
  failed,
  givenCheckout,
  givingUp,
  held,
  holding,
  human,
  lineIds,
  missing,
  opened,
  orderCancelled,
  orderIds,
  ordering,
  paid,
  payable,
  paying,
  paymentCaptured,
  pending,
  refunded,
  refunding,
  refused,
  released,
  releasing,
  reserved,
  reserving,
  started,
  waiting,
  whole,
} from '../../tests/checkout-steps.ts';
import { address, soon } from '../../tests/sample-purchase.ts';
import { checkout } from './checkout.ts';

describe('on the good way', () => {
  it('an order is created for every seller', () => {
    const { state } = givenCheckout(...started);
    const [, intent] = begun();
    expect(intent && checkout.sends(intent, state)).toMatchObject([
      {
        target: 'order',
        id: 'o1',
        command: {
          type: 'create',
          sellerId: 's1',
          lines: [{ lineId: 'l1' }, { lineId: 'l2' }],
          address,
          payUntil: '2026-01-01T12:31:00.000Z',
        },
      },
      {
        target: 'order',
        id: 'o2',
        command: { type: 'create', sellerId: 's2', lines: [{ lineId: 'l3' }], totals: { total: money(32_000, 'IDR') } },
      },
    ]);
  });
  it('one order opens', () =>
    givenCheckout(...started)
      .whenDone(opened('o1'))
      .then(opened('o1')));
  it('the last order opens: every line is held', () => {
    const step = givenCheckout(...started, opened('o1')).whenDone(opened('o2'));
    step.then(opened('o2'), ...each(lineIds, (id) => holding(id)));
    expect(step.sends()[1]).toEqual({
      part: 'hold:l2',
      target: 'stock',
      id: 'v-l2.main',
      command: {
        ...{ type: 'hold', holdId: 'l2.1', checkoutId: 'k1', orderId: 'o1', buyerId: 'b1' },
        ...{ quantity: 3, until: '2026-01-01T12:31:00.000Z', at: soon },
      },
    });
  });
  it('all lines are held at once', () =>
    givenCheckout(...reserving)
      .whenDone(...each(lineIds, held))
      .then(...each(lineIds, held), paying));
  it('one line is held', () =>
    givenCheckout(...reserving)
      .whenDone(held('l1'))
      .then(held('l1')));
  it('the last line is held: the one payment is asked for', () => {
    const step = givenCheckout(...reserving, held('l1'), held('l2')).whenDone(held('l3'));
    step.then(held('l3'), paying);
    expect(step.sends()).toMatchObject([
      {
        ...{ target: 'payment', id: 'pay1' },
        command: {
          ...{ type: 'create', amount: whole, expiresAt: '2026-01-01T12:16:00.000Z', until: '2026-01-01T12:31:00.000Z' },
          ...{ parts: [{ partId: 'pay1.1', amount: whole }], orders: [{ orderId: 'o1' }, { orderId: 'o2' }] },
        },
      },
    ]);
  });
  it('the payment is created: nothing follows before it can be paid', () =>
    givenCheckout(...reserved)
      .whenDone(payable)
      .then());
  it('the buyer can pay', () =>
    givenCheckout(...reserved)
      .when(pending)
      .then(awaiting));
  it('waits for the money until the holds end', () => expect(givenCheckout(...waiting).wakeAt()).toBe('2026-01-01T12:31:00.000Z'));
  it('paid: everything is booked and committed', () => {
    const step = givenCheckout(...waiting).when(paymentCaptured);
    step.then(paid, ...each(orderIds, booking), ...each(lineIds, (id) => committing(id)));
    expect(step.sends()).toMatchObject([
      { target: 'ledger', id: 's1', command: { type: 'book', bookingId: 'capture.o1', kind: 'capture' } },
      { target: 'ledger', id: 's2', command: { type: 'book', bookingId: 'capture.o2' } },
      { target: 'stock', id: 'v-l1.main', command: { type: 'commit', holdId: 'l1.1' } },
      { target: 'stock', id: 'v-l2.main' },
      { target: 'stock', id: 'v-l3.main' },
    ]);
  });
  it('paid before the instructions came', () =>
    givenCheckout(...reserved)
      .when(paymentCaptured)
      .then(paid, ...each(orderIds, booking), ...each(lineIds, (id) => committing(id))));
  it("an order's last line is committed: the order is confirmed with its holds", () => {
    const step = givenCheckout(...captured, committed('l1')).whenDone(committed('l2'));
    step.then(committed('l2'), confirming('o1'));
    expect(step.sends()).toEqual([
      {
        part: 'confirm_order:o1',
        target: 'order',
        id: 'o1',
        command: {
          type: 'confirm',
          holds: [
            { lineId: 'l1', stockId: 'v-l1.main', holdId: 'l1.1', quantity: 1 },
            { lineId: 'l2', stockId: 'v-l2.main', holdId: 'l2.1', quantity: 3 },
          ],
          at: soon,
        },
      },
    ]);
  });
  const almost = [...captured, ...each(lineIds, (id) => committed(id)), ...each(orderIds, confirming), confirmed('o1')];
  it('the last order is confirmed: the bought lines leave the cart', () => {
    const step = givenCheckout(...almost).whenDone(confirmed('o2'));
    step.then(confirmed('o2'), done(['o1', 'o2']), clearing);
    expect(step.sends()).toEqual([
      {
        part: 'clear_cart:b1',
        target: 'cart',
        id: 'b1',
        command: {
          ...{ type: 'remove_bought', checkoutId: 'k1', at: soon },
          lines: [
            { lineId: 'cart-l1', quantity: 1 },
            { lineId: 'cart-l2', quantity: 3 },
            { lineId: 'cart-l3', quantity: 1 },
          ],
        },
      },
    ]);
  });
  const confirmedAll = [...almost, confirmed('o2'), done(['o1', 'o2']), clearing];
  it('the cart is cleared: completed', () => {
    givenCheckout(...confirmedAll)
      .whenDone(cleared)
      .then(completed);
    expect(givenCheckout(...confirmedAll, ...each(orderIds, booked), completed).outcome()).toBe('Completed');
    expect(givenCheckout(...confirmedAll, ...each(orderIds, booked), completed).wakeAt()).toBeNull();
  });
  it('a booking is made', () =>
    givenCheckout(...captured)
      .whenDone(booked('o1'))
      .then(booked('o1')));
  it('an order that its seller cancels later touches nothing here', () =>
    givenCheckout(...almost)
      .when(orderCancelled('o1', true, 'seller'))
      .then());
  it('a repeat of a command counts as its outcome', () => {
    givenCheckout(...started, opened('o1'))
      .whenSettled(ordering('o2'), 'already_so')
      .then(opened('o2'), ...each(lineIds, (id) => holding(id)));
    givenCheckout(...reserving)
      .whenSettled(holding('l1'), 'already_so')
      .then(held('l1'));
    givenCheckout(...reserved)
      .whenSettled(paying, 'already_so')
      .then();
    givenCheckout(...captured)
      .whenSettled(committing('l1'), 'already_so')
      .then(committed('l1'));
    givenCheckout(...captured)
      .whenSettled(booking('o1'), 'already_so')
      .then(booked('o1'));
    givenCheckout(...almost)
      .whenSettled(confirming('o2'), 'already_so')
      .then(confirmed('o2'), done(['o1', 'o2']), clearing);
    givenCheckout(...confirmedAll)
      .whenSettled(clearing, 'already_so')
      .then(completed);
  });
});

describe('cash on delivery', () => {
  const cod = [
    ...begun({ method: 'cod' }),
    ...each(orderIds, opened),
    ...each(lineIds, (id) => holding(id)),
    ...each(lineIds, (id) => held(id)),
    paying,
  ];
  it('is confirmed at once: nothing is booked before the door', () =>
    givenCheckout(...cod)
      .whenDone(payable)
      .then(payable, ...each(lineIds, (id) => committing(id))));
  it('goes from Reserved to Confirmed', () => {
    const almost = [
      ...cod,
      payable,
      ...each(lineIds, (id) => committing(id)),
      ...each(lineIds, (id) => committed(id)),
      ...each(orderIds, confirming),
      confirmed('o1'),
    ];
    givenCheckout(...almost)
      .whenDone(confirmed('o2'))
      .then(confirmed('o2'), done(['o1', 'o2']), clearing);
  });
  it('cannot be left any more once its goods are being committed', () => {
    const { state } = givenCheckout(...cod, payable, ...each(lineIds, (id) => committing(id)));
    expect(() => decider.decide({ type: 'cancel', buyerId: 'b1', at: soon }, state)).toThrow('Cancel its orders');
  });
  it('an order without goods is not asked for at the door', () => {
    const lost = [
      ...cod,
      payable,
      ...each(lineIds, (id) => committing(id)),
      refused('commit', 'l3', 'stock.hold_expired'),
      holding('l3', 2),
    ];
    const gone = [...lost, refused('hold', 'l3', 'stock.insufficient'), cancelling('o2', 'out_of_stock')];
    const step = givenCheckout(...gone).when(orderCancelled('o2', false));
    step.then(cancelled('o2'), refunding('o2', 'out_of_stock'));
    expect(step.sends()).toMatchObject([{ target: 'payment', id: 'pay1', command: { type: 'void_part', orderId: 'o2', at: soon } }]);
    givenCheckout(...gone, cancelled('o2'), refunding('o2', 'out_of_stock'))
      .whenDone(refunded('o2'))
      .then(refunded('o2'));
  });
});

describe('a commit that finds its hold expired', () => {
  const late = refused('commit', 'l3', 'stock.hold_expired');
  const again = holding('l3', 2, '2026-01-01T12:16:00.000Z');
  it('holds again', () =>
    givenCheckout(...captured)
      .whenSettled(committing('l3'), 'stock.hold_expired')
      .then(late, again));
  it('and commits that', () =>
    givenCheckout(...captured, late, again)
      .whenDone(held('l3'))
      .then(held('l3'), committing('l3', 2)));
  it('takes no notice of the first hold any more', () =>
    givenCheckout(...captured, late, again)
      .whenSettled(holding('l3'), 'done')
      .then());

  const short = refused('hold', 'l3', 'stock.insufficient');
  it('without stock loses that order', () => {
    const step = givenCheckout(...captured, late, again).whenSettled(again, 'stock.insufficient');
    step.then(short, cancelling('o2', 'out_of_stock'));
    expect(step.sends()).toMatchObject([
      { target: 'order', id: 'o2', command: { type: 'cancel', by: 'system', reason: 'out_of_stock', at: soon } },
    ]);
  });
  const lost = [...captured, late, again, short, cancelling('o2', 'out_of_stock')];
  it('whose share is given back', () =>
    givenCheckout(...lost)
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), refunding('o2', 'out_of_stock')));
  it('once', () =>
    givenCheckout(...lost, cancelled('o2'), refunding('o2', 'out_of_stock'))
      .whenDone(refunded('o2'))
      .then(refunded('o2')));
  it('while the other sellers go on', () => {
    const rest = [
      ...lost,
      cancelled('o2'),
      refunding('o2', 'out_of_stock'),
      ...each(['l1', 'l2'], (id) => committed(id)),
      confirming('o1'),
    ];
    givenCheckout(...rest)
      .whenDone(confirmed('o1'))
      .then(confirmed('o1'), done(['o1']), clearing);
  });
  it('lets the other goods of that order go, also those that are committed meanwhile', () => {
    const l2 = refused('commit', 'l2', 'stock.hold_expired');
    const none = refused('hold', 'l2', 'stock.insufficient');
    const past = [...captured, committed('l1'), l2, holding('l2', 2), none, cancelling('o1', 'out_of_stock')];
    givenCheckout(...past)
      .when(orderCancelled('o1', false))
      .then(cancelled('o1'), releasing('l1'), refunding('o1', 'out_of_stock'));
  });
  it('in every order ends the purchase as failed, with everything given back', () => {
    const o1 = [refused('commit', 'l1', 'stock.hold_expired'), holding('l1', 2), refused('hold', 'l1', 'stock.insufficient')];
    const all = [...lost, cancelled('o2'), refunding('o2', 'out_of_stock'), committed('l2'), ...o1, cancelling('o1', 'out_of_stock')];
    const undone = [...all, cancelled('o1'), releasing('l2'), refunding('o1', 'out_of_stock'), released('l2'), ...each(orderIds, booked)];
    const last = givenCheckout(...undone, givingUp('checkout.out_of_stock'), refunded('o1'));
    last.whenDone(refunded('o2')).then(refunded('o2'), failed('checkout.out_of_stock', [missing('l3'), missing('l1')]));
  });
});

describe('an order that its buyer cancels while it is being confirmed', () => {
  const almost = [...captured, ...each(lineIds, (id) => committed(id)), ...each(orderIds, confirming)];
  const after = [cancelled('o2'), releasing('l3'), refunding('o2', 'cancelled')];
  it('gives back its goods and its share', () =>
    givenCheckout(...almost)
      .when(orderCancelled('o2', false))
      .then(...after));
  it('also when the refusal is heard first', () =>
    givenCheckout(...almost)
      .whenSettled(confirming('o2'), 'order.cancelled')
      .then(...after));
});

describe('what no rule can settle', () => {
  const stuck = [...captured, refused('book', 'capture.o1', 'ledger.too_old'), human('book')];
  it('is shown to an operator', () => {
    givenCheckout(...captured)
      .whenSettled(booking('o1'), 'ledger.too_old')
      .then(refused('book', 'capture.o1', 'ledger.too_old'), human('book'));
    expect(givenCheckout(...stuck).outcome()).toBe('NeedsHuman');
    expect(givenCheckout(...stuck).wakeAt()).toBeNull();
  });
  it('does not stop the rest', () =>
    givenCheckout(...stuck)
      .whenDone(committed('l1'))
      .then(committed('l1')));
  it('goes on after the operator asked for another try', () => {
    const events = decider.decide({ type: 'resolve', decision: 'retry', operatorId: 'a1', at: soon }, givenCheckout(...stuck).state);
    const resumed = givenCheckout(...stuck, ...events);
    expect(resumed.outcome()).toBe('Running');
    resumed.whenDone(booked('o1')).then(booked('o1'));
  });
  it('a payment that takes too long to be committed, too', () =>
    expect(
      givenCheckout(...captured)
        .when({ type: 'timer.due', at: '2026-01-01T12:16:00.000Z' })
        .events.map(({ type }) => type),
    ).toEqual(['checkout.human_needed']));
});
