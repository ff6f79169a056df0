// The smallest rights that docs/operations.md lists are enough: a purchase, with PostgreSQL and Redis as users who may do nothing else.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgres } from '../../infra/postgres.ts';
import { type Child, newDataDir, startChild } from '../support/child.ts';
import { freshId } from '../support/probe.ts';
import { order } from '../support/purchase.ts';
import { openShop, sell, signIn } from '../support/shop.ts';
import { newDatabase, type TestDatabase } from './database.ts';
import { needed } from './needed.ts';

const password = randomUUID();
const user = `toko_${randomUUID().slice(0, 8)}`;
const namespace = `rights-${randomUUID().slice(0, 8)}`;
const asUser = (url: string) => url.replace(/\/\/(?:[^/@]*@)?/, `//${user}:${password}@`);

let database: TestDatabase;
let redis: Redis;
let house: Child | null = null;
const folder = newDataDir();
const administrate = async (url: string, statements: readonly string[]) => {
  const postgres = openPostgres(url, { max: 1 });
  for (const statement of statements) await postgres.query(statement);
  await postgres.close();
};
beforeAll(async () => {
  database = await newDatabase();
  const name = new URL(database.url).pathname.slice(1);
  await administrate(database.url, [
    `CREATE ROLE ${user} LOGIN PASSWORD '${password}'`,
    `DO $$ BEGIN CREATE ROLE tokobapak_seller NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    `GRANT tokobapak_seller TO ${user}`,
    `GRANT CONNECT, CREATE ON DATABASE ${name} TO ${user}`,
  ]);
  redis = new Redis(needed('REDIS_URL'));
  const commands = ['+eval', '+evalsha', '+get', '+set', '+del', '+unlink', '+time', '+ping', '+info', '+hello', '+client|setname'];
  await redis.call('ACL', 'SETUSER', user, 'reset', 'on', `>${password}`, `~{${namespace}:*`, ...commands);
});
afterAll(async () => {
  await house?.stop();
  await redis.call('ACL', 'DELUSER', user);
  redis.disconnect();
  await database.drop();
  await administrate(needed('DATABASE_URL'), [`DROP ROLE ${user}`]);
  rmSync(folder, { recursive: true });
});

it('are enough for a purchase and for signing in', async () => {
  const env = { DATABASE_URL: asUser(database.url), REDIS_URL: asUser(needed('REDIS_URL')), NAMESPACE: namespace, ANALYTICS: 'off' };
  house = await startChild(folder, env);
  const shop = await openShop(house);
  await order(house, { token: await house.tokenFor(freshId(), ['CUSTOMER']) }, await sell(house, shop, 10));
  expect(await signIn(house, shop.email, shop.password)).toBeTruthy();
  expect((await redis.keys(`{${namespace}:*`)).length).toBeGreaterThan(0);
  expect(house.lines.filter((line) => /NOPERM|permission denied/.test(line))).toEqual([]);
  const log = (await redis.call('ACL', 'LOG', '100')) as readonly (readonly unknown[])[];
  expect(log.filter((entry) => entry.includes(user))).toEqual([]);
});
