// What every place beside the log keeps.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Beside, BesideOptions, KeptKey } from './beside.ts';
import { keyLifetime } from './port.ts';

export const keptKey = (more: Partial<KeptKey> = {}): KeptKey => ({
  commandId: randomUUID(),
  fingerprint: 'f',
  at: '2026-01-01T00:00:00.000Z',
  streamId: 'test-a',
  firstRevision: 3,
  count: 2,
  outcome: null,
  ...more,
});

export const besideContract = (
  name: string,
  prepare: () => Promise<{ open(options: BesideOptions): Promise<Beside>; remove(): Promise<void> }>,
) =>
  describe(`beside the log: ${name}`, () => {
    let place: Awaited<ReturnType<typeof prepare>>;
    let beside: Beside;
    let clock = Date.parse('2026-01-01T00:00:00.000Z');
    const failures: Error[] = [];
    const open = () => place.open({ now: () => clock, onError: (error) => failures.push(error) });
    let log = 'a log';
    /** As a store that opens it: what is written is this log's. */
    const belongTo = (logId: string) => {
      log = logId;
      return beside.belongTo(logId);
    };
    const restart = async () => {
      await beside.close();
      beside = await open();
      await beside.belongTo(log);
    };
    beforeAll(async () => {
      place = await prepare();
      beside = await open();
      await belongTo(log);
    });
    afterAll(async () => {
      await beside.close();
      await place.remove();
      expect(failures).toEqual([]);
    });

    it('keeps nothing of another log', async () => {
      await belongTo('one');
      beside.checkpoints.save('reader of one', 7);
      beside.saveSnapshot('test-of-one', { revision: 1, version: 1, body: '{}' });
      await restart();
      expect(await beside.checkpoints.load('reader of one')).toBe(7);
      await restart();
      await belongTo('another');
      expect(await beside.checkpoints.load('reader of one')).toBe(0);
      expect(await beside.snapshot('test-of-one')).toBeNull();
    });

    it('finds a key at once and after a restart, with its events or its answer', async () => {
      const [events, refusal] = [keptKey(), keptKey({ streamId: null, firstRevision: 0, count: 0, outcome: '{"status":409}' })];
      beside.keep([events, refusal]);
      for (const _ of ['at once', 'after a restart']) {
        for (const { commandId, at: _at, ...known } of [events, refusal]) expect(await beside.known(commandId)).toEqual(known);
        expect(await beside.known(randomUUID())).toBeNull();
        await restart();
      }
    });

    it('forgets a key after 48 hours', async () => {
      const key = keptKey({ at: new Date(clock).toISOString() });
      beside.keep([key]);
      await restart();
      clock += keyLifetime;
      expect(await beside.known(key.commandId)).not.toBeNull();
      clock += 1;
      expect(await beside.known(key.commandId)).toBeNull();
      beside.keep([keptKey({ at: new Date(clock).toISOString() })]);
      await restart();
      clock -= keyLifetime;
      expect(await beside.known(key.commandId)).toBeNull();
    });

    it('keeps the latest snapshot and checkpoint of each name, over a restart', async () => {
      const large = JSON.stringify({ text: 'é🛒"\\u0000'.repeat(20_000) });
      beside.saveSnapshot('test-a', { revision: 999, version: 1, body: '{}' });
      beside.saveSnapshot('test-b', { revision: 5, version: 2, body: large });
      beside.checkpoints.save('reader', 7);
      await restart();
      beside.saveSnapshot('test-a', { revision: 1_999, version: 1, body: '{"n":1}' });
      beside.checkpoints.save('reader', 9_007_199_254_740_991);
      await restart();
      expect(await beside.snapshot('test-a')).toEqual({ revision: 1_999, version: 1, body: '{"n":1}' });
      expect(await beside.snapshot('test-b')).toEqual({ revision: 5, version: 2, body: large });
      expect(await beside.snapshot('test-c')).toBeNull();
      expect(await beside.checkpoints.load('reader')).toBe(9_007_199_254_740_991);
      expect(await beside.checkpoints.load('nobody')).toBe(0);
    });

    it('takes as many at once as come', async () => {
      const keys = Array.from({ length: 3_000 }, () => keptKey({ at: new Date(clock).toISOString() }));
      for (const key of keys) beside.keep([key]);
      await restart();
      for (const { commandId } of keys.slice(-50)) expect(await beside.known(commandId)).not.toBeNull();
    });
  });
