// The only place that loads, decides and appends.
import type { Decider } from '../domain/decider.ts';
import { DomainError, isRefusal } from '../domain/error.ts';
import { isAhead } from '../domain/id.ts';
import type { Actor, Recorded } from '../domain/metadata.ts';
import { type CommandKey, type EventStore, type NewEvent, VersionConflict } from '../infra/event-store/port.ts';
import { derivedId, derivedUuid } from './ids.ts';
import { type AnyDecider, createStreams, keepSnapshot, type Loaded, note } from './stream.ts';

/** What comes with a command from the edge, a saga or the importer. `at` is its business time (RFC 3339). */
export interface Context {
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly actor: Actor;
  readonly at: string;
  /** Refuse the command unless the stream is at this revision when its turn comes. */
  readonly ifMatch?: number;
  /** The client's key, remembered with the events for 48 hours. */
  readonly key?: CommandKey;
  /** Milliseconds (of the wall clock) after which a conflict is no longer tried again. */
  readonly deadline?: number;
  readonly origin?: 'import';
  /** The stream is surely new, for its id comes from this command: it is not looked for. If it is there all the same, the append tells. */
  readonly fresh?: true;
  /** Where the key store says that this command's events stand, for a repeat that the stream's state no longer remembers. */
  readonly prior?: { readonly streamId: string; readonly first: number; readonly count: number };
}

/** Id of the n-th thing that this command creates: a retry mints the same. */
export const newId = (context: Context, n: number): string => derivedId(context.commandId, n);

/** The same context for another command that this one causes: `step` names it among its siblings. The client's key stays with the first. */
export const subcommand = ({ key: _key, ifMatch: _ifMatch, prior: _prior, fresh: _fresh, ...context }: Context, step: string): Context => ({
  ...context,
  commandId: derivedUuid(context.commandId, step),
  causationId: context.commandId,
});

/** What a command did: its events (none = it was already so), the stream's revision and the log position after it. */
export interface Result<Event = { type: string }> {
  readonly streamId: string;
  readonly id: string;
  readonly events: readonly Recorded<Event>[];
  readonly revision: number;
  readonly position: number;
  /** True when these are the events of an earlier run of the same command. */
  readonly replayed: boolean;
}

export type Handle = {
  <State, Command, Event extends { type: string }>(
    decider: Decider<State, Command, Event>,
    id: string,
    command: Command,
    context: Context,
  ): Promise<Result<Event>>;
  /** The folded state of a stream as the log has it now, with its revision (-1: no stream). `enough`: a state at this revision will do. */
  load<State, Command, Event extends { type: string }>(
    decider: Pick<Decider<State, Command, Event>, 'category' | 'version' | 'initial' | 'evolve'>,
    id: string,
    enough?: number,
  ): Promise<{ state: State; revision: number; position: number }>;
  /** What this command has done to this stream already, if it has come before; also where the key store has lost it. */
  first<State, Command, Event extends { type: string }>(
    decider: Decider<State, Command, Event>,
    id: string,
    context: Context,
  ): Promise<Result<Event> | null>;
  /**
   * A command that is made by looking around. A repeat gets its first result, whatever there is to be seen by now: the stream is asked for
   * it when the look refuses, and by the append.
   */
  prepared<State, Command, Event extends { type: string }>(
    decider: Decider<State, Command, Event>,
    id: string,
    make: () => Promise<Command>,
    context: Context,
  ): Promise<Result<Event>>;
};

interface Waiting {
  /** NOTE: of this very call. Sagas decide by closures, and several of one stream may wait in one queue. */
  readonly decide: AnyDecider['decide'];
  readonly command: unknown;
  readonly context: Context;
  readonly resolve: (result: Result<never>) => void;
  readonly reject: (error: unknown) => void;
}

// At most 100 events and 1 MiB in one append: EventStoreDB's limit, of which metadata and types take their part.
const maxEvents = 100;
const maxBytes = 960 * 1_024;
// A longer queue on one stream is refused: those at its end would time out anyhow.
const maxQueue = 20_000;

export interface HandleOptions {
  /** How many streams' states are kept. */
  readonly states?: number;
  /** Wall clock in milliseconds, for deadlines only. */
  readonly now?: () => number;
  /** The market's clock in milliseconds. A stream's time that is ahead of it was told by a clock that was wrong. */
  readonly clock?: () => number;
  /** How long a command may go on retrying after conflicts, in milliseconds. */
  readonly patience?: number;
  /** Hears how every command ended, for the metrics. */
  readonly onOutcome?: (category: string, outcome: 'accepted' | 'replayed' | 'refused' | 'failed') => void;
}

/** One command's part of a batch that is decided but not yet appended. A refusal waits too: it may rest on events of this batch. */
interface Decided {
  readonly waiting: Waiting;
  readonly events: readonly NewEvent[];
  readonly revision: number;
  /** The state after them. */
  readonly state: unknown;
  readonly refusal?: DomainError;
}

