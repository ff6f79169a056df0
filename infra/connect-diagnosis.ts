// Why an engine cannot be used, in one sentence: the setting, its address without secrets, the cause, and what to do.
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { eachHost, esdbAddress, isEventStoreAddress, sentinelsIn, withoutSecrets } from './addresses.ts';
import { type Config, databaseNames } from './config.ts';
import { kafkaSettings } from './connect-log.ts';

/** Milliseconds that an engine has to answer when it is asked why it does not work. */
const longestProbe = 3_000;

/** An engine that this process is to use. */
interface Engine {
  /** The setting that names it. */
  readonly setting: string;
  readonly address: string;
  readonly hasUser: boolean;
  /** How user and password are given. */
  readonly credentials: string;
  /** How the authority of its certificate is given. */
  readonly authority: string;
  /** Without it a process starts all the same, and takes it up once it is there. */
  readonly maybeAway: boolean;
  /** Asks it what every user of it may ask. */
  probe(): Promise<unknown>;
}

interface Cause {
  readonly says: string;
  readonly advice: string;
  /** Nothing passes by itself here: a setting is wrong, or a right is missing. */
  readonly isFinal: boolean;
}

/** An engine cannot be used. */
export class EngineUnusable extends Error {
  override readonly name = 'EngineUnusable';
  readonly isFinal: boolean;

  constructor({ setting, address }: Pick<Engine, 'setting' | 'address'>, { says, advice, isFinal }: Cause, cause: unknown) {
    super(`${setting} (${withoutSecrets(address)}): ${says}. ${advice}`, { cause });
    this.isFinal = isFinal;
  }
}

const field = (error: object, name: string): unknown => (name in error ? (error as Record<string, unknown>)[name] : undefined);

/** An error and everything that led to it. */
function* chainOf(error: unknown, depth = 0): Generator<object> {
  if (typeof error !== 'object' || error === null || depth > 5) return;
  yield error;
  yield* chainOf(field(error, 'cause'), depth + 1);
  const errors = field(error, 'errors');
  if (Array.isArray(errors)) for (const one of errors) yield* chainOf(one, depth + 1);
}

/** Codes and messages of all of them, in which the engines' own words are looked for. */
const wordsOf = (error: unknown): string =>
  [...chainOf(error)]
    .map((link) => ['code', 'statusCode', 'name', 'type', 'message'].map((name) => String(field(link, name) ?? '')).join(' '))
    .join('\n');

const fileMissing = (error: unknown): { readonly path: string; readonly code: string } | null => {
  for (const link of chainOf(error)) {
    const [code, path, syscall] = [field(link, 'code'), field(link, 'path'), field(link, 'syscall')];
    if (typeof path === 'string' && typeof code === 'string' && (syscall === 'open' || syscall === 'read')) return { path, code };
  }
  return null;
};

/** The words by which engines and their clients tell of a cause, most telling first. */
const words = {
  name: /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
  certificate:
    /(SELF_SIGNED_CERT\w*|DEPTH_ZERO\w*|UNABLE_TO_(?:VERIFY|GET_ISSUER)\w*|CERT_(?:HAS_EXPIRED|NOT_YET_VALID|UNTRUSTED|REJECTED)|self-signed certificate|unable to (?:verify|get)[\w ]*certificate|certificate has expired)/,
  tls: /EPROTO|wrong version number|packet length too long|does not support SSL|HTTP\/0\.9|Parse Error|SSL routines|disconnected before secure TLS/,
  credentials:
    /UNAUTHENTICATED|\b(28P01|28000)\b|WRONGPASS|NOAUTH|SASL: SCRAM|SASL\w*Authentication|SASL.*failed|AUTHENTICATION_FAILED|^(401|16) |\b401\b|\b516\b/m,
  rights: /PERMISSION_DENIED|\b42501\b|NOPERM|AUTHORIZATION_FAILED|ACCESS_DENIED|\b403\b/,
  database: /\b3D000\b/,
  host: /ENOTFOUND|EAI_AGAIN|Name resolution failed/,
  refused: /ECONNREFUSED/,
  leaderless: /Failed to discover|not ready|NotReady/,
} as const;

