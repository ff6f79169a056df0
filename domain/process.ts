/**
 * The part of a saga that is state: the fold of its own stream, and what can be read off that state.
 * `isIntent` tells the events that ask for commands to be sent; `isOpen`, whether the outcome of such an intent (of its `part`, if it has
 * several) is still awaited;
 * `wakeAt`, when it wants to be woken next (RFC 3339) or null; `outcome`, how it stands in `sagas list`.
 */
export interface Process<State, Event extends { type: string }> {
  readonly category: string;
  readonly version: number;
  readonly initial: State;
  evolve(state: State, event: Event): State;
  isIntent(event: Event): boolean;
  isOpen(intent: Event, state: State, part?: string): boolean;
  wakeAt(state: State): string | null;
  outcome(state: State): 'NotStarted' | 'Running' | 'Completed' | 'Compensated' | 'NeedsHuman';
}
