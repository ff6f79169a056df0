// Beside a log in EventStoreDB, for one process alone: a file in its own DATA_DIR (node:sqlite).
import { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../sqlite.ts';
import { type Beside, type BesideOptions, type BesidePlace, createBeside } from './beside.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS snapshots (stream TEXT PRIMARY KEY, revision INTEGER NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS command_keys (
    id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, at INTEGER NOT NULL, stream TEXT, revision INTEGER NOT NULL, count INTEGER NOT NULL, outcome TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS owner (log_id TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS command_keys_by_age ON command_keys (at);
`;

const textOrNull = (value: unknown) => (value === null ? null : String(value));

const openPlace = (file: string): BesidePlace => {
  const database = new DatabaseSync(file);
  // Losing the last moments in a power cut is allowed here; a broken file is not.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 1000');
  database.exec(schema);
  const snapshotOf = database.prepare('SELECT revision, version, body FROM snapshots WHERE stream = ?');
  const keyOf = database.prepare('SELECT fingerprint, at, stream, revision, count, outcome FROM command_keys WHERE id = ?');
  const checkpointOf = database.prepare('SELECT position FROM checkpoints WHERE name = ?');
  const putSnapshot = database.prepare('INSERT OR REPLACE INTO snapshots (stream, revision, version, body) VALUES (?, ?, ?, ?)');
  const putKey = database.prepare(
    'INSERT OR REPLACE INTO command_keys (id, fingerprint, at, stream, revision, count, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const putCheckpoint = database.prepare('INSERT OR REPLACE INTO checkpoints (name, position) VALUES (?, ?)');
  const dropKeys = database.prepare('DELETE FROM command_keys WHERE id IN (SELECT id FROM command_keys WHERE at < ? LIMIT 500)');
  return {
    async belongTo(logId) {
      const owner = database.prepare('SELECT log_id FROM owner').get()?.log_id;
      if (owner === logId) return;
      inTransaction(database, () => {
        database.exec('DELETE FROM snapshots; DELETE FROM command_keys; DELETE FROM checkpoints; DELETE FROM owner');
        database.prepare('INSERT INTO owner (log_id) VALUES (?)').run(logId);
      });
    },
    async snapshot(streamId) {
      const row = snapshotOf.get(streamId);
      return row ? { revision: Number(row.revision), version: Number(row.version), body: String(row.body) } : null;
    },
    async key(commandId) {
      const row = keyOf.get(commandId);
      if (!row) return null;
      return {
        commandId,
        fingerprint: String(row.fingerprint),
        at: new Date(Number(row.at)).toISOString(),
        streamId: textOrNull(row.stream),
        firstRevision: Number(row.revision),
        count: Number(row.count),
        outcome: textOrNull(row.outcome),
      };
    },
    checkpoint: async (name) => Number(checkpointOf.get(name)?.position ?? 0),
    async write({ keys, snapshots, checkpoints }, expired) {
      inTransaction(database, () => {
        for (const { commandId, fingerprint, at, streamId, firstRevision, count, outcome } of keys.values()) {
          putKey.run(commandId, fingerprint, Date.parse(at), streamId, firstRevision, count, outcome);
        }
        for (const [streamId, { revision, version, body }] of snapshots) putSnapshot.run(streamId, revision, version, body);
        for (const [name, position] of checkpoints) putCheckpoint.run(name, position);
        if (expired !== null) dropKeys.run(expired);
      });
    },
    close: async () => database.close(),
  };
};

export const openSqliteBeside = (file: string, options: BesideOptions = {}): Beside => createBeside(openPlace(file), options);
