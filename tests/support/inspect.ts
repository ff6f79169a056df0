// What must be true of a marketplace whatever has happened to it: found in its log, its sagas' list, and the books of gateway and courier.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { CheckoutEvent } from '../../domain/checkout/events.ts';
import type { LedgerEvent } from '../../domain/ledger/events.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { ShipmentEvent } from '../../domain/shipment/events.ts';
import type { StockEvent } from '../../domain/stock/events.ts';
import type { Answer } from '../market.ts';

type Known = CheckoutEvent | LedgerEvent | OrderEvent | PaymentEvent | ShipmentEvent | StockEvent;
type Of<Type extends Known['type']> = Extract<Known, { type: Type }>;

const all = <Type extends Known['type']>(log: readonly Recorded[], type: Type): Of<Type>[] =>
  log.flatMap(({ event }) => (event.type === type ? [event as Of<Type>] : []));

const positionOf = (text: unknown) => Number(String(text).slice(String(text).lastIndexOf('.') + 1));

/** I2, I3: positions that rise (`isDense`: by one), revisions without a gap, event ids only once, the events of one command in one piece. */
export const chainFaults = (log: readonly Recorded[], { isDense = true } = {}): string[] => {
  const faults: string[] = [];
  const revisions = new Map<string, number>();
  const ids = new Set<string>();
  const last = new Map<string, string>();
  const done = new Set<string>();
  log.forEach(({ position, streamId, revision, metadata }, n) => {
    if (isDense && position !== n + 1) faults.push(`position ${position} stands where ${n + 1} should`);
    if (position <= (log[n - 1]?.position ?? 0)) faults.push(`position ${position} does not rise`);
    if (revision !== (revisions.get(streamId) ?? -1) + 1) faults.push(`${streamId}@${revision} does not follow`);
    revisions.set(streamId, revision);
    if (ids.has(metadata.eventId)) faults.push(`event ${metadata.eventId} stands in the log twice`);
    ids.add(metadata.eventId);
    const command = `${streamId} ${metadata.commandId}`;
    const before = last.get(streamId);
    if (before !== command) {
      if (done.has(command)) faults.push(`command ${metadata.commandId} took effect twice in ${streamId}`);
      if (before !== undefined) done.add(before);
      last.set(streamId, command);
    }
  });
  return faults;
};

/** I1: what was acknowledged stands in the log at the position and revision that were told. */
export const lost = (log: readonly Recorded[], acknowledged: readonly { method: string; path: string; answer: Answer }[]): string[] => {
  const revisions = new Map(log.map(({ position, revision }) => [position, revision]));
  return acknowledged.flatMap(({ method, path, answer }) => {
    const { position, revision } = answer.body;
    if (position === undefined) return [];
    return revisions.get(positionOf(position)) === revision ? [] : [`${method} ${path}: nothing at ${position} with revision ${revision}`];
  });
};

/**
 * What a command is answered when it is sent again. The answer to an order placed tells how the purchase stands by now, and how to pay once
 * that is known; all others are the first ones again.
 */
export const repeatOf = (path: string, { body: first }: Answer, { body: again }: Answer): unknown => {
  if (path !== '/checkouts') return first;
  const isTold = first.payment?.instructions.length > 0;
  const payment = isTold ? first.payment : { ...first.payment, instructions: again.payment?.instructions };
  return { ...again, payment, orders: first.orders };
};

interface Shelf {
  onHand: number;
  held: number;
  committed: number;
  readonly open: Map<string, { step: 'held' | 'committed'; quantity: number }>;
}

const resolve = (shelf: Shelf, event: Extract<StockEvent, { holdId: string }>): string[] => {
  const hold = shelf.open.get(event.holdId);
  if (event.type === 'stock.held') {
    if (hold) return [`hold ${event.holdId} was placed twice`];
    shelf.open.set(event.holdId, { step: 'held', quantity: event.quantity });
    shelf.held += event.quantity;
    return [];
  }
  if (!hold || hold.quantity !== event.quantity) return [`${event.type} of hold ${event.holdId}, which is not open`];
  if (event.type === 'stock.hold_committed') {
    if (hold.step === 'committed') return [`hold ${event.holdId} was committed twice`];
    hold.step = 'committed';
    shelf.held -= hold.quantity;
    shelf.committed += hold.quantity;
    return [];
  }
  shelf[hold.step] -= hold.quantity;
  shelf.open.delete(event.holdId);
  if (event.type === 'stock.hold_consumed') shelf.onHand -= hold.quantity;
  return [];
};

const takeStock = (shelf: Shelf, event: StockEvent): string[] => {
  switch (event.type) {
    case 'stock.received':
      shelf.onHand += event.quantity;
      return [];
    case 'stock.returned':
      if (event.condition === 'sellable') shelf.onHand += event.quantity;
      return [];
    case 'stock.adjusted':
      shelf.onHand += event.delta;
      return [];
    case 'stock.low':
    case 'stock.low_level_set':
      return [];
    default:
      return resolve(shelf, event);
  }
};

/** I4: on hand = available + held + committed, nothing below zero, every hold resolved at most once. */
export const stockFaults = (log: readonly Recorded[]): string[] => {
  const shelves = new Map<string, Shelf>();
  return log.flatMap(({ event, streamId, revision }) => {
    if (!streamId.startsWith('stock-')) return [];
    const shelf = shelves.get(streamId) ?? { onHand: 0, held: 0, committed: 0, open: new Map() };
    shelves.set(streamId, shelf);
    const stockEvent = event as StockEvent;
    const faults = takeStock(shelf, stockEvent);
    const available = shelf.onHand - shelf.held - shelf.committed;
    if (available < 0 || shelf.onHand < 0 || shelf.held < 0 || shelf.committed < 0) faults.push(`${streamId}@${revision} is below zero`);
    if (stockEvent.available !== available || stockEvent.onHand !== shelf.onHand) {
      faults.push(
        `${streamId}@${revision} says ${stockEvent.available} of ${stockEvent.onHand}, but it is ${available} of ${shelf.onHand}`,
      );
    }
    return faults;
  });
};

