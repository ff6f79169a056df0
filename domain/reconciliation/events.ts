// What the stream of a reconciliation may contain: a notice about money that fits nothing, what the provider was asked, and how it ended. These schemas are the storage contract.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open } from '../privacy.ts';
import { decided } from '../process.ts';

const id = () => open(z.string());
const common = { reconciliationId: id(), at: open(Instant) };
/** What the notice says: `amount` in minor units of `currency`; null where it names no money. */
const notice = {
  providerEventId: id(),
  reason: id(),
  paymentId: open(z.string().nullable()),
  amount: open(z.int().nullable()),
  currency: open(z.string().nullable()),
};

/** The intent: the provider is asked what it holds of the payment that the notice does not fit. */
export const ReconciliationRequested = z.object({ type: z.literal('reconciliation.requested'), ...common, ...notice });
/** The notice fits nothing of ours, so that there is nothing to ask about: a human decides. */
export const ReconciliationRaised = z.object({ type: z.literal('reconciliation.raised'), ...common, ...notice });
export const ReconciliationCompleted = z.object({ type: z.literal('reconciliation.completed'), ...common });
export const ReconciliationRefused = z.object({ type: z.literal('reconciliation.command_refused'), ...common, code: id() });
/** An operator's decision about money that nothing explains. */
export const ReconciliationResolved = z.object({ type: z.literal('reconciliation.resolved'), ...common, ...decided });

export const ReconciliationEvent = z.discriminatedUnion('type', [
  ReconciliationRequested,
  ReconciliationRaised,
  ReconciliationCompleted,
  ReconciliationRefused,
  ReconciliationResolved,
]);
export type ReconciliationEvent = z.infer<typeof ReconciliationEvent>;
