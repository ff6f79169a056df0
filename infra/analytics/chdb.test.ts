// The analytics contract on chDB where it is installed, and what happens where it is not.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { openChdbAnalytics } from './chdb.ts';
import { analyticsContract } from './contract.ts';
import { createBuild, dictionary } from './schema.ts';

const opened = async (options: { zone?: string; engine?: string; idleMs?: number; queueLength?: number } = {}) => {
  const directory = await mkdtemp(join(tmpdir(), 'analytics-'));
  const analytics = openChdbAnalytics({ directory, zone: 'Asia/Jakarta', ...options });
  const close = async () => {
    await analytics.close();
    await rm(directory, { recursive: true });
  };
  return { analytics, directory, close };
};

const installed = existsSync(new URL('../../node_modules/chdb/package.json', import.meta.url));

if (installed) {
  analyticsContract('chDB', (zone) => opened({ zone }));

  describe('the chDB process', { timeout: 60_000 }, () => {
    it('is not started before it is needed, is let go when idle, and its facts remain', async () => {
      const { analytics, close } = await opened({ idleMs: 1 });
      expect(analytics.process.running).toBe(false);
      await analytics.create(1);
      await analytics.insert(1, {}, { logId: 'log', position: 3 });
      await expect.poll(() => analytics.process.running, { timeout: 20_000 }).toBe(false);
      expect(await analytics.checkpoint(1)).toEqual({ logId: 'log', position: 3 });
      await close();
    });

    it('is started again after a crash, in the same tables', async () => {
      const { analytics, close } = await opened();
      await analytics.create(1);
      process.kill(analytics.process.pid ?? 0, 'SIGKILL');
      await expect.poll(() => analytics.process.running, { timeout: 20_000 }).toBe(false);
      expect(Buffer.from((await analytics.query('SELECT count() FROM visits', {}, 'csv')).body).toString()).toBe('"count()"\n0\n');
      await close();
    });

    it('refuses more than may wait', async () => {
      const { analytics, close } = await opened({ queueLength: 1 });
      const first = analytics.live();
      await expect(analytics.live()).rejects.toMatchObject({ code: 'analytics.busy' });
      expect(await first).toBe(null);
      await close();
    });
  });
}

describe('without chDB', () => {
  it('every request is refused with what to install', async () => {
    const { analytics, close } = await opened({ engine: 'chdb-that-is-not-installed' });
    for (const request of [analytics.live(), analytics.query('SELECT 1')])
      await expect(request).rejects.toMatchObject({ code: 'analytics.unavailable', message: expect.stringContaining('npm install') });
    await close();
  });
});

describe('the dictionary', () => {
  it('names every column of the tables with its meaning', () => {
    const statements = createBuild(1, 'Asia/Jakarta').join('\n');
    for (const { table, columns } of dictionary('Asia/Jakarta')) {
      expect(statements).toContain(`\`facts_1\`.${table} (`);
      for (const { name, type, meaning } of columns) {
        expect(statements).toContain(`${name} ${type}`);
        expect(meaning).toMatch(/\.$/);
      }
    }
  });
});
