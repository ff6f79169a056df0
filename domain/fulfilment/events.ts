// What the stream of an order's fulfilment may contain: what it learnt, what it asks for, and how that ended. These schemas are the storage contract.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { BookingKind, Entry } from '../ledger/events.ts';
import { Money } from '../money.ts';
import { HeldLine, ShippingTerms } from '../order/terms.ts';
import { open, pii } from '../privacy.ts';
import { decided } from '../process.ts';

const id = () => open(z.string());
const common = { orderId: id(), at: open(Instant) };

export const FulfilmentStarted = z.object({
  type: z.literal('fulfilment.started'),
  ...common,
  checkoutId: id(),
  buyerId: id(),
  sellerId: id(),
  paymentId: id(),
  cod: open(z.boolean()),
  sellerNet: open(Money),
  holds: open(z.array(HeldLine)),
  acceptBy: open(Instant),
});

/** What the fulfilment has to remember of what happened elsewhere. */
export const Step = z.discriminatedUnion('step', [
  z.object({ step: z.enum(['accepted', 'packed', 'shipped', 'completed', 'cancelled', 'delivery_failed', 'returned', 'captured']) }),
  z.object({ step: z.literal('delivered'), returnUntil: Instant }),
  /** What the courier says, which may run ahead of the order. */
  z.object({ step: z.literal('courier'), says: z.enum(['delivered', 'failed', 'returned']) }),
  z.object({ step: z.literal('return'), returnId: z.string(), now: z.enum(['requested', 'rejected', 'escalated', 'approved', 'closed']) }),
  /** `all`: nothing is left of what was paid for the order. */
  z.object({ step: z.literal('refunded'), refundId: z.string(), sellerNet: Money, all: z.literal(true).optional() }),
]);
export type Step = z.infer<typeof Step>;
export const FulfilmentStepped = z.object({ type: z.literal('fulfilment.stepped'), ...common, step: open(Step) });

/** A command that is to be sent. */
export const Task = z.discriminatedUnion('do', [
  z.object({
    do: z.enum(['expire', 'ship', 'deliver', 'fail_delivery', 'return', 'complete', 'cancel', 'void_part', 'collect', 'ask_courier']),
  }),
  z.object({ do: z.literal('book_courier'), shipmentId: z.string(), shipping: ShippingTerms }),
  z.object({ do: z.enum(['consume', 'release']), stockId: z.string(), holdId: z.string() }),
  z.object({
    do: z.literal('restock'),
    stockId: z.string(),
    movementId: z.string(),
    quantity: z.int().positive(),
    condition: z.enum(['sellable', 'damaged']),
  }),
  z.object({
    do: z.literal('refund'),
    refundId: z.string(),
    of: z.union([
      z.literal('rest'),
      z.object({ lines: z.array(z.object({ lineId: z.string(), quantity: z.int().positive() })), shipping: z.boolean() }),
    ]),
    reason: z.string(),
  }),
  z.object({ do: z.literal('settle_return'), returnId: z.string() }),
  z.object({
    do: z.literal('book'),
    bookingId: z.string(),
    kind: BookingKind,
    refundId: z.string().optional(),
    ledgerId: z.string(),
    checkoutId: z.string(),
    paymentId: z.string(),
    buyerId: z.string(),
    entries: z.array(Entry),
  }),
]);
export type Task = z.infer<typeof Task>;

/** `key` names the task in this fulfilment for ever. `address` goes with a courier's booking alone. */
export const FulfilmentRequested = z.object({
  type: z.literal('fulfilment.requested'),
  ...common,
  key: id(),
  task: open(Task),
  address: pii().optional(),
});
export const FulfilmentDone = z.object({ type: z.literal('fulfilment.done'), ...common, key: id() });
export const FulfilmentCommandRefused = z.object({ type: z.literal('fulfilment.command_refused'), ...common, key: id(), code: id() });
/** An operator's decision about what was refused: `retry`, or `close`: settled by hand. */
export const FulfilmentResolved = z.object({
  type: z.literal('fulfilment.resolved'),
  ...common,
  ...decided,
});

export const FulfilmentEvent = z.discriminatedUnion('type', [
  FulfilmentStarted,
  FulfilmentStepped,
  FulfilmentRequested,
  FulfilmentDone,
  FulfilmentCommandRefused,
  FulfilmentResolved,
]);
export type FulfilmentEvent = z.infer<typeof FulfilmentEvent>;
