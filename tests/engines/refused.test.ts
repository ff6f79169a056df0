// What real engines say to a wrong password, user or name, and what is made of it.
import { expect, it } from 'vitest';
import { readConfig } from '../../infra/config.ts';
import { diagnosed } from '../../infra/connect-diagnosis.ts';
import { openPostgres } from '../../infra/postgres.ts';
import { newDatabase } from './database.ts';
import { needed } from './needed.ts';

const sentence = async (env: Record<string, string>) => {
  const found = await diagnosed(new Error('something'), readConfig({ NODE_ENV: 'test', ...env }));
  return found instanceof Error ? found.message : '';
};
const withUser = (url: string, userAndPassword: string) => url.replace(/\/\/(?:[^/@]*@)?/, `//${userAndPassword}@`);

it('says nothing of engines that work', async () => {
  const names = ['DATABASE_URL', 'REDIS_URL', 'ELASTICSEARCH_URL', 'CLICKHOUSE_URL'];
  expect(await sentence(Object.fromEntries(names.map((name) => [name, needed(name)])))).toBe('something');
});

it.each([
  ['DATABASE_URL', (url: string) => withUser(url, 'nobody-of-ours:sesame'), /it refuses this user or the password\./],
  ['DATABASE_URL', (url: string) => url.replace(/\/\w+$/, '/nothing_of_ours'), /it has no such database\./],
  ['DATABASE_URL', (url: string) => `${url}?sslmode=verify-full`, /one side speaks TLS, the other does not\./],
  ['REDIS_URL', (url: string) => withUser(url, 'nobody-of-ours:sesame'), /it refuses this user or the password\./],
  ['ELASTICSEARCH_URL', (url: string) => url.replace('http:', 'https:'), /one side speaks TLS, the other does not\./],
])('%s', async (name, spoilt, says) => {
  const said = await sentence({ [name]: spoilt(needed(name)) });
  expect(said).toMatch(says);
  expect(said).not.toContain('sesame');
});

it('DATABASE_URL of a user who may make nothing there', async () => {
  const database = await newDatabase();
  const owner = openPostgres(database.url, { max: 1 });
  const name = `poor_${Date.now()}`;
  await owner.query(`CREATE ROLE ${name} LOGIN PASSWORD 'sesame'`);
  expect(await sentence({ DATABASE_URL: withUser(database.url, `${name}:sesame`) })).toMatch(/this user may not do what is needed\./);
  await owner.query(`DROP ROLE ${name}`);
  await owner.close();
  await database.drop();
});

it('Kafka that speaks no TLS', async () => {
  const env = { EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false', KAFKA_BROKERS: needed('KAFKA_BROKERS'), KAFKA_TLS: 'on' };
  expect((await sentence(env)).split('\n')[1]).toMatch(/^KAFKA_BROKERS \(.*\): one side speaks TLS, the other does not\./);
});
