// What operators can ask of the running marketplace: each operation is a name, a schema of its input and a stream of JSON objects.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { emailClaim } from './commands/auth.ts';
import { claimantOf } from './commands/claims.ts';
import type { Context } from './commands/handle.ts';
import { resolveSaga } from './commands/sagas/resolve.ts';
import { grantRole } from './commands/staff.ts';
import { DomainError } from './domain/error.ts';
import { ulidText } from './domain/id.ts';
import type { Recorded } from './domain/metadata.ts';
import type { Decision } from './domain/process.ts';
import { deciders as folds } from './domain/registry.ts';
import { eventsAfter } from './gauges.ts';
import { importing } from './import-olist.ts';
import type { EventStore } from './infra/event-store/port.ts';
import { roles } from './infra/http/env.ts';
import { mayComeBack } from './infra/patience.ts';
import type { Operated } from './marketplace.ts';
import { sagaDetails, sagaQuery, sagaSummary } from './read-api/sagas.ts';

/** An operation with its input's type forgotten. Throws ZodError for input of another shape, DomainError for what is refused. */
export interface Operation {
  run(marketplace: Operated, input: unknown, signal: AbortSignal): AsyncIterable<object>;
}

const operation = <S extends z.ZodType>(
  input: S,
  run: (marketplace: Operated, input: z.output<S>, signal: AbortSignal) => AsyncIterable<object>,
): Operation => ({ run: (marketplace, raw, signal) => run(marketplace, input.parse(raw), signal) });

const pageSize = 1_000;
/** How often the command line is told how far a rebuild has come, in milliseconds. */
const progressEvery = 200;

const operator = (marketplace: Operated): Context => {
  const commandId = randomUUID();
  const at = new Date(marketplace.now()).toISOString();
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'operator' }, at };
};

/** How long who follows a log rests before it is asked again while it cannot be reached, in milliseconds. */
const restWhileAway = 1_000;

/** Events as they come. A log that cannot be reached is waited for, and it is said so. */
async function* following(store: ReadLog, after: number, signal: AbortSignal): AsyncIterable<Recorded | { readonly notice: string }> {
  let wake = () => {};
  const stop = store.onCommitted(() => wake());
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    for (let [position, isAway] = [after, false]; !signal.aborted; ) {
      const grown = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const events = await store.readAll(position, pageSize).catch((error: unknown) => {
        if (!mayComeBack(error)) throw error;
        return error;
      });
      if (events instanceof Error) {
        if (!isAway) yield { notice: `${events.message} Waiting.` };
        isAway = true;
        await pause(restWhileAway, undefined, { signal }).catch(() => {});
        continue;
      }
      if (isAway) yield { notice: 'It answers again.' };
      isAway = false;
      yield* events;
      position = events[events.length - 1]?.position ?? position;
      if (events.length === 0 && !signal.aborted) await grown;
    }
  } finally {
    stop();
  }
}

const Tail = z.strictObject({
  after: z.int().nonnegative().optional(),
  count: z.int().nonnegative(),
  follow: z.boolean(),
  type: z.string().optional(),
});

/** The log, for operations that only read it. */
export type ReadLog = Pick<EventStore, 'read' | 'readAll' | 'last' | 'head' | 'onCommitted'>;

/** Events that are looked at for the last ones of a type, at most: some seconds of the embedded log. */
const maxLookedAt = 200_000;

/** The last `count` wanted events up to `head`, in order; `before`: where the search ended without having found that many, or null. */
const lastWanted = async (store: ReadLog, head: number, count: number, isWanted: (recorded: Recorded) => boolean, signal: AbortSignal) => {
  const found: Recorded[] = [];
  let [before, lookedAt]: [number | undefined, number] = [undefined, 0];
  while (found.length < count && !signal.aborted) {
    if (lookedAt >= maxLookedAt) return { found: found.reverse(), before: before ?? null };
    const events: readonly Recorded[] = await store.last(pageSize, before);
    if (events.length === 0) break;
    before = events[0]?.position;
    lookedAt += events.length;
    for (const recorded of events.toReversed())
      if (found.length < count && recorded.position <= head && isWanted(recorded)) found.push(recorded);
  }
  return { found: found.reverse(), before: null };
};

