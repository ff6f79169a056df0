// Feeds analytics from the log, in batches and in its own time: the read models never wait for it, and a dead engine stops nothing.
import { LRUCache } from 'lru-cache';
import type { CheckoutEvent } from '../domain/checkout/events.ts';
import { DomainError } from '../domain/error.ts';
import type { Recorded } from '../domain/metadata.ts';
import type { OrderEvent } from '../domain/order/events.ts';
import type { ProductEvent } from '../domain/product/events.ts';
import type { Analytics, Fact, Facts } from '../infra/analytics/port.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { type Background, createdIn, type FactEvent, factsOf, factsVersion, isFactEvent, orderOf } from './analytics/facts.ts';
import type { Follower, Step } from './followers.ts';

export interface AnalyticsFollower extends Follower {
  /** Catches up at once. False when it has not come to `position` within `milliseconds`, or the engine fails. */
  passed(position: number, milliseconds: number): Promise<boolean>;
  stop(): Promise<void>;
}

export interface AnalyticsFollowerOptions {
  readonly analytics: Pick<Analytics, 'create' | 'insert' | 'checkpoint' | 'live' | 'swap'>;
  readonly log: Pick<EventStore, 'logId' | 'read' | 'readAll' | 'head'>;
  /** Milliseconds that a fact waits for others, so that they come in batches and the engine rests in between. */
  readonly every: number;
  readonly onError?: (error: Error) => void;
}

const batchSize = 2_000;
/** As many are sent without waiting longer; what was gathered without a fact in it is worked off now and then too. */
const enoughFacts = 1_000;
const enoughEvents = 10_000;
/** More than this is not kept for an engine that is away: it can be read again. */
const mostEvents = 20_000;
/** Events without a fact among them move the checkpoint only this often. */
const checkpointEvery = 50_000;
const longestBackOff = 600_000;
/** An order's stream ends after a dozen events; a checkout is priced by its third. */
const wholeOrder = 200;
const startOfCheckout = 20;
const productPage = 1_000;
/** Builds of one version of the facts: rebuilt this often, the number of the next version would be reached. */
const buildsPerVersion = 1_000;

type Log = AnalyticsFollowerOptions['log'];

/** The engine has lost the build, or holds one of another log: what is known of it is not true any more. */
const isLost = (error: unknown) =>
  error instanceof DomainError && (error.code === 'analytics.unknown_build' || error.code === 'analytics.other_log');

/** Looks up what the facts of an event rest on. All of it stands in the log before the event, so that a rebuild finds the same. */
const createBackgrounds = (log: Log) => {
  const methods = new LRUCache<string, string>({ max: 10_000 });
  const categories = new LRUCache<string, string>({ max: 50_000 });
  const orders = new LRUCache<string, Recorded<OrderEvent>[]>({ max: 1_000 });

  const methodOf = async (checkoutId: string): Promise<string> => {
    const known = methods.get(checkoutId);
    if (known !== undefined) return known;
    const events = (await log.read(`checkout-${checkoutId}`, 0, startOfCheckout)) as readonly Recorded<CheckoutEvent>[];
    const method = events.map(({ event }) => ('plan' in event ? event.plan.method : null)).find((one) => one !== null) ?? '';
    methods.set(checkoutId, method);
    return method;
  };

  /** The category that the product had at this position. */
  const findCategory = async (productId: string, position: number): Promise<string> => {
    const known = categories.get(productId);
    if (known !== undefined) return known;
    let category = '';
    for (let revision = 0; ; revision += productPage) {
      const events = (await log.read(`product-${productId}`, revision, productPage)) as readonly Recorded<ProductEvent>[];
      for (const { event, position: at } of events) if ('categoryId' in event && at <= position) category = event.categoryId ?? '';
      if (events.length < productPage) break;
    }
    categories.set(productId, category);
    return category;
  };

  /** The events of the order up to this position. */
  const orderUpTo = async (orderId: string, position: number): Promise<readonly Recorded<OrderEvent>[]> => {
    let events = orders.get(orderId);
    if (!events) {
      const whole = (await log.read(`order-${orderId}`, 0, wholeOrder)) as readonly Recorded<OrderEvent>[];
      events = whole.filter((one) => one.position <= position);
      orders.set(orderId, events);
    }
    return events.filter((one) => one.position <= position);
  };

  return {
    /** Keeps what is known right while the log is read in order. */
    note: (recorded: Recorded) => {
      const { type } = recorded.event;
      if (type.startsWith('order.')) {
        const own = recorded as Recorded<OrderEvent>;
        const { orderId } = own.event;
        if (type === 'order.created') orders.set(orderId, [own]);
        else orders.get(orderId)?.push(own);
      } else if (type.startsWith('checkout.')) {
        const { event } = recorded as Recorded<CheckoutEvent>;
        if ('plan' in event) methods.set(event.checkoutId, event.plan.method);
      } else if (type.startsWith('product.')) {
        const { event } = recorded as Recorded<ProductEvent>;
        if ('categoryId' in event && categories.has(event.productId)) categories.set(event.productId, event.categoryId ?? '');
      }
    },
    forget: () => {
      for (const known of [methods, categories, orders]) known.clear();
    },
    of: async (recorded: Recorded<FactEvent>): Promise<Background | null> => {
      const orderId = orderOf(recorded.event);
      if (orderId === null) return null;
      const order = await orderUpTo(orderId, recorded.position);
      const created = createdIn({ order, method: '', categoryOf: () => '' });
      if (!created) return null;
      const found = new Map<string, string>();
      for (const { productId } of created.lines) found.set(productId, await findCategory(productId, recorded.position));
      return {
        order,
        method: created.cod ? '' : await methodOf(created.checkoutId),
        categoryOf: (productId) => found.get(productId) ?? '',
      };
    },
  };
};

