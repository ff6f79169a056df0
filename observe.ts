// What operators see of a running marketplace: whether it is ready, its gauges, one line per request.
import type { Context } from 'hono';
import { DomainError } from './domain/error.ts';
import { eventContract } from './domain/registry.ts';
import { feedGauges, type GaugeNeeds } from './gauges.ts';
import type { Config } from './infra/config.ts';
import type { ReaderState } from './infra/event-feed/port.ts';
import { createLogHealth } from './infra/event-store/health.ts';
import type { Env } from './infra/http/env.ts';
import { errorOf } from './infra/http/errors.ts';
import { createActivity } from './infra/telemetry/activity.ts';
import { failedLogWrites, type Logger, requestLines } from './infra/telemetry/log.ts';
import type { Metrics } from './infra/telemetry/metrics.ts';
import { createOutages } from './infra/telemetry/outages.ts';
import { createReaders, type Readers } from './infra/telemetry/readers.ts';
import type { Check } from './infra/telemetry/routes.ts';
import type { Vault } from './infra/vault/port.ts';

const isUnavailable = (error: Error) => error instanceof DomainError && errorOf(error.code).status === 503;

const isOutage = (error: Error) => isUnavailable(error) || error.name.startsWith('KafkaJS');

/** Watches all who read the log here; the metrics tell of them. */
export const watchReaders = (log: Logger, metrics: Metrics, head: () => Promise<number>, config: Pick<Config, 'STALLED_AFTER_SECONDS'>) => {
  const readers = createReaders({ log, head, isOutage, stalledAfterMs: config.STALLED_AFTER_SECONDS * 1_000 });
  metrics.onScrape(() => {
    metrics.readerStalled.reset();
    metrics.readerStalledSince.reset();
    for (const { reader, position } of readers.positions()) metrics.readerPosition.set({ reader }, position);
    for (const { reader, reason, since } of readers.stalled()) {
      metrics.readerStalled.set({ reader, reason }, 1);
      metrics.readerStalledSince.set({ reader }, Date.parse(since) / 1_000);
    }
  });
  return readers;
};

/** What is logged and counted of failures, and of what is not as it should be in the log of events. */
export const createReporting = (
  log: Logger,
  metrics: Metrics,
  { head, config }: { readonly head: () => Promise<number>; readonly config: Pick<Config, 'STALLED_AFTER_SECONDS'> },
) => {
  const outages = createOutages(log);
  const readers = watchReaders(log, metrics, head, config);
  const lagging = (error: Error) => outages.failed(error.message, error);
  const health = createLogHealth({
    owns: eventContract.owns,
    onFound: (stream, reason, isOurs) =>
      isOurs
        ? log.error({ stream, reason }, 'a stream is not as it was written')
        : log.warn({ stream, reason }, 'events of another program'),
  });
  metrics.onScrape(() => {
    metrics.failedLogWrites.set(failedLogWrites());
    metrics.outages.set(outages.count());
    metrics.foreignEvents.set(health.foreign().events);
    metrics.damagedStreams.set(health.damaged().length + health.limits().size);
  });
  return {
    health,
    /** A refusal that the client is told of, and may repeat, is no error of ours: what it lacks is told once. */
    report: (error: Error) => (isUnavailable(error) ? outages.failed(error.message, error) : log.error({ err: error }, 'a request failed')),
    readers,
    lagging,
    feedFailed: (error: Error) => {
      readers.feedFailed(error);
      lagging(error);
    },
    projectionFailed: (message: string) => outages.failed(`read models: ${message}`, new Error(message)),
    stop: () => {
      outages.stop();
      readers.stop();
    },
  };
};

export interface ObserveNeeds extends Omit<GaugeNeeds, 'activity'> {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly vault: Pick<Vault, 'signingKeys'>;
  readonly readers: Readers;
  /** Copies the log to Kafka in this process. */
  readonly mirror: { state(): ReaderState } | null;
  /** This process only answers requests: while an engine is away others stand still, and it still answers. */
  readonly isApiAlone: boolean;
}

/** Status of requests whose client did not wait for the answer. */
const clientGone = 499;
const probes = new Set(['/livez', '/readyz', '/metrics']);

export const observe = (needs: ObserveNeeds) => {
  const { metrics, log, store, vault, projector, readers, mirror, isApiAlone, now } = needs;
  if (needs.isKept) readers.watch(() => projector.ask({ ask: 'readers' }));
  if (mirror) readers.watch(async () => ({ mirror: mirror.state() }));
  const activity = createActivity(now);
  const told = requestLines(log);
  feedGauges(metrics, { ...needs, activity });
  /**
   * Ready: log and vault can be reached, the read models have been built, and no reader of the log stands still. What they depend on beside may
   * fail without harm to the rest.
   */
  const checks = new Map<string, Check>([
    ['log', async () => (await store.head()) >= 0 && (await store.isWritable())],
    ['vault', async () => (await vault.signingKeys()).length >= 0],
    ['readers', () => readers.stalled().every(({ isOutage: mayPass }) => isApiAlone && mayPass)],
  ]);
  if (needs.isKept)
    checks.set('projections', async () => (await projector.ask({ ask: 'status' })).some(({ state }) => state !== 'building'));
  /** One line per request, without anything that names a person; probes, and clients that went away, only where somebody looks closely. */
  const ended = (c: Context<Env>, route: string, status: number, seconds: number) => {
    const principal = c.get('principal');
    if (principal?.kind === 'user') activity.note(principal.id);
    told(probes.has(route) || status === clientGone ? 'debug' : 'info', c, { route, status, seconds });
  };
  return { checks, ended };
};
