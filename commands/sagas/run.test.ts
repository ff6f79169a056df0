// The saga runner over the real embedded log, with an errand: somebody asks for a parcel, the saga orders it from a shop that may refuse.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Decider } from '../../domain/decider.ts';
import { DomainError } from '../../domain/error.ts';
import type { Process } from '../../domain/process.ts';
import { createLogFeed } from '../../infra/event-feed/log.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import { createSqliteEventStore } from '../../infra/event-store/sqlite.ts';
import type { SagaRow } from '../../projections/sagas/instances.ts';
import { type Context, createHandle, type Handle } from '../handle.ts';
import { type AnySaga, type Outbound, SagaRunner, type SagaRunnerOptions } from './run.ts';
import type { Saga } from './saga.ts';

type ErrandEvent =
  | { type: 'errand.requested'; id: string }
  | { type: 'errand.done'; id: string }
  | { type: 'errand.refused'; id: string; code: string }
  | { type: 'errand.late'; id: string };
type Errand = { status: 'none' | 'open' | 'done' | 'refused' | 'late' };
type WishEvent = { type: 'wish.made'; id: string };
type ParcelEvent = { type: 'parcel.sent'; id: string };

const process: Process<Errand, ErrandEvent> = {
  category: 'errand',
  version: 1,
  initial: { status: 'none' },
  evolve: (_, event) => ({
    status: ({ 'errand.requested': 'open', 'errand.done': 'done', 'errand.refused': 'refused', 'errand.late': 'late' } as const)[
      event.type
    ],
  }),
  isIntent: (event) => event.type === 'errand.requested',
  isOpen: (_, state) => state.status === 'open',
  wakeAt: (state) => (state.status === 'open' ? '2026-01-01T01:00:00.000Z' : null),
  outcome: (state) => (state.status === 'done' ? 'Completed' : 'Running'),
};

let broken = false;
let target = 'parcel';
const errand: Saga<Errand, ErrandEvent> = {
  process,
  reads: ['wish.made', 'parcel.sent'],
  correlate: ({ event }) => (event as WishEvent).id,
  react: (state, trigger) => {
    if (broken) throw new TypeError('a mistake in the code');
    if (!('event' in trigger)) return state.status === 'open' ? [{ type: 'errand.late', id: 'timer' }] : [];
    const { id } = trigger.event as WishEvent;
    if (trigger.event.type === 'wish.made') return state.status === 'none' ? [{ type: 'errand.requested', id }] : [];
    return state.status === 'open' ? [{ type: 'errand.done', id }] : [];
  },
  sends: ({ id }) => [{ target, id, command: { type: 'send' } }],
  settled: ({ id }, _, [{ code }]) => [{ type: 'errand.refused', id, code }],
};

const wish: Decider<null, { id: string }, WishEvent> = {
  category: 'wish',
  version: 1,
  initial: null,
  evolve: () => null,
  decide: ({ id }) => [{ type: 'wish.made', id }],
};
let refuses: string | null = null;
const sent: string[] = [];
const parcel: Decider<{ sent: boolean }, { type: 'send'; at: string }, ParcelEvent> = {
  category: 'parcel',
  version: 1,
  initial: { sent: false },
  evolve: () => ({ sent: true }),
  decide: ({ at }, state) => {
    if (refuses === 'already') return [];
    if (refuses) throw new DomainError(refuses, 'No.');
    if (!state.sent) sent.push(at);
    return state.sent ? [] : [{ type: 'parcel.sent', id: 'p1' }];
  },
};

let directory: string;
let store: EventStore;
let handle: Handle;
let runner: SagaRunner;
let errors: string[];
const changes: (() => void)[] = [];
const failures: (() => void)[] = [];

const open = async (options: Partial<SagaRunnerOptions> = {}) => {
  store = await createSqliteEventStore({
    file: join(directory, 'log.db'),
    contract: { version: () => 1, upcast: (_t, _v, data) => data, personal: () => [], owns: () => true },
  });
  store.onCommitted(() => {
    for (const wake of changes.splice(0)) wake();
  });
  handle = createHandle(store);
  runner = new SagaRunner({
    handle,
    feed: createLogFeed(store),
    checkpoints: store.checkpoints,
    sagas: [errand as AnySaga],
    deciders: new Map([['parcel', parcel as Decider<unknown, unknown, { type: string }>]]),
    outbound: {},
    openInstances: async () => [],
    dueInstances: async () => [],
    now: () => Date.parse('2026-01-01T00:00:00.000Z'),
    onError: (error) => {
      errors.push(error.message);
      for (const wake of failures.splice(0)) wake();
    },
    ...options,
  });
  await runner.start();
};
const close = async () => {
  await runner.stop();
  await store.close();
};
const make = (id: string, more: Partial<Context> = {}) =>
  handle(
    wish,
    id,
    { id },
    {
      commandId: randomUUID(),
      correlationId: 'c1',
      causationId: 'c1',
      actor: { kind: 'system', id: 't' },
      at: '2026-01-01T00:00:00.000Z',
      ...more,
    },
  );
