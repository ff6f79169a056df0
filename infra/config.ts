// The configuration: environment only, one schema, checked as a whole before anything starts. Also the source of its documentation.
import { isIP } from 'node:net';
import { z } from 'zod';
import { Currency, maxPurchase } from '../domain/money.ts';
import { areHttpAddresses, isEventStoreAddress, isPostgresAddress, isRedisAddress, nodesIn } from './addresses.ts';
import { isAddressed, type Service, serviceNames } from './services.ts';

/** A list with commas; blanks around its items do not count. */
const list = (item: z.ZodType<string, string>, byDefault = '') =>
  z
    .string()
    .default(byDefault)
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .pipe(z.array(item));

const count = (least: number, most: number, byDefault: number) => z.coerce.number().int().min(least).max(most).default(byDefault);

const range = z.string().refine((text) => {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  return family !== 0 && more.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
}, 'must be an address or a range such as 10.0.0.0/8');

const origin = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, 'must be an origin such as https://shop.example, without a path');

const link = z.url({ protocol: /^https?$/, error: 'must be an http(s) address' });
/** Addresses of engines may hold a password. */
const engine = (isAddress: (text: string) => boolean, example: string) =>
  z
    .string()
    .refine(isAddress, `must be an address such as ${example}; in names and passwords : @ / ? and # are written %3A %40 %2F %3F and %23`)
    .optional()
    .meta({ secret: true });
const postgres = engine(isPostgresAddress, 'postgres://user:password@host:5432/tokobapak');

const hostAndPort = z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'must be a host and a port, such as kafka:9092');
const serviceAddress = z.string().refine((text) => {
  const [name = '', url = ''] = text.split('=', 2);
  return isAddressed(name) && link.safeParse(url).success;
}, 'must be such as order=http://orders:3007');
const pattern = z
  .string()
  .refine(
    (text) =>
      link.safeParse(text.replace('{service}', 'order').replace('{port}', '3007')).success &&
      !/[{}]/.test(text.replace(/\{(service|port)\}/g, '')),
    'must be an http(s) address, in which {service} and {port} stand for name and port',
  );

const timeZone = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false;
  }
}, 'must be a time zone of the IANA database');

/** 32 bytes: what AES-256 takes. */
const masterKey = z
  .string()
  .refine((text) => /^[0-9a-fA-F]{64}$/.test(text) || Buffer.from(text, 'base64').length === 32, 'must be 32 bytes, as hex or base64');

const secret = z.string().min(32, 'must have at least 32 characters');

const privateRanges = '127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7';

type DatabaseName = `DATABASE_URL_${Uppercase<Service>}`;
const databaseName = (service: Service) => `DATABASE_URL_${service.toUpperCase()}` as DatabaseName;

/** Every setting that names a PostgreSQL. */
export const databaseNames = ['DATABASE_URL', 'DATABASE_REPLICA_URL', ...serviceNames.map(databaseName)] as const;

const serviceDatabases = Object.fromEntries(
  serviceNames.map((name) => [databaseName(name), postgres.describe(`Another database for the read models of ${name}.`)]),
) as Record<DatabaseName, typeof postgres>;

