// A purchase that is undone, from every step where that can happen.
import { describe, expect, it } from 'vitest';
import { checkout as decider } from '../../domain/checkout/checkout.ts';
import type { CheckoutEvent } from '../../domain/checkout/events.ts';
import {
  booking,
  cancelled,
  cancelling,
  committing,
  common,
  each,
  failed,
  givenCheckout,
  givingUp,
  held,
  holding,
  lineIds,
  missing,
  opened,
  orderCancelled,
  orderIds,
  ordering,
  paid,
  payable,
  paying,
  payment,
  paymentCaptured,
  paymentFailed,
  paymentVoided,
  refunding,
  refused,
  reinstated,
  released,
  releasing,
  reserved,
  reserving,
  started,
  told,
  voided,
  voiding,
  waiting,
} from '../../tests/checkout-steps.ts';
import { recorded } from '../../tests/given-saga.ts';
import { soon } from '../../tests/sample-purchase.ts';

describe('goods that cannot be held', () => {
  const short = refused('hold', 'l2', 'stock.insufficient');
  it('undo the purchase', () =>
    givenCheckout(...reserving, held('l1'))
      .whenSettled(holding('l2'), 'stock.insufficient')
      .then(short, givingUp('checkout.out_of_stock'), releasing('l1'), cancelling('o1', 'out_of_stock'), cancelling('o2', 'out_of_stock')));
  const undoing = [
    ...reserving,
    held('l1'),
    short,
    givingUp('checkout.out_of_stock'),
    releasing('l1'),
    ...each(orderIds, (id) => cancelling(id, 'out_of_stock')),
  ];
  it('a hold that comes meanwhile is released too', () => {
    const step = givenCheckout(...undoing).whenDone(held('l3'));
    step.then(held('l3'), releasing('l3'));
    expect(step.sends()).toMatchObject([{ target: 'stock', id: 'v-l3.main', command: { type: 'release', holdId: 'l3.1', at: soon } }]);
  });
  it('another missing line is noted', () =>
    givenCheckout(...undoing)
      .whenSettled(holding('l3'), 'stock.insufficient')
      .then(refused('hold', 'l3', 'stock.insufficient')));
  it('it has failed when all is undone, and names the lines', () => {
    const last = [...undoing, refused('hold', 'l3', 'stock.insufficient'), released('l1'), cancelled('o1')];
    givenCheckout(...last)
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), failed('checkout.out_of_stock', [missing('l2'), missing('l3')]));
    expect(givenCheckout(...last, cancelled('o2'), failed('checkout.out_of_stock')).outcome()).toBe('Compensated');
  });
  it('a release that finds the hold expired is as good', () =>
    givenCheckout(...undoing)
      .whenDone(released('l1'))
      .then(released('l1')));
  it('too many unpaid holds are a reason of their own', () =>
    givenCheckout(...reserving)
      .whenSettled(holding('l2'), 'stock.too_many_holds')
      .then(
        refused('hold', 'l2', 'stock.too_many_holds'),
        givingUp('checkout.hold_limit'),
        ...each(orderIds, (id) => cancelling(id, 'hold_limit')),
      ));
  it('compensation that takes longer than 15 minutes asks for a human, and goes on', () => {
    expect(givenCheckout(...undoing).wakeAt()).toBe('2026-01-01T12:16:00.000Z');
    const late = { ...common, at: '2026-01-01T12:16:00.000Z' };
    const slow: CheckoutEvent = { type: 'checkout.human_needed', ...late, reason: 'too_slow' };
    givenCheckout(...undoing)
      .when({ type: 'timer.due', at: late.at })
      .then(slow);
    expect(givenCheckout(...undoing, slow).outcome()).toBe('NeedsHuman');
    givenCheckout(...undoing, slow)
      .whenDone(released('l1'))
      .then(released('l1'));
  });
});

describe('an order that cannot be created', () => {
  it('undoes the others', () =>
    givenCheckout(...started, opened('o1'))
      .whenSettled(ordering('o2'), 'order.wrong_status')
      .then(refused('create_order', 'o2', 'order.wrong_status'), givingUp('checkout.failed'), cancelling('o1', 'failed')));
  it('also those that are created meanwhile', () =>
    givenCheckout(...started, refused('create_order', 'o2', 'order.wrong_status'), givingUp('checkout.failed'))
      .whenDone(opened('o1'))
      .then(opened('o1'), cancelling('o1', 'failed')));
});