const status = async (id: string) => (await handle.load(process, id)).state.status;
const until = async (id: string, wanted: Errand['status']) => {
  while ((await status(id)) !== wanted) await new Promise<void>((resolve) => changes.push(resolve));
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sagas-'));
  [broken, refuses, target, errors] = [false, null, 'parcel', []];
  sent.length = 0;
});
afterEach(async () => {
  await close();
  rmSync(directory, { recursive: true });
});

describe('a saga', () => {
  it('appends its intent first, sends the command, and takes in the outcome', async () => {
    await open();
    await make('p1');
    await until('p1', 'done');
    const events = await store.read('errand-p1', 0, 10);
    const [parcelSent] = await store.read('parcel-p1', 0, 10);
    expect(events.map(({ event }) => event.type)).toEqual(['errand.requested', 'errand.done']);
    expect(parcelSent?.metadata).toMatchObject({ commandId: events[0]?.metadata.eventId, correlationId: 'c1' });
  });

  it('keeps the refusal of a rule, and that nothing was left to do', async () => {
    await open();
    refuses = 'parcel.too_heavy';
    await make('p1');
    await until('p1', 'refused');
    refuses = 'already';
    await make('p2');
    await until('p2', 'refused');
    const codes = await Promise.all(['p1', 'p2'].map(async (id) => (await store.read(`errand-${id}`, 1, 1))[0]?.event));
    expect(codes).toMatchObject([{ code: 'parcel.too_heavy' }, { code: 'already_so' }]);
  });

  it('tries again what had no outcome, and holds up nobody else', async () => {
    target = 'shop';
    let failures = 2;
    const shop: Outbound = async (send, context) => {
      if (send.id === 'p1' && failures-- > 0) throw new Error('no answer');
      return handle(parcel, 'p1', { type: 'send', at: context.at }, context);
    };
    await open({ outbound: { shop } });
    await make('p1');
    await until('p1', 'done');
    expect(errors).toEqual(['no answer', 'no answer']);
    expect(sent).toHaveLength(1);
  });

  it('whose code fails is set aside and taken up again, while the others go on', async () => {
    await open();
    broken = true;
    const failed = new Promise<void>((resolve) => failures.push(resolve));
    await make('p1');
    await failed;
    broken = false;
    await make('p2');
    await until('p1', 'done');
    await until('p2', 'open');
  });

  it('sends open intents after a restart, and the same command only once', async () => {
    target = 'shop';
    const dead: Outbound = async () => {
      throw new Error('down');
    };
    await open({ outbound: { shop: dead } });
    await make('p1');
    await until('p1', 'open');
    const [intent] = await store.read('errand-p1', 0, 1);
    await close();
    target = 'parcel';
    const row: SagaRow = {
      saga: 'errand',
      instance: 'p1',
      outcome: 'Running',
      wakeAt: null,
      state: null,
      startedAt: '',
      updatedAt: '',
      intents: [{ eventId: intent?.metadata.eventId ?? '', correlationId: 'c1', at: '', event: intent?.event ?? { type: '' } }],
    };
    await open({ openInstances: async () => [row, row] });
    await until('p1', 'done');
    await close();
    await open({ openInstances: async () => [row] });
    await make('p2');
    await until('p2', 'open');
    expect(sent).toHaveLength(1);
  });

  it('is not woken by imported events', async () => {
    await open();
    await make('p1', { origin: 'import' });
    await make('p2');
    await until('p2', 'open');
    expect(await status('p1')).toBe('none');
  });

  it('is woken by its timer once, and a late timer changes nothing', async () => {
    target = 'shop';
    const silent: Outbound = async () => {
      throw new Error('down');
    };
    const due = {
      saga: 'errand',
      instance: 'p1',
      outcome: 'Running',
      wakeAt: '2026-01-01T01:00:00.000Z',
      state: null,
      startedAt: '',
      updatedAt: '',
      intents: [],
    } as const;
    // NOTE: the runner looks by itself as well: what is not there yet cannot be due.
    let isThere = false;
    await open({ outbound: { shop: silent }, dueInstances: async () => (isThere ? [due, due] : []) });
    await make('p1');
    await until('p1', 'open');
    isThere = true;
    await runner.fireDueTimers();
    await runner.fireDueTimers();
    expect((await store.read('errand-p1', 0, 10)).map(({ event }) => event.type)).toEqual(['errand.requested', 'errand.late']);
  });
});
