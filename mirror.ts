// Role mirror: copies the log to Kafka, for the feed of all other processes and for whoever subscribes to the public topics.
import { hostname } from 'node:os';
import { Hono } from 'hono';
import { publish } from './domain/publish.ts';
import { eventContract } from './domain/registry.ts';
import { type Config, ConfigError } from './infra/config.ts';
import { connectLeases } from './infra/connect.ts';
import { connectMirror } from './infra/connect-log.ts';
import type { Env } from './infra/http/env.ts';
import { createMetrics } from './infra/telemetry/metrics.ts';
import { createOutages } from './infra/telemetry/outages.ts';
import { type Check, telemetryRoutes } from './infra/telemetry/routes.ts';
import { watchReaders } from './observe.ts';
import type { RoleOptions, RoleProcess } from './part.ts';

export const startMirroring = async (config: Config, { log, now = Date.now, onSetBack = () => {} }: RoleOptions) => {
  const outages = createOutages(log);
  const onError = (error: Error) => outages.failed(`the mirror: ${error.message}`, error);
  const leases = await connectLeases(config, onError);
  const mirroring = await connectMirror(config, {
    contract: eventContract,
    publish,
    leases,
    now,
    onError,
    onSetBack,
    owner: `${hostname()}.${process.pid}`,
  });
  if (!mirroring) throw new ConfigError(['KAFKA_BROKERS is required for the role mirror.']);
  return {
    ...mirroring,
    stop: async () => {
      await mirroring.stop();
      await leases.close();
      outages.stop();
    },
  };
};

/** Sibling processes ask nothing of it, so that it has no routes but those of its health. */
export const openMirror = async (config: Config, options: RoleOptions): Promise<RoleProcess> => {
  const metrics = createMetrics({ isKeeper: false, isMirror: true });
  const mirroring = await startMirroring(config, options);
  let isStopping = false;
  metrics.onScrape(async () => metrics.mirrorPosition.set(mirroring.position()));
  const readers = watchReaders(options.log, metrics, mirroring.head, config);
  readers.watch(async () => ({ mirror: mirroring.state() }));
  const checks = new Map<string, Check>([
    ['log', async () => (await mirroring.head()) >= 0],
    ['readers', () => readers.stalled().length === 0],
  ]);
  const app = new Hono<Env>().route(
    '/',
    telemetryRoutes(metrics, checks, () => isStopping, readers.stalled),
  );
  return {
    app,
    close: async () => {
      isStopping = true;
      readers.stop();
      await mirroring.stop();
    },
  };
};
