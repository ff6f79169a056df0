import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { address, first, idr, noon, until } from '../payment/sale.fixture.ts';
import type { CreateOrder } from './commands.ts';
import type { OrderEvent } from './events.ts';
import { order } from './order.ts';

const ids = { orderId: 'o1', checkoutId: 'c1', buyerId: 'b1', sellerId: 's1' };
const common = { ...ids, at: noon };
const { lines, shipping, totals } = first;
const create: CreateOrder = { type: 'create', ...common, paymentId: 'p1', cod: false, lines, shipping, totals, address, payUntil: until };
const holds = [{ lineId: 'l1', stockId: 'v1.main', holdId: 'l1.1', quantity: 3 }];
const acceptBy = '2026-01-03T12:00:00.000Z';
const returnUntil = '2026-01-08T12:00:00.000Z';

const created: OrderEvent = { ...create, type: 'order.created', lines: [...lines] };
const sellerNet = idr(35_555 - 2_973 - 550 - 1_500 - 278);
const confirmed: OrderEvent = {
  type: 'order.confirmed',
  ...common,
  paymentId: 'p1',
  cod: false,
  total: totals.total,
  sellerNet,
  holds,
  acceptBy,
};
const accepted: OrderEvent = { type: 'order.accepted', ...common };
const packed: OrderEvent = { type: 'order.packed', ...common, shipping, address };
const shipped: OrderEvent = { type: 'order.shipped', ...common, courier: 'jne' };
const delivered: OrderEvent = { type: 'order.delivered', ...common, returnUntil };
const completed: OrderEvent = { type: 'order.completed', ...common };
const failed: OrderEvent = { type: 'order.delivery_failed', ...common, reason: 'courier' };
const asked: OrderEvent = { type: 'order.cancel_requested', ...common, reason: 'changed_mind' };
const cancelled = (by: 'buyer' | 'seller' | 'system', reason: string, isConfirmed: boolean, at = noon): OrderEvent => ({
  type: 'order.cancelled',
  ...common,
  at,
  reason,
  by,
  paymentId: 'p1',
  cod: false,
  confirmed: isConfirmed,
});

const bySeller = { sellerId: 's1', at: noon };
const byBuyer = { type: 'cancel', by: 'buyer', buyerId: 'b1', reason: 'changed_mind', at: noon } as const;
const bySelf = { type: 'cancel', by: 'seller', sellerId: 's1', reason: 'sold_out', at: noon } as const;

describe('an order goes its way', () => {
  it('is created', () => given(order).when(create).then(created));
  it('is confirmed when paid, and has 48 hours to be accepted', () =>
    given(order, created).when({ type: 'confirm', holds, at: noon }).then(confirmed));
  it('is accepted', () =>
    given(order, created, confirmed)
      .when({ type: 'accept', ...bySeller })
      .then(accepted));
  it('is packed', () =>
    given(order, created, confirmed, accepted)
      .when({ type: 'pack', ...bySeller })
      .then(packed));
  it('is shipped', () =>
    given(order, created, confirmed, accepted, packed)
      .when({ type: 'ship', ...bySeller })
      .then(shipped));
  it('is delivered, and may be sent back for 7 days', () =>
    given(order, created, confirmed, accepted, packed, shipped).when({ type: 'deliver', at: noon }).then(delivered));
  it('is completed when that time is over', () =>
    given(order, created, confirmed, accepted, packed, shipped, delivered)
      .when({ type: 'complete', at: returnUntil })
      .then({ ...completed, at: returnUntil }));
  it('is not completed by a timer that is too early', () =>
    given(order, created, confirmed, accepted, packed, shipped, delivered).when({ type: 'complete', at: noon }).then());
  it('is completed early by its buyer', () =>
    given(order, created, confirmed, accepted, packed, shipped, delivered)
      .when({ type: 'complete', buyerId: 'b1', at: noon })
      .then(completed));
  it('comes back when nobody takes it', () =>
    given(order, created, confirmed, accepted, packed, shipped, failed)
      .when({ type: 'return', at: noon })
      .then({ type: 'order.returned', ...common, paymentId: 'p1', cod: false }));
  it('may be delivered at a second try', () =>
    given(order, created, confirmed, accepted, packed, shipped, failed).when({ type: 'deliver', at: noon }).then(delivered));
  it('keeps what an import says of its times', () =>
    given(order, created, confirmed)
      .when({ type: 'accept', ...bySeller, timeInferred: true, sourceAt: noon })
      .then({ ...accepted, timeInferred: true, sourceAt: noon }));
});

