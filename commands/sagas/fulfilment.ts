// Carries one confirmed order to its end: parcel, stock, cash at the door, cancellation, returns, and the seller's money in the books.
import type { FulfilmentEvent, Task } from '../../domain/fulfilment/events.ts';
import { type Fulfilment, type FulfilmentTerms, fulfilment as process } from '../../domain/fulfilment/fulfilment.ts';
import { bookCapture, bookingIds, completionEntries, refundEntries, sellerNet } from '../../domain/ledger/entries.ts';
import type { LedgerEvent } from '../../domain/ledger/events.ts';
import type { LedgerCommand } from '../../domain/ledger/ledger.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { ReturnEvent } from '../../domain/return/events.ts';
import type { ShipmentEvent } from '../../domain/shipment/events.ts';
import type { StockEvent } from '../../domain/stock/events.ts';
import { sendOf } from './fulfilment-commands.ts';
import { isOfReturn, Reaction, refundIds } from './fulfilment-reaction.ts';
import { settled } from './fulfilment-settled.ts';
import type { Saga, TimerDue } from './saga.ts';

type Trigger = OrderEvent | PaymentEvent | ReturnEvent | ShipmentEvent | StockEvent | LedgerEvent;

const reads = [
  'order.confirmed',
  'order.accepted',
  'order.packed',
  'order.shipped',
  'order.delivered',
  'order.completed',
  'order.cancelled',
  'order.delivery_failed',
  'order.returned',
  'shipment.booked',
  'shipment.picked_up',
  'shipment.delivered',
  'shipment.failed',
  'shipment.returned',
  'stock.hold_consumed',
  'stock.hold_released',
  'stock.returned',
  'payment.part_captured',
  'payment.part_voided',
  'payment.refund_requested',
  'payment.refunded',
  'return.requested',
  'return.rejected',
  'return.escalated',
  'return.approved',
  'return.inspected',
  'return.denied',
  'return.replaced',
  'return.refunded',
  'ledger.booked',
] as const satisfies readonly Trigger['type'][];

type Read = Extract<Trigger, { type: (typeof reads)[number] }>;

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

const orderOf = (event: Read): string | null => {
  if (event.type === 'payment.part_captured') return event.order?.orderId ?? null;
  return event.orderId ?? null;
};

const started = (state: Fulfilment, event: Extract<OrderEvent, { type: 'order.confirmed' }>, at: string): FulfilmentEvent[] => {
  if (state.terms) return [];
  const { orderId, checkoutId, buyerId, sellerId, paymentId, cod, sellerNet: net, holds, acceptBy } = event;
  const reaction = new Reaction(state, orderId, at);
  // Its share may have been given back before it was confirmed.
  if (state.refundedInFull) reaction.ask('cancel', { do: 'cancel' });
  return [
    { type: 'fulfilment.started', orderId, checkoutId, buyerId, sellerId, paymentId, cod, sellerNet: net, holds, acceptBy, at },
    ...reaction.events,
  ];
};

/** The courier's word, as soon as the order is where it can be told. */
const tellOrder = (reaction: Reaction, says: Fulfilment['courier'], status: Fulfilment['status']) => {
  if (says === 'delivered' && (status === 'shipped' || status === 'delivery_failed')) reaction.ask('deliver', { do: 'deliver' });
  if (status === 'shipped' && (says === 'failed' || says === 'returned')) reaction.ask('fail_delivery', { do: 'fail_delivery' });
  if (status === 'delivery_failed' && says === 'returned') reaction.ask('return', { do: 'return' });
};

const booking = (
  terms: FulfilmentTerms,
  task: { bookingId: string; kind: 'completion' | 'refund'; refundId?: string },
  entries: LedgerCommand['entries'],
): Task => ({
  do: 'book',
  ...task,
  ledgerId: terms.sellerId,
  checkoutId: terms.checkoutId,
  paymentId: terms.paymentId,
  buyerId: terms.buyerId,
  entries: [...entries],
});

/** The seller's money becomes available when the order is completed and its money is there: of COD, both take their time. */
const release = (reaction: Reaction, { terms, net }: Fulfilment) => {
  if (!terms || !net || net.amount === 0) return;
  reaction.ask(
    'completion',
    booking(terms, { bookingId: bookingIds.completion(terms.orderId), kind: 'completion' }, completionEntries(net)),
  );
};

/** Cash counts as paid when the courier says that it was collected, which it says by the delivery: nobody else's word moves money. */
const collectCash = (reaction: Reaction, { terms, captured }: Fulfilment, says: Fulfilment['courier']) => {
  if (terms?.cod && !captured && says === 'delivered') reaction.ask('collect', { do: 'collect' });
};

/** An order that is off gives back money; what was never collected is voided. */
const giveBack = (reaction: Reaction, { terms, captured }: Fulfilment, refundId: string, reason: string) => {
  if (terms?.cod && !captured) reaction.ask('void_part', { do: 'void_part' });
  else reaction.ask(`refund.${refundId}`, { do: 'refund', refundId, of: 'rest', reason });
};