const causeOf = (error: unknown, { hasUser, credentials, authority, setting }: Engine): Cause => {
  const text = wordsOf(error);
  const file = fileMissing(error);
  const final = (says: string, advice: string): Cause => ({ says, advice, isFinal: true });
  const passing = (says: string, advice: string): Cause => ({ says, advice, isFinal: false });
  if (file) {
    const says = file.code === 'ENOENT' ? `there is no file ${file.path}` : `the file ${file.path} cannot be read (${file.code})`;
    return final(
      says,
      `Put it there, or correct what names it in ${setting.startsWith('KAFKA_') ? 'the settings KAFKA_…_FILE' : 'the address'}.`,
    );
  }
  if (words.name.test(text)) return final('its certificate is another host’s', 'Use the name that stands in the certificate.');
  const [untrusted] = words.certificate.exec(text) ?? [];
  if (untrusted) return final(`its certificate is not trusted (${untrusted})`, `${authority}.`);
  if (words.credentials.test(text)) {
    const says = hasUser ? 'it refuses this user or the password' : 'it lets nobody in without a user and a password';
    return final(says, `${credentials}.`);
  }
  if (words.rights.test(text)) {
    if (!hasUser) return final('it allows nothing without a user and a password', `${credentials}.`);
    return final('this user may not do what is needed', 'Give it the rights that docs/operations.md lists.');
  }
  if (words.database.test(text)) return final('it has no such database', 'Make it, or correct the name in the address.');
  if (words.tls.test(text)) return final('one side speaks TLS, the other does not', 'Let the address say what the server speaks.');
  if (words.host.test(text)) return passing('there is no host of this name', 'Correct it, or the name service.');
  if (words.refused.test(text)) return passing('nobody listens there', 'Start the server, or correct host and port.');
  if (words.leaderless.test(text))
    return passing('no node of it leads', 'See that most of its nodes run and reach each other, or correct the hosts.');
  return passing('it does not answer', 'See that it runs and can be reached from here, or correct the address.');
};

/** Connects, and shakes hands where there is TLS: for clients that do not say what went wrong. */
const reach = (host: string, port: number, tls: { readonly ca?: Buffer } | null): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = { host, port, timeout: longestProbe };
    const socket = tls
      ? connectTls({ ...options, ...tls, ...(!isIP(host) && { servername: host }), ALPNProtocols: ['h2'] })
      : connectTcp(options);
    socket
      .once(tls ? 'secureConnect' : 'connect', () => resolve())
      .once('timeout', () => reject(new Error('no answer in time')))
      .once('error', reject)
      .once('close', () => reject(new Error('no answer in time')));
    const end = () => socket.destroy();
    socket
      .once('secureConnect', end)
      .once(tls ? 'secureConnect' : 'connect', end)
      .once('timeout', end);
  });

const reachEach = async (address: string, usualPort: number, tls: { readonly ca?: Buffer } | null): Promise<void> => {
  for (const one of eachHost(address)) {
    const { hostname, port } = new URL(one);
    await reach(hostname, Number(port || usualPort), tls);
  }
};

const probeRedis = async (url: string) => {
  const { tryRedis } = await import('./cache/redis-connection.ts');
  await tryRedis(url).catch(async (error: unknown) => {
    const sentinels = sentinelsIn(url);
    if (sentinels && !words.credentials.test(wordsOf(error))) await reachEach(url, 26_379, sentinels.tls ? {} : null);
    throw error;
  });
};

const probeEventStore = async (url: string) => {
  const { Connection } = await import('./event-store/eventstoredb-connection.ts');
  const connection = new Connection(url);
  try {
    await connection.pageOfAll(null, { limit: 1, within: longestProbe });
  } catch (error) {
    if (words.credentials.test(wordsOf(error)) || words.rights.test(wordsOf(error))) throw error;
    const options = new URL(eachHost(url)[0]).searchParams;
    const ca = options.get('tlsCAFile');
    await reachEach(url, 2_113, options.get('tls') === 'false' ? null : { ...(ca && { ca: readFileSync(ca) }) });
    throw error;
  } finally {
    await connection.close().catch(() => {});
  }
};

const probePostgres = async (url: string) => {
  const { openPostgres } = await import('./postgres.ts');
  const postgres = openPostgres(url, {
    max: 1,
    name: 'tokobapak diagnosis',
    connectTimeoutMs: longestProbe,
    statementTimeoutMs: longestProbe,
  });
  try {
    const [right] = await postgres.query<{ may: boolean }>(`SELECT has_database_privilege(current_database(), 'CREATE') AS may`);
    if (right?.may === false) throw new Error('PERMISSION_DENIED');
  } finally {
    await postgres.close();
  }
};

const probeElasticsearch = async (url: string) => {
  const { openClient } = await import('./search/elasticsearch-client.ts');
  const client = openClient({ url, namespace: 'diagnosis' }, longestProbe);
  try {
    await client.info();
  } finally {
    await client.close();
  }
};

const probeClickHouse = async (url: string) => {
  const { openClickHouse } = await import('./analytics/clickhouse-client.ts');
  const server = openClickHouse({ url, timeout: longestProbe });
  try {
    await server.connection('default').rows({ sql: 'SELECT 1' });
  } finally {
    await server.close();
  }
};

const probeKafka = async (config: Config) => {
  const kafka = kafkaSettings(config);
  if (!kafka) return;
  const { openKafka } = await import('./event-feed/kafka-client.ts');
  const admin = openKafka({ ...kafka, requestTimeoutMs: longestProbe }, 0).admin();
  try {
    await admin.connect();
    await admin.describeCluster();
  } finally {
    await admin.disconnect().catch(() => {});
  }
};

