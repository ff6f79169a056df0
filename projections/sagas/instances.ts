// Where every saga stands: its open intents, when it wakes next, how it ended. The sender and the timers work from these rows.
import type { Recorded } from '../../domain/metadata.ts';
import type { Process } from '../../domain/process.ts';
import type { Projection } from '../projection.ts';

export interface SagaRow {
  readonly saga: string;
  readonly instance: string;
  readonly outcome: 'NotStarted' | 'Running' | 'Completed' | 'Compensated' | 'NeedsHuman';
  readonly wakeAt: string | null;
  readonly intents: readonly {
    readonly eventId: string;
    readonly correlationId: string;
    readonly at: string;
    readonly event: { readonly type: string };
  }[];
  /** NOTE: in memory only. It holds whole plans, and would be written with each step: half of what a checkout costs the read models. */
  readonly state?: unknown;
  readonly startedAt: string;
  readonly updatedAt: string;
}

type AnyProcess = Process<unknown, { type: string }>;

/** One row per saga stream. `eventTypes`: all types that stand in streams of these processes. Imported sagas never wake and send nothing. */
export const sagaInstances = (processes: readonly AnyProcess[], eventTypes: readonly string[]): Projection<SagaRow, { type: string }> => {
  const byCategory = new Map(processes.map((process) => [process.category, process]));
  const split = (streamId: string) => {
    const at = streamId.indexOf('-');
    return { category: streamId.slice(0, at), instance: streamId.slice(at + 1) };
  };
  return {
    name: 'saga-instances',
    service: 'sagas',
    version: 2,
    reads: eventTypes,
    key: ({ streamId }) => (byCategory.has(split(streamId).category) ? streamId : null),
    evolve: (row, { event, streamId, metadata }: Recorded) => {
      const { category, instance } = split(streamId);
      const process = byCategory.get(category) as AnyProcess;
      const state = process.evolve(row ? row.state : process.initial, event);
      const imported = metadata.origin === 'import';
      const fresh =
        process.isIntent(event) && !imported
          ? [{ eventId: metadata.eventId, correlationId: metadata.correlationId, at: metadata.occurredAt, event }]
          : [];
      return {
        saga: category,
        instance,
        outcome: process.outcome(state),
        wakeAt: imported ? null : process.wakeAt(state),
        intents: [...(row?.intents ?? []), ...fresh].filter((intent) => process.isOpen(intent.event, state)),
        state,
        startedAt: row?.startedAt ?? metadata.occurredAt,
        updatedAt: metadata.occurredAt,
      };
    },
    saved: ({ state: _, ...row }) => row,
    shape: {
      columns: { saga: 'text', outcome: 'text', wakeAt: 'text', open: 'integer', updatedAt: 'text' },
      indexes: [['wakeAt'], ['open'], ['outcome', 'updatedAt']],
    },
    columns: ({ saga, outcome, wakeAt, intents, updatedAt }) => ({ saga, outcome, wakeAt, open: intents.length > 0 ? 1 : 0, updatedAt }),
  };
};
