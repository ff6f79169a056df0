// What a saga is: a pure process over its own stream. run.ts does all its I/O.
import type { Recorded } from '../../domain/metadata.ts';
import type { Process } from '../../domain/process.ts';

/** A command that an intent sends. `target` is the category of the aggregate that decides it, or an outbound port (`gateway`, `courier`, `mail`). */
export interface Send {
  readonly target: string;
  readonly id: string;
  readonly command: { readonly type: string };
}

/** What wakes a saga besides events: the instant that its `wakeAt` named has come. */
export interface TimerDue {
  readonly type: 'timer.due';
  readonly at: string;
}

/** How a sent command ended without an event of its target: refused by a rule (`code` of the DomainError), or `already_so`. */
export interface Settled {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: string;
}

/**
 * `reads`: the types of the events that can wake it. `correlate`: the instance (id of its own stream) that an event belongs to, or null.
 * `begins`: those of `reads` that an instance begins with, as a rule: its stream is then not looked for.
 * `react`: the events to append to its own stream because of this trigger, in order. It is a pure function of state and trigger,
 * answers [] for what it has already taken in, and knows the time only from its trigger (metadata.occurredAt, or `at` of the timer).
 * `sends`: the command that an intent sends. `settled`: what to append when that command ended without an event.
 */
export interface Saga<State, Event extends { type: string }> {
  readonly process: Process<State, Event>;
  readonly reads: readonly string[];
  readonly begins?: readonly string[];
  correlate(trigger: Recorded): string | null;
  react(state: State, trigger: Recorded | TimerDue): readonly Event[];
  sends(intent: Event, state: State): Send;
  settled(intent: Event, state: State, outcome: Settled): readonly Event[];
}