async function* tail({ store }: { store: ReadLog }, { after, count, follow, type }: z.output<typeof Tail>, signal: AbortSignal) {
  const head = await store.head();
  const isWanted = ({ event }: Recorded) => type === undefined || event.type === type || event.type.startsWith(`${type}.`);
  let position = after ?? head;
  if (after === undefined) {
    const { found, before } = await lastWanted(store, head, count, isWanted, signal);
    if (before !== null)
      yield {
        notice: `The last ${maxLookedAt} events were searched, back to position ${before}, and ${found.length} found: \`--after 0\` reads the whole log.`,
      };
    yield* found;
  }
  while (position < head && !signal.aborted) {
    const events = await store.readAll(position, pageSize);
    yield* events.filter(isWanted);
    position = events[events.length - 1]?.position ?? head;
  }
  if (follow) for await (const told of following(store, position, signal)) if ('notice' in told || isWanted(told)) yield told;
}

const Show = z.strictObject({ streamId: z.string(), from: z.int().nonnegative() });

async function* show({ store }: { store: ReadLog }, { streamId, from }: z.output<typeof Show>) {
  let revision = from;
  for (;;) {
    const events = await store.read(streamId, revision, pageSize);
    if (events.length === 0) break;
    yield* events;
    revision += events.length;
  }
  if (revision === from) throw new DomainError('audit.stream_not_found', `There is no stream ${streamId} from revision ${from} on.`);
}

async function* projectionStatus({ projector, store }: Operated) {
  const head = await store.head();
  for (const status of await projector.ask({ ask: 'status' })) yield { ...status, behind: await eventsAfter(store, status.position, head) };
}

const Names = z.strictObject({ names: z.array(z.string()) });

/** What follows the log beside the projections and is rebuilt by the same command. */
const followers = ['search', 'analytics'];

async function* rebuild(marketplace: Operated, { names }: z.output<typeof Names>, signal: AbortSignal) {
  const { projector, store } = marketplace;
  const known = [...(await projector.ask({ ask: 'status' })).map(({ name }) => name), ...followers];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new DomainError('projection.not_found', `There is no projection ${unknown.join(', ')}.`);
  let over = false;
  const done = projector.ask({ ask: 'rebuild', projections: names }).finally(() => {
    over = true;
  });
  done.catch(() => {}); // it is awaited below; until then somebody may want to see how far it is
  const head = await store.head();
  while (!over && !signal.aborted) {
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, progressEvery))]);
    const building = (await projector.ask({ ask: 'status' })).filter(({ state }) => state === 'building');
    const slowest = Math.min(...building.map(({ position }) => position));
    if (building.length > 0) yield { progress: { what: 'read models', done: slowest, all: Math.max(head, slowest) } };
  }
  signal.throwIfAborted();
  await done;
  for await (const status of projectionStatus(marketplace)) if (names.length === 0 || names.includes(status.name)) yield status;
}

async function* parked({ projector }: Operated) {
  for (const { projection, key, firstPosition, reason } of await projector.ask({ ask: 'parked' }))
    yield { projection, key, firstPosition, reason };
}

const ParkedKey = z.strictObject({ projection: z.string(), key: z.string() });

const settleParked = (ask: 'retry' | 'skip') =>
  operation(ParkedKey, async function* ({ projector }, { projection, key }) {
    const done = await projector.ask({ ask, projection, key });
    if (!done) throw new DomainError('projection.still_parked', `Row ${key} of ${projection} is not parked, or its fold still fails.`);
    yield { projection, key, [ask === 'retry' ? 'retried' : 'skipped']: true };
  });

const SagaList = z.strictObject({ saga: z.string().optional(), outcome: z.string().optional(), limit: z.int().positive().max(10_000) });
const SagaKey = z.strictObject({ saga: z.string(), instance: z.string() });

