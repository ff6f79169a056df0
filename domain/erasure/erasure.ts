// How far the erasure of a person is: asked for until the key is gone, which may take several attempts but never ends otherwise.
import type { Process } from '../process.ts';
import type { ErasureEvent } from './events.ts';

export interface Erasure {
  readonly status: 'none' | 'requested' | 'completed';
}

const evolve = (_state: Erasure, event: ErasureEvent): Erasure => {
  switch (event.type) {
    case 'erasure.requested':
      return { status: 'requested' };
    case 'erasure.completed':
      return { status: 'completed' };
    default:
      return event satisfies never;
  }
};

const outcomes = { none: 'NotStarted', requested: 'Running', completed: 'Completed' } as const;

export const erasure: Process<Erasure, ErasureEvent> = {
  category: 'erasure',
  version: 1,
  initial: { status: 'none' },
  evolve,
  isIntent: (event) => event.type === 'erasure.requested',
  isOpen: (_intent, state) => state.status === 'requested',
  wakeAt: () => null,
  outcome: (state) => outcomes[state.status],
};
