// Tables of the embedded log. Keys are integers: random text keys would triple the cost of an append.
import { DatabaseSync } from 'node:sqlite';

const schema = `
  CREATE TABLE IF NOT EXISTS log (id TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, revision INTEGER NOT NULL, type INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL, metadata TEXT NOT NULL, data TEXT NOT NULL, hash BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS gaps (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, accepted_at INTEGER NOT NULL, reason TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS set_backs (position INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS events_of_stream ON events (stream, revision);
  CREATE TABLE IF NOT EXISTS snapshots (stream INTEGER PRIMARY KEY, revision INTEGER NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS command_keys (
    id BLOB PRIMARY KEY, fingerprint TEXT NOT NULL, at INTEGER NOT NULL, stream INTEGER, revision INTEGER, count INTEGER, outcome TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS command_keys_by_age ON command_keys (at);
`;

/** Where the clock was set back: the first event of an earlier time than the one before it. A log of an older release is looked through once. */
const findSetBacks = `
  INSERT INTO set_backs SELECT position, recorded_at FROM
    (SELECT position, recorded_at, lag(recorded_at) OVER (ORDER BY position) AS before FROM events) WHERE recorded_at < before`;

/** A log of an older release may lack a table until it is opened for writing. */
export const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;

export const hasSetBacks = (database: DatabaseSync): boolean => hasTable(database, 'set_backs');

/** Opens the log for its one writer: WAL, and every commit is on the disk before it returns. */
export const openLog = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32768');
  const isOfToday = hasSetBacks(database);
  database.exec('BEGIN IMMEDIATE');
  database.exec(schema);
  if (!isOfToday) database.exec(findSetBacks);
  database.exec('COMMIT');
  return database;
};

/** What stands in this file is something else. */
export class NotALog extends Error {
  override readonly name = 'NotALog';
}

const mustBeLog = (database: DatabaseSync, file: string) => {
  let tables: number;
  try {
    const found = database
      .prepare("SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table' AND name IN ('log', 'streams', 'types', 'events')")
      .get();
    tables = Number(found?.tables);
  } catch (error) {
    const [corrupt, notADatabase] = [11, 26];
    if (!(error instanceof Error && 'errcode' in error && (error.errcode === corrupt || error.errcode === notADatabase))) throw error;
    tables = 0;
  }
  if (tables < 4) throw new NotALog(`${file} is no log of TokoBapak: it was cut off, or is a file of another kind.`);
};

/** Opens the log for reading only, beside its writer. Throws NotALog. */
export const openLogReader = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    mustBeLog(database, file);
  } catch (error) {
    database.close();
    throw error;
  }
  database.exec('PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456; PRAGMA busy_timeout = 5000');
  return database;
};