interface Waiter {
  readonly position: number;
  readonly resolve: (passed: boolean) => void;
}

const matters = /^(order|checkout|product)\./;

/** What the read models hand over of the log as they read it: no more of it than facts may need. */
const createGathering = () => {
  let events: Recorded[] = [];
  let facts = 0;
  let from = Number.POSITIVE_INFINITY;
  let to = from;
  return {
    /** Facts may come of so many events. */
    facts: () => facts,
    /** It begins after this position; what is before must be read from the log. */
    from: () => from,
    isFull: () => facts >= enoughFacts || events.length >= enoughEvents,
    add(step: Step, end: number) {
      if (to !== step.from || events.length >= mostEvents) [events, facts, from] = [[], 0, step.from];
      for (const recorded of step.events) {
        const isFact = isFactEvent(recorded);
        if (isFact) facts += 1;
        if (isFact || matters.test(recorded.event.type)) events.push(recorded);
      }
      to = end;
    },
    /** All that was gathered after this position, or null when it does not lead on from there. */
    take(position: number): { events: readonly Recorded[]; reached: number } | null {
      if (position < from || position >= to) return null;
      const taken = { events: events.filter((recorded) => recorded.position > position), reached: to };
      [events, facts, from] = [[], 0, to];
      return taken;
    },
  };
};

/** A rest that ends when it is rung, or when its time has come. */
const createAlarm = () => {
  let timer: NodeJS.Timeout | null = null;
  let isRung = false;
  let wake = () => {};
  const ring = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    isRung = true;
    wake();
  };
  return {
    ring,
    /** Rings in so many milliseconds, unless it does so before. */
    ringIn(milliseconds: number) {
      timer ??= setTimeout(ring, milliseconds).unref();
    },
    async rest() {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      isRung = false;
    },
  };
};

/** The build that is fed. `exists`: its tables stand; `isNew`: it goes live when it has caught up. */
interface Target {
  readonly build: number;
  readonly exists: boolean;
  readonly isNew: boolean;
}

