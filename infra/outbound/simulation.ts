// How the simulated providers can be told to misbehave, as real ones do.
import { z } from 'zod';

/** How the notices that an act causes are treated. */
export const NoticeBehaviour = z.strictObject({
  /** Extra copies of each notice, same event id. */
  duplicates: z.int().min(0).max(10).optional(),
  delayMs: z.int().min(0).max(600_000).optional(),
  /** The notices of one act are sent last first; a single one waits for the next of the same payment or parcel (at most 10 s). */
  outOfOrder: z.boolean().optional(),
  /** The notices are never sent: only a status query tells. */
  drop: z.boolean().optional(),
});
export type NoticeBehaviour = z.infer<typeof NoticeBehaviour>;

/** Switches that hold until they are set again; what is left out is off. Numbers named "next" count down. */
export const Faults = z.strictObject({
  ...NoticeBehaviour.shape,
  /** The next n calls that act are carried out, then the connection is broken instead of an answer. */
  loseReplies: z.int().min(0).optional(),
  /** The next n calls that act are answered 503 and not carried out. */
  unavailable: z.int().min(0).optional(),
  /** The next n refunds stay pending until they are simulated. */
  refundsPending: z.int().min(0).optional(),
  /** The next n refunds fail. */
  refundsFail: z.int().min(0).optional(),
  /** Every payment is paid in the moment in which it is requested: its notice may overtake the reply. */
  payAtOnce: z.boolean().optional(),
});
export type Faults = z.infer<typeof Faults>;
