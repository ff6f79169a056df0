// Runs the sagas: feeds them events, sends what their intents ask for, wakes them when their time has come. All their I/O is here.
import type { Decider } from '../../domain/decider.ts';
import { isRefusal } from '../../domain/error.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { EventFeed, Subscription } from '../../infra/event-feed/port.ts';
import type { Checkpoints } from '../../infra/event-store/port.ts';
import type { SagaRow } from '../../projections/sagas/instances.ts';
import type { Context, Handle } from '../handle.ts';
import { derivedUuid } from '../ids.ts';
import type { Outcomes, Saga, Send, Settled, TimerDue } from './saga.ts';

/** A saga with its types forgotten, as the runner has them. */
export type AnySaga = Saga<unknown, { type: string }>;
type Fold = Pick<Decider<unknown, unknown, { type: string }>, 'category' | 'version' | 'initial' | 'evolve'>;

/**
 * Reaches a system outside: calls it and gives its answer to the aggregate, whose events come back (none: it was so already).
 * Throws DomainError when it refuses, anything else when the outcome is unknown.
 */
export type Outbound = (send: Send, context: Context) => Promise<{ readonly events: readonly unknown[] }>;

export interface SagaRunnerOptions {
  readonly handle: Handle;
  readonly feed: EventFeed;
  readonly checkpoints: Checkpoints;
  readonly sagas: readonly AnySaga[];
  /** Deciders by category: the targets that intents may name. */
  readonly deciders: ReadonlyMap<string, Decider<unknown, unknown, { type: string }>>;
  readonly outbound: Readonly<Record<string, Outbound>>;
  /** Instances with open intents, and those whose time has come: rows of the sagas read model. */
  readonly openInstances: () => Promise<readonly SagaRow[]>;
  readonly dueInstances: (now: string, limit: number) => Promise<readonly SagaRow[]>;
  readonly now?: () => number;
  readonly onError?: (error: Error, saga: string, instance: string) => void;
}

const checkpointName = 'sagas';
// Timers may fire at most a second late; half of that leaves room for the read model's lag.
const timerInterval = 500;
const timersAtOnce = 5_000;
// Bounds the commands under way at once; what waits beyond it is small.
const sendersAtOnce = 256;
const maxBackOff = 30_000;

/** A trigger whose reaction failed: it is tried again, and so are those behind it in the same instance. */
interface Stuck {
  readonly saga: AnySaga;
  readonly instance: string;
  readonly triggers: Recorded[];
  attempts: number;
}

interface OpenIntent {
  readonly saga: AnySaga;
  readonly instance: string;
  readonly intentId: string;
  readonly event: { readonly type: string };
  /** Where it stands in the stream of its instance; not known of those that are taken up at a start. */
  readonly revision?: number;
  readonly correlationId: string;
  attempts: number;
}

export class SagaRunner {
  readonly #options: SagaRunnerOptions;
  readonly #now: () => number;
  readonly #byCategory: ReadonlyMap<string, AnySaga>;
  readonly #byType = new Map<string, AnySaga[]>();
  readonly #waiting: OpenIntent[] = [];
  readonly #known = new Set<string>();
  readonly #backOffs = new Set<NodeJS.Timeout>();
  readonly #stuck = new Map<string, Stuck>();
  readonly #firedTimers = new Map<string, string>();
  #sending = 0;
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | null = null;
  #savedAt = 0;
  #stopping = false;

  constructor(options: SagaRunnerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#byCategory = new Map(options.sagas.map((saga) => [saga.process.category, saga]));
    for (const saga of options.sagas) {
      for (const type of saga.reads) this.#byType.set(type, [...(this.#byType.get(type) ?? []), saga]);
    }
  }

