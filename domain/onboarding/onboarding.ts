// How far an approved seller is on the way to the role.
import type { Process } from '../process.ts';
import type { OnboardingEvent } from './events.ts';

export interface Onboarding {
  readonly status: 'none' | 'requested' | 'completed' | 'refused';
  readonly userId: string | null;
}

const evolve = (_state: Onboarding, event: OnboardingEvent): Onboarding => {
  const { userId } = event;
  switch (event.type) {
    case 'onboarding.role_requested':
      return { status: 'requested', userId };
    case 'onboarding.completed':
      return { status: 'completed', userId };
    case 'onboarding.command_refused':
      return { status: 'refused', userId };
    case 'onboarding.resolved':
      return { status: event.decision === 'retry' ? 'requested' : 'completed', userId };
    default:
      return event satisfies never;
  }
};

const outcomes = { none: 'NotStarted', requested: 'Running', completed: 'Completed', refused: 'NeedsHuman' } as const;

export const onboarding: Process<Onboarding, OnboardingEvent> = {
  category: 'onboarding',
  version: 1,
  initial: { status: 'none', userId: null },
  evolve,
  isIntent: (event) => event.type === 'onboarding.role_requested',
  isOpen: (_intent, state) => state.status === 'requested',
  isRefused: (_intent, state) => state.status === 'refused',
  wakeAt: () => null,
  outcome: (state) => outcomes[state.status],
};
