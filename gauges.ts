// Fills the gauges when somebody reads the metrics: from what the parts know anyway, so that nobody pays for them in between.
import { statfs } from 'node:fs/promises';
import type { SagaRunner } from './commands/sagas/run.ts';
import { Currency } from './domain/money.ts';
import type { Config } from './infra/config.ts';
import type { EventStore } from './infra/event-store/port.ts';
import type { LoadGate } from './infra/gateway/load.ts';
import { loadClasses } from './infra/http/marks.ts';
import type { TableReader } from './infra/tables/port.ts';
import type { Activity } from './infra/telemetry/activity.ts';
import type { Metrics } from './infra/telemetry/metrics.ts';
import type { ReadModels } from './read-models.ts';

export interface GaugeNeeds {
  readonly config: Pick<Config, 'DATA_DIR' | 'MARKET_TIME_ZONE'>;
  readonly store: Pick<EventStore, 'head' | 'readAll' | 'isShared' | 'isWritable'>;
  readonly projector: Pick<ReadModels, 'ask'>;
  /** Whether this process keeps the read models, and so tells of them. */
  readonly isKept: boolean;
  readonly tables: TableReader;
  readonly sagaRunner: Pick<SagaRunner, 'openIntents'>;
  readonly sagaNames: readonly string[];
  readonly load: LoadGate;
  readonly activity: Activity;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/** Counting many rows takes milliseconds: those figures may be this old. */
const countedEvery = 60_000;

const minute = (time: number) => new Date(time).toISOString().slice(0, 16);

/** The last midnight in this zone. */
const midnight = (time: number, timeZone: string): number => {
  const parts = new Intl.DateTimeFormat('en', { timeZone, hourCycle: 'h23', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  const [hours = 0, minutes = 0, seconds = 0] = parts.format(time).split(':').map(Number);
  return time - ((hours * 60 + minutes) * 60 + seconds) * 1_000;
};

/** More than this many events are not counted one by one. */
const mostCounted = 10_000;

/** Events after `position`: in a log of our own positions are their numbers, in a shared one they have to be counted, up to a limit. */
export const eventsAfter = async (
  store: Pick<EventStore, 'readAll' | 'isShared' | 'isWritable'>,
  position: number,
  head: number,
): Promise<number> => {
  if (position >= head) return 0;
  return store.isShared ? (await store.readAll(position, mostCounted)).length : head - position;
};

const projectionGauges = async (metrics: Metrics, { projector, store, now }: GaugeNeeds) => {
  const head = await store.head();
  metrics.parkedRows.reset();
  for (const { name, position, parked, state } of await projector.ask({ ask: 'status' })) {
    if (state === 'building') continue;
    const [oldest] = position < head ? await store.readAll(position, 1) : [];
    metrics.projectionLagEvents.set({ projection: name }, await eventsAfter(store, position, head));
    metrics.projectionLagSeconds.set(
      { projection: name },
      oldest ? Math.max(0, (now() - Date.parse(oldest.metadata.recordedAt)) / 1_000) : 0,
    );
    metrics.parkedRows.set({ projection: name }, parked);
  }
};

const salesGauges = async (metrics: Metrics, { tables, config, now }: GaugeNeeds) => {
  const lastHour = { minute: { from: minute(now() - 3_600_000) } };
  metrics.ordersPerHour.set(await tables.sum('analytics-sales', 'orders', lastHour));
  const today = { from: minute(midnight(now(), config.MARKET_TIME_ZONE)) };
  for (const currency of Currency.options)
    metrics.gmv.set({ currency }, await tables.sum('analytics-sales', 'amount', { currency, minute: today }));
};

const countedGauges = async (metrics: Metrics, { tables, sagaNames }: GaugeNeeds) => {
  for (const saga of sagaNames) {
    for (const state of ['Running', 'NeedsHuman'])
      metrics.sagas.set({ saga, state }, await tables.count('saga-instances', { saga, outcome: state }));
  }
  metrics.openCarts.set(await tables.count('cart-carts'));
};

/** What every process has. */
export const processGauges = async (metrics: Metrics, { config, load, activity }: Pick<GaugeNeeds, 'config' | 'load' | 'activity'>) => {
  metrics.requestsInFlight.set(load.inFlight);
  metrics.requestPlaces.set(load.places);
  for (const each of loadClasses) metrics.requestsShed.set({ load: each }, load.shed[each]);
  metrics.activeUsers.set(activity.count());
  // In a fleet a process may have no folder of its own.
  const disk = await statfs(config.DATA_DIR).catch(() => null);
  if (disk) metrics.diskFree.set(disk.bavail * disk.bsize);
  else metrics.diskFree.remove();
};

export const feedGauges = (metrics: Metrics, needs: GaugeNeeds) => {
  let countedAt = Number.NEGATIVE_INFINITY;
  metrics.onScrape(() => processGauges(metrics, needs));
  metrics.onScrape(() => metrics.openIntents.set({ saga: 'all' }, needs.sagaRunner.openIntents()));
  if (!needs.isKept) return;
  metrics.onScrape(() => projectionGauges(metrics, needs));
  metrics.onScrape(() => salesGauges(metrics, needs));
  metrics.onScrape(async () => {
    if (performance.now() - countedAt < countedEvery) return;
    countedAt = performance.now();
    await countedGauges(metrics, needs);
  });
};
