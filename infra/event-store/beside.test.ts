// What stands beside the log: found at once, kept over a restart, and never in anybody's way when it cannot be reached.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { besideContract, keptKey } from './beside.contract.ts';
import { type BesidePlace, createBeside, type Waiting } from './beside.ts';
import { openSqliteBeside } from './beside-sqlite.ts';

besideContract('sqlite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'beside-'));
  return {
    open: async (options) => openSqliteBeside(join(directory, 'beside.db'), options),
    remove: async () => rmSync(directory, { recursive: true }),
  };
});

describe('a place beside the log that fails', () => {
  let broken: boolean;
  let written: Waiting[];
  let asked: number;
  let errors: unknown[];
  const refuse = () => {
    asked += 1;
    if (broken) throw new Error('down');
  };
  const place: BesidePlace = {
    belongTo: async () => {},
    snapshot: async () => {
      refuse();
      return null;
    },
    key: async () => {
      refuse();
      return null;
    },
    checkpoint: async () => {
      refuse();
      return 0;
    },
    write: async (waiting) => {
      refuse();
      written.push(waiting);
    },
    close: async () => {},
  };
  beforeEach(() => {
    [broken, written, asked, errors] = [true, [], 0, []];
  });
  const open = () => createBeside(place, { onError: (error) => errors.push(error) });
  let beside: ReturnType<typeof open>;
  afterEach(() => beside.close());

  it('answers nothing instead of failing, and is left alone for a while', async () => {
    beside = open();
    expect(await beside.known(randomUUID())).toBeNull();
    expect(await beside.snapshot('test-a')).toBeNull();
    expect(await beside.known(randomUUID())).toBeNull();
    expect({ asked, errors: errors.length }).toEqual({ asked: 1, errors: 1 });
    await expect(beside.checkpoints.load('reader')).rejects.toThrow('down');
  });

  it('is written when it comes back, and what waits is found meanwhile', async () => {
    beside = open();
    const key = keptKey({ at: new Date().toISOString() });
    beside.keep([key]);
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await beside.known(key.commandId)).toMatchObject({ fingerprint: key.fingerprint });
    broken = false;
    beside.saveSnapshot('test-a', { revision: 1, version: 1, body: '1' });
    beside.saveSnapshot('test-a', { revision: 2, version: 1, body: '2' });
    await beside.close();
    expect(written).toHaveLength(1);
    expect([...(written[0]?.keys.values() ?? [])]).toEqual([key]);
    expect(written[0]?.snapshots.get('test-a')?.revision).toBe(2);
  });
});
