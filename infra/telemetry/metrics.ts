// What can be measured here, by name. Others feed it: counters as things happen, gauges when somebody looks.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Observe } from '../gateway/plan.ts';

/** Seconds; the targets (200 ms, 500 ms, 3 s) are bounds, so that one can see at once whether they are met. */
const latencies = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10];
const batchSizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * All metrics on a registry of their own. `processDefaults` adds CPU, memory, garbage collection and event-loop lag. `isKeeper`: this process
 * keeps the read models, and tells of them and of the market as a whole; of several processes one does. `isMirror`: it copies the log to Kafka.
 */
export const createMetrics = ({ processDefaults = true, isKeeper = true, isMirror = false } = {}) => {
  const registry = new Registry();
  const registers = [registry];
  const prefix = 'tokobapak_';
  const scrapes: (() => void | Promise<void>)[] = [];
  if (processDefaults) collectDefaultMetrics({ register: registry });

  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[], into = registers) =>
    new Gauge<L>({ name: prefix + name, help, labelNames: [...labelNames], registers: into });
  // What is told nowhere is registered nowhere: a gauge that nobody sets would say 0.
  const kept = isKeeper ? registers : [];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name: prefix + name, help, labelNames: [...labelNames], registers });

  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests by route template and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: latencies,
    registers,
  });

  return {
    registry,
    commands: counter('commands_total', 'Commands by what became of them: accepted, replayed, refused, failed.', ['command', 'outcome']),
    appendBatch: new Histogram({
      name: `${prefix}append_batch_events`,
      help: 'Events that shared one commit.',
      buckets: batchSizes,
      registers,
    }),
    requestsInFlight: gauge('http_requests_in_flight', 'Requests inside.', []),
    requestPlaces: gauge('http_request_places', 'Requests that may be inside at once.', []),
    requestsShed: gauge('http_requests_shed', 'Requests refused for load since the start.', ['load']),
    projectionLagEvents: gauge('projection_lag_events', 'Events that a projection has yet to read.', ['projection'], kept),
    projectionLagSeconds: gauge(
      'projection_lag_seconds',
      'Age of the oldest event that a projection has yet to read.',
      ['projection'],
      kept,
    ),
    parkedRows: gauge('projection_parked_rows', 'Rows that wait because of a poison event.', ['projection'], kept),
    feedPosition: gauge('feed_position', 'Position of the last event that this process has heard of by the feed.', []),
    failedLogWrites: gauge('log_writes_failed', 'How often lines of the log of this process could not be written, since it started.', []),
    outages: gauge('outages', 'Things that fail at the moment and are tried again, such as an engine that cannot be reached.', []),
    foreignEvents: gauge('log_foreign_events', 'Events of other programs in the log that were passed over.', []),
    damagedStreams: gauge(
      'log_damaged_streams',
      'Streams that are not as they were written, deleted or cut by hand: their commands are refused.',
      [],
    ),
    readerPosition: gauge('reader_position', 'Position of the last event that a reader of the log has worked off.', ['reader']),
    readerStalled: gauge('reader_stalled', '1: a reader of the log stands still, for this reason.', ['reader', 'reason']),
    readerStalledSince: gauge('reader_stalled_since_seconds', 'Since when a reader of the log stands still, as a Unix time.', ['reader']),
    mirrorPosition: gauge('mirror_position', 'Position of the last event that is in Kafka.', [], isMirror ? registers : []),
    sagas: gauge('sagas', 'Sagas that are under way or need a human.', ['saga', 'state'], kept),
    moneyAnomalies: counter('money_anomalies_total', 'Notices about money that did not fit what they name, by what is wrong with them.', [
      'reason',
    ]),
    openIntents: gauge('saga_open_intents', 'Commands that sagas have asked for and that have no outcome yet.', ['saga']),
    openStreams: gauge('open_streams', 'Server-sent event streams and sockets that are open.', []),
    openCarts: gauge('open_carts', 'Carts with at least one line.', [], kept),
    diskFree: gauge('disk_free_bytes', 'Free bytes where the data stands.', []),
    activeUsers: gauge('active_users', 'People who were active in the last 15 minutes.', []),
    ordersPerHour: gauge('orders_last_hour', 'Orders confirmed in the last 60 minutes.', [], kept),
    gmv: gauge('gmv_minor_units', 'Value of the orders confirmed today, with shipping, in minor units.', ['currency'], kept),

    /** Runs `scrape` before each reading of the metrics; for gauges that are cheaper to ask than to keep. */
    onScrape: (scrape: () => void | Promise<void>) => {
      scrapes.push(scrape);
    },

    /** The observer of one route. Children are found once per status, so that a request costs one addition to a bucket. */
    watched: (method: string, route: string): Observe => {
      const byStatus = new Map<number, ReturnType<typeof requests.labels>>();
      return (status, seconds) => {
        let child = byStatus.get(status);
        if (!child) {
          child = requests.labels(method, route, String(status));
          byStatus.set(status, child);
        }
        child.observe(seconds);
      };
    },

    /** Prometheus' text. A gauge that cannot be asked keeps its last value and does not spoil the rest. */
    text: async (): Promise<string> => {
      await Promise.allSettled(scrapes.map(async (scrape) => scrape()));
      return registry.metrics();
    },
  };
};
