// Engines that are named by several hosts, some of which are not there: PostgreSQL as libpq takes them, Redis by its sentinels, Elasticsearch by its nodes.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, afterEach, expect, it } from 'vitest';
import { openRedisCache, type RedisCache } from '../../infra/cache/redis.ts';
import { migrate, openPostgres } from '../../infra/postgres.ts';
import { openElasticsearchIndex } from '../../infra/search/elasticsearch.ts';
import { openElasticsearchReader } from '../../infra/search/elasticsearch-reader.ts';
import { newDatabase } from './database.ts';
import { needed } from './needed.ts';

const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A port where nobody listens. */
const nobody = async (): Promise<number> => {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  return port;
};

it('PostgreSQL: the first that takes a connection', async () => {
  const database = await newDatabase();
  const { host } = new URL(database.url);
  const several = database.url.replace(host, `127.0.0.1:${await nobody()},${host}`);
  await migrate(several, 'hosts', [
    { name: '1', up: async (knex) => knex.schema.withSchema('hosts').createTable('t', (table) => void table.increments()) },
  ]);
  const postgres = openPostgres(several, { max: 2 });
  expect(await Promise.all([1, 2, 3].map((n) => postgres.query('SELECT count(*) + $1::int AS n FROM hosts.t', [n])))).toEqual([
    [{ n: 1 }],
    [{ n: 2 }],
    [{ n: 3 }],
  ]);
  await postgres.close();
  await database.drop();
});

it('PostgreSQL: none that can only be read, where one is wanted that can be written', async () => {
  const database = await newDatabase();
  const { host, pathname } = new URL(database.url);
  const owner = openPostgres(database.url, { max: 1 });
  await owner.query(`ALTER DATABASE ${pathname.slice(1)} SET default_transaction_read_only = on`);
  await owner.close();
  const several = `${database.url.replace(host, `${host},${host}`)}?target_session_attrs=read-write`;
  const postgres = openPostgres(several, { max: 2 });
  const unavailable = { code: 'server.store_unavailable', message: expect.stringContaining('this host can only be read') };
  await expect(postgres.query('SELECT 1')).rejects.toMatchObject(unavailable);
  await expect(migrate(several, 'hosts', [])).rejects.toMatchObject(unavailable);
  await postgres.close();
  const any = openPostgres(several.replace('read-write', 'any'), { max: 2 });
  expect(await any.query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
  await any.close();
  await database.drop();
});

/** A sentinel that watches the real server under this name, and says so to whoever asks. */
const startSentinel = async (name: string): Promise<number> => {
  const { hostname, port } = new URL(needed('REDIS_URL'));
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
  const answerTo = (command: string): string => {
    if (command.includes('hello')) return `%1\r\n${bulk('proto')}:3\r\n`;
    if (command.includes('get-master-addr-by-name')) return command.includes(name) ? `*2\r\n${bulk(hostname)}${bulk(port)}` : '*-1\r\n';
    return command.includes('sentinels') ? '*0\r\n' : '+OK\r\n';
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const command of data.toString().split(/^\*\d+\r\n/m)) if (command !== '') socket.write(answerTo(command));
    });
  });
  servers.push(server);
  return listening(server);
};

const asked = async (cache: RedisCache) => {
  try {
    return await cache.gcra('probe', 1, 1, 0);
  } catch {
    return null;
  }
};

it('Redis: the server that its sentinels name', async () => {
  const [gone, there] = [await nobody(), await startSentinel('toko-main')];
  const cache = openRedisCache(`redis+sentinel://127.0.0.1:${gone},127.0.0.1:${there}/toko-main`, {
    namespace: `hosts-${randomUUID()}`,
    timeoutMs: 10_000,
    restMs: 0,
  });
  await expect.poll(() => asked(cache), { timeout: 20_000 }).toEqual({ allowed: true });
  cache.close();
});

it('Elasticsearch: the nodes that can be reached', async () => {
  const url = `http://127.0.0.1:${await nobody()},${needed('ELASTICSEARCH_URL')},http://127.0.0.1:${await nobody()}`;
  const options = { url, namespace: `hosts-${randomUUID()}` };
  const [index, reader] = [openElasticsearchIndex(options), openElasticsearchReader(options)];
  await index.create(1);
  for (let asked = 0; asked < 6; asked += 1) await expect(index.checkpoint(1)).resolves.toBeNull();
  await reader.close();
  await index.close();
});
afterAll(async () => {
  await fetch(`${needed('ELASTICSEARCH_URL')}/hosts-*`, { method: 'DELETE' });
});