/** I5: every booking sums to nothing by itself, and none stands there twice. */
export const ledgerFaults = (log: readonly Recorded[]): string[] => {
  const ids = new Set<string>();
  return all(log, 'ledger.booked').flatMap(({ bookingId, ledgerId, entries }) => {
    const sums = new Map<string, number>();
    for (const { amount } of entries) sums.set(amount.currency, (sums.get(amount.currency) ?? 0) + amount.amount);
    const name = `${ledgerId} ${bookingId}`;
    const isTwice = ids.has(name);
    ids.add(name);
    return [
      ...[...sums].filter(([, sum]) => sum !== 0).map(([currency, sum]) => `booking ${name} is off by ${sum} ${currency}`),
      ...(isTwice ? [`booking ${name} was made twice`] : []),
    ];
  });
};

interface Movement {
  readonly kind: 'capture' | 'refund';
  readonly id: string;
  readonly payment_id: string;
  readonly amount: number;
}

const rowsOf = <Row>(dataDir: string, file: string, sql: string): Row[] => {
  const db = new DatabaseSync(join(dataDir, file), { readOnly: true });
  try {
    return db.prepare(sql).all() as Row[];
  } finally {
    db.close();
  }
};

const twice = (what: string, ids: readonly string[]): string[] =>
  ids.filter((id, n) => ids.indexOf(id) !== n).map((id) => `${what} ${id} stands in the books twice`);

/** No capture without confirmed orders or its refund, none that we do not know of, no refund twice, and the ledger knows the same sums. */
export const gatewayFaults = (dataDir: string, log: readonly Recorded[]): string[] => {
  const movements = rowsOf<Movement>(dataDir, 'gateway.db', 'SELECT kind, id, payment_id, amount FROM movements ORDER BY seq');
  const captures = movements.filter(({ kind }) => kind === 'capture');
  const refunds = movements.filter(({ kind }) => kind === 'refund');
  const confirmed = new Set(all(log, 'order.confirmed').map(({ orderId }) => orderId));
  const plans = new Map(all(log, 'checkout.started').map(({ plan }) => [plan.paymentId, plan]));
  const booked = all(log, 'ledger.booked').filter(({ kind }) => kind === 'capture');
  return [
    ...twice(
      'capture',
      captures.map(({ id }) => id),
    ),
    ...twice(
      'refund',
      refunds.map(({ id }) => id),
    ),
    ...captures.flatMap(({ payment_id: paymentId, amount }) => {
      const back = refunds.filter((refund) => refund.payment_id === paymentId).reduce((sum, refund) => sum + refund.amount, 0);
      const plan = plans.get(paymentId);
      const owed = plan?.orders.filter(({ orderId }) => !confirmed.has(orderId)).reduce((sum, { totals }) => sum + totals.total.amount, 0);
      const inLedger = booked
        .filter((booking) => booking.paymentId === paymentId)
        .flatMap(({ entries }) => entries.filter(({ account }) => account === 'buyer_funds'))
        .reduce((sum, entry) => sum - entry.amount.amount, 0);
      return [
        ...(owed === undefined ? [`capture ${paymentId} is for nothing that was ever ordered`] : []),
        ...(owed !== undefined && back < owed ? [`capture ${paymentId}: ${owed - back} are owed for orders that were not confirmed`] : []),
        ...(back > amount ? [`payment ${paymentId}: ${back} given back of ${amount}`] : []),
        ...(inLedger !== amount ? [`payment ${paymentId}: ${amount} captured, ${inLedger} in the ledger`] : []),
      ];
    }),
    ...all(log, 'payment.captured')
      .filter(({ paymentId }) => plans.get(paymentId)?.method !== 'cod' && !captures.some(({ id }) => id === paymentId))
      .map(({ paymentId }) => `payment ${paymentId} is captured here and not at the gateway`),
  ];
};

/** One parcel per order, each for an order that was packed and a shipment that we know of. */
export const courierFaults = (dataDir: string, log: readonly Recorded[]): string[] => {
  const parcels = rowsOf<{ id: string; order_id: string; tracking_number: string }>(dataDir, 'courier.db', 'SELECT * FROM parcels');
  const packed = new Set(all(log, 'order.packed').map(({ orderId }) => orderId));
  const booked = new Map(all(log, 'shipment.booked').map(({ shipmentId, trackingNumber }) => [shipmentId, trackingNumber]));
  return [
    ...twice(
      'the parcel of order',
      parcels.map((parcel) => parcel.order_id),
    ),
    ...parcels.flatMap(({ id, order_id: orderId, tracking_number: trackingNumber }) => [
      ...(packed.has(orderId) ? [] : [`parcel ${id} is for order ${orderId}, which nobody packed`]),
      ...(booked.get(id) === trackingNumber ? [] : [`parcel ${id} is not known here as ${trackingNumber}`]),
    ]),
    ...[...booked.keys()]
      .filter((id) => !parcels.some((parcel) => parcel.id === id))
      .map((id) => `the courier knows nothing of shipment ${id}`),
  ];
};
