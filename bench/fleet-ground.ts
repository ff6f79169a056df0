// Where the fleet is measured: a ground of its own on the servers, filled once; the processes on it; and what CPU each of them uses.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../infra/config.ts';
import { namesOf } from '../infra/search/elasticsearch-client.ts';
import type { Role } from '../infra/services.ts';
import { logger } from '../infra/telemetry/log.ts';
import { type Marketplace, openMarketplace } from '../marketplace.ts';
import { type Fleet, type FleetOptions, type Ground, newGround, startFleet } from '../tests/fleet/fleet.ts';
import { serverEnv, treeCpu } from './processes.ts';

export const roles = [
  'gateway',
  'write-api',
  'read-api',
  'projections',
  'sagas',
  'mirror',
  'simulators',
] as const satisfies readonly Role[];

/** Addresses that a run cannot do without. */
export const engines = ['DATABASE_URL', 'REDIS_URL', 'KAFKA_BROKERS', 'ELASTICSEARCH_URL', 'CLICKHOUSE_URL'] as const;
const engineNames: Readonly<Record<(typeof engines)[number], string>> = {
  DATABASE_URL: 'PostgreSQL',
  REDIS_URL: 'Redis',
  KAFKA_BROKERS: 'Kafka',
  ELASTICSEARCH_URL: 'Elasticsearch',
  CLICKHOUSE_URL: 'ClickHouse',
};

export interface Place {
  readonly ground: Ground;
  start(options?: FleetOptions): Promise<Fleet>;
  /** The same marketplace, looked into from here; it serves nobody. The log must be running. */
  look(env?: Readonly<Record<string, string>>): Promise<Marketplace>;
  remove(): Promise<void>;
}

const startTries = 5;

/** What our processes are told, but for where they stand: as the server of the embedded paths is. */
const settings = (folder: string): Readonly<Record<string, string>> => {
  const { TRUSTED_PROXY_HOPS, LOG_LEVEL } = serverEnv('');
  const { EVENTSTORE_URL } = process.env;
  // Eight processes compile the same sources: whoever comes second finds it done.
  const NODE_COMPILE_CACHE = join(folder, 'compiled');
  return { NODE_ENV: 'development', TRUSTED_PROXY_HOPS, LOG_LEVEL, NODE_COMPILE_CACHE, ...(EVENTSTORE_URL && { EVENTSTORE_URL }) };
};

/** The databases of analytics and the indexes of search, which tests leave to whoever ends the servers. */
const removeCopies = async (namespace: string) => {
  const { CLICKHOUSE_URL = '', ELASTICSEARCH_URL = '' } = process.env;
  const clickhouse = async (sql: string) => (await fetch(CLICKHOUSE_URL, { method: 'POST', body: sql })).text();
  const databases = await clickhouse(`SELECT name FROM system.databases WHERE startsWith(name, '${namespace}') FORMAT TSV`);
  for (const name of databases.split('\n').filter((line) => line.startsWith(namespace))) await clickhouse(`DROP DATABASE \`${name}\``);
  const found = await fetch(`${ELASTICSEARCH_URL}/_cat/indices/${namesOf(namespace).live}*?h=index`);
  for (const index of found.ok ? (await found.text()).split('\n').filter(Boolean) : []) {
    await fetch(`${ELASTICSEARCH_URL}/${index.trim()}`, { method: 'DELETE' });
  }
};

export const openPlace = async (folder: string): Promise<Place> => {
  const ground = await newGround(folder);
  const own = settings(folder);
  /** A process that finds no engine in time ends, and wants to be started again. */
  const start = async ({ env = {}, ...options }: FleetOptions = {}): Promise<Fleet> => {
    for (let tried = 1; ; tried++) {
      try {
        return await startFleet(ground, { env: { ...own, ...env }, ...options });
      } catch (error) {
        if (tried === startTries) throw error;
      }
    }
  };
  return {
    ground,
    start,
    look: (env = {}) => openMarketplace(readConfig({ ...ground.env, ...own, ...env }), { log: logger('silent'), roles: new Set() }),
    remove: async () => {
      await removeCopies(ground.namespace).catch(() => {}); // what could not be taken away does no harm
      await ground.remove();
    },
  };
};

/** The process of this machine that listens on a port; null where there is none, or none that we may look into. */
const listenerOn = (port: number): number | null => {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        // 0A: it listens.
        .flatMap(([, local = '', , state, , , , , , inode]) => (local.endsWith(`:${hex}`) && state === '0A' ? [`socket:[${inode}]`] : [])),
    ),
  );
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const descriptor of readdirSync(`/proc/${pid}/fd`))
        if (sockets.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`))) return Number(pid);
    } catch {
      // It ended meanwhile, or is not ours.
    }
  }
  return null;
};

const defaultPorts: Readonly<Record<string, number>> = { esdb: 2113, postgres: 5432, redis: 6379, https: 443, http: 80 };
const portOf = (address: string): number => {
  const { port, protocol } = new URL(address.includes('://') ? address : `kafka://${address.split(',')[0]}`);
  return Number(port) || (defaultPorts[protocol.replace(/(ql|ss)?:$/, '').replace(/:$/, '')] ?? 0);
};

/** Milliseconds of CPU used so far, by process. An engine that runs elsewhere, or where we may not look, is not there. */
export type CpuUsed = ReadonlyMap<string, number>;

/** Processes of the fleet, and servers on this machine, by name. */
export const cpuMeter = (fleet: Fleet) => {
  const pids = new Map<string, number>();
  for (const role of roles) pids.set(role, fleet.of(role).pid);
  const { EVENTSTORE_URL } = process.env;
  const servers = engines.map((name) => [engineNames[name], listenerOn(portOf(process.env[name] ?? ''))] as const);
  const log = EVENTSTORE_URL ? listenerOn(portOf(EVENTSTORE_URL)) : fleet.of('log').pid;
  for (const [name, pid] of [['log', log] as const, ...servers]) if (pid !== null) pids.set(name, pid);
  return (): CpuUsed =>
    new Map(
      [...pids].flatMap(([name, pid]) => {
        try {
          const used = treeCpu(pid);
          return used ? [[name, used.main + used.others] as const] : [];
        } catch {
          return []; // it has ended
        }
      }),
    );
};

/** What was used between two looks, per unit of work. */
export const cpuBetween = (before: CpuUsed, after: CpuUsed, units: number): Record<string, number> =>
  Object.fromEntries([...after].flatMap(([name, used]) => (before.has(name) ? [[name, (used - (before.get(name) ?? 0)) / units]] : [])));
