// A whole fleet for a test: every role a process of its own, on real servers, with names of its own there; the log on a stand-in.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicMessages } from '../../domain/public-messages.ts';
import { type KafkaSettings, openKafka } from '../../infra/event-feed/kafka-client.ts';
import { applyTopics, logTopic, publicTopic } from '../../infra/event-feed/kafka-topics.ts';
import type { Role } from '../../infra/services.ts';
import { newDatabase } from '../engines/database.ts';
import { needed } from '../engines/needed.ts';
import { freePorts, type Running, run } from './processes.ts';

const program = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const listeners = ['gateway', 'write-api', 'read-api', 'projections', 'sagas', 'mirror', 'simulators'] as const satisfies readonly Role[];

/** Of each public topic: enough that keys spread. */
export const partitions = 2;

/** A broker with the topics of all fleets that ever were would take minutes to start. */
export const removeTopics = async (kafka: KafkaSettings, namespace: string) => {
  const admin = openKafka(kafka, 5).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [logTopic(namespace), ...Object.keys(publicMessages).map((type) => publicTopic(namespace, type))] });
  await admin.disconnect();
};

/** What stands on the servers: it outlives the processes, as data outlives a restart. The log, and what processes keep, stands in a folder below `within`. */
export const newGround = async (within = tmpdir()) => {
  const database = await newDatabase();
  const directory = mkdtempSync(join(within, 'tokobapak-fleet-'));
  const namespace = `t${randomBytes(6).toString('hex')}`;
  const kafka = { brokers: needed('KAFKA_BROKERS').split(',') };
  await applyTopics(kafka, namespace, Object.keys(publicMessages), { partitions });
  const [logPort = 0, ...ports] = await freePorts(listeners.length + 1);
  const portOf = Object.fromEntries(listeners.map((role, n) => [role, ports[n] ?? 0])) as Record<(typeof listeners)[number], number>;
  const addressOf = (role: (typeof listeners)[number]) => `http://127.0.0.1:${portOf[role]}`;
  const env: Readonly<Record<string, string>> = {
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    DATA_DIR: join(directory, 'data'),
    NAMESPACE: namespace,
    EVENTSTORE_URL: `esdb://admin:changeit@127.0.0.1:${logPort}?tls=false`,
    DATABASE_URL: database.url,
    REDIS_URL: needed('REDIS_URL'),
    KAFKA_BROKERS: needed('KAFKA_BROKERS'),
    ELASTICSEARCH_URL: needed('ELASTICSEARCH_URL'),
    CLICKHOUSE_URL: needed('CLICKHOUSE_URL'),
    MASTER_KEY: randomBytes(32).toString('hex'),
    PAYMENT_WEBHOOK_SECRET: randomBytes(32).toString('hex'),
    COURIER_WEBHOOK_SECRET: randomBytes(32).toString('hex'),
    SERVICE_ADDRESSES: listeners.map((role) => `${role}=${addressOf(role)}`).join(','),
  };
  return {
    directory,
    namespace,
    env,
    logPort,
    portOf,
    addressOf,
    remove: async () => {
      await database.drop();
      await removeTopics(kafka, namespace);
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
export type Ground = Awaited<ReturnType<typeof newGround>>;

export interface Fleet {
  readonly ground: Ground;
  /** The running process of a role, or of the log. */
  of(name: Role | 'log'): Running;
  /** Starts it again after it was killed; answers when it listens. */
  start(name: Role | 'log'): Promise<void>;
  /** Sets the clock of all processes, in milliseconds. */
  setClock(time: number): void;
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Roles that are left out. */
  readonly without?: readonly Role[];
  /** Where the clock of all processes stands; without it they go by the system's. */
  readonly clock?: number;
}

export const startFleet = async (ground: Ground, { env = {}, without = [], clock }: FleetOptions = {}): Promise<Fleet> => {
  const clockFile = join(ground.directory, 'clock');
  const clockAt = openSync(clockFile, 'w');
  const setClock = (time: number) => writeSync(clockAt, new Uint8Array(new Float64Array([time]).buffer), 0, 8, 0);
  if (clock !== undefined) setClock(clock);
  const running = new Map<Role | 'log', Running>();

  const startLog = async () => {
    const log = run(program('../eventstoredb/main.ts'), [join(ground.directory, 'log'), String(ground.logPort)], {});
    running.set('log', log);
    await log.said((line) => line.startsWith('esdb://'));
  };
  const start = async (name: Role | 'log') => {
    if (name === 'log') return startLog();
    const own = { ...ground.env, DATA_DIR: join(ground.directory, name), PORT: String(ground.portOf[name]), ...env };
    const command = clock === undefined ? [program('../../main.ts'), 'start', '--role', name] : [program('./process.ts'), name, clockFile];
    const [entry = '', ...args] = command;
    const process = run(entry, args, own);
    running.set(name, process);
    await process.said((line) => line.includes('listening on'));
  };
  const stop = async () => {
    const { log, ...others } = Object.fromEntries(running);
    await Promise.all(Object.values(others).map((process) => process.stop()));
    await log?.stop();
  };
  try {
    await start('log');
    await Promise.all(listeners.filter((role) => !without.includes(role)).map(start));
  } catch (error) {
    await Promise.all([...running.values()].map((process) => process.kill()));
    throw error;
  }
  return {
    ground,
    start,
    setClock,
    of: (name) => {
      const found = running.get(name);
      if (!found) throw new Error(`${name} was never started`);
      return found;
    },
    stop,
  };
};
