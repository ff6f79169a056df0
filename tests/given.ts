// given / when / then for deciders: folds the past, compares what `decide` answers, and asks the same command again, which must change nothing.
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Decider } from '../domain/decider.ts';
import { DomainError } from '../domain/error.ts';

const freeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of value instanceof Map || value instanceof Set ? value.values() : Object.values(value)) freeze(inner);
  return value;
};

const attempt = <State, Command, Event>(decider: Decider<State, Command, Event>, command: Command, state: State) => {
  try {
    return { events: decider.decide(command, state) };
  } catch (error) {
    if (error instanceof DomainError) return { refusal: error };
    throw error;
  }
};

export const given = <State, Command, Event>(decider: Decider<State, Command, Event>, ...past: readonly Event[]) => {
  const fold = (state: State, events: readonly Event[]) => events.reduce((now, event) => freeze(decider.evolve(now, freeze(event))), state);
  return {
    /** The folded state itself, for what `then` cannot show. */
    state: () => fold(freeze(decider.initial), past),
    when: (command: Command) => {
      const state = fold(freeze(decider.initial), past);
      const first = attempt(decider, freeze(command), state);
      const second = attempt(decider, command, state);
      expect(isDeepStrictEqual(first.events, second.events), 'decide answers the same twice').toBe(true);
      return {
        // biome-ignore lint/suspicious/noThenProperty: given / when / then is the vocabulary; nobody awaits this object
        then: (...expected: readonly Event[]) => {
          if (first.refusal) throw first.refusal;
          expect(first.events).toEqual(expected);
          const again = attempt(decider, command, fold(state, expected));
          if (again.refusal) throw again.refusal;
          expect(again.events, 'a repeat changes nothing').toEqual([]);
        },
        refuses: (code: string, details?: Record<string, unknown>) => {
          expect(first.refusal?.code, `events instead of a refusal: ${JSON.stringify(first.events)}`).toBe(code);
          if (details) expect(first.refusal?.details).toMatchObject(details);
        },
      };
    },
  };
};
