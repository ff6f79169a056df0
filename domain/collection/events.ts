// What the stream of a payment's collection may contain: what is asked of the gateway, and how it ended. These schemas are the storage contract.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Money } from '../money.ts';
import { Part } from '../payment/shares.ts';
import { open } from '../privacy.ts';
import { decided } from '../process.ts';

const id = () => open(z.string());
const common = { paymentId: id(), at: open(Instant) };

/** Intents: what the gateway is asked. */
export const InstructionsRequested = z.object({
  type: z.literal('collection.instructions_requested'),
  ...common,
  checkoutId: id(),
  buyerId: id(),
  method: id(),
  amount: open(Money),
  parts: open(z.array(Part)),
  expiresAt: open(Instant),
  account: open(z.string().nullable()),
});
export const ExpiryRequested = z.object({ type: z.literal('collection.expiry_requested'), ...common });
export const VoidRequested = z.object({ type: z.literal('collection.void_requested'), ...common });

/** The gateway has done what the intent of this type asked for. */
export const CollectionDone = z.object({ type: z.literal('collection.done'), ...common, intent: id() });
export const CollectionEnded = z.object({
  type: z.literal('collection.ended'),
  ...common,
  as: open(z.enum(['paid', 'expired', 'voided'])),
});
export const CollectionCommandRefused = z.object({ type: z.literal('collection.command_refused'), ...common, intent: id(), code: id() });

/** An operator's decision about what was refused. */
export const CollectionResolved = z.object({ type: z.literal('collection.resolved'), ...common, ...decided });

export const CollectionEvent = z.discriminatedUnion('type', [
  InstructionsRequested,
  ExpiryRequested,
  VoidRequested,
  CollectionDone,
  CollectionEnded,
  CollectionCommandRefused,
  CollectionResolved,
]);
export type CollectionEvent = z.infer<typeof CollectionEvent>;
