// A purchase that is undone, from every step where that can happen.
import { describe, expect, it } from 'vitest';
import type { CheckoutEvent } from '../../domain/checkout/events.ts';
import {
  booking,
  cancelled,
  cancelling,
  committing,
  common,
  each,
  failed,
  givingUp,
  held,
  holding,
  lineIds,
  missing,
  onStock,
  opened,
  orderCancelled,
  orderCreated,
  orderIds,
  paid,
  payable,
  paying,
  payment,
  paymentCaptured,
  paymentCreated,
  paymentFailed,
  paymentVoided,
  refundDue,
  refunding,
  refused,
  reinstated,
  released,
  releasing,
  reserved,
  reserving,
  started,
  voided,
  voiding,
  waiting,
} from '../../tests/checkout-steps.ts';
import { givenSaga, recorded } from '../../tests/given-saga.ts';
import { soon } from '../../tests/sample-purchase.ts';
import { checkout } from './checkout.ts';

describe('goods that cannot be held', () => {
  const short = refused('checkout.hold_requested', 'l2', 'stock.insufficient');
  it('undo the purchase', () =>
    givenSaga(checkout, ...reserving, held('l1'))
      .whenSettled(holding('l2'), 'stock.insufficient', soon)
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
    const step = givenSaga(checkout, ...undoing).when(onStock('stock.held', 'l3.1'));
    step.then(held('l3'), releasing('l3'));
    expect(step.sends()).toEqual([{ target: 'stock', id: 'v-l3.main', command: { type: 'release', holdId: 'l3.1', at: soon } }]);
  });
  it('another missing line is noted', () =>
    givenSaga(checkout, ...undoing)
      .whenSettled(holding('l3'), 'stock.insufficient', soon)
      .then(refused('checkout.hold_requested', 'l3', 'stock.insufficient')));
  it('it has failed when all is undone, and names the lines', () => {
    const last = [...undoing, refused('checkout.hold_requested', 'l3', 'stock.insufficient'), released('l1'), cancelled('o1')];
    givenSaga(checkout, ...last)
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), failed('checkout.out_of_stock', [missing('l2'), missing('l3')]));
    expect(givenSaga(checkout, ...last, cancelled('o2'), failed('checkout.out_of_stock')).outcome()).toBe('Compensated');
  });
  it('a release that finds the hold expired is as good', () =>
    givenSaga(checkout, ...undoing)
      .when(onStock('stock.hold_expired', 'l1.1'))
      .then(released('l1')));
  it('too many unpaid holds are a reason of their own', () =>
    givenSaga(checkout, ...reserving)
      .whenSettled(holding('l2'), 'stock.too_many_holds', soon)
      .then(
        refused('checkout.hold_requested', 'l2', 'stock.too_many_holds'),
        givingUp('checkout.hold_limit'),
        ...each(orderIds, (id) => cancelling(id, 'hold_limit')),
      ));
  it('compensation that takes longer than 15 minutes asks for a human, and goes on', () => {
    expect(givenSaga(checkout, ...undoing).wakeAt()).toBe('2026-01-01T12:16:00.000Z');
    const late = { ...common, at: '2026-01-01T12:16:00.000Z' };
    const slow: CheckoutEvent = { type: 'checkout.human_needed', ...late, reason: 'too_slow' };
    givenSaga(checkout, ...undoing)
      .when({ type: 'timer.due', at: late.at })
      .then(slow);
    expect(givenSaga(checkout, ...undoing, slow).outcome()).toBe('NeedsHuman');
    givenSaga(checkout, ...undoing, slow)
      .when(onStock('stock.hold_released', 'l1.1'))
      .then(released('l1'));
  });
});

