// The analytics contract on chDB where it is installed, and what happens where it is not.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { openChdbAnalytics } from './chdb.ts';
import { analyticsContract } from './contract.ts';
import { type Analytics, defaultCaps } from './port.ts';
import { createBuild, dictionary } from './schema.ts';

const opened = async (options: { zone?: string; engine?: string; idleMs?: number; queueLength?: number; memoryBytes?: number } = {}) => {
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
      const { pid } = analytics.process;
      // NOTE: 0 would be this process and all that it was started with.
      if (pid === null) throw new Error('The engine does not run.');
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => analytics.process.running, { timeout: 20_000 }).toBe(false);
      expect(Buffer.from((await analytics.query('SELECT count() FROM visits', {}, 'csv')).body).toString()).toBe('"count()"\n0\n');
      await close();
    });

    const megabytes = (count: number) => count * 1024 * 1024;
    const caps = { seconds: 30, rows: 100, memoryBytes: megabytes(8_000) };

    it('is ended when it holds more memory than it may, whatever the engine counts, and whoever asked is told', async () => {
      const { analytics, close } = await opened({ memoryBytes: megabytes(700) });
      await analytics.create(1);
      const growing = 'SELECT length(arrayMap(x -> x + 1, arrayResize([1], 1000000000)))';
      await expect(analytics.query(growing, {}, 'csv', caps)).rejects.toMatchObject({ code: 'analytics.result_too_large' });
      expect(Buffer.from((await analytics.query('SELECT count() FROM visits', {}, 'csv')).body).toString()).toBe('"count()"\n0\n');
      await close();
    });

    it('is let go when a query has left it so full that the next would not find room', async () => {
      const { analytics, close } = await opened({ memoryBytes: megabytes(600) });
      await analytics.create(1);
      const before = analytics.process.pid;
      await analytics.query('SELECT 1');
      expect(analytics.process.running).toBe(false);
      await analytics.insert(1, {}, { logId: 'log', position: 3 });
      expect([analytics.process.running, analytics.process.pid === before]).toEqual([true, false]);
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

describe('an engine that does not come to an end', () => {
  const period = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };

  it.each([
    ['a query', (analytics: Analytics, signal: AbortSignal) => analytics.query('SELECT * FROM deliveries', {}, 'csv', defaultCaps, signal)],
    ['a report', (analytics: Analytics, signal: AbortSignal) => analytics.report('deliverySlip', period, signal)],
  ])('is ended when nobody waits for the answer to %s any more, and others are answered', async (_, question) => {
    const { analytics, directory, close } = await opened({ engine: new URL('./hanging-engine.fixture.ts', import.meta.url).href });
    await analytics.live();
    const before = analytics.process.pid;
    const client = new AbortController();
    const asked = question(analytics, client.signal);
    await expect.poll(() => existsSync(join(directory, 'begun')), { timeout: 20_000 }).toBe(true);
    const behind = [analytics.query('SELECT 1', {}, 'csv', defaultCaps, client.signal), analytics.query('SELECT 2')] as const;
    client.abort();
    for (const left of [asked, behind[0]]) await expect(left).rejects.toMatchObject({ code: 'request.aborted' });
    expect((await behind[1]).contentType).toBe('application/json');
    expect(analytics.process.pid).not.toBe(before);
    await close();
  });
});

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
