// How far the collection of a payment through the gateway is. COD needs none.
import { type Process, type Tasks, tasksAfter } from '../process.ts';
import type { CollectionEvent } from './events.ts';

export interface Collection {
  readonly status: 'none' | 'waiting' | 'paid' | 'expired' | 'voided';
  readonly paymentId: string | null;
  readonly expiresAt: string | null;
  /** By type of the intent. */
  readonly intents: Tasks;
}

const evolve = (state: Collection, event: CollectionEvent): Collection => {
  switch (event.type) {
    case 'collection.instructions_requested':
      return {
        status: 'waiting',
        paymentId: event.paymentId,
        expiresAt: event.expiresAt,
        intents: { ...state.intents, [event.type]: 'open' },
      };
    case 'collection.expiry_requested':
    case 'collection.void_requested':
      return { ...state, intents: { ...state.intents, [event.type]: 'open' } };
    case 'collection.done':
      return { ...state, intents: { ...state.intents, [event.intent]: 'done' } };
    case 'collection.command_refused':
      return { ...state, intents: { ...state.intents, [event.intent]: 'refused' } };
    case 'collection.resolved':
      return { ...state, intents: tasksAfter(state.intents, event.decision) };
    case 'collection.ended':
      return { ...state, status: event.as };
    default:
      return event satisfies never;
  }
};

const intents: readonly CollectionEvent['type'][] = [
  'collection.instructions_requested',
  'collection.expiry_requested',
  'collection.void_requested',
];

export const collection: Process<Collection, CollectionEvent> = {
  category: 'collection',
  version: 1,
  initial: { status: 'none', paymentId: null, expiresAt: null, intents: {} },
  evolve,
  isIntent: (event) => intents.includes(event.type),
  /** What is ended needs no instructions and no expiry any more; a void is carried through. */
  isOpen: (intent, state) =>
    state.intents[intent.type] === 'open' && (state.status === 'waiting' || intent.type === 'collection.void_requested'),
  isRefused: (intent, state) => state.intents[intent.type] === 'refused',
  wakeAt: (state) => (state.status === 'waiting' && !state.intents['collection.expiry_requested'] ? state.expiresAt : null),
  outcome: (state) => {
    if (state.status === 'none') return 'NotStarted';
    if (Object.values(state.intents).includes('refused')) return 'NeedsHuman';
    if (state.status === 'waiting' || state.intents['collection.void_requested'] === 'open') return 'Running';
    return state.status === 'paid' ? 'Completed' : 'Compensated';
  },
};