describe('no step is skipped', () => {
  it.each([
    ['accepted before it is paid', [created], { type: 'accept', ...bySeller }, 'order.not_paid'],
    ['packed before it is accepted', [created, confirmed], { type: 'pack', ...bySeller }, 'order.not_accepted'],
    ['shipped before it is packed', [created, confirmed, accepted], { type: 'ship', ...bySeller }, 'order.not_packed'],
    ['delivered before it is shipped', [created, confirmed, accepted, packed], { type: 'deliver', at: noon }, 'order.not_shipped'],
    ['completed before it is delivered', [created, confirmed], { type: 'complete', at: returnUntil }, 'order.not_delivered'],
    ['accepted too late', [created, confirmed], { type: 'accept', sellerId: 's1', at: acceptBy }, 'order.acceptance_over'],
    ['confirmed when cancelled', [created, cancelled('buyer', 'x', false)], { type: 'confirm', holds, at: noon }, 'order.cancelled'],
  ] as const)('not %s', (_name, past, command, code) =>
    given(order, ...past)
      .when(command)
      .refuses(code),
  );
});

describe("somebody else's order", () => {
  it.each([
    [{ type: 'accept', sellerId: 's2', at: noon }],
    [{ type: 'pack', sellerId: 's2', at: noon }],
    [{ type: 'ship', sellerId: 's2', at: noon }],
    [{ type: 'agree_to_cancel', sellerId: 's2', at: noon }],
    [{ ...byBuyer, buyerId: 'b2' }],
    [{ ...bySelf, sellerId: 's2' }],
    [{ type: 'deliver', buyerId: 'b2', at: noon }],
    [{ type: 'complete', buyerId: 'b2', at: noon }],
  ] as const)('is not found: %o', (command) => given(order, created, confirmed, accepted).when(command).refuses('order.not_found'));
});

describe('an order is cancelled', () => {
  it('freely by its buyer before the seller accepts', () =>
    given(order, created, confirmed)
      .when(byBuyer)
      .then(cancelled('buyer', 'changed_mind', true)));
  it('afterwards only on request', () => given(order, created, confirmed, accepted).when(byBuyer).then(asked));
  it('when the seller agrees', () =>
    given(order, created, confirmed, accepted, asked, packed)
      .when({ type: 'agree_to_cancel', ...bySeller })
      .then(cancelled('buyer', 'changed_mind', true)));
  it('not when the seller declines', () =>
    given(order, created, confirmed, accepted, asked)
      .when({ type: 'decline_to_cancel', reason: 'packed_already', ...bySeller })
      .then({ type: 'order.cancel_declined', ...common, reason: 'packed_already' }));
  it('by its seller until it is shipped', () =>
    given(order, created, confirmed, accepted, packed)
      .when(bySelf)
      .then(cancelled('seller', 'sold_out', true)));
  it('by nobody once it is shipped', () =>
    given(order, created, confirmed, accepted, packed, shipped).when(bySelf).refuses('order.already_shipped'));
  it('by itself if not accepted in time', () =>
    given(order, created, confirmed)
      .when({ type: 'expire', at: acceptBy })
      .then(cancelled('system', 'not_accepted', true, acceptBy)));
  it('by itself if not paid in time', () =>
    given(order, created)
      .when({ type: 'expire', at: until })
      .then(cancelled('system', 'not_paid', false, until)));
  it('but not by a timer that is too early, or too late for an accepted one', () => {
    given(order, created, confirmed).when({ type: 'expire', at: noon }).then();
    given(order, created, confirmed, accepted).when({ type: 'expire', at: acceptBy }).then();
  });
  it('with its checkout, even where it was never created', () =>
    given(order).when({ type: 'cancel', by: 'system', reason: 'checkout_failed', at: noon }).then());
});

it('a cancelled order stays cancelled', () => {
  expect(given(order, created, confirmed, cancelled('seller', 'sold_out', true)).state()).toMatchObject({ status: 'Cancelled' });
  given(order, created, confirmed, cancelled('seller', 'sold_out', true))
    .when({ type: 'pack', ...bySeller })
    .refuses('order.cancelled');
});