describe('an order that cannot be created', () => {
  it('undoes the others', () =>
    givenSaga(checkout, ...started, opened('o1'))
      .whenSettled(started.at(-1) ?? paying, 'order.wrong_status', soon)
      .then(refused('checkout.order_requested', 'o2', 'order.wrong_status'), givingUp('checkout.failed'), cancelling('o1', 'failed')));
  it('also those that are created meanwhile', () =>
    givenSaga(checkout, ...started, refused('checkout.order_requested', 'o2', 'order.wrong_status'), givingUp('checkout.failed'))
      .when(orderCreated('o1'))
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
    givenSaga(checkout, ...reserved)
      .whenSettled(paying, 'payment.unbalanced', soon)
      .then(refused('checkout.payment_requested', 'pay1', 'payment.unbalanced'), givingUp('checkout.payment_failed'), ...undone));
  it('a failed payment is voided first: nothing is let go before', () => {
    const step = givenSaga(checkout, ...waiting).when(paymentFailed);
    step.then(givingUp('checkout.payment_failed'), voiding);
    expect(step.sends()).toEqual([{ target: 'payment', id: 'pay1', command: { type: 'void', at: soon } }]);
  });
  it('a payment that the provider voided, too', () =>
    givenSaga(checkout, ...waiting)
      .when(paymentVoided(false))
      .then(givingUp('checkout.payment_failed'), voiding));
  it('a voided payment lets goods and orders go', () =>
    givenSaga(checkout, ...waiting, givingUp('checkout.payment_failed'), voiding)
      .when(paymentVoided(true))
      .then(voided, ...undone));
  it('also when it had been voided before', () =>
    givenSaga(checkout, ...waiting, givingUp('checkout.payment_failed'), voiding)
      .whenSettled(voiding, 'already_so', soon)
      .then(voided, ...undone));
  it('nothing happens before the holds end', () => {
    givenSaga(checkout, ...waiting)
      .when({ type: 'timer.due', at: '2026-01-01T12:30:59.999Z' })
      .then();
    givenSaga(checkout, ...waiting)
      .when(recorded({ type: 'payment.expired', ...payment }, soon))
      .then();
  });
  it('at the end of the holds the purchase expires', () => {
    const at = '2026-01-01T12:31:00.000Z';
    givenSaga(checkout, ...waiting)
      .when({ type: 'timer.due', at })
      .then(givingUp('checkout.expired', 'expired', at), { ...voiding, at });
    const gone = [...waiting, givingUp('checkout.expired', 'expired'), voiding, voided];
    const last = [
      ...gone,
      ...each(lineIds, (id) => releasing(id)),
      ...each(orderIds, (id) => cancelling(id, 'expired')),
      ...each(lineIds, (id) => released(id)),
      cancelled('o1'),
    ];
    givenSaga(checkout, ...last)
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), { type: 'checkout.expired', ...common, reason: 'checkout.expired' });
  });
  it('also while it is still reserving', () => {
    const at = '2026-01-01T12:31:00.000Z';
    const orders = each(orderIds, (id) => ({ ...cancelling(id, 'expired'), at }));
    givenSaga(checkout, ...reserving)
      .when({ type: 'timer.due', at })
      .then(givingUp('checkout.expired', 'expired', at), ...orders);
  });
});

describe('a buyer who leaves before paying', () => {
  it('gets back money that comes before the payment was voided', () =>
    givenSaga(checkout, ...reserved, givingUp('checkout.cancelled'))
      .when(paymentCaptured)
      .then());
  it('gives up a payment that is being created as soon as it is', () => {
    givenSaga(checkout, ...reserved, givingUp('checkout.cancelled'))
      .when(paymentCreated)
      .then(payable, voiding);
  });
  it('may have cancelled one order only: its goods go, the others stay', () =>
    givenSaga(checkout, ...waiting)
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), releasing('l3')));
  it('with the last order the purchase ends', () =>
    givenSaga(checkout, ...waiting, cancelled('o1'), releasing('l1'), releasing('l2'))
      .when(orderCancelled('o2', false))
      .then(cancelled('o2'), givingUp('checkout.cancelled'), voiding));
  it('gets back the share of an order that was cancelled, once the money is there', () => {
    const step = givenSaga(checkout, ...waiting, cancelled('o2'), releasing('l3'), released('l3')).when(paymentCaptured);
    step.then(paid, ...each(orderIds, booking), ...each(['l1', 'l2'], (id) => committing(id)), refunding('o2', 'cancelled'));
    expect(step.sends().at(-1)).toEqual({
      ...{ target: 'payment', id: 'pay1' },
      command: { type: 'request_refund', refundId: 'o2.cancelled', orderId: 'o2', of: 'rest', reason: 'cancelled', at: soon },
    });
  });
});

describe('money that comes late', () => {
  it('within the time of the holds goes forward', () =>
    givenSaga(checkout, ...waiting)
      .when(reinstated)
      .then(paid, ...each(orderIds, booking), ...each(lineIds, (id) => committing(id))));
  const leaving = [...waiting, givingUp('checkout.expired', 'expired'), voiding];
  it('is given back by the payment while the purchase is being undone', () => {
    givenSaga(checkout, ...leaving)
      .when(paymentCaptured)
      .then();
    const events = givenSaga(checkout, ...leaving).when(refundDue).events;
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(['checkout.payment_voided', 'checkout.release_requested']);
  });
  it('wins when it was recorded before the payment could be voided: nothing was undone yet', () =>
    givenSaga(checkout, ...leaving)
      .whenSettled(voiding, 'payment.already_captured', soon)
      .then(paid, ...each(orderIds, booking), ...each(lineIds, (id) => committing(id))));
  it('after the end changes nothing here', () => {
    const over = [...started, givingUp('checkout.failed'), failed('checkout.failed')];
    givenSaga(checkout, ...over)
      .when(refundDue)
      .then();
    givenSaga(checkout, ...over)
      .when(paymentCaptured)
      .then();
  });
});
