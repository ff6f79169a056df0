// An event as a saga receives it, for tests: only the event and its business time matter.
import type { Recorded } from '../../domain/metadata.ts';

const noon = '2026-01-01T12:00:00.000Z';

export const recorded = <Event extends { type: string }>(event: Event, at = noon): Recorded<Event> => ({
  event,
  streamId: `${event.type.split('.')[0]}-test`,
  revision: 0,
  position: 1,
  metadata: {
    eventId: 'event',
    commandId: 'command',
    correlationId: 'correlation',
    causationId: 'causation',
    actor: { kind: 'system', id: 'test' },
    occurredAt: at,
    recordedAt: at,
    schemaVersion: 1,
    hash: '',
  },
});