/** Decides one command on the evolving state; answers its events with their metadata. Throws what the rule throws. */
const decideOne = (streamId: string, state: unknown, occurredAt: string, { decide, command, context }: Waiting): NewEvent[] => {
  const events = decide(command, state);
  return events.map((event, index) => ({
    event,
    metadata: {
      eventId: derivedUuid(streamId, context.commandId, index),
      commandId: context.commandId,
      correlationId: context.correlationId,
      causationId: context.causationId,
      actor: context.actor,
      occurredAt,
      ...(context.origin && { origin: context.origin }),
    },
  }));
};

const sizeOf = (events: readonly NewEvent[]) => events.reduce((bytes, item) => bytes + JSON.stringify(item.event).length, 0);

const preparing =
  (
    handle: <State, Command, Event extends { type: string }>(
      ...asked: [Decider<State, Command, Event>, string, Command, Context]
    ) => Promise<Result<Event>>,
    first: Handle['first'],
  ): Handle['prepared'] =>
  async (decider, id, make, context) => {
    const before = context.prior ? await first(decider, id, context) : null;
    if (before) return before;
    try {
      return await handle(decider, id, await make(), context);
    } catch (error) {
      const done = isRefusal(error) ? await first(decider, id, context) : null;
      if (done) return done;
      throw error;
    }
  };

