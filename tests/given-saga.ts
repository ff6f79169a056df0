// given / when / then for sagas: folds the past of the saga's own stream, compares what a trigger adds to it and what its intents send.
import { expect } from 'vitest';
import type { Outcomes, Saga, Send, TimerDue } from '../commands/sagas/saga.ts';
import type { Recorded } from '../domain/metadata.ts';

/** An event of another stream as the feed brings it; only the time matters to a saga. */
export const recorded = <Event extends { type: string }>(event: Event, at: string): Recorded<Event> => ({
  event,
  streamId: 'some-stream',
  revision: 0,
  position: 1,
  metadata: {
    eventId: `event of ${at}`,
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

const freeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
  return value;
};

export const givenSaga = <State, Event extends { type: string }>(saga: Saga<State, Event>, ...past: readonly Event[]) => {
  const { process } = saga;
  const fold = (events: readonly Event[], from: State) => events.reduce((now, event) => freeze(process.evolve(now, freeze(event))), from);
  const state = fold(past, freeze(process.initial));

  /** What is appended, and that neither state nor trigger was changed by deciding it, nor a repeat adds anything. */
  const outcome = (events: readonly Event[], again: (after: State) => readonly Event[]) => {
    const after = fold(events, state);
    return {
      events,
      state: after,
      // biome-ignore lint/suspicious/noThenProperty: given / when / then is the vocabulary; nobody awaits this object
      then: (...expected: readonly Event[]) => {
        expect(events).toEqual(expected);
        if (expected.length > 0) expect(again(after), 'a repeat changes nothing').toEqual([]);
      },
      /** The commands that the new intents send. */
      sends: (): Send[] => events.filter((event) => process.isIntent(event)).flatMap((intent) => saga.sends(intent, after)),
    };
  };

  return {
    state,
    wakeAt: () => process.wakeAt(state),
    outcome: () => process.outcome(state),
    when: (trigger: Recorded | TimerDue) => {
      freeze(trigger);
      return outcome(saga.react(state, trigger), (after) => saga.react(after, trigger));
    },
    /** Commands of `intent` ended like this. */
    whenSettled: (intent: Event, outcomes: Outcomes) => {
      const events = saga.settled(intent, state, outcomes);
      return outcome(events, (after) => saga.settled(intent, after, outcomes));
    },
  };
};
