import { describe, expect, it } from 'vitest';
import type { FulfilmentEvent } from '../../domain/fulfilment/events.ts';
import type { Fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import { bookCapture } from '../../domain/ledger/entries.ts';
import { address, first, idr, noon, shares } from '../../domain/payment/sale.fixture.ts';
import { fulfilment } from './fulfilment.ts';
import { recorded } from './recorded.fixture.ts';
import type { TimerDue } from './saga.ts';

const ids = { orderId: 'o1', checkoutId: 'c1', buyerId: 'b1', sellerId: 's1' };
const common = { ...ids, at: noon };
const acceptBy = '2026-01-03T12:00:00.000Z';
const returnUntil = '2026-01-08T12:00:00.000Z';
const holds = [
  { lineId: 'l1', stockId: 'v1.main', holdId: 'l1.1', quantity: 3 },
  { lineId: 'l2', stockId: 'v2.main', holdId: 'l2.1', quantity: 1 },
];
const sellerNet = idr(30_254);
const confirmed = (cod: boolean) => ({
  type: 'order.confirmed',
  ...common,
  paymentId: 'p1',
  cod,
  total: first.totals.total,
  sellerNet,
  holds,
  acceptBy,
});
const accepted = { type: 'order.accepted', ...common };
const packed = { type: 'order.packed', ...common, shipping: first.shipping, address };
const shipped = { type: 'order.shipped', ...common, courier: 'jne' };
const delivered = { type: 'order.delivered', ...common, returnUntil };
const completed = { type: 'order.completed', ...common };
const cancelled = (isConfirmed: boolean, cod = false) => ({
  type: 'order.cancelled',
  ...common,
  reason: 'sold_out',
  by: 'seller',
  paymentId: 'p1',
  cod,
  confirmed: isConfirmed,
});
const parcel = (type: string) => ({ type: `shipment.${type}`, shipmentId: 'o1', ...common });
const [share] = shares;
if (!share) throw new Error('the fixture has shares');
const partCaptured = {
  type: 'payment.part_captured',
  paymentId: 'p1',
  checkoutId: 'c1',
  buyerId: 'b1',
  at: noon,
  partId: 'p1.o1',
  amount: share.amount,
  order: share,
};
const refunded = (refundId: string) => ({
  type: 'payment.refunded',
  ...common,
  paymentId: 'p1',
  refundId,
  amount: share.amount,
  shipping: share.shipping,
  lines: share.lines,
  booked: true,
  reason: 'return',
});

type Trigger = { type: string; [field: string]: unknown } | TimerDue;
const timer = (at: string): TimerDue => ({ type: 'timer.due', at });
const isTimer = (trigger: Trigger): trigger is TimerDue => trigger.type === 'timer.due';

/** Folds what each trigger leads to, asks each again (nothing more may come), and answers the state and what the last one asked for. */
const upTo = (...triggers: Trigger[]) => {
  let state: Fulfilment = fulfilment.process.initial;
  let last: readonly FulfilmentEvent[] = [];
  for (const trigger of triggers) {
    const cause = isTimer(trigger) ? trigger : recorded(trigger);
    last = fulfilment.react(state, cause);
    state = last.reduce(fulfilment.process.evolve, state);
    expect(fulfilment.react(state, cause), `${trigger.type} again`).toEqual([]);
  }
  const intents = last.filter(fulfilment.process.isIntent);
  return { state, last, sends: intents.flatMap((intent) => fulfilment.sends(intent, state)), intents };
};

const commandsOf = (...triggers: Trigger[]) => upTo(...triggers).sends.map(({ target, id, command }) => `${target} ${id} ${command.type}`);

describe('an order is fulfilled', () => {
  it('a packed order gets a parcel', () => {
    const { sends } = upTo(confirmed(false), accepted, packed);
    expect(sends).toEqual([
      {
        target: 'courier',
        id: 'o1',
        command: { type: 'book', shipmentId: 'o1', ...ids, ...first.shipping, address, cod: false, at: noon },
      },
    ]);
  });
  it('a parcel that was picked up ships the order', () =>
    expect(commandsOf(confirmed(false), accepted, packed, parcel('picked_up'))).toEqual(['order o1 ship']));
  it('a shipped order consumes its stock', () =>
    expect(commandsOf(confirmed(false), accepted, packed, shipped)).toEqual(['stock v1.main consume', 'stock v2.main consume']));
  it('a delivered parcel delivers the order', () =>
    expect(commandsOf(confirmed(false), accepted, packed, shipped, parcel('delivered'))).toEqual(['order o1 deliver']));
  it('even where the order learns late that it is shipped', () =>
    expect(commandsOf(confirmed(false), accepted, packed, parcel('delivered'), shipped)).toContain('order o1 deliver'));
  it('is completed 7 days later, not earlier', () => {
    expect(upTo(confirmed(false), accepted, packed, shipped, delivered).state).toMatchObject({ wakeAt: returnUntil });
    expect(commandsOf(confirmed(false), accepted, packed, shipped, delivered, timer(noon))).toEqual([]);
    expect(commandsOf(confirmed(false), accepted, packed, shipped, delivered, timer(returnUntil))).toEqual(['order o1 complete']);
  });
  it("then the seller's money becomes available", () => {
    const { sends } = upTo(confirmed(false), accepted, packed, shipped, delivered, timer(returnUntil), completed);
    expect(sends).toMatchObject([
      { target: 'ledger', id: 's1', command: { type: 'book', bookingId: 'completion.o1', kind: 'completion' } },
    ]);
  });
  it('ends when all that it asked for is done', () => {
    const done = (type: string, more: object) => ({ type, ...common, ...more });
    const { state } = upTo(
      confirmed(false),
      accepted,
      packed,
      done('shipment.booked', { shipmentId: 'o1' }),
      shipped,
      done('stock.hold_consumed', { holdId: 'l1.1' }),
      done('stock.hold_consumed', { holdId: 'l2.1' }),
      delivered,
      completed,
      done('ledger.booked', { kind: 'completion', bookingId: 'completion.o1' }),
    );
    expect(fulfilment.process.outcome(state)).toBe('Completed');
  });
});

describe('an order is not fulfilled', () => {
  it('not accepted in time: it is asked to expire, once', () => {
    expect(fulfilment.process.wakeAt(upTo(confirmed(false)).state)).toBe(acceptBy);
    const { sends, state } = upTo(confirmed(false), timer(acceptBy));
    expect(sends.map(({ command }) => command.type)).toEqual(['expire']);
    expect(fulfilment.process.wakeAt(state)).toBe(null);
  });
  it('an accepted one waits for no timer', () => expect(fulfilment.process.wakeAt(upTo(confirmed(false), accepted).state)).toBe(null));
  it('cancelled after payment: its stock is released and its share goes back', () => {
    const { sends } = upTo(confirmed(false), cancelled(true));
    expect(sends.map(({ target, command }) => `${target} ${command.type}`)).toEqual([
      'stock release',
      'stock release',
      'payment request_refund',
    ]);
    expect(sends.at(-1)?.command).toMatchObject({ refundId: 'o1.cancelled', orderId: 'o1', of: 'rest' });
  });
  it('cancelled before payment: that is its checkout’s affair', () => expect(upTo(cancelled(false)).last).toEqual([]));
  it('cancelled before the cash is taken: its part of the payment is voided', () =>
    expect(commandsOf(confirmed(true), cancelled(true, true)).at(-1)).toBe('payment p1 void_part'));
  it('a failed delivery comes back: goods on the shelf, money to the buyer', () => {
    const failed = { type: 'order.delivery_failed', ...common, reason: 'courier' };
    const way = [confirmed(false), accepted, packed, shipped, parcel('failed'), failed, parcel('returned')];
    expect(commandsOf(...way)).toEqual(['order o1 return']);
    expect(commandsOf(...way, { type: 'order.returned', ...common, paymentId: 'p1', cod: false })).toEqual([
      'stock v1.main return',
      'stock v2.main return',
      'payment p1 request_refund',
    ]);
  });
});

describe('cash at the door', () => {
  const way = [confirmed(true), accepted, packed, shipped];
  const overdue = '2026-01-08T12:00:00.000Z';
  const ended = (code: string, ...triggers: Trigger[]) => {
    const { intents, state } = upTo(...triggers);
    const intent = intents.at(-1);
    if (!intent) throw new Error('nothing was asked for');
    const events = fulfilment.settled(intent, state, [{ code, details: {}, at: noon }]);
    return { events, state: events.reduce(fulfilment.process.evolve, state) };
  };
  it('is collected when the courier says so, whatever the order knows', () => {
    expect(commandsOf(...way, parcel('delivered'))).toEqual(['payment p1 collect', 'order o1 deliver']);
    expect(commandsOf(...way, delivered, completed, parcel('delivered'))).toEqual(['payment p1 collect']);
    expect(commandsOf(confirmed(true), accepted, packed, parcel('delivered'))).toEqual(['payment p1 collect']);
  });
  it('is not collected on the word of the buyer, nor of the seller', () => {
    expect(commandsOf(...way, delivered)).toEqual([]);
    expect(commandsOf(...way, delivered, completed)).toEqual([]);
    expect(commandsOf(confirmed(true), accepted, packed, { ...shipped, trackingNumber: 'INVENTED-1' })).not.toContain('payment p1 collect');
  });
  it('is booked as soon as it is there', () => {
    const { sends } = upTo(...way, parcel('delivered'), delivered, partCaptured);
    const purchase = { checkoutId: 'c1', paymentId: 'p1', buyerId: 'b1', at: noon };
    expect(sends).toEqual([{ target: 'ledger', id: 's1', command: bookCapture(share, purchase) }]);
  });
  it('is available after both: completed and captured', () => {
    expect(commandsOf(...way, delivered, completed)).toEqual([]);
    expect(commandsOf(...way, delivered, completed, partCaptured)).toEqual(['ledger s1 book', 'ledger s1 book']);
  });
  it('is asked for at the courier, a week after an order was completed without it', () => {
    const { state } = upTo(...way, delivered, completed);
    expect([fulfilment.process.wakeAt(state), fulfilment.process.outcome(state)]).toEqual([overdue, 'Running']);
    expect(commandsOf(...way, delivered, completed, timer(overdue))).toEqual(['courier o1 ask']);
  });
  it('is not asked for any more when the courier has none', () => {
    const { events } = ended('shipping.not_collected', ...way, delivered, completed, timer(overdue));
    expect(events).toMatchObject([{ type: 'fulfilment.done', key: 'ask_courier' }, { task: { do: 'void_part' } }]);
  });
  it('that came before its order was cancelled is given back', () => {
    const { events } = ended('payment.wrong_status', confirmed(true), cancelled(true, true));
    expect(events).toMatchObject([{ type: 'fulfilment.done', key: 'void_part' }, { task: { do: 'refund', of: 'rest' } }]);
  });
  it('that comes when nobody asks for it any more needs a human', () => {
    const { intents, state } = upTo(...way, parcel('delivered'));
    const [collect] = intents;
    if (!collect) throw new Error('no cash was asked for');
    const refused = fulfilment.settled(collect, state, [{ code: 'payment.wrong_status', details: {}, at: noon }]);
    expect(fulfilment.process.outcome(refused.reduce(fulfilment.process.evolve, state))).toBe('NeedsHuman');
  });
});

describe('a refund', () => {
  it("is taken from the seller's pending money", () => {
    const { sends, state } = upTo(confirmed(false), accepted, refunded('r1'));
    expect(sends).toMatchObject([{ target: 'ledger', id: 's1', command: { bookingId: 'refund.r1', kind: 'refund', refundId: 'r1' } }]);
    expect(state.net).toEqual(idr(0));
  });
  it('from the available money once the order is completed', () => {
    const { sends } = upTo(confirmed(false), accepted, packed, shipped, delivered, completed, refunded('r1'));
    expect(JSON.stringify(sends)).toContain('seller_available');
  });
  it('of all leaves nothing to become available', () =>
    expect(commandsOf(confirmed(false), accepted, packed, shipped, delivered, refunded('r1'), completed)).toEqual([]));
  const inFull = { ...refunded('r1'), left: idr(0) };
  it('of all cancels what was not sent yet, once', () => {
    for (const way of [[confirmed(false)], [confirmed(false), accepted], [confirmed(false), accepted, packed]])
      expect(commandsOf(...way, inFull)).toContain('order o1 cancel');
    expect(commandsOf(inFull, confirmed(false))).toEqual(['order o1 cancel']);
    expect(commandsOf(confirmed(false), accepted, packed, shipped, inFull)).not.toContain('order o1 cancel');
    expect(commandsOf(confirmed(false), { ...refunded('r1'), left: idr(1) })).not.toContain('order o1 cancel');
  });
  it('of money that came too late is not the seller’s affair', () =>
    expect(upTo(confirmed(false), { ...refunded('r1'), booked: false }).last).toEqual([]));
});

describe('a return', () => {
  const step = (name: string, more: object = {}) => ({ type: `return.${name}`, returnId: 'r1', ...common, ...more });
  const way = [confirmed(false), accepted, packed, shipped, delivered, step('requested')];
  const lines = [{ lineId: 'l1', stockId: 'v1.main', quantity: 1, condition: 'damaged' }];
  const inspected = step('inspected', { lines, resolution: 'refund', shipping: false });
  it('keeps its order from being completed until it is decided', () => {
    expect(fulfilment.process.wakeAt(upTo(...way).state)).toBe(null);
    expect(fulfilment.process.wakeAt(upTo(...way, step('rejected')).state)).toBe(returnUntil);
    expect(fulfilment.process.wakeAt(upTo(...way, step('rejected'), step('escalated')).state)).toBe(null);
    expect(fulfilment.process.wakeAt(upTo(...way, step('rejected'), step('escalated'), step('denied')).state)).toBe(returnUntil);
  });
  it('that was inspected puts the goods back and asks for the money', () => {
    const { sends } = upTo(...way, inspected);
    expect(sends.map(({ command }) => command)).toMatchObject([
      { type: 'return', movementId: 'r1.l1', quantity: 1, condition: 'damaged' },
      { type: 'request_refund', refundId: 'r1', of: { lines: [{ lineId: 'l1', quantity: 1 }], shipping: false } },
    ]);
  });
  it('of what was paid back before is settled without more money', () => {
    const { intents, state } = upTo(...way, inspected);
    const intent = intents.at(-1);
    if (!intent) throw new Error('no refund was asked for');
    const events = fulfilment.settled(intent, state, [{ code: 'already_so', details: {}, at: noon }]);
    expect(events).toMatchObject([
      { type: 'fulfilment.done', key: 'refund.r1' },
      { key: 'settle.r1', task: { do: 'settle_return', returnId: 'r1' } },
    ]);
  });
  it('is settled when the money is back', () =>
    expect(commandsOf(...way, inspected, refunded('r1'))).toEqual(['ledger s1 book', 'return r1 settle']));
});

describe('a command that ends without an event', () => {
  const { intents, state } = upTo(confirmed(false), cancelled(true));
  const settle = (index: number, code: string) => {
    const intent = intents[index];
    if (!intent) throw new Error('no such intent');
    return fulfilment.settled(intent, state, [{ code, details: {}, at: noon }]);
  };
  it('because it is already so is done', () =>
    expect(settle(0, 'already_so')).toEqual([{ type: 'fulfilment.done', orderId: 'o1', key: 'release.l1.1', at: noon }]));
  it('because money or stock refuse it needs a human, who may have it tried again', () => {
    const refused = [...settle(0, 'stock.hold_not_found'), ...settle(2, 'order.not_found')];
    const stuck = refused.reduce(fulfilment.process.evolve, state);
    expect(fulfilment.process.outcome(stuck)).toBe('NeedsHuman');
    const again = fulfilment.process.evolve(stuck, {
      type: 'fulfilment.resolved',
      orderId: 'o1',
      decision: 'retry',
      operatorId: 'a1',
      at: noon,
    });
    expect(intents.map((intent) => fulfilment.process.isOpen(intent, again))).toEqual([true, true, true]);
  });
});