describe('money that does not come', () => {
  const undone = [
    ...each(['l1', 'l2'], (id) => releasing(id)),
    cancelling('o1', 'payment_failed'),
    releasing('l3'),
    cancelling('o2', 'payment_failed'),
  ];

  it('a payment that cannot be created undoes all', () =>
    givenCheckout(...reserved)
      .whenSettled(paying, 'payment.unbalanced')
      .then(refused('pay', 'pay1', 'payment.unbalanced'), givingUp('checkout.payment_failed'), ...undone));
  it('a failed payment is voided first: nothing is let go before', () => {
    const step = givenCheckout(...waiting).when(paymentFailed);
    step.then(givingUp('checkout.payment_failed'), voiding);
    expect(step.sends()).toMatchObject([{ target: 'payment', id: 'pay1', command: { type: 'void', at: soon } }]);
  });
  it('a payment that the provider voided, too', () =>
    givenCheckout(...waiting)
      .when(paymentVoided(false))
      .then(givingUp('checkout.payment_failed'), voiding));
  it('a voided payment lets goods and orders go', () =>
    givenCheckout(...waiting, givingUp('checkout.payment_failed'), voiding)
      .whenDone(voided)
      .then(voided, ...undone));
  it('also when it had been voided before', () =>
    givenCheckout(...waiting, givingUp('checkout.payment_failed'), voiding)
      .whenSettled(voiding, 'already_so')
      .then(voided, ...undone));
  it('nothing happens before the holds end', () => {
    givenCheckout(...waiting)
      .when({ type: 'timer.due', at: '2026-01-01T12:30:59.999Z' })
      .then();
    givenCheckout(...waiting)
      .when(recorded({ type: 'payment.expired', ...payment }, soon))
      .then();
  });
  it('at the end of the holds the purchase expires', () => {
    const at = '2026-01-01T12:31:00.000Z';
    givenCheckout(...waiting)
      .when({ type: 'timer.due', at })
      .then(givingUp('checkout.expired', 'expired', at), voiding);
    const gone = [...waiting, givingUp('checkout.expired', 'expired'), voiding, voided];
    const last = [
      ...gone,
      ...each(lineIds, (id) => releasing(id)),
      ...each(orderIds, (id) => cancelling(id, 'expired')),
      ...each(lineIds, (id) => released(id)),
      cancelled('o1'),
    ];
    givenCheckout(...last)
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), { type: 'checkout.expired', ...common, reason: 'checkout.expired' });
  });
  it('also while it is still reserving', () => {
    const at = '2026-01-01T12:31:00.000Z';
    const orders = each(orderIds, (id) => cancelling(id, 'expired'));
    givenCheckout(...reserving)
      .when({ type: 'timer.due', at })
      .then(givingUp('checkout.expired', 'expired', at), ...orders);
  });
});

describe('a buyer who leaves before paying', () => {
  it('gets back money that comes before the payment was voided', () =>
    givenCheckout(...reserved, givingUp('checkout.cancelled'))
      .when(paymentCaptured)
      .then());
  it('gives up a payment that is being created as soon as it is', () => {
    givenCheckout(...reserved, givingUp('checkout.cancelled'))
      .whenDone(payable)
      .then(payable, voiding);
  });
  it('asks once more for a payment whose being there was not noted: so it is known when it can be voided', () => {
    const { state } = givenCheckout(...reserved);
    const left = [givingUp('checkout.cancelled'), { ...paying, attempt: 2 }];
    expect(decider.decide({ type: 'cancel', buyerId: 'b1', at: soon }, state)).toEqual(told(...left));
    const given = givenCheckout(...reserved, ...left);
    given.whenSettled(paying, 'done').then();
    given.whenSettled({ ...paying, attempt: 2 }, 'already_so').then(payable, voiding);
  });
  it('may have cancelled one order only: its goods go, the others stay', () =>
    givenCheckout(...waiting)
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), releasing('l3')));
  it('with the last order the purchase ends', () =>
    givenCheckout(...waiting, cancelled('o1'), releasing('l1'), releasing('l2'))
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), givingUp('checkout.cancelled'), voiding));
  it('gets back the share of an order that was cancelled, once the money is there', () => {
    const step = givenCheckout(...waiting, cancelled('o2'), releasing('l3'), released('l3')).when(paymentCaptured);
    step.then(paid, ...each(orderIds, booking), ...each(['l1', 'l2'], (id) => committing(id)), refunding('o2', 'cancelled'));
    expect(step.sends().at(-1)).toMatchObject({
      ...{ target: 'payment', id: 'pay1' },
      command: { type: 'request_refund', refundId: 'o2.cancelled', orderId: 'o2', of: 'rest', reason: 'cancelled', at: soon },
    });
  });
});

describe('money that comes late', () => {
  it('within the time of the holds goes forward', () =>
    givenCheckout(...waiting)
      .when(reinstated)
      .then(paid, ...each(orderIds, booking), ...each(lineIds, (id) => committing(id))));
  const leaving = [...waiting, givingUp('checkout.expired', 'expired'), voiding];
  it('is given back by the payment while the purchase is being undone', () => {
    givenCheckout(...leaving)
      .when(paymentCaptured)
      .then();
    const orders = each(orderIds, (id) => cancelling(id, 'expired'));
    const [o1, o2] = orders;
    if (!o1 || !o2) throw new Error('two orders');
    givenCheckout(...leaving)
      .whenDone(voided)
      .then(voided, releasing('l1'), releasing('l2'), o1, releasing('l3'), o2);
  });
  it('wins when it was recorded before the payment could be voided: nothing was undone yet', () =>
    givenCheckout(...leaving)
      .whenSettled(voiding, 'payment.already_captured')
      .then(paid, ...each(orderIds, booking), ...each(lineIds, (id) => committing(id))));
  it('after the end changes nothing here', () => {
    const over = [...started, givingUp('checkout.failed'), failed('checkout.failed')];
    givenCheckout(...over)
      .when(paymentCaptured)
      .then();
  });
});
