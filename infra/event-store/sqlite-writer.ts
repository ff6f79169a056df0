// The one writer of the embedded log, in a thread of its own: what arrives together is one transaction and one sync (group commit).

import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import { inTransaction, isDiskFault } from '../sqlite.ts';
import { chainHash, noHash, type Stored } from './codec.ts';
import { type CommandKey, keyLifetime, keysBetweenDrops, type Snapshot } from './port.ts';
import { openLog } from './sqlite-schema.ts';

export interface WriteAppend {
  readonly streamId: string;
  readonly expected: number;
  readonly recordedAt: number;
  readonly events: readonly Stored[];
  readonly keys: readonly (CommandKey & { readonly offset: number; readonly count: number })[];
}

export type Write =
  | { readonly kind: 'append'; readonly append: WriteAppend }
  | { readonly kind: 'snapshot'; readonly streamId: string; readonly snapshot: Snapshot }
  | { readonly kind: 'checkpoint'; readonly name: string; readonly position: number }
  | { readonly kind: 'outcome'; readonly key: CommandKey; readonly outcome: string };

/** Answer to one append: where its events stand, or where the stream really ends. */
export type Written =
  | { readonly ok: true; readonly firstPosition: number; readonly hashes: readonly string[] }
  | { readonly ok: false; readonly actual: number };

interface Tail {
  readonly id: number;
  revision: number;
  hash: Buffer;
}

