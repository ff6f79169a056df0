// What a saga is: a pure process over its own stream. run.ts does all its I/O.
import type { Recorded } from '../../domain/metadata.ts';
import type { Process } from '../../domain/process.ts';

/**
 * A command that an intent sends. `target` is the category of the aggregate that decides it, or an outbound port (`gateway`, `courier`, `mail`).
 * `part` names it among the commands of one intent: its id is made of both. The only one has the id of the intent itself.
 */
export interface Send {
  readonly part?: string;
  readonly target: string;
  readonly id: string;
  readonly command: { readonly type: string };
}

/** What wakes a saga besides events: the instant that its `wakeAt` named has come. */
export interface TimerDue {
  readonly type: 'timer.due';
  readonly at: string;
}

/** How a sent command ended: with events of its target (`done`), refused by a rule (`code` of the DomainError), or `already_so`. */
export interface Settled {
  readonly part?: string;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: string;
}
export type Outcomes = readonly [Settled, ...Settled[]];

/**
 * `reads`: the types of the events that can wake it. `correlate`: the instance (id of its own stream) that an event belongs to, or null.
 * `begins`: those of `reads` that an instance begins with, as a rule: its stream is then not looked for.
 * `react`: the events to append to its own stream because of this trigger, in order. It is a pure function of state and trigger,
 * answers [] for what it has already taken in, and knows the time only from its trigger (metadata.occurredAt, or `at` of the timer).
 * `sends`: the commands that an intent asks for. `settled`: what to append when they have ended, in one append for all
 * that ended at once. Unless `hearsAll`, it hears only of those that ended without an event; of the others its triggers tell.
 */
export interface Saga<State, Event extends { type: string }> {
  readonly process: Process<State, Event>;
  readonly reads: readonly string[];
  readonly begins?: readonly string[];
  readonly hearsAll?: true;
  correlate(trigger: Recorded): string | null;
  react(state: State, trigger: Recorded | TimerDue): readonly Event[];
  sends(intent: Event, state: State): readonly Send[];
  settled(intent: Event, state: State, outcomes: Outcomes): readonly Event[];
}
