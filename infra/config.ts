// The configuration: environment only, one schema, checked as a whole before anything starts. Also the source of its documentation.
import { isIP } from 'node:net';
import { z } from 'zod';
import { Currency } from '../domain/money.ts';

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

const Environment = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('`production` refuses weak secrets and plain-text links.'),
  PORT: count(0, 65_535, 8080).describe('Port for HTTP; 0 takes a free one.'),
  HOST: z.string().default('0.0.0.0').describe('Address to listen on.'),
  PUBLIC_URL: origin
    .default('http://localhost:8080')
    .describe('Origin under which browsers know this server; https also turns HSTS and `__Host-` cookies on.'),
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
  RATE_LOGIN_PER_MINUTE: count(1, 1_000_000, 5).describe('Logins per minute, per address and per account.'),
  RATE_CHECKOUT_PER_MINUTE: count(1, 1_000_000, 10).describe('Checkouts per minute and person.'),
  RATE_SEARCH_PER_MINUTE: count(1, 1_000_000, 60).describe('Searches per minute, per person or address.'),
  RATE_OTHER_PER_MINUTE: count(1, 10_000_000, 300).describe('All other requests per minute, per person or address.'),
  MAX_IN_FLIGHT: count(32, 100_000, 5_000).describe('Requests inside at once, at most; fewer when the event loop lags.'),
  CACHE_MIB: count(1, 65_536, 64).describe('Memory for rendered answers.'),
  ANALYTICS: z.enum(['on', 'off']).default('on').describe('Reports and analysts’ queries; off: nothing is fed, and they answer 503.'),
  ANALYTICS_INTERVAL_SECONDS: count(1, 3_600, 5).describe('A fact waits so long for others, so that they are fed in batches.'),
  ANALYTICS_IDLE_SECONDS: count(1, 86_400, 8).describe(
    'The embedded analytics engine, which holds 250 to 350 MB, is let go after this much rest.',
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

/** What is right by itself but not together. */
const contradictions = (config: Config): string[] => {
  const problems: string[] = [];
  const must = (right: boolean, problem: string) => {
    if (!right) problems.push(problem);
  };
  must(!config.PAYMENT_GATEWAY_URL || config.PAYMENT_WEBHOOK_SECRET !== undefined, 'PAYMENT_GATEWAY_URL needs PAYMENT_WEBHOOK_SECRET.');
  must(!config.COURIER_URL || config.COURIER_WEBHOOK_SECRET !== undefined, 'COURIER_URL needs COURIER_WEBHOOK_SECRET.');
  must(!config.CORS_ORIGINS.includes(config.PUBLIC_URL), 'CORS_ORIGINS holds PUBLIC_URL, which may call anyway.');
  if (config.NODE_ENV !== 'production') return problems;
  must(config.MASTER_KEY !== undefined, 'MASTER_KEY is required in production.');
  for (const name of ['MASTER_KEY', 'PAYMENT_WEBHOOK_SECRET', 'COURIER_WEBHOOK_SECRET'] as const) {
    const value = config[name];
    must(value === undefined || !isMonotonous(value), `${name} is too easy to guess.`);
  }
  for (const name of ['PUBLIC_URL', 'PAYMENT_GATEWAY_URL', 'COURIER_URL'] as const) {
    must(!config[name]?.startsWith('http:'), `${name} must be https in production.`);
  }
  for (const allowed of config.CORS_ORIGINS) must(!allowed.startsWith('http:'), `CORS_ORIGINS: ${allowed} must be https in production.`);
  return problems;
};

/** The configuration in `env` (process.env). An empty value counts as none. Throws ConfigError with everything that is wrong, and no secret. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const given = Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const parsed = Environment.safeParse(given);
  const wrong = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path[0]?.toString()}: ${issue.message}.`);
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