const inTime = async (probe: () => Promise<unknown>): Promise<void> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer in time')), longestProbe + 1_000);
  try {
    await Promise.race([probe(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

const hasUser = (url: string) => /\/\/[^/?#]*@/.test(url);
const inAddress = (example: string) => `Put the right ones into the address (${example})`;
const byNode = 'Name the certificates of its authority by NODE_EXTRA_CA_CERTS';

const eventStoreAt = (setting: string, address: string): Engine => ({
  ...{ setting, address, hasUser: hasUser(address), maybeAway: false },
  credentials: inAddress('esdb://user:password@host:2113'),
  authority: 'Name the certificate of its authority by tlsCAFile= in the address',
  probe: () => probeEventStore(esdbAddress(address)),
});

const postgresAt = (setting: string, address: string): Engine => ({
  ...{ setting, address, hasUser: hasUser(address), maybeAway: false },
  credentials: inAddress('postgres://user:password@host:5432/name'),
  authority: 'Name the certificate of its authority by sslrootcert= in the address',
  probe: () => probePostgres(address),
});

/** The engines that the configuration names, as far as they are asked for. */
const enginesOf = (config: Config): Engine[] => {
  const { EVENTSTORE_URL, REDIS_URL, ELASTICSEARCH_URL, CLICKHOUSE_URL, KAFKA_BROKERS } = config;
  const found: Engine[] = [];
  if (EVENTSTORE_URL) found.push(eventStoreAt('EVENTSTORE_URL', EVENTSTORE_URL));
  for (const name of databaseNames) if (config[name]) found.push(postgresAt(name, config[name]));
  const soft = (setting: string, address: string, example: string, probe: () => Promise<unknown>): Engine => ({
    ...{ setting, address, hasUser: hasUser(address), maybeAway: true, authority: byNode, probe },
    credentials: inAddress(example),
  });
  if (REDIS_URL) found.push(soft('REDIS_URL', REDIS_URL, 'redis://user:password@host:6379', () => probeRedis(REDIS_URL)));
  if (ELASTICSEARCH_URL)
    found.push(
      soft('ELASTICSEARCH_URL', ELASTICSEARCH_URL, 'https://user:password@host:9200', () => probeElasticsearch(ELASTICSEARCH_URL)),
    );
  if (CLICKHOUSE_URL)
    found.push(soft('CLICKHOUSE_URL', CLICKHOUSE_URL, 'https://user:password@host:8123', () => probeClickHouse(CLICKHOUSE_URL)));
  if (KAFKA_BROKERS.length > 0)
    found.push({
      ...{ setting: 'KAFKA_BROKERS', address: KAFKA_BROKERS.join(','), hasUser: config.KAFKA_SASL !== 'off', maybeAway: true },
      credentials: 'Set KAFKA_SASL, KAFKA_USERNAME and KAFKA_PASSWORD',
      authority: 'Name the certificate of its authority by KAFKA_CA_FILE',
      probe: () => probeKafka(config),
    });
  return found;
};

const troubleWith = async (engine: Engine): Promise<EngineUnusable | null> => {
  try {
    await inTime(engine.probe);
    return null;
  } catch (error) {
    return new EngineUnusable(engine, causeOf(error, engine), error);
  }
};

/**
 * Throws EngineUnusable where an engine that a process can start without refuses it for good: a wrong password does not become right. What is
 * only away is taken up once it comes.
 */
export const checkEngines = async (config: Config, settings: readonly (keyof Config)[]): Promise<void> => {
  const wanted = enginesOf(config).filter(({ setting, maybeAway }) => maybeAway && settings.some((name) => name === setting));
  const found = await Promise.all(wanted.map(troubleWith));
  const refused = found.find((one) => one?.isFinal && !words.rights.test(wordsOf(one.cause)));
  if (refused) throw refused;
};

/** What a failure has to do with engines of the configuration, or with those at `places`: one EngineUnusable, or the error itself. */
export const diagnosed = async (error: unknown, config: Config, places: readonly string[] = []): Promise<unknown> => {
  const named = places.filter(isEventStoreAddress).map((place) => eventStoreAt('The address', place));
  const engines = [...named, ...enginesOf(config)];
  const found = (await Promise.all(engines.map(troubleWith))).flatMap((trouble, n) => (trouble ? [{ trouble, ...engines[n] }] : []));
  const serious = found.filter(({ trouble, maybeAway }) => trouble.isFinal || !maybeAway);
  const [first, ...others] = (serious.length > 0 ? serious : found).map(({ trouble }) => trouble);
  if (first) first.message = [first, ...others].map(({ message }) => message).join('\n');
  return first ?? error;
};