async function* listSagas({ tables }: Operated, { saga, outcome, limit }: z.output<typeof SagaList>) {
  for (const { row } of await tables.find('saga-instances', { ...sagaQuery({ saga, outcome }), limit })) yield sagaSummary(JSON.parse(row));
}

async function* showSaga({ tables, store }: Operated, { saga, instance }: z.output<typeof SagaKey>) {
  yield await sagaDetails({ tables, log: store, folds }, saga, instance);
}

const settleSaga = (decision: Decision) =>
  operation(SagaKey, async function* (marketplace, { saga, instance }) {
    const result = await resolveSaga(marketplace, saga, instance, decision, operator(marketplace));
    if (result.events.length === 0) throw new DomainError('saga.needs_nobody', `The ${saga} ${instance} does not wait for a decision.`);
    yield { saga, instance, decision, revision: result.revision };
  });

/** Roles that an operator gives; SELLER comes with a shop. */
export const grantedRoles = ['CUSTOMER', 'AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN'] as const;
const Grant = z.strictObject({ who: z.string().min(1), role: z.enum(grantedRoles) });

/** Whose account this is: an id, or the e-mail address that an account has claimed. */
const accountOf = async ({ handle, blindIndex }: Operated, who: string): Promise<string> => {
  if (!who.includes('@')) return who;
  const claimant = await claimantOf(handle, emailClaim({ blindIndex }, who));
  if (!claimant) throw new DomainError('auth.not_registered', `Nobody has registered with ${who}.`);
  return claimant.owner;
};

async function* grant(marketplace: Operated, { who, role }: z.output<typeof Grant>) {
  const userId = await accountOf(marketplace, who);
  const result = await grantRole(marketplace.handle, userId, { role, by: { kind: 'system' } }, operator(marketplace));
  yield { userId, role, granted: result.events.length > 0 };
}

const Tokens = z.strictObject({
  count: z.int().positive().max(100_000),
  roles: z.array(z.enum(roles)).min(1),
  users: z.array(z.string()),
  seller: z.string().nullable(),
});

/** Bearer tokens for load tests: of these users in turn, or of people who exist nowhere else. */
async function* mintTokens({ tokens, production }: Operated, { count, roles: granted, users, seller }: z.output<typeof Tokens>) {
  if (production) throw new DomainError('auth.forbidden', 'Tokens are not minted in production: sign in.');
  for (let n = 0; n < count; n++) {
    const sub = users[n % users.length] ?? ulidText(randomBytes(16));
    const { token, expiresAt } = await tokens.sign({ sub, sid: randomUUID(), roles: granted, seller, epoch: 0 });
    yield { userId: sub, token, expiresAt };
  }
}

const Import = z.strictObject({ directory: z.string().min(1), longestMs: z.number().nonnegative() });

const Nothing = z.strictObject({});

export const operations: Readonly<Record<string, Operation>> = {
  'events.tail': operation(Tail, tail),
  'events.show': operation(Show, show),
  'projections.status': operation(Nothing, projectionStatus),
  'projections.rebuild': operation(Names, rebuild),
  'projections.parked': operation(Nothing, parked),
  'projections.retry': settleParked('retry'),
  'projections.skip': settleParked('skip'),
  'sagas.list': operation(SagaList, listSagas),
  'sagas.show': operation(SagaKey, showSaga),
  'sagas.retry': settleSaga('retry'),
  'sagas.close': settleSaga('close'),
  'import.olist': operation(Import, (marketplace, input, signal) => importing(marketplace, input, signal)),
  'users.grant': operation(Grant, grant),
  tokens: operation(Tokens, mintTokens),
};

/** Operations that need only the log. Throws ZodError, DomainError. */
export const performOnLog = (store: ReadLog, name: string, input: unknown, signal: AbortSignal): AsyncIterable<object> =>
  name === 'events.tail' ? tail({ store }, Tail.parse(input), signal) : show({ store }, Show.parse(input));
