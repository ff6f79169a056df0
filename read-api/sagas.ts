// Where sagas stand: the list that operators work through, and one saga with all that is known of it. The command line asks the same functions.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import type { Recorded } from '../domain/metadata.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { Fields, Moment } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText } from '../infra/http/json.ts';
import { pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow } from '../infra/http/policy.ts';
import type { Query, TableReader } from '../infra/tables/port.ts';
import type { SagaRow } from '../projections/sagas/instances.ts';
import type { Fold } from './history.ts';
import { json, pageText, rowsOf } from './http.ts';

export interface SagaQueriesDeps {
  readonly tables: TableReader;
  readonly log: Pick<EventStore, 'read'>;
  readonly folds: ReadonlyMap<string, Fold>;
}

export const SagaOutcome = z.enum(['NotStarted', 'Running', 'Completed', 'Compensated', 'NeedsHuman']);

export interface SagaFilter {
  readonly saga?: string | undefined;
  /** Without it: those that are not over. */
  readonly outcome?: string | undefined;
}

/** The rows that a filter finds, the latest change first. */
export const sagaQuery = ({ saga, outcome }: SagaFilter): Pick<Query, 'where' | 'order'> => ({
  where: { outcome: outcome ?? { in: ['Running', 'NeedsHuman'] }, ...(saga !== undefined && { saga }) },
  order: [['updatedAt', 'desc']],
});

export const sagaSummary = ({ saga, instance, outcome, wakeAt, intents, startedAt, updatedAt }: SagaRow) => ({
  saga,
  instance,
  outcome,
  openIntents: intents.length,
  wakeAt,
  startedAt,
  updatedAt,
});

const SagaSummary = z
  .object({
    saga: z.string(),
    instance: z.string(),
    outcome: SagaOutcome,
    openIntents: z.int(),
    wakeAt: Moment.nullable(),
    startedAt: Moment,
    updatedAt: Moment,
  })
  .meta({ id: 'SagaSummary' });
/** `state` and the intents' events are the saga's own: what they hold depends on it. */
const Saga = z
  .object({
    saga: z.string(),
    instance: z.string(),
    outcome: SagaOutcome,
    wakeAt: Moment.nullable(),
    intents: z.array(z.object({ eventId: z.string(), correlationId: z.string(), at: Moment, event: z.looseObject({ type: z.string() }) })),
    startedAt: Moment,
    updatedAt: Moment,
    state: Fields.nullable(),
    lastError: z.looseObject({ type: z.string(), at: Moment }).nullable(),
  })
  .meta({ id: 'Saga' });

/** The longest that a saga's stream may become, in events. */
const maxSagaEvents = 10_000;

/** The last thing that was refused or has failed in a saga, in the words of its events; null: nothing was. */
const lastErrorOf = (events: readonly Recorded[]) => {
  const failed = events.findLast(({ event }) => /\.(command_refused|\w*failed)$/.test(event.type));
  if (!failed) return null;
  const { type, ...data } = failed.event;
  return { type, at: failed.metadata.occurredAt, ...data };
};

/** One saga: how it stands, its open intents, when it wakes, its state as its events fold, and what failed last. Throws saga.not_found. */
export const sagaDetails = async ({ tables, log, folds }: SagaQueriesDeps, saga: string, instance: string) => {
  const row = await tables.get('saga-instances', `${saga}-${instance}`);
  if (row === null) throw new DomainError('saga.not_found', `There is no ${saga} ${instance}.`);
  const events = await log.read(`${saga}-${instance}`, 0, maxSagaEvents);
  const state = (folds.get(saga)?.stateAfter(events.map(({ event }) => event)) ?? null) as z.output<typeof Fields> | null;
  return { ...(JSON.parse(row) as SagaRow), state, lastError: lastErrorOf(events) };
};

const name = z.string().regex(/^[a-z_]{1,40}$/);

export const sagaQueries = (deps: SagaQueriesDeps) =>
  new Hono<Env>()
    .get(
      '/admin/sagas',
      allow('ADMIN', {
        operation: 'listSagas',
        answer: pageSchema(SagaSummary),
        summary: 'Sagas, the latest change first: those that are not over, or all of one outcome. `NeedsHuman` waits for an operator.',
        load: 'reports',
      }),
      query(z.object({ ...paging, saga: name.optional(), outcome: SagaOutcome.optional() })),
      async (c) => {
        const { saga, outcome, ...asked } = c.req.valid('query');
        const { rows, next } = await rowsOf(deps.tables, 'saga-instances', sagaQuery({ saga, outcome }), asked);
        const items = rows.map(({ row }) => jsonText(sagaSummary(JSON.parse(row) as SagaRow)));
        return json(c, pageText(items, next));
      },
    )
    .get(
      '/admin/sagas/:saga/:instance',
      allow('ADMIN', {
        operation: 'getSaga',
        answer: Saga,
        summary: 'One saga: its state, open intents, timer, and what was refused last. Personal data is shown as it is sealed.',
        load: 'reports',
        errors: ['saga.not_found', 'log.stream_damaged'],
      }),
      params(z.object({ saga: name, instance: z.string().regex(/^\S{1,200}$/) })),
      async (c) => {
        const { saga, instance } = c.req.valid('param');
        return json(c, jsonText(await sagaDetails(deps, saga, instance)));
      },
    );
