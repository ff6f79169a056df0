// What the writer of the embedded log answers, and when: an append only after the disk has it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCodec } from './codec.ts';
import { happened, testContract } from './contract.ts';
import { createLogReader } from './sqlite-reader.ts';
import { openLog } from './sqlite-schema.ts';
import { createGroupCommit, type Write } from './sqlite-writer.ts';

const codec = createCodec(testContract);

const append = (streamId: string, expected = -1): Write => {
  const { event, metadata } = happened(0);
  const stored = codec.encode(event, { ...metadata, recordedAt: metadata.occurredAt, schemaVersion: codec.schemaVersion(event.type) });
  return { kind: 'append', append: { streamId, expected, recordedAt: 0, events: [stored], keys: [] } };
};
const checkpoint: Write = { kind: 'checkpoint', name: 'sagas', position: 1 };

describe('a group of writes', () => {
  let directory: string;
  let file: string;
  let database: DatabaseSync;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'log-'));
    file = join(directory, 'log.db');
    database = openLog(file);
  });
  afterEach(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });

  it('is answered when it has been synced, once for all of it', () => {
    const seen: string[] = [];
    const commit = createGroupCommit(database, () => seen.push(database.isTransaction ? 'too early' : 'synced'));
    expect(commit([append('test-a'), append('test-b'), checkpoint])).toMatchObject({
      answers: [{ firstPosition: 1 }, { firstPosition: 2 }],
    });
    expect(seen).toEqual(['synced']);
  });

  it('is not synced when nobody waits for it', () => {
    let syncs = 0;
    const commit = createGroupCommit(database, () => {
      syncs += 1;
    });
    expect(commit([checkpoint])).toEqual({ answers: [] });
    expect(syncs).toBe(0);
  });

  it('ends the process when it was committed and could not be synced: nobody knows what is on the disk', () => {
    const commit = createGroupCommit(database, () => {
      throw new Error('EIO');
    });
    expect(commit([append('test-a')])).toMatchObject({ error: 'EIO', fatal: true });
  });

  it('is refused as a whole, and the log goes on, when the database refuses one of its statements', () => {
    const commit = createGroupCommit(database, () => {});
    database.exec(`CREATE TRIGGER no BEFORE INSERT ON checkpoints BEGIN SELECT raise(ABORT, 'no room'); END`);
    expect(commit([append('test-a'), checkpoint])).toMatchObject({ error: 'no room', fatal: false });
    expect(commit([append('test-a')])).toMatchObject({ answers: [{ ok: true, firstPosition: 1 }] });
  });

  it('can be read only as far as it is on the disk', () => {
    const commit = createGroupCommit(database, () => {});
    commit([append('test-a'), append('test-b'), append('test-a', 0)]);
    let synced = 2;
    const reader = createLogReader(file, codec, { synced: () => synced });
    const positions = () => reader.readAll(0, 10).map(({ position }) => position);
    expect([positions(), reader.read('test-a', 0, 10).length, reader.head()]).toEqual([[1, 2], 1, 2]);
    synced = 3;
    expect([positions(), reader.read('test-a', 0, 10).length, reader.head()]).toEqual([[1, 2, 3], 2, 3]);
    reader.close();
  });
});