export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** The writer itself, apart from its thread: takes a group of writes, commits them, answers each append. */
export const createWriter = (database: DatabaseSync) => {
  const findStream = database.prepare('SELECT id FROM streams WHERE name = ?');
  const addStream = database.prepare('INSERT INTO streams (name) VALUES (?) RETURNING id');
  const findTail = database.prepare('SELECT revision, hash FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1');
  const addType = database.prepare('INSERT INTO types (name) VALUES (?) RETURNING id');
  const addEvent = database.prepare(
    'INSERT INTO events (position, stream, revision, type, recorded_at, metadata, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const addSetBack = database.prepare('INSERT INTO set_backs (position, recorded_at) VALUES (?, ?)');
  const addKey = database.prepare(
    'INSERT OR REPLACE INTO command_keys (id, fingerprint, at, stream, revision, count, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const dropKeys = database.prepare('DELETE FROM command_keys WHERE id IN (SELECT id FROM command_keys WHERE at < ? LIMIT 500)');
  const putSnapshot = database.prepare('INSERT OR REPLACE INTO snapshots (stream, revision, version, body) VALUES (?, ?, ?, ?)');
  const putCheckpoint = database.prepare('INSERT OR REPLACE INTO checkpoints (name, position) VALUES (?, ?)');
  const findTypes = database.prepare('SELECT name, id FROM types');
  const types = new Map<string, number>();
  const tails = new LRUCache<string, Tail>({ max: 50_000 });
  const findLast = database.prepare('SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1');
  const lastEvent = () => {
    const last = findLast.get();
    return { position: Number(last?.position ?? 0), recordedLast: Number(last?.recorded_at ?? 0) };
  };
  let [position, recordedLast] = [0, 0];

  const typeId = (name: string) => {
    const known = types.get(name);
    if (known !== undefined) return known;
    const id = Number(addType.get(name)?.id);
    types.set(name, id);
    return id;
  };

  const tailOf = (streamId: string): Tail | null => {
    const cached = tails.get(streamId);
    if (cached) return cached;
    const stream = findStream.get(streamId);
    if (!stream) return null;
    const id = Number(stream.id);
    const last = findTail.get(id);
    const tail = { id, revision: last ? Number(last.revision) : -1, hash: last ? Buffer.from(last.hash as Uint8Array) : noHash };
    tails.set(streamId, tail);
    return tail;
  };

  let sinceDrop = keysBetweenDrops;
  const keep = (
    { commandId, fingerprint, at }: CommandKey,
    ...known: [stream: number | null, revision: number | null, count: number | null, outcome: string | null]
  ) => {
    addKey.run(uuidBytes(commandId), fingerprint, Date.parse(at), ...known);
    sinceDrop += 1;
    if (sinceDrop < keysBetweenDrops) return;
    sinceDrop = 0;
    dropKeys.run(Date.parse(at) - keyLifetime);
  };

  const append = ({ streamId, expected, recordedAt, events, keys }: WriteAppend): Written => {
    const found = tailOf(streamId);
    const actual = found?.revision ?? -1;
    if (actual !== expected) return { ok: false, actual };
    const tail = found ?? { id: Number(addStream.get(streamId)?.id), revision: -1, hash: noHash };
    tails.set(streamId, tail);
    const firstPosition = position + 1;
    if (recordedAt < recordedLast) addSetBack.run(firstPosition, recordedAt);
    recordedLast = recordedAt;
    const hashes: string[] = [];
    for (const stored of events) {
      tail.revision += 1;
      tail.hash = chainHash(tail.hash, streamId, tail.revision, stored);
      position += 1;
      addEvent.run(position, tail.id, tail.revision, typeId(stored.type), recordedAt, stored.metadata, stored.data, tail.hash);
      hashes.push(tail.hash.toString('hex'));
    }
    for (const key of keys) keep(key, tail.id, expected + 1 + key.offset, key.count, null);
    return { ok: true, firstPosition, hashes };
  };

  /** Remembers what the file holds, and nothing that a group which failed would have written. */
  const remember = () => {
    tails.clear();
    types.clear();
    for (const row of findTypes.all()) types.set(String(row.name), Number(row.id));
    ({ position, recordedLast } = lastEvent());
  };
  remember();

  /** Commits a group. Throws `GroupRefused` when nothing of it was written, and any other error when nobody can say what was. */
  return (writes: readonly Write[]): Written[] => {
    const before = position;
    const answers: Written[] = [];
    try {
      inTransaction(database, () => {
        for (const write of writes) {
          if (write.kind === 'append') answers.push(append(write.append));
          else if (write.kind === 'checkpoint') putCheckpoint.run(write.name, write.position);
          else if (write.kind === 'outcome') {
            keep(write.key, null, null, null, write.outcome);
          } else {
            const tail = tailOf(write.streamId);
            if (tail) putSnapshot.run(tail.id, write.snapshot.revision, write.snapshot.version, write.snapshot.body);
          }
        }
      });
    } catch (error) {
      remember();
      if (position === before) throw new GroupRefused(error);
      throw error;
    }
    return answers;
  };
};

/** The database would not take a group: nothing of it is in the log, and the log goes on. */
class GroupRefused extends Error {
  override readonly name = 'GroupRefused';
  readonly isDiskFault: boolean;
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.isDiskFault = isDiskFault(cause);
  }
}

/** `fatal`: nobody can say what is on the disk. `isDiskFault`: nothing was written, and the same may well succeed later. */
export type Answered =
  | { readonly answers: readonly Written[] }
  | { readonly error: string; readonly fatal: boolean; readonly isDiskFault: boolean };

/**
 * Answers groups of writes, each when it is on the disk. `sync` puts there what was committed. A group without an append is not worth one:
 * nobody waits for a snapshot, a checkpoint or a kept refusal, and the next sync takes them along.
 */
export const createGroupCommit = (database: DatabaseSync, sync: () => void) => {
  const write = createWriter(database);
  return (writes: readonly Write[]): Answered => {
    try {
      const answers = write(writes);
      if (answers.length > 0) sync();
      return { answers };
    } catch (error) {
      const isRefused = error instanceof GroupRefused;
      // After a sync that failed nobody can say what is on the disk.
      return {
        error: error instanceof Error ? error.message : String(error),
        fatal: !isRefused,
        isDiskFault: isRefused && error.isDiskFault,
      };
    }
  };
};

if (parentPort && workerData?.role === 'log-writer') {
  const port = parentPort;
  const database = openLog(workerData.file);
  // Node's SQLite syncs with fsync, which has the file system write its journal each time. So it leaves commits to us: all of them stand in
  // the file of the write-ahead log, and fdatasync writes what is needed to read them again. SQLite's own syncs around checkpoints stay.
  database.exec('PRAGMA synchronous = NORMAL');
  const log = openSync(`${workerData.file}-wal`, 'r+');
  const sync = () => fdatasyncSync(log);
  sync(); // what a killed process has committed, for from here on it counts
  const commit = createGroupCommit(database, sync);
  port.on('message', (message: readonly Write[] | 'close') => {
    if (message !== 'close') {
      port.postMessage(commit(message));
      return;
    }
    database.close();
    closeSync(log);
    port.postMessage('closed');
  });
  port.postMessage({ ready: true });
}
