// The analytics contract on ClickHouse.
import { randomUUID } from 'node:crypto';
import { openClickHouseAnalytics } from '../../infra/analytics/clickhouse.ts';
import { analyticsContract } from '../../infra/analytics/contract.ts';
import { needed } from './needed.ts';

const url = needed('CLICKHOUSE_URL');

/** Statements past the adapter, as an operator would run them. */
const run = async (sql: string) => (await (await fetch(url, { method: 'POST', body: sql })).text()).trim();

const opened = (by = url, timeout?: number) => {
  const namespace = `test_${randomUUID().replaceAll('-', '')}`;
  const options = { url: by, namespace, zone: 'Asia/Jakarta', ...(timeout !== undefined && { timeout }) };
  const analytics = openClickHouseAnalytics(options);
  const databases = async () => (await run('SHOW DATABASES')).split('\n').filter((name) => name.startsWith(namespace));
  const wipe = async () => {
    for (const name of await databases()) await run(`DROP DATABASE \`${name}\` SYNC`);
  };
  const close = async () => {
    await analytics.close();
    await wipe();
  };
  return { analytics, options, databases, wipe, close };
};

analyticsContract('ClickHouse', async () => opened());
