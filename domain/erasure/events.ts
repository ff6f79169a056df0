// What the stream of a person's erasure may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open } from '../privacy.ts';

const common = { userId: open(z.string()), at: open(Instant) };

/** The intent: what is kept of the person beside the log is destroyed. */
export const ErasureRequested = z.object({ type: z.literal('erasure.requested'), ...common });
export const ErasureCompleted = z.object({ type: z.literal('erasure.completed'), ...common });

export const ErasureEvent = z.discriminatedUnion('type', [ErasureRequested, ErasureCompleted]);
export type ErasureEvent = z.infer<typeof ErasureEvent>;
