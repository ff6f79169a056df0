// What stands beside every event in the log, and the envelope in which an event is read back.
import { z } from 'zod';

/** Who caused an event: a signed-in person, a guest, or a part of the system. */
export const Actor = z.object({ kind: z.enum(['user', 'guest', 'system']), id: z.string() });
export type Actor = z.infer<typeof Actor>;

/**
 * `occurredAt` is business time and never goes backward in a stream, except after a clock that was ahead; `recordedAt` is what the clock said
 * when it was appended. Both RFC 3339 UTC with milliseconds.
 */
export const Metadata = z.object({
  eventId: z.string(),
  commandId: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  actor: Actor,
  occurredAt: z.string(),
  recordedAt: z.string(),
  schemaVersion: z.int().positive(),
  hash: z.string(),
  origin: z.literal('import').optional(),
});
export type Metadata = z.infer<typeof Metadata>;

/** An event as it stands in the log. `revision` counts from 0 in its stream; `position` rises strictly over the whole log. */
export interface Recorded<Event = { type: string }> {
  readonly event: Event;
  readonly streamId: string;
  readonly revision: number;
  readonly position: number;
  readonly metadata: Metadata;
}