const Environment = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('`production` refuses weak secrets and plain-text links.'),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('Port for HTTP; 0 takes a free one. Without it 8080, or the port of the service or role that is started.'),
  HOST: z.string().default('0.0.0.0').describe('Address to listen on.'),
  PUBLIC_URL: origin
    .optional()
    .describe(
      'Origin under which browsers know this server; without it http://localhost with the port that it listens on. https also turns HSTS and `__Host-` cookies on.',
    ),
  DATA_DIR: z.string().min(1).default('.data').describe('Folder of the embedded engines; owned by one process.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least important lines that are logged.'),
  SEED_DEMO: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether `start` fills an empty store with a demo catalogue; in development only.'),
  MARKET_TIME_ZONE: timeZone.default('Asia/Jakarta').describe('Time zone in which reports count days and hours.'),
  MARKET_CURRENCY: Currency.default('IDR').describe('Currency of new prices.'),
  CHECKOUT_MAX_AMOUNT: count(1, maxPurchase, maxPurchase).describe(
    'The most that one purchase may come to, in minor units of its currency.',
  ),
  MASTER_KEY: masterKey
    .optional()
    .meta({ secret: true })
    .describe(
      'Wraps the keys of the vault: 32 bytes as hex or base64. Required in production; elsewhere one is made and kept in DATA_DIR.',
    ),
  TOKEN_AUDIENCE: z.string().min(1).default('tokobapak').describe('`aud` of the access tokens; their `iss` is PUBLIC_URL.'),
  TRUSTED_PROXY_HOPS: count(0, 10, 0).describe('Own proxies in front whose X-Forwarded-For is believed.'),
  CORS_ORIGINS: list(origin).describe('Other origins whose pages may call, with commas.'),
  ADMIN_IP_ALLOW: list(range).describe('Addresses and ranges from which administrators may work; empty: from everywhere.'),
  INTERNAL_IP_ALLOW: list(range, privateRanges).describe('Addresses and ranges that may read /metrics.'),
  COD_MAX_OPEN_ORDERS: count(1, 1_000, 5).describe(
    'Orders to be paid at the door that one buyer may have on the way; guests are counted by address and number.',
  ),
  COD_NEEDS_VERIFIED_EMAIL: z
    .enum(['on', 'off'])
    .optional()
    .describe('Whether only accounts with a verified e-mail address may pay at the door; on in production unless told.'),
  RATE_LOGIN_PER_MINUTE: count(1, 1_000_000, 5).describe('Logins per minute, per address and per account.'),
  RATE_CHECKOUT_PER_MINUTE: count(1, 1_000_000, 10).describe('Checkouts per minute and person.'),
  RATE_SEARCH_PER_MINUTE: count(1, 1_000_000, 60).describe('Searches per minute, per person or address.'),
  RATE_OTHER_PER_MINUTE: count(1, 10_000_000, 300).describe('All other requests per minute, per person or address.'),
  MAX_IN_FLIGHT: count(32, 100_000, 5_000).describe('Requests inside at once, at most; fewer when the event loop lags.'),
  MAX_CONNECTIONS: count(64, 1_000_000, 10_000).describe(
    'Connections at once; beyond it the oldest one of the address that has most of them is closed.',
  ),
  MAX_CONNECTIONS_PER_ADDRESS: count(1, 1_000_000, 500).describe('Connections at once of one address; what comes beyond it is closed.'),
  UNLIMITED_ADDRESSES: list(range, privateRanges).describe(
    'Addresses and ranges without a limit of their own on connections: proxies in front, and processes of a fleet.',
  ),
  NAMESPACE: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and dashes')
    .default('tokobapak')
    .describe('Names this deployment on servers that others use too: prefix of topics, indexes, cache keys and of the analytics database.'),
  EVENTSTORE_URL: engine(
    isEventStoreAddress,
    'esdb://user:password@host:2113, esdb://user:password@a:2113,b:2113,c:2113 or esdb+discover://user:password@name:2113',
  ).describe(
    'EventStoreDB (or KurrentDB) for the log: one node, several with commas, or a name to discover them by; without it the log is embedded.',
  ),
  DATABASE_URL: postgres.describe(
    'PostgreSQL for read models, vault and keys; without it they are embedded. Of several hosts (`a:5432,b:5432`, with `?target_session_attrs=read-write`) the first is taken that can be written.',
  ),
  ...serviceDatabases,
  DATABASE_REPLICA_URL: postgres.describe('A read replica of DATABASE_URL, for the query services.'),
  DATABASE_POOL: count(1, 1_000, 10).describe('Connections to PostgreSQL that one process holds at most.'),
  REDIS_URL: engine(isRedisAddress, 'redis://host:6379, or redis+sentinel://a:26379,b:26379/name').describe(
    'Redis for rendered answers and rate limits, or its sentinels with the name that they watch it by; without it each process has its own limits.',
  ),
  KAFKA_BROKERS: list(hostAndPort).describe('Kafka, with commas; without it the log itself is the feed, and nothing is published.'),
  KAFKA_TLS: z.enum(['on', 'off']).default('off').describe('Whether Kafka is spoken to over TLS.'),
  KAFKA_CA_FILE: z.string().optional().describe('Certificates that Kafka’s is checked against; without it the system’s.'),
  KAFKA_CERT_FILE: z.string().optional().describe('Own certificate for Kafka.'),
  KAFKA_KEY_FILE: z.string().optional().describe('Key of the own certificate.'),
  KAFKA_SASL: z.enum(['off', 'plain', 'scram-sha-256', 'scram-sha-512']).default('off').describe('How to sign in to Kafka.'),
  KAFKA_USERNAME: z.string().optional().describe('Name for KAFKA_SASL.'),
  KAFKA_PASSWORD: z.string().optional().meta({ secret: true }).describe('Password for KAFKA_SASL.'),
  ELASTICSEARCH_URL: engine(areHttpAddresses, 'https://user:password@host:9200').describe(
    'Elasticsearch for product search, several nodes with commas; without it search is embedded.',
  ),
  CLICKHOUSE_URL: engine((text) => link.safeParse(text).success, 'https://user:password@host:8123').describe(
    'ClickHouse for analytics; without it analytics is embedded in one process, and answers 503 where there are several.',
  ),
  SERVICE_URL: pattern
    .default('http://127.0.0.1:{port}')
    .describe('Where the processes of a fleet find each other: {service} is the name of a service or role, {port} its port.'),
  SERVICE_ADDRESSES: list(serviceAddress).describe(
    'Exceptions from SERVICE_URL, with commas: name=address, the name a service, a role, or write-api or read-api for one side of all services.',
  ),
  CACHE_MIB: count(1, 65_536, 64).describe('Memory for rendered answers.'),
  ANALYTICS: z.enum(['on', 'off']).default('on').describe('Reports and analysts’ queries; off: nothing is fed, and they answer 503.'),
  ANALYTICS_INTERVAL_SECONDS: count(1, 3_600, 5).describe('A fact waits so long for others, so that they are fed in batches.'),
  ANALYTICS_MEMORY_MB: count(1_024, 1_048_576, 1_024).describe(
    'The embedded analytics engine is ended, and started again, when it holds more than this; one query may have 512 of it.',
  ),
  ANALYTICS_IDLE_SECONDS: count(1, 86_400, 8).describe(
    'The embedded analytics engine, which holds 250 to 350 MB, is let go after this much rest.',
  ),
  STALLED_AFTER_SECONDS: count(1, 3_600, 40).describe(
    'A reader of the log that makes no step for so long stands still: `/readyz`, the metrics and the log say so.',
  ),
  PAYMENT_GATEWAY_URL: link.optional().describe('Payment provider; without it one is simulated in this process.'),
  PAYMENT_WEBHOOK_SECRET: secret
    .optional()
    .meta({ secret: true })
    .describe('Signs the payment provider’s webhooks; required with PAYMENT_GATEWAY_URL.'),
  COURIER_URL: link.optional().describe('Courier; without it one is simulated in this process.'),
  COURIER_WEBHOOK_SECRET: secret.optional().meta({ secret: true }).describe('Signs the courier’s webhooks; required with COURIER_URL.'),
});

