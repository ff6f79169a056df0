// How far the reconciliation of one notice about money that fits nothing is: none of it is ever dropped.
import type { Process } from '../process.ts';
import type { ReconciliationEvent } from './events.ts';

/** `askable`: there is a payment that the provider can be asked about. */
export interface Reconciliation {
  readonly status: 'none' | 'requested' | 'refused' | 'completed';
  readonly askable: boolean;
}

const evolve = (state: Reconciliation, event: ReconciliationEvent): Reconciliation => {
  switch (event.type) {
    case 'reconciliation.requested':
      return { status: 'requested', askable: true };
    case 'reconciliation.raised':
      return { status: 'refused', askable: false };
    case 'reconciliation.completed':
      return { ...state, status: 'completed' };
    case 'reconciliation.command_refused':
      return { ...state, status: 'refused' };
    case 'reconciliation.resolved':
      return { ...state, status: event.decision === 'retry' ? 'requested' : 'completed' };
    default:
      return event satisfies never;
  }
};

const outcomes = { none: 'NotStarted', requested: 'Running', refused: 'NeedsHuman', completed: 'Completed' } as const;

export const reconciliation: Process<Reconciliation, ReconciliationEvent> = {
  category: 'reconciliation',
  version: 1,
  initial: { status: 'none', askable: false },
  evolve,
  isIntent: (event) => event.type === 'reconciliation.requested',
  isOpen: (_intent, state) => state.status === 'requested',
  isRefused: (_intent, state) => state.status === 'refused',
  wakeAt: () => null,
  outcome: (state) => outcomes[state.status],
};