export const createHandle = (store: EventStore, options: HandleOptions = {}): Handle => {
  const { states = 20_000, now = Date.now, clock = Date.now, patience = 2_000, onOutcome = () => {} } = options;
  const streams = createStreams(store, states);
  const queues = new Map<string, Waiting[]>();

  /** Business time never goes backward in a stream, but it does not wait for one that a clock ahead has told. */
  const timeAfter = (before: string, at: string): string =>
    at >= before || isAhead(before, new Date(clock()).toISOString()) ? at : before;

  /** The first result of a command that is in the log already. */
  const replay = async (streamId: string, id: string, first: number, count: number): Promise<Result<never>> => {
    const events = (await store.read(streamId, first, count)) as Recorded<never>[];
    const last = events[events.length - 1];
    return { streamId, id, events, revision: last?.revision ?? first, position: last?.position ?? 0, replayed: true };
  };

  /**
   * Decides as many waiting commands as one append holds. Those that append nothing are settled at once, unless the log is shared:
   * there only an append at this very revision, or a look, tells that the state was not behind.
   */
  const decideBatch = async (decider: AnyDecider, streamId: string, id: string, loaded: Loaded, queue: Waiting[]): Promise<Decided[]> => {
    const decided: Decided[] = [];
    const inBatch = new Set<string>();
    let { state, revision, occurredAt } = loaded;
    let count = 0;
    let bytes = 0;
    while (queue.length > 0) {
      const waiting = queue[0] as Waiting;
      const { context } = waiting;
      try {
        const seen = loaded.seen.get(context.commandId) ?? (context.prior?.streamId === streamId ? context.prior : undefined);
        if (inBatch.has(context.commandId)) break; // its first run is in this batch: it is answered from the log by the next
        if (seen) {
          queue.shift();
          onOutcome(decider.category, 'replayed');
          waiting.resolve(await replay(streamId, id, seen.first, seen.count));
          continue;
        }
        if (context.ifMatch !== undefined && context.ifMatch !== revision) {
          throw new DomainError('request.precondition_failed', `The resource is at revision ${revision}; read it again.`, { revision });
        }
        const events = decideOne(streamId, state, timeAfter(occurredAt, context.at), waiting);
        if (events.length > maxEvents)
          throw new DomainError('request.too_large', 'This is too much for one command.', { events: events.length });
        // NOTE: the store refuses more than 1 MiB; a command alone is left to it, for measuring costs as much as encoding.
        const size = queue.length > 1 || decided.length > 0 ? sizeOf(events) : 0;
        if (count + events.length > maxEvents || bytes + size > maxBytes) break;
        queue.shift();
        if (events.length === 0 && decided.length === 0 && !store.isShared) {
          onOutcome(decider.category, 'accepted');
          waiting.resolve({ streamId, id, events: [], revision, position: loaded.position, replayed: false });
          continue;
        }
        for (const item of events) state = decider.evolve(state, item.event);
        revision += events.length;
        occurredAt = events[events.length - 1]?.metadata.occurredAt ?? occurredAt;
        count += events.length;
        bytes += size;
        if (events.length > 0) inBatch.add(context.commandId);
        decided.push({ waiting, events, revision, state });
      } catch (error) {
        if (queue[0] === waiting) queue.shift();
        if (!(error instanceof DomainError)) {
          onOutcome(decider.category, 'failed');
          waiting.reject(error);
        } else if (decided.length === 0 && !store.isShared) {
          onOutcome(decider.category, 'refused');
          waiting.reject(error);
        } else {
          decided.push({ waiting, events: [], revision, state, refusal: error });
        }
      }
    }
    return decided;
  };

  const appendBatch = async (decider: AnyDecider, streamId: string, id: string, loaded: Loaded, decided: readonly Decided[]) => {
    const events = decided.flatMap((item) => item.events);
    let offset = 0;
    const keys = decided.flatMap(({ waiting, events: own }) => {
      const start = offset;
      offset += own.length;
      return waiting.context.key && own.length > 0 ? [{ ...waiting.context.key, offset: start, count: own.length }] : [];
    });
    const recorded = events.length > 0 ? await store.append({ streamId, expected: loaded.revision, events, keys }) : [];
    for (const item of recorded) note(loaded, item);
    loaded.state = decided.at(-1)?.state ?? loaded.state;
    keepSnapshot(store, decider, streamId, loaded);
    let taken = 0;
    for (const { waiting, events: own, revision, refusal } of decided) {
      if (refusal) {
        onOutcome(decider.category, 'refused');
        waiting.reject(refusal);
        continue;
      }
      const mine = recorded.slice(taken, taken + own.length) as Recorded<never>[];
      taken += own.length;
      onOutcome(decider.category, 'accepted');
      const position = mine[mine.length - 1]?.position ?? loaded.position;
      waiting.resolve({ streamId, id, events: mine, revision, position, replayed: false });
    }
  };

  /** Whether what was decided, none of it to be appended, rests on a state that others have gone beyond. */
  const isBehind = async (decider: AnyDecider, streamId: string, loaded: Loaded, decided: readonly Decided[]): Promise<boolean> => {
    if (!store.isShared || decided.some((item) => item.events.length > 0)) return false;
    return (await streams.newest(decider, streamId)).revision > loaded.revision;
  };

  const drain = async (decider: AnyDecider, streamId: string, id: string, queue: Waiting[]) => {
    while (queue.length > 0) {
      let decided: readonly Decided[] = [];
      try {
        const loaded = queue[0]?.context.fresh ? streams.assumeNew(decider, streamId) : await streams.load(decider, streamId);
        decided = await decideBatch(decider, streamId, id, loaded, queue);
        // What was only assumed to be new stays known as new only by an append that proves it.
        if (loaded.revision < 0 && !decided.some((item) => item.events.length > 0)) streams.forget(streamId);
        if (decided.length > 0 && !(await isBehind(decider, streamId, loaded, decided))) {
          await appendBatch(decider, streamId, id, loaded, decided);
        } else queue.unshift(...decided.map((item) => item.waiting));
      } catch (error) {
        // A cached state that was wrong is dropped; what was decided on it goes back to the front of the queue, or fails.
        const again = error instanceof VersionConflict;
        if (again) await streams.refresh(decider, streamId);
        else streams.forget(streamId);
        const all = decided.length > 0 ? decided.map((item) => item.waiting) : queue.splice(0);
        const retry: Waiting[] = [];
        for (const waiting of all) {
          if (again && now() < (waiting.context.deadline ?? 0)) retry.push(waiting);
          else if (again) waiting.reject(new DomainError('request.contended', 'Too many writers at once; try again.', {}));
          else waiting.reject(error);
        }
        queue.unshift(...retry);
      }
    }
    queues.delete(streamId);
  };

  const handle = <State, Command, Event extends { type: string }>(
    decider: Decider<State, Command, Event>,
    id: string,
    command: Command,
    context: Context,
  ): Promise<Result<Event>> =>
    new Promise((resolve, reject) => {
      const streamId = `${decider.category}-${id}`;
      const { decide } = decider as AnyDecider;
      const waiting: Waiting = { decide, command, context: { deadline: now() + patience, ...context }, resolve, reject };
      const queue = queues.get(streamId);
      if (!queue) {
        const fresh = [waiting];
        queues.set(streamId, fresh);
        void drain(decider as AnyDecider, streamId, id, fresh);
      } else if (queue.length >= maxQueue) reject(new DomainError('request.contended', 'Too many commands wait for this; try again.', {}));
      else queue.push(waiting);
    });

  const first: Handle['first'] = async (decider, id, { commandId, prior }) => {
    const streamId = `${decider.category}-${id}`;
    const known = prior?.streamId === streamId ? prior : (await streams.newest(decider as AnyDecider, streamId)).seen.get(commandId);
    return known ? replay(streamId, id, known.first, known.count) : null;
  };

  return Object.assign(handle, {
    first,
    prepared: preparing(handle, first),
    load: async <State, Command, Event extends { type: string }>(
      decider: Pick<Decider<State, Command, Event>, 'category' | 'version' | 'initial' | 'evolve'>,
      id: string,
      enough?: number,
    ) => {
      const streamId = `${decider.category}-${id}`;
      const { state, revision, position } = await streams.newest(decider as AnyDecider, streamId, enough);
      return { state: state as State, revision, position };
    },
  });
};