export type Config = Readonly<z.output<typeof Environment>>;

export const defaultPort = 8080;

/** Where browsers find this server: as configured, else on this machine. A start replaces a port of 0 by the one it got. */
export const publicUrlOf = ({ PUBLIC_URL, PORT }: Pick<Config, 'PUBLIC_URL' | 'PORT'>): string =>
  PUBLIC_URL ?? `http://localhost:${PORT || defaultPort}`;

/** Whether browsers reach this server by TLS. */
export const isSecure = (config: Pick<Config, 'PUBLIC_URL' | 'PORT'>): boolean => publicUrlOf(config).startsWith('https:');

type Name = keyof typeof Environment.shape;
const names = Object.keys(Environment.shape) as Name[];

/** First words of names that can only be meant for us: one that we do not know is a typing error, or asks for what we do not have. */
const ownWords = new Set([
  ...names.filter((name) => name.includes('_') && name !== 'NODE_ENV').map((name) => name.slice(0, name.indexOf('_') + 1)),
  ...['TOKOBAPAK_', 'EVENTSTORE_', 'DATABASE_', 'REDIS_', 'KAFKA_', 'ELASTICSEARCH_', 'CLICKHOUSE_', 'MONGODB_', 'S3_'],
]);
/** Kubernetes gives every container names such as REDIS_PORT and REDIS_SERVICE_HOST of its neighbours. */
const fromKubernetes = /_(SERVICE_HOST|SERVICE_PORT|PORT)(_|$)/;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

const unknownNames = (env: Readonly<Record<string, string | undefined>>): string[] =>
  Object.keys(env)
    .filter((name) => env[name] && !Object.hasOwn(Environment.shape, name) && !fromKubernetes.test(name))
    .filter((name) => ownWords.has(name.slice(0, name.indexOf('_') + 1)))
    .map((name) => `${name} is not known here.`);

const isMonotonous = (text: string) => new Set(text).size < 8;

/** Links to engines that are configured, and whether nobody can listen in on them. */
const encrypted = (config: Config): readonly (readonly [string, boolean])[] => {
  const tls = (url: string) => /[?&]sslmode=(require|verify-ca|verify-full)\b/.test(url);
  const links: readonly (readonly [Name, (url: string) => boolean])[] = [
    ['EVENTSTORE_URL', (url) => !/[?&]tls=false\b/i.test(url)],
    ['DATABASE_URL', tls],
    ['DATABASE_REPLICA_URL', tls],
    ...serviceNames.map((name) => [databaseName(name), tls] as const),
    ['REDIS_URL', (url) => /^rediss[:+]/.test(url)],
    ['ELASTICSEARCH_URL', (url) => nodesIn(url).every((node) => node.startsWith('https:'))],
    ['CLICKHOUSE_URL', (url) => url.startsWith('https:')],
  ];
  return [
    ...links.flatMap(([name, isSafe]) => {
      const url = config[name];
      return typeof url === 'string' ? [[name, isSafe(url)] as const] : [];
    }),
    ['KAFKA_TLS', config.KAFKA_BROKERS.length === 0 || config.KAFKA_TLS === 'on'],
  ];
};

