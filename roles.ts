// One process of a fleet: what it does by its role, or by the services whose APIs it serves.
import { type Config, ConfigError } from './infra/config.ts';
import { missingProviders } from './infra/outbound/connect.ts';
import { portOf, type Role } from './infra/services.ts';
import { type Marketplace, openMarketplace } from './marketplace.ts';
import { openMirror } from './mirror.ts';
import type { Part, RoleOptions, RoleProcess } from './part.ts';
import { openGateway } from './proxy.ts';
import { openSimulators } from './simulators.ts';

/** What several processes cannot do without: a log, tables and an index that all of them reach, and keys that all of them know. */
const shared = ['EVENTSTORE_URL', 'DATABASE_URL', 'ELASTICSEARCH_URL', 'MASTER_KEY'] as const;

/** Throws ConfigError where this part cannot run beside others with this configuration. */
export const checkPart = (config: Config, { role }: Part): void => {
  if (role === 'simulators') {
    if (config.NODE_ENV === 'production')
      throw new ConfigError(['The role simulators is for development: no provider is simulated in production.']);
    return;
  }
  const missing = shared.filter((name) => config[name] === undefined);
  const problems = missing.map((name) => `${name} is required where there are several processes.`);
  if (role === 'mirror' && config.KAFKA_BROKERS.length === 0) problems.push('KAFKA_BROKERS is required for the role mirror.');
  problems.push(...missingProviders(config));
  if (problems.length > 0) throw new ConfigError(problems);
};

const apiEngines = ['REDIS_URL', 'KAFKA_BROKERS', 'ELASTICSEARCH_URL', 'CLICKHOUSE_URL'] as const;
const engines: Readonly<Record<Role, readonly (keyof Config)[]>> = {
  gateway: ['REDIS_URL'],
  'write-api': apiEngines,
  'read-api': apiEngines,
  projections: apiEngines,
  sagas: ['REDIS_URL', 'KAFKA_BROKERS'],
  mirror: ['KAFKA_BROKERS'],
  simulators: [],
};

/** The settings of engines that this part speaks to, beside log and database. */
export const enginesOf = ({ role }: Part): readonly (keyof Config)[] => (role ? engines[role] : apiEngines);

/** Where this part listens. Throws ConfigError where that has to be said. */
export const portFor = ({ PORT: given }: Config, { role, services = [] }: Part): number => {
  if (given !== undefined) return given;
  const [only] = services;
  const own = role ? portOf(role) : services.length === 1 && only ? portOf(only) : undefined;
  if (own === undefined) throw new ConfigError(['PORT is required for one side of the APIs, and for several services in one process.']);
  return own;
};

const apis: readonly Role[] = ['write-api', 'read-api'];

export const openPart = async (config: Config, { role, services }: Part, options: RoleOptions): Promise<RoleProcess | Marketplace> => {
  switch (role) {
    case 'gateway':
      return openGateway(config, options);
    case 'simulators':
      return openSimulators(config, options);
    case 'mirror':
      return openMirror(config, options);
    default:
      return openMarketplace(config, {
        ...options,
        roles: new Set(role ? [role] : apis),
        ...(services && services.length > 0 && { services: new Set(services) }),
      });
  }
};
