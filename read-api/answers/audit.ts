// What the auditors' questions answer.
import { z } from 'zod';
import { Metadata } from '../../domain/metadata.ts';
import { Actor, Fields, Moment } from '../../infra/http/answers.ts';

const StreamId = z.string().meta({ examples: ['order-01JZ0000000000000000000000'] });

const EventMetadata = Metadata.extend({ actor: Actor, occurredAt: Moment, recordedAt: Moment }).meta({ id: 'EventMetadata' });

export const RecordedEvent = z
  .object({
    streamId: StreamId,
    revision: z.int().min(0).describe('Counts from 0 in its stream.'),
    position: z.string().describe('Where it stands in the log.'),
    type: z.string().meta({ examples: ['order.created'] }),
    data: Fields.describe('What the event says; its type and schemaVersion tell what that is.'),
    metadata: EventMetadata,
  })
  .meta({ id: 'RecordedEvent' });

/** The last event that counts; null: the stream had not begun. */
const at = z
  .object({ revision: z.int(), position: z.string(), recordedAt: Moment, occurredAt: Moment })
  .nullable()
  .describe('The last event that counts; null before the stream began.');

export const PastState = z
  .object({
    streamId: StreamId,
    category: z.string().meta({ examples: ['order'] }),
    foldVersion: z.int(),
    at,
    state: Fields.nullable().describe('As the events of the category fold; null before the stream began.'),
  })
  .meta({ id: 'PastState' });

export const StateChanges = z
  .object({
    streamId: StreamId,
    from: at,
    to: at,
    changes: z.array(
      z.object({
        path: z.string().describe('A JSON pointer into the state.'),
        kind: z.enum(['added', 'removed', 'changed']),
        before: z.unknown().optional(),
        after: z.unknown().optional(),
      }),
    ),
  })
  .meta({ id: 'StateChanges' });

export const StreamVerification = z
  .object({
    streamId: StreamId,
    isIntact: z.boolean(),
    events: z.int(),
    lastHash: z.string(),
    faults: z.array(
      z.object({ streamId: z.string(), revision: z.int().describe('-1: the fault is not one event’s.'), reason: z.string() }),
    ),
  })
  .meta({ id: 'StreamVerification' });
