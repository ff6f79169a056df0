// What sagas are made of: their state as the fold of a stream, and what a human decides about what was refused.
import { z } from 'zod';
import { open } from './privacy.ts';

export type TaskState = 'open' | 'done' | 'refused';
export type Tasks = Readonly<Record<string, TaskState>>;

/** What an operator decides about all that was refused: `retry`, or `close`: settled by hand. */
export const decided = { decision: open(z.enum(['retry', 'close'])), operatorId: open(z.string()) };
export type Decision = z.infer<typeof decided.decision>;

/** The tasks after that decision. */
export const tasksAfter = (tasks: Tasks, decision: Decision): Tasks => {
  const outcome = decision === 'retry' ? 'open' : 'done';
  return Object.fromEntries(Object.entries(tasks).map(([key, task]) => [key, task === 'refused' ? outcome : task]));
};

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
  /** Whether what such an intent asked for was refused, so that a human decides; absent where nothing can be. */
  isRefused?(intent: Event, state: State): boolean;
  wakeAt(state: State): string | null;
  outcome(state: State): 'NotStarted' | 'Running' | 'Completed' | 'Compensated' | 'NeedsHuman';
}