export const analyticsFollower = (options: AnalyticsFollowerOptions): AnalyticsFollower => {
  const { analytics, log, every, onError = () => {} } = options;
  const backgrounds = createBackgrounds(log);
  const gathering = createGathering();
  const alarm = createAlarm();
  const waiters = new Set<Waiter>();
  /** Null: not known yet. */
  let target: Target | null = null;
  let isWantedAnew = false;
  let position = 0;
  let saved = 0;
  let head = 0;
  let backOff = every;
  let failing: string | null = null;
  let stopping = false;

  const begin = async (build: number, exists: boolean): Promise<Target> => {
    if (exists) await analytics.create(build);
    backgrounds.forget();
    [position, saved] = [0, 0];
    target = { build, exists, isNew: exists && (await analytics.live()) !== build };
    return target;
  };

  /**
   * Goes on where the live build ends; one of another version of the facts, or of another log, is built anew beside it.
   * Without any build nothing is made before there is a fact, so that a marketplace in which nothing happens needs no engine.
   */
  const open = async (): Promise<Target> => {
    const live = await analytics.live();
    const first = factsVersion * buildsPerVersion;
    if (isWantedAnew) {
      const anew = await begin(Math.max(live ?? 0, first) + 1, true);
      isWantedAnew = false;
      return anew;
    }
    if (live === null) return begin(first, false);
    if (Math.floor(live / buildsPerVersion) !== factsVersion) return begin(first, true);
    const checkpoint = await analytics.checkpoint(live).catch((error: unknown) => {
      if (isLost(error)) return undefined;
      throw error;
    });
    const isOurs = !checkpoint || (checkpoint.logId === log.logId && checkpoint.position <= (await log.head()));
    if (!isOurs || checkpoint === undefined) return begin(live + 1, true);
    [position, saved] = [checkpoint?.position ?? 0, checkpoint?.position ?? 0];
    target = { build: live, exists: true, isNew: false };
    return target;
  };

  const collect = async (events: readonly Recorded[]): Promise<{ facts: Facts; count: number }> => {
    const facts = { order_lines: [] as Fact<'order_lines'>[], visits: [] as Fact<'visits'>[], deliveries: [] as Fact<'deliveries'>[] };
    for (const recorded of events) {
      backgrounds.note(recorded);
      if (!isFactEvent(recorded)) continue;
      const own = factsOf(recorded, await backgrounds.of(recorded));
      facts.order_lines.push(...(own.order_lines ?? []));
      facts.visits.push(...(own.visits ?? []));
      facts.deliveries.push(...(own.deliveries ?? []));
    }
    return { facts, count: facts.order_lines.length + facts.visits.length + facts.deliveries.length };
  };

  const next = async (): Promise<{ events: readonly Recorded[]; reached: number }> => {
    const taken = gathering.take(position);
    if (taken) return taken;
    const before = gathering.from() - position;
    const events = await log.readAll(position, before > 0 ? Math.min(batchSize, before) : batchSize);
    return { events, reached: events[events.length - 1]?.position ?? head };
  };

  const insert = async ({ build, exists }: Target, facts: Facts, reached: number) => {
    if (!exists) {
      await analytics.create(build);
      const isNew = (await analytics.live()) !== build;
      if (target?.build === build) target = { build, exists: true, isNew };
    }
    await analytics.insert(build, facts, { logId: log.logId, position: reached });
  };

  const catchUp = async () => {
    for (;;) {
      const own = target ?? (await open());
      if (stopping || (position >= head && !own.isNew)) return;
      const { events, reached } = await next();
      const { facts, count } = await collect(events);
      const isSaved = count > 0 || (own.exists && (reached - saved >= checkpointEvery || (own.isNew && reached >= head)));
      if (isSaved) await insert(own, facts, reached);
      if (target?.build !== own.build) return; // it was reset meanwhile
      position = reached;
      if (isSaved) saved = reached;
      if (target.isNew && position >= head) {
        await analytics.swap(own.build);
        if (target?.build === own.build) target = { build: own.build, exists: true, isNew: false };
      }
      for (const waiter of waiters) if (waiter.position <= position) waiter.resolve(true);
    }
  };

  const run = async () => {
    for (;;) {
      await alarm.rest();
      if (stopping) return;
      try {
        await catchUp();
        [backOff, failing] = [every, null];
      } catch (error) {
        if (isLost(error)) target = null;
        backgrounds.forget();
        for (const waiter of waiters) waiter.resolve(false);
        const trouble = error instanceof Error ? error : new Error(String(error));
        failing = trouble.message;
        onError(trouble);
        backOff = Math.min(Math.max(backOff * 2, 1_000), longestBackOff);
        alarm.ringIn(backOff);
      }
    }
  };
  const running = run();

  return {
    name: 'analytics',
    advance: async (to, step) => {
      head = Math.max(head, to);
      if (step) gathering.add(step, to);
      if (gathering.isFull() && backOff === every) alarm.ring();
      else if (gathering.facts() > 0 || (!step && position < head)) alarm.ringIn(every);
      return position;
    },
    state: () => ({ position, reason: failing, isBehind: failing !== null }),
    // NOTE: in its own time too, or whoever rebuilds would wait for an engine that is away, and all read models with him.
    reset: async () => {
      [target, isWantedAnew] = [null, true];
      alarm.ring();
    },
    passed: (to, milliseconds) => {
      if (position >= to) return Promise.resolve(true);
      head = Math.max(head, to);
      return new Promise((resolve) => {
        const waiter: Waiter = {
          position: to,
          resolve: (passed) => {
            clearTimeout(timer);
            waiters.delete(waiter);
            resolve(passed);
          },
        };
        const timer = setTimeout(() => waiter.resolve(false), milliseconds);
        waiters.add(waiter);
        alarm.ring();
      });
    },
    stop: async () => {
      stopping = true;
      alarm.ring();
      await running;
    },
  };
};