/** What is right by itself but not together. */
const contradictions = (config: Config): string[] => {
  const problems: string[] = [];
  const must = (right: unknown, problem: string) => {
    if (!right) problems.push(problem);
  };
  must(!config.PAYMENT_GATEWAY_URL || config.PAYMENT_WEBHOOK_SECRET !== undefined, 'PAYMENT_GATEWAY_URL needs PAYMENT_WEBHOOK_SECRET.');
  must(!config.COURIER_URL || config.COURIER_WEBHOOK_SECRET !== undefined, 'COURIER_URL needs COURIER_WEBHOOK_SECRET.');
  must(!config.CORS_ORIGINS.includes(publicUrlOf(config)), 'CORS_ORIGINS holds PUBLIC_URL, which may call anyway.');
  must(
    config.KAFKA_SASL === 'off' || (config.KAFKA_USERNAME && config.KAFKA_PASSWORD),
    'KAFKA_SASL needs KAFKA_USERNAME and KAFKA_PASSWORD.',
  );
  must(!config.KAFKA_CERT_FILE === !config.KAFKA_KEY_FILE, 'KAFKA_CERT_FILE and KAFKA_KEY_FILE go together.');
  must(config.DATABASE_REPLICA_URL === undefined || config.DATABASE_URL !== undefined, 'DATABASE_REPLICA_URL needs DATABASE_URL.');
  must(config.KAFKA_BROKERS.length === 0 || config.EVENTSTORE_URL !== undefined, 'KAFKA_BROKERS needs EVENTSTORE_URL.');
  if (config.NODE_ENV !== 'production') return problems;
  must(config.MASTER_KEY !== undefined, 'MASTER_KEY is required in production.');
  for (const name of ['MASTER_KEY', 'PAYMENT_WEBHOOK_SECRET', 'COURIER_WEBHOOK_SECRET'] as const) {
    const value = config[name];
    must(value === undefined || !isMonotonous(value), `${name} is too easy to guess.`);
  }
  must(isSecure(config), 'PUBLIC_URL must be https in production.');
  for (const name of ['PAYMENT_GATEWAY_URL', 'COURIER_URL'] as const) {
    must(!config[name]?.startsWith('http:'), `${name} must be https in production.`);
  }
  for (const allowed of config.CORS_ORIGINS) must(!allowed.startsWith('http:'), `CORS_ORIGINS: ${allowed} must be https in production.`);
  for (const [name, isSafe] of encrypted(config)) must(isSafe, `${name} must be encrypted in production.`);
  return problems;
};

/** What is wrong with a value, in words for an operator. */
const problemOf = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'number' || issue.expected === 'int' ? 'must be a whole number' : issue.message;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' ? issue.message : `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string' ? issue.message : `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
};

/** The configuration in `env` (process.env). An empty value counts as none. Throws ConfigError with everything that is wrong, and no secret. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const given = Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const parsed = Environment.safeParse(given);
  const wrong = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path[0]?.toString()}: ${problemOf(issue)}.`);
  const problems = [...unknownNames(env), ...wrong];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return parsed.data;
};

const isSecret = (name: Name) => Environment.shape[name].meta()?.secret === true;

/** One line per setting, secrets masked: what `main.ts config` prints. */
export const describeConfig = (config: Config): string =>
  names
    .map((name) => {
      const value = config[name];
      const shown = Array.isArray(value) ? value.join(',') : value === undefined ? '' : String(value);
      return `${name}=${isSecret(name) && shown !== '' ? '********' : shown}`;
    })
    .join('\n');

/** The table for docs/reference.md. */
export const configTable = (): string => {
  const defaults = Environment.parse({});
  const shown = (name: Name) => {
    const value = defaults[name];
    return value === undefined || value.toString() === '' ? '' : `\`${value.toString()}\``;
  };
  return [
    '| name | default | meaning |',
    '|---|---|---|',
    ...names.map((name) => `| \`${name}\` | ${shown(name)} | ${Environment.shape[name].description} |`),
  ].join('\n');
};

/** Where the read models of a service stand in PostgreSQL; undefined: nowhere. */
export const databaseOf = (config: Config, service: string): string | undefined =>
  (isAddressed(service) && config[databaseName(service as Service)]) || config.DATABASE_URL;