const onOrder = (state: Fulfilment, event: Extract<Read, OrderEvent>, reaction: Reaction) => {
  switch (event.type) {
    case 'order.confirmed':
      return;
    case 'order.accepted':
      reaction.note({ step: 'accepted' });
      return;
    case 'order.packed': {
      reaction.note({ step: 'packed' });
      const { shipping, address, orderId } = event;
      reaction.ask('book_courier', { do: 'book_courier', shipmentId: orderId, shipping }, { address });
      return;
    }
    case 'order.shipped':
      reaction.note({ step: 'shipped' }).done('ship');
      for (const { holdId, stockId } of state.terms?.holds ?? []) reaction.ask(`consume.${holdId}`, { do: 'consume', stockId, holdId });
      tellOrder(reaction, state.courier, 'shipped');
      return;
    case 'order.delivered':
      reaction.note({ step: 'delivered', returnUntil: event.returnUntil }).done('deliver');
      collectCash(reaction, state, state.courier);
      return;
    case 'order.completed':
      reaction.note({ step: 'completed' }).done('complete');
      if (state.captured) release(reaction, state);
      return;
    case 'order.cancelled':
      // NOTE: an order that was never confirmed has nothing here to undo: its checkout does that.
      if (!event.confirmed) return;
      reaction.note({ step: 'cancelled' }).done('expire').done('cancel');
      for (const { holdId, stockId } of state.terms?.holds ?? []) reaction.ask(`release.${holdId}`, { do: 'release', stockId, holdId });
      giveBack(reaction, state, refundIds.cancelled(event.orderId), 'order_cancelled');
      return;
    case 'order.delivery_failed':
      reaction.note({ step: 'delivery_failed' }).done('fail_delivery');
      tellOrder(reaction, state.courier, 'delivery_failed');
      return;
    case 'order.returned':
      reaction.note({ step: 'returned' }).done('return');
      for (const { lineId, stockId, quantity } of state.terms?.holds ?? []) {
        const movementId = `${event.orderId}.${lineId}.returned`;
        reaction.ask(`restock.${movementId}`, { do: 'restock', stockId, movementId, quantity, condition: 'sellable' });
      }
      giveBack(reaction, state, refundIds.returned(event.orderId), 'delivery_failed');
      return;
    default:
      event satisfies never;
  }
};

const onShipment = (state: Fulfilment, event: Extract<Read, ShipmentEvent>, reaction: Reaction) => {
  switch (event.type) {
    case 'shipment.booked':
      reaction.done('book_courier');
      return;
    case 'shipment.picked_up':
      if (state.status === 'packed') reaction.ask('ship', { do: 'ship' });
      return;
    case 'shipment.delivered':
    case 'shipment.failed':
    case 'shipment.returned': {
      const says = ({ 'shipment.delivered': 'delivered', 'shipment.failed': 'failed', 'shipment.returned': 'returned' } as const)[
        event.type
      ];
      reaction.note({ step: 'courier', says }).done('ask_courier');
      collectCash(reaction, state, says);
      tellOrder(reaction, says, state.status);
      return;
    }
    default:
      event satisfies never;
  }
};

const onPayment = (state: Fulfilment, event: Extract<Read, PaymentEvent>, reaction: Reaction, at: string) => {
  switch (event.type) {
    case 'payment.part_captured': {
      if (!event.order || state.captured) return;
      reaction.note({ step: 'captured' }).done('collect');
      const {
        type: _type,
        orderId: _orderId,
        valueAt: _valueAt,
        at: _at,
        kind: _kind,
        ...command
      } = bookCapture(event.order, { ...event, at });
      reaction.ask('capture', {
        do: 'book',
        ...command,
        kind: 'capture',
        checkoutId: event.checkoutId,
        paymentId: event.paymentId,
        buyerId: event.buyerId,
        entries: [...command.entries],
      });
      if (state.status === 'completed') release(reaction, state);
      return;
    }
    case 'payment.part_voided':
      reaction.done('void_part');
      return;
    case 'payment.refund_requested':
      reaction.done(`refund.${event.refundId}`);
      return;
    case 'payment.refunded': {
      const { refundId, orderId, sellerId, checkoutId, paymentId, buyerId, booked } = event;
      if (!booked || state.tasks[`booked.${refundId}`]) return;
      const from = state.tasks.completion ? 'seller_available' : 'seller_pending';
      const terms = { orderId, sellerId, checkoutId, paymentId, buyerId, cod: false, holds: [] };
      const all = event.left?.amount === 0;
      reaction.note({ step: 'refunded', refundId, sellerNet: sellerNet(event), ...(all && { all }) });
      // Nobody sends what nobody pays for: it leaves the seller's work list, and its goods are free again.
      if (all && isUnsent(state)) reaction.ask('cancel', { do: 'cancel' });
      reaction.ask(
        `booked.${refundId}`,
        booking(terms, { bookingId: bookingIds.refund(refundId), kind: 'refund', refundId }, refundEntries(event, from)),
      );
      if (state.tasks[`refund.${refundId}`] && isOfReturn(orderId, refundId))
        reaction.ask(`settle.${refundId}`, { do: 'settle_return', returnId: refundId });
      return;
    }
    default:
      event satisfies never;
  }
};

