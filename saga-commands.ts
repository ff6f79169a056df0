// Commands about sagas: which ones are under way or need a human, why, and what a human decides.
import { ask, printEach, printTable, word } from './ask.ts';
import type { Command } from './command.ts';
import { type Given, oneOf } from './infra/cli/arguments.ts';
import { sagaNames } from './outward.ts';
import { SagaOutcome } from './read-api/sagas.ts';

const sagaColumns = ['saga', 'instance', 'outcome', 'openIntents', 'wakeAt', 'updatedAt'];

const sagaKey = (given: Given) => ({ saga: oneOf('saga', sagaNames, word(given, 0)), instance: word(given, 1) });

interface ShownSaga {
  readonly saga: string;
  readonly instance: string;
  readonly outcome: string;
  readonly wakeAt: string | null;
  readonly updatedAt: string;
  readonly intents: readonly { readonly at: string; readonly event: { readonly type: string } }[];
  readonly lastError: { readonly type: string; readonly at: string } | null;
}

/** What a person wants to know first, then all of it as JSON. */
const describeSaga = (row: object): string => {
  const { saga, instance, outcome, wakeAt, updatedAt, intents, lastError } = row as ShownSaga;
  const needsHuman = outcome === 'NeedsHuman';
  const since = needsHuman && lastError ? lastError.at : updatedAt;
  const { type, at, ...details } = lastError ?? { type: '', at: '' };
  const waits = [
    ...(needsHuman ? [`a decision: sagas retry ${saga} ${instance}, or sagas resolve ${saga} ${instance}`] : []),
    ...intents.map((intent) => `what ${intent.event.type} asked for at ${intent.at}`),
    ...(wakeAt === null ? [] : [`the time ${wakeAt}`]),
  ];
  return [
    `${saga} ${instance}: ${outcome} since ${since}`,
    `why: ${lastError ? `${type} at ${at}: ${JSON.stringify(details)}` : 'nothing was refused'}`,
    `waits for: ${waits.join('; ') || 'nothing'}`,
    JSON.stringify(row, null, 2),
  ].join('\n');
};

const settleSaga = (operation: 'retry' | 'close', about: string): Command => ({
  usage: 'SAGA ID',
  about,
  words: [2, 2],
  run: (given, io) =>
    printEach(
      given,
      io,
      ask(`sagas.${operation}`, sagaKey(given), io),
      ({ saga, instance }) => `${saga} ${instance}: ${operation === 'retry' ? 'is tried again' : 'counts as settled by hand'}`,
    ),
});

export const sagas: Readonly<Record<string, Command>> = {
  'sagas list': {
    usage: `[--saga NAME] [--outcome ${SagaOutcome.options.join('|')}] [--limit N]`,
    about: 'Sagas that are under way or need a human, the newest first.',
    options: { saga: { type: 'string' }, outcome: { type: 'string' }, limit: { type: 'string' } },
    run: (given, io) => {
      const [saga, outcome] = [given.oneOf('saga', sagaNames), given.oneOf('outcome', SagaOutcome.options)];
      const input = {
        limit: given.number('limit', 1, 10_000) ?? 50,
        ...(saga !== undefined && { saga }),
        ...(outcome !== undefined && { outcome }),
      };
      return printTable(given, io, ask('sagas.list', input, io), sagaColumns);
    },
  },
  'sagas show': {
    usage: 'SAGA ID',
    about: 'One saga: how it stands and since when, why it needs a human, what it waits for, and its whole state.',
    words: [2, 2],
    run: (given, io) => printEach(given, io, ask('sagas.show', sagaKey(given), io), describeSaga),
  },
  'sagas retry': settleSaga('retry', 'Tries again what was refused in a saga that needs a human.'),
  'sagas resolve': settleSaga('close', 'Takes a saga that needs a human as settled by hand.'),
};
