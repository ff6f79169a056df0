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
import type { Follower } from './run.ts';

export interface AnalyticsFollower extends Follower {
  /** Catches up at once. False when it has not come to `position` within `milliseconds`, or the engine fails. */
  passed(position: number, milliseconds: number): Promise<boolean>;
  stop(): Promise<void>;
}

export interface AnalyticsFollowerOptions {
  readonly analytics: Pick<Analytics, 'create' | 'insert' | 'checkpoint' | 'live' | 'swap'>;
  readonly log: Pick<EventStore, 'logId' | 'read' | 'readAll' | 'head'>;
  /** Milliseconds between two inserts, so that facts come in batches and the engine rests in between. */
  readonly every: number;
  readonly onError?: (error: Error) => void;
}

const batchSize = 2_000;
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

/** Looks up what the facts of an event rest on. All of it stands in the log before the event, so that a rebuild finds the same. */
const createBackgrounds = (log: Log) => {
  const methods = new LRUCache<string, string>({ max: 10_000 });
  const categories = new LRUCache<string, string>({ max: 50_000 });

  const methodOf = async (checkoutId: string): Promise<string> => {
    const known = methods.get(checkoutId);
    if (known !== undefined) return known;
    const events = (await log.read(`checkout-${checkoutId}`, 0, startOfCheckout)) as readonly Recorded<CheckoutEvent>[];
    const method =
      events.map(({ event }) => (event.type === 'checkout.priced' ? event.plan.method : null)).find((one) => one !== null) ?? '';
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

  return {
    /** Keeps the known categories right while the log is read in order. */
    note: ({ event }: Recorded<FactEvent | ProductEvent>) => {
      if ('categoryId' in event && categories.has(event.productId)) categories.set(event.productId, event.categoryId ?? '');
    },
    forget: () => categories.clear(),
    of: async (recorded: Recorded<FactEvent>): Promise<Background | null> => {
      const orderId = orderOf(recorded.event);
      if (orderId === null) return null;
      const events = (await log.read(`order-${orderId}`, 0, wholeOrder)) as readonly Recorded<OrderEvent>[];
      const order = events.filter(({ position }) => position <= recorded.position);
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

export const analyticsFollower = (options: AnalyticsFollowerOptions): AnalyticsFollower => {
  const { analytics, log, every, onError = () => {} } = options;
  const backgrounds = createBackgrounds(log);
  const waiters = new Set<Waiter>();
  /** The build that is fed; `isNew`: it goes live when it has caught up. Null: not known yet. */
  let target: { build: number; isNew: boolean } | null = null;
  let position = 0;
  let saved = 0;
  let head = 0;
  let wanted = false;
  let stopping = false;
  let wake = () => {};

  const begin = async (build: number) => {
    await analytics.create(build);
    backgrounds.forget();
    [position, saved] = [0, 0];
    target = { build, isNew: (await analytics.live()) !== build };
    return target;
  };

  /** Goes on where the live build ends; one of another version of the facts, or of another log, is built anew beside it. */
  const open = async () => {
    const live = await analytics.live();
    const first = factsVersion * buildsPerVersion;
    if (live === null) return begin(first);
    if (Math.floor(live / buildsPerVersion) !== factsVersion) return begin(first);
    const checkpoint = await analytics.checkpoint(live);
    const isOurs = !checkpoint || (checkpoint.logId === log.logId && checkpoint.position <= (await log.head()));
    if (!isOurs) return begin(live + 1);
    [position, saved] = [checkpoint?.position ?? 0, checkpoint?.position ?? 0];
    target = { build: live, isNew: false };
    return target;
  };

  const collect = async (events: readonly Recorded[]): Promise<{ facts: Facts; count: number }> => {
    const facts = { order_lines: [] as Fact<'order_lines'>[], visits: [] as Fact<'visits'>[], deliveries: [] as Fact<'deliveries'>[] };
    for (const recorded of events) {
      if (recorded.event.type.startsWith('product.')) backgrounds.note(recorded as Recorded<ProductEvent>);
      if (!isFactEvent(recorded)) continue;
      const own = factsOf(recorded, await backgrounds.of(recorded));
      facts.order_lines.push(...(own.order_lines ?? []));
      facts.visits.push(...(own.visits ?? []));
      facts.deliveries.push(...(own.deliveries ?? []));
    }
    return { facts, count: facts.order_lines.length + facts.visits.length + facts.deliveries.length };
  };

  const catchUp = async () => {
    const current = target ?? (await open());
    while (!stopping && current === target && (position < head || current.isNew)) {
      const events = await log.readAll(position, batchSize);
      const { facts, count } = await collect(events);
      const reached = events[events.length - 1]?.position ?? head;
      if (count > 0 || reached - saved >= checkpointEvery || (current.isNew && reached >= head)) {
        await analytics.insert(current.build, facts, { logId: log.logId, position: reached });
        if (current === target) saved = reached;
      }
      if (current !== target) return; // it was reset meanwhile
      position = reached;
      if (current.isNew && position >= head) {
        await analytics.swap(current.build);
        target = { ...current, isNew: false };
      }
      for (const waiter of waiters) if (waiter.position <= position) waiter.resolve(true);
    }
  };

  const pause = (milliseconds: number | null) =>
    new Promise<void>((resolve) => {
      const timer = milliseconds === null ? null : setTimeout(resolve, milliseconds);
      timer?.unref();
      wake = () => {
        if (timer) clearTimeout(timer);
        resolve();
      };
      if (wanted || stopping) wake();
    });

  const run = async () => {
    let backOff = every;
    while (!stopping) {
      wanted = false;
      try {
        await catchUp();
        backOff = every;
      } catch (error) {
        if (error instanceof DomainError && error.code === 'analytics.other_log') target = null;
        for (const waiter of waiters) waiter.resolve(false);
        onError(error instanceof Error ? error : new Error(String(error)));
        backOff = Math.min(Math.max(backOff * 2, 1_000), longestBackOff);
      }
      await pause(backOff);
    }
  };
  let running: Promise<void> | null = null;

  return {
    name: 'analytics',
    advance: async (to) => {
      head = Math.max(head, to);
      if (head > 0) running ??= pause(every).then(run);
      return position;
    },
    reset: async () => {
      const live = (await analytics.live()) ?? factsVersion * buildsPerVersion;
      await begin(live + 1);
    },
    passed: (to, milliseconds) => {
      if (position >= to) return Promise.resolve(true);
      head = Math.max(head, to);
      running ??= run();
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
        wanted = true;
        wake();
      });
    },
    stop: async () => {
      stopping = true;
      wake();
      await running;
    },
  };
};