const isUnsent = ({ status }: Fulfilment) => status === 'confirmed' || status === 'accepted' || status === 'packed';

const stepOf = {
  'return.requested': 'requested',
  'return.rejected': 'rejected',
  'return.escalated': 'escalated',
  'return.approved': 'approved',
} as const;

const onReturn = (event: Extract<Read, ReturnEvent>, reaction: Reaction) => {
  const { returnId } = event;
  switch (event.type) {
    case 'return.requested':
    case 'return.rejected':
    case 'return.escalated':
    case 'return.approved':
      reaction.note({ step: 'return', returnId, now: stepOf[event.type] });
      return;
    case 'return.denied':
    case 'return.replaced':
      reaction.note({ step: 'return', returnId, now: 'closed' });
      return;
    case 'return.refunded':
      reaction.note({ step: 'return', returnId, now: 'closed' }).done(`settle.${returnId}`);
      return;
    case 'return.inspected': {
      if (event.resolution === 'deny') return;
      for (const { lineId, stockId, quantity, condition } of event.lines) {
        const movementId = `${returnId}.${lineId}`;
        reaction.ask(`restock.${movementId}`, { do: 'restock', stockId, movementId, quantity, condition });
      }
      if (event.resolution === 'replace') return;
      const lines = event.lines.map(({ lineId, quantity }) => ({ lineId, quantity }));
      reaction.ask(`refund.${returnId}`, { do: 'refund', refundId: returnId, of: { lines, shipping: event.shipping }, reason: 'return' });
      return;
    }
    default:
      event satisfies never;
  }
};

const onBooked = ({ bookingId, refundId, kind }: LedgerEvent, reaction: Reaction) => {
  if (kind === 'completion') reaction.done('completion');
  if (kind === 'capture') reaction.done('capture');
  if (kind === 'refund' && refundId !== undefined && bookingId === bookingIds.refund(refundId)) reaction.done(`booked.${refundId}`);
};

const reactTo = (state: Fulfilment, event: Read, at: string): readonly FulfilmentEvent[] => {
  const orderId = orderOf(event);
  if (orderId === null) return [];
  if (event.type === 'order.confirmed') return started(state, event, at);
  const reaction = new Reaction(state, orderId, at);
  switch (event.type) {
    case 'stock.hold_consumed':
      reaction.done(`consume.${event.holdId}`);
      break;
    case 'stock.hold_released':
      reaction.done(`release.${event.holdId}`);
      break;
    case 'stock.returned':
      reaction.done(`restock.${event.movementId}`);
      break;
    case 'ledger.booked':
      onBooked(event, reaction);
      break;
    default:
      if (isOf(event, 'order')) onOrder(state, event, reaction);
      else if (isOf(event, 'shipment')) onShipment(state, event, reaction);
      else if (isOf(event, 'payment')) onPayment(state, event, reaction, at);
      else if (isOf(event, 'return')) onReturn(event, reaction);
  }
  return reaction.events;
};

const isOf = <C extends string>(event: Read, category: C): event is Extract<Read, { type: `${C}.${string}` }> =>
  event.type.startsWith(`${category}.`);

/** The instant that `wakeAt` named has come: ask the order, which compares the times itself. */
const wake = (state: Fulfilment, { at }: TimerDue): readonly FulfilmentEvent[] => {
  const due = process.wakeAt(state);
  if (!state.terms || due === null || at < due) return [];
  const reaction = new Reaction(state, state.terms.orderId, at);
  if (state.status === 'confirmed') reaction.ask('expire', { do: 'expire' });
  else if (state.status === 'completed') reaction.ask('ask_courier', { do: 'ask_courier' });
  else reaction.ask('complete', { do: 'complete' });
  return reaction.events;
};

export const fulfilment: Saga<Fulfilment, FulfilmentEvent> = {
  process,
  reads,
  begins: ['order.confirmed'],
  correlate: ({ event }: Recorded) => (isRead(event) ? orderOf(event) : null),
  react: (state, trigger) => {
    if ('type' in trigger) return wake(state, trigger);
    return isRead(trigger.event) ? reactTo(state, trigger.event, trigger.metadata.occurredAt) : [];
  },
  sends: (intent, state) => {
    if (intent.type !== 'fulfilment.requested') throw new Error(`${intent.type} asks for nothing`);
    return [sendOf(state, intent)];
  },
  settled,
};
