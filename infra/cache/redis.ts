// The cache on Redis, for several processes. Every step is one Lua script on keys of one hash tag, so that it is atomic, on a cluster too.
//
// Answers can be found and filled in only while their keeper (redis-keeper.ts), who hears of every change, says so: under `open` stands its
// present epoch, which ends by itself soon after the keeper falls silent. Every answer begins with the epoch that it was kept in, so that
// a new epoch makes all of them old at once. Any maxmemory-policy will do; everything has a time to live.
import { randomUUID } from 'node:crypto';
import { admitted, type Cache } from './port.ts';
import { connectRedis, script } from './redis-connection.ts';

export interface RedisCacheOptions {
  /** Begins the name of every key: several deployments may share a server. */
  readonly namespace: string;
  /** Milliseconds that an answer may take; what it saves is a query that takes a few. */
  readonly timeoutMs?: number;
  /** Milliseconds that a server which did not answer is left alone. */
  readonly restMs?: number;
}

/** Where answers stand. All have one hash tag: each step also looks at `open`. */
export const answerKeys = (namespace: string) => {
  const tag = `{${namespace}:answers}`;
  const value = (key: string) => `${tag}:value:${key}`;
  const ticket = (key: string) => `${tag}:ticket:${key}`;
  return { open: `${tag}:open`, value, ticket, all: (keys: readonly string[]) => keys.flatMap((key) => [value(key), ticket(key)]) };
};

/** A load that takes longer than this is not kept. */
const ticketMs = 10_000;

const lookup = script(`
  local open, value, ticket = KEYS[1], KEYS[2], KEYS[3]
  local fresh, lifetime = ARGV[1], ARGV[2]
  local epoch = redis.call('GET', open)
  if not epoch then return false end
  local mark = epoch .. ' '
  local kept = redis.call('GET', value)
  if kept and string.sub(kept, 1, #mark) == mark then return 'v' .. string.sub(kept, #mark + 1) end
  local given = redis.call('GET', ticket)
  if not given or string.sub(given, 1, #mark) ~= mark then
    given = mark .. fresh
    redis.call('SET', ticket, given, 'PX', lifetime)
  end
  return 't' .. given
`);

const fill = script(`
  local open, value, ticket = KEYS[1], KEYS[2], KEYS[3]
  local mine, text, lifetime = ARGV[1], ARGV[2], ARGV[3]
  local epoch = redis.call('GET', open)
  if not epoch or redis.call('GET', ticket) ~= mine then return 0 end
  local mark = epoch .. ' '
  if string.sub(mine, 1, #mark) ~= mark then return 0 end
  redis.call('SET', value, mark .. text, 'PX', lifetime)
  redis.call('DEL', ticket)
  return 1
`);

/** By the server's clock: all who share a limit are measured by one; what it said while it was ahead counts no more. Answers 0, or the milliseconds to wait. */
const gcra = script(`
  local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
  local time = redis.call('TIME')
  local now = time[1] * 1000 + time[2] / 1000
  local known = tonumber(redis.call('GET', KEYS[1]) or now)
  local arrival = known > now + interval * (burst + 1) and now or math.max(known, now)
  local early = arrival - now - interval * (burst - 1)
  if early > 0 then return math.ceil(early) end
  redis.call('SET', KEYS[1], string.format('%.3f', arrival + interval), 'PX', math.ceil(arrival + interval - now))
  return 0
`);

export interface RedisCache extends Cache {
  close(): void;
}

/** Opens at once, also where nobody answers yet: then nothing is kept, and `gcra` rejects, until somebody does. */
export const openRedisCache = (url: string, { namespace, timeoutMs = 75, restMs = 1_000 }: RedisCacheOptions): RedisCache => {
  const redis = connectRedis(url, { timeoutMs, restMs });
  const names = answerKeys(namespace);
  return {
    lookup: async (key) => {
      if (redis.isAway()) return null;
      const found = await redis.run(lookup, [names.open, names.value(key), names.ticket(key)], [randomUUID(), ticketMs]);
      if (typeof found !== 'string') return null;
      return found.startsWith('v') ? found.slice(1) : { id: found.slice(1) };
    },
    fill: async (key, ticket, value, ttl) => {
      await redis.run(fill, [names.open, names.value(key), names.ticket(key)], [ticket.id, value, Math.ceil(ttl)]);
    },
    delete: (keys) => redis.unlink(names.all(keys)),
    gcra: async (key, interval, burst) => {
      const wait = Number(await redis.run(gcra, [`{${namespace}:${key}}`], [interval, burst]));
      return wait === 0 ? admitted : { allowed: false, retryAfter: wait };
    },
    close: redis.close,
  };
};
