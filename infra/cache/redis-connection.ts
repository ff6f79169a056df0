// One connection to Redis (7 or later, by ioredis) for scripts that either answer soon or fail: nothing is queued while it is away, nothing sent twice.
import { createHash } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import { sentinelsIn } from '../addresses.ts';
import { type CircuitOptions, createCircuit } from './circuit.ts';

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export const script = (lua: string): Script => ({ lua, sha: createHash('sha1').update(lua).digest('hex') });

export interface RedisConnection {
  /** What the script returns. Its keys must share one hash tag, so that a cluster finds them in one place. */
  run(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>;
  unlink(keys: readonly string[]): Promise<void>;
  /** Settled when the first attempt to connect has ended, either way: until then nothing has failed. */
  readonly tried: Promise<void>;
  /** Whether `run` would fail at once, without anything being sent. */
  isAway(): boolean;
  close(): void;
}

const says = (error: unknown, word: string) => error instanceof Error && error.name === 'ReplyError' && error.message.startsWith(word);

const longestRetryDelay = 1_000;
const keysAtOnce = 1_000;

/** A client of the server at `url`, or of the one that its sentinels name. */
const openRedis = (url: string, options: Omit<RedisOptions, 'replyMapping'>): Redis => {
  const found = sentinelsIn(url);
  if (!found) return new Redis(url, options);
  const { hosts, name, db, username, password, sentinelPassword, tls } = found;
  return new Redis({
    ...options,
    sentinels: [...hosts],
    ...{ name, db },
    ...(username && { username }),
    ...(password && { password }),
    ...(sentinelPassword && { sentinelPassword }),
    ...(tls && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  });
};

/** Connects once and asks for the least; throws why that cannot be done. */
export const tryRedis = async (url: string): Promise<void> => {
  const once = { retryStrategy: () => null, sentinelRetryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: 2_000 };
  const redis = openRedis(url, { ...once, lazyConnect: true, enableReadyCheck: false });
  let reason: unknown;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw reason ?? error; // what the call says is only that the connection is closed
  } finally {
    redis.disconnect();
  }
};

/** `onLost`: called when the connection has ended; the next one may be to a server that has forgotten the last things that it was told. */
export const connectRedis = (url: string, circuitOptions: CircuitOptions, onLost = () => {}): RedisConnection => {
  const redis = openRedis(url, {
    connectionName: 'tokobapak',
    connectTimeout: 1_000,
    // NOTE: a connection that says nothing to what it was asked is given up, or commands would pile up on it for ever.
    socketTimeout: 2_000,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(20 * 2 ** Math.min(times, 10), longestRetryDelay) * (1 + Math.random() / 4),
  });
  redis.on('close', onLost);
  /** One error for all, since many are thrown while it is away. */
  const notConnected = new Error('There is no connection to Redis.');
  redis.on('error', (error) => {
    notConnected.cause = error; // whoever asks something hears of it, and it connects again by itself
  });
  const tried = new Promise<void>((resolve) => {
    redis
      .once('ready', () => resolve())
      .once('close', () => resolve())
      .once('end', () => resolve());
  });
  const circuit = createCircuit(circuitOptions, (error) => says(error, ''));

  const isConnected = () => redis.status === 'ready';
  const ask = <T>(call: () => Promise<T>): Promise<T> => (isConnected() ? circuit.run(call) : Promise.reject(notConnected));

  return {
    run: ({ lua, sha }, keys, values) =>
      ask(() =>
        redis.evalsha(sha, keys.length, ...keys, ...values).catch((error: unknown) => {
          if (!says(error, 'NOSCRIPT')) throw error;
          return redis.eval(lua, keys.length, ...keys, ...values);
        }),
      ),
    unlink: async (keys) => {
      for (let n = 0; n < keys.length; n += keysAtOnce) {
        const some = keys.slice(n, n + keysAtOnce);
        await ask(() => redis.unlink(...some));
      }
    },
    tried,
    isAway: () => !isConnected() || circuit.isResting(),
    close: () => redis.disconnect(),
  };
};
