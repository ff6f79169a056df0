// What a return's stream may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open, pii } from '../privacy.ts';

const id = () => open(z.string());
const code = () => open(z.string().regex(/^[A-Za-z_]{1,40}$/));
const common = { returnId: id(), orderId: id(), checkoutId: id(), buyerId: id(), sellerId: id(), at: open(Instant) };

/** Goods that come back; `stockId` names the stock they were taken from (`stock-<stockId>`). */
export const ReturnLine = z.object({ lineId: z.string(), stockId: z.string(), quantity: z.int().positive() });
export type ReturnLine = z.infer<typeof ReturnLine>;

export const InspectedLine = ReturnLine.extend({ condition: z.enum(['sellable', 'damaged']) });
export type InspectedLine = z.infer<typeof InspectedLine>;

export const ReturnRequested = z.object({
  type: z.literal('return.requested'),
  ...common,
  lines: open(z.array(ReturnLine).min(1)),
  reason: code(),
  /** The buyer's own words. */
  note: pii().optional(),
});
export const ReturnApproved = z.object({ type: z.literal('return.approved'), ...common, by: open(z.enum(['seller', 'admin'])) });
export const ReturnRejected = z.object({ type: z.literal('return.rejected'), ...common, reason: code() });
export const ReturnEscalated = z.object({ type: z.literal('return.escalated'), ...common });
/** `trackingNumber` seals, for the buyer, under which number the parcel travels: a courier's page shows names and places for it. */
export const ReturnSent = z.object({ type: z.literal('return.sent'), ...common, trackingNumber: pii().optional() });
/** Version 1 had the number in plain text: it is shown no more, whoever reads; the stored bytes are what they were. */
export const sentInPlain = ({ trackingNumber: _, ...data }: Record<string, unknown>): Record<string, unknown> => data;
export const ReturnReceived = z.object({ type: z.literal('return.received'), ...common });
export const ReturnInspected = z.object({
  type: z.literal('return.inspected'),
  ...common,
  lines: open(z.array(InspectedLine).min(1)),
  resolution: open(z.enum(['refund', 'replace', 'deny'])),
  /** Whether the refund includes the shipping. */
  shipping: open(z.boolean()),
});
export const ReturnRefunded = z.object({ type: z.literal('return.refunded'), ...common });
export const ReturnReplaced = z.object({ type: z.literal('return.replaced'), ...common });
export const ReturnDenied = z.object({ type: z.literal('return.denied'), ...common, reason: code() });

export const ReturnEvent = z.discriminatedUnion('type', [
  ReturnRequested,
  ReturnApproved,
  ReturnRejected,
  ReturnEscalated,
  ReturnSent,
  ReturnReceived,
  ReturnInspected,
  ReturnRefunded,
  ReturnReplaced,
  ReturnDenied,
]);
export type ReturnEvent = z.infer<typeof ReturnEvent>;