  /** Takes up open intents and goes on from its checkpoint; a checkpoint that lags only means that triggers find themselves in the log. */
  async start() {
    const from = await this.#options.checkpoints.load(checkpointName);
    for (const row of await this.#options.openInstances()) {
      const saga = this.#byCategory.get(row.saga);
      if (!saga) continue;
      for (const intent of row.intents) {
        this.#enqueue({
          saga,
          instance: row.instance,
          intentId: intent.eventId,
          event: intent.event,
          correlationId: intent.correlationId,
          attempts: 0,
        });
      }
    }
    this.#subscription = this.#options.feed.subscribe(
      from,
      (events) => this.#take(events),
      (error) => this.#failed(error, 'feed', ''),
    );
    this.#timer = setInterval(() => void this.fireDueTimers().catch((error) => this.#failed(error, 'timers', '')), timerInterval);
    this.#timer.unref();
    this.#pump();
  }

  async stop() {
    this.#stopping = true;
    if (this.#timer) clearInterval(this.#timer);
    for (const timer of this.#backOffs) clearTimeout(timer);
    await this.#subscription?.stop();
    while (this.#sending > 0) await new Promise((resolve) => setImmediate(resolve));
    if (this.#subscription) this.#saveCheckpoint(this.#subscription.position());
  }

  /** Intents that wait or are under way, for the metrics. */
  openIntents() {
    return this.#known.size;
  }

  position() {
    return this.#subscription?.position() ?? 0;
  }

  /** Reacts to a batch, then looks for new intents in it. Reactions of one instance keep their order: they queue on its stream. */
  async #take(events: readonly Recorded[]) {
    const reactions: Promise<unknown>[] = [];
    for (const trigger of events) {
      if (trigger.metadata.origin === 'import') continue;
      for (const saga of this.#byType.get(trigger.event.type) ?? []) {
        const instance = saga.correlate(trigger);
        if (instance !== null) reactions.push(this.#reactTo(saga, instance, trigger));
      }
      this.#noteIntent(trigger);
    }
    await Promise.all(reactions);
    this.#pump();
    const last = events[events.length - 1];
    if (last) this.#saveCheckpoint(last.position);
  }

  /** At most once a second, and never beyond a trigger that some saga could not take in yet. */
  #saveCheckpoint(position: number) {
    const now = performance.now();
    if (now - this.#savedAt < 1_000 && !this.#stopping) return;
    this.#savedAt = now;
    const stuck = [...this.#stuck.values()].map(({ triggers }) => (triggers[0]?.position ?? 1) - 1);
    this.#options.checkpoints.save(checkpointName, Math.min(position, ...stuck));
  }

  /** A reaction that fails is set aside with what comes after it, so that one stuck saga holds up nobody else. */
  async #reactTo(saga: AnySaga, instance: string, trigger: Recorded) {
    const key = `${saga.process.category}-${instance}`;
    const stuck = this.#stuck.get(key);
    if (stuck) {
      stuck.triggers.push(trigger);
      return;
    }
    const { eventId, correlationId, occurredAt } = trigger.metadata;
    try {
      await this.#react(saga, instance, trigger, eventId, correlationId, occurredAt);
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)), saga.process.category, instance);
      const already = this.#stuck.get(key);
      if (already) already.triggers.push(trigger);
      else {
        this.#stuck.set(key, { saga, instance, triggers: [trigger], attempts: 0 });
        this.#later(0, () => this.#unstick(key));
      }
    }
  }

  async #unstick(key: string) {
    const stuck = this.#stuck.get(key);
    if (!stuck) return;
    const { saga, instance, triggers } = stuck;
    try {
      for (let trigger = triggers[0]; trigger; trigger = triggers[0]) {
        const { eventId, correlationId, occurredAt } = trigger.metadata;
        await this.#react(saga, instance, trigger, eventId, correlationId, occurredAt);
        triggers.shift();
      }
      this.#stuck.delete(key);
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)), saga.process.category, instance);
      stuck.attempts += 1;
      this.#later(stuck.attempts, () => this.#unstick(key));
    }
  }

  /** Does `work` after a pause that grows with the attempts, up to 30 s. */
  #later(attempts: number, work: () => Promise<void> | void) {
    const timer = setTimeout(
      () => {
        this.#backOffs.delete(timer);
        void work();
      },
      Math.min(100 * 2 ** attempts, maxBackOff),
    );
    this.#backOffs.add(timer);
  }

  #noteIntent({ event, streamId, revision, metadata }: Recorded) {
    const at = streamId.indexOf('-');
    const saga = this.#byCategory.get(streamId.slice(0, at));
    if (!saga?.process.isIntent(event)) return;
    this.#enqueue({
      saga,
      instance: streamId.slice(at + 1),
      intentId: metadata.eventId,
      event,
      revision,
      correlationId: metadata.correlationId,
      attempts: 0,
    });
  }

  #enqueue(intent: OpenIntent) {
    if (this.#known.has(intent.intentId)) return;
    this.#known.add(intent.intentId);
    this.#waiting.push(intent);
  }

  #foldOf(saga: AnySaga): Fold {
    return saga.process;
  }

  /** The saga's own append, decided on its own stream; the trigger's id makes a redelivery find itself. */
  async #react(saga: AnySaga, instance: string, trigger: Recorded | TimerDue, commandId: string, correlationId: string, at: string) {
    const decider = { ...this.#foldOf(saga), decide: (_: unknown, state: unknown) => saga.react(state, trigger) };
    const context: Context = {
      commandId,
      correlationId,
      causationId: commandId,
      actor: { kind: 'system', id: saga.process.category },
      at,
      deadline: Date.now() + maxBackOff, // the wall clock, whatever the market's says
      ...('event' in trigger && saga.begins?.includes(trigger.event.type) && { fresh: true }),
    };
    await this.#options.handle(decider, instance, null, context);
  }

  #pump() {
    while (!this.#stopping && this.#sending < sendersAtOnce) {
      const intent = this.#waiting.shift();
      if (!intent) return;
      this.#sending += 1;
      void this.#send(intent).finally(() => {
        this.#sending -= 1;
        this.#pump();
      });
    }
  }

  /** Sends an intent's commands until their outcomes are known; only that instance waits. */
  async #send(intent: OpenIntent) {
    const { saga, instance, event, revision } = intent;
    try {
      // A state that has the intent will do: what a later event has made needless is found so by whoever decides the command.
      const { state } = await this.#options.handle.load(this.#foldOf(saga), instance, revision);
      const isOpen = ({ part }: Send) => part === undefined || saga.process.isOpen(event, state, part);
      if (saga.process.isOpen(event, state)) await this.#dispatch(intent, saga.sends(event, state).filter(isOpen));
      this.#known.delete(intent.intentId);
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)), saga.process.category, instance);
      intent.attempts += 1;
      this.#later(intent.attempts, () => {
        this.#waiting.push(intent);
        this.#pump();
      });
    }
  }

  /** All at once. What has an outcome is settled together, even where another command has to be tried again. */
  async #dispatch(intent: OpenIntent, sends: readonly Send[]) {
    const at = new Date(this.#now()).toISOString();
    const tried = await Promise.allSettled(sends.map((send) => this.#outcome(intent, send, at)));
    const outcomes = tried.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const [first, ...more] = intent.saga.hearsAll ? outcomes : outcomes.filter(({ code }) => code !== 'done');
    if (first) await this.#settle(intent, [first, ...more]);
    const failed = tried.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #outcome({ intentId, correlationId, saga }: OpenIntent, send: Send, at: string): Promise<Settled> {
    const { part } = send;
    const context: Context = {
      commandId: part === undefined ? intentId : derivedUuid(intentId, part),
      correlationId,
      causationId: intentId,
      actor: { kind: 'system', id: saga.process.category },
      at,
    };
    const of = part === undefined ? {} : { part };
    try {
      const outbound = this.#options.outbound[send.target];
      const { events } = outbound ? await outbound(send, context) : await this.#command(saga, send, context);
      return { ...of, code: events.length > 0 ? 'done' : 'already_so', details: {}, at };
    } catch (error) {
      // Contention and trouble outside are tried again; a refusal is an outcome, and the saga's own stream keeps it.
      if (!isRefusal(error)) throw error;
      return { ...of, code: error.code, details: error.details, at };
    }
  }

  #command(saga: AnySaga, send: Send, context: Context) {
    const decider = this.#options.deciders.get(send.target);
    if (!decider) throw new Error(`${saga.process.category}: nothing decides commands to ${send.target}`);
    const creates = send.command.type === 'create' && ({ fresh: true } as const);
    return this.#options.handle(decider, send.id, { ...send.command, at: context.at }, { ...context, ...creates });
  }

  /** NOTE: what ends together may differ from try to try, so the id names the parts; a part whose outcome is known is passed over. */
  async #settle({ saga, instance, event, intentId, correlationId }: OpenIntent, outcomes: Outcomes) {
    const decider = {
      ...this.#foldOf(saga),
      decide: (_: unknown, state: unknown) => (saga.process.isOpen(event, state) ? saga.settled(event, state, outcomes) : []),
    };
    await this.#options.handle(decider, instance, null, {
      commandId: derivedUuid(intentId, 'outcome', ...outcomes.flatMap(({ part }) => part ?? [])),
      correlationId,
      causationId: intentId,
      actor: { kind: 'system', id: saga.process.category },
      at: outcomes[0].at,
    });
  }

  /** Wakes every instance whose time has come. A timer that changes nothing is not fired again for the same instant. */
  async fireDueTimers() {
    const now = new Date(this.#now()).toISOString();
    for (const row of await this.#options.dueInstances(now, timersAtOnce)) {
      const saga = this.#byCategory.get(row.saga);
      const key = `${row.saga}-${row.instance}`;
      if (!saga || row.wakeAt === null || this.#firedTimers.get(key) === row.wakeAt) continue;
      this.#firedTimers.set(key, row.wakeAt);
      if (this.#firedTimers.size > 10_000) this.#firedTimers.delete(this.#firedTimers.keys().next().value as string);
      const commandId = derivedUuid(key, 'timer', row.wakeAt);
      await this.#react(saga, row.instance, { type: 'timer.due', at: now }, commandId, commandId, now).catch((error: Error) => {
        this.#firedTimers.delete(key);
        this.#failed(error, row.saga, row.instance);
      });
    }
  }

  #failed(error: Error, saga: string, instance: string) {
    this.#options.onError?.(error, saga, instance);
  }
}
