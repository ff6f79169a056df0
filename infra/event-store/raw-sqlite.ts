// The embedded log as it stands in its file.
import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { inTransaction } from '../sqlite.ts';
import type { Raw, RawLog, RawTarget } from './raw.ts';
import { openLog, openLogReader } from './sqlite-schema.ts';

type Row = Readonly<Record<string, unknown>>;

const rawOf = (row: Row): Raw => ({
  streamId: String(row.stream),
  revision: Number(row.revision),
  position: Number(row.position),
  type: String(row.type),
  metadata: String(row.metadata),
  data: String(row.data),
  hash: String(row.hash),
});

const reading = (database: DatabaseSync, file: string): RawLog => {
  const columns = `e.position, s.name AS stream, e.revision, t.name AS type, e.metadata, e.data, lower(hex(e.hash)) AS hash
    FROM events e LEFT JOIN streams s ON s.id = e.stream LEFT JOIN types t ON t.id = e.type`;
  const ofLog = database.prepare(`SELECT ${columns} WHERE e.position > ? ORDER BY e.position LIMIT ?`);
  const ofStream = database.prepare(
    `SELECT ${columns} WHERE e.stream = (SELECT id FROM streams WHERE name = ?) AND e.revision >= ? ORDER BY e.revision LIMIT ?`,
  );
  const head = database.prepare('SELECT coalesce(max(position), 0) AS head FROM events');
  return {
    name: file,
    readAll: async (after, limit) => ofLog.all(after, limit).map(rawOf),
    readStream: async (streamId, from, limit) => ofStream.all(streamId, from, limit).map(rawOf),
    head: async () => Number(head.get()?.head),
    close: async () => database.close(),
  };
};

/** Opens the log in `file` for reading, beside whoever owns it. */
export const openRawSqlite = (file: string): RawLog => reading(openLogReader(file), file);

/** Opens the log in `file` for writing, and makes it under a name of its own where there is none. Nobody else may have it open. */
export const openRawSqliteTarget = (file: string): RawTarget => {
  const database = openLog(file);
  database.prepare('INSERT INTO log (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM log)').run(randomUUID().replaceAll('-', ''));
  const log = reading(database, file);
  const findEnd = database.prepare(
    'SELECT s.id, coalesce(max(e.revision), -1) AS revision FROM streams s LEFT JOIN events e ON e.stream = s.id WHERE s.name = ? GROUP BY s.id',
  );
  const addStream = database.prepare('INSERT INTO streams (name) VALUES (?) RETURNING id');
  const findType = database.prepare('SELECT id FROM types WHERE name = ?');
  const addType = database.prepare('INSERT INTO types (name) VALUES (?) RETURNING id');
  const addEvent = database.prepare(
    'INSERT INTO events (position, stream, revision, type, recorded_at, metadata, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const addSetBack = database.prepare('INSERT INTO set_backs (position, recorded_at) VALUES (?, ?)');
  const recordedAtOf = database.prepare('SELECT recorded_at FROM events WHERE position = ?');
  const ends = new LRUCache<string, { id: number; revision: number }>({ max: 50_000 });
  const types = new Map<string, number>();

  const endOf = (streamId: string) => {
    const known = ends.get(streamId);
    if (known) return known;
    const found = findEnd.get(streamId);
    const end = found
      ? { id: Number(found.id), revision: Number(found.revision) }
      : { id: Number(addStream.get(streamId)?.id), revision: -1 };
    ends.set(streamId, end);
    return end;
  };
  const typeId = (name: string): number => {
    const known = types.get(name);
    if (known !== undefined) return known;
    const id = Number((findType.get(name) ?? addType.get(name))?.id);
    types.set(name, id);
    return id;
  };

  const write = (events: readonly Raw[], head: number) => {
    let position = head;
    let before = Number(recordedAtOf.get(head)?.recorded_at ?? 0);
    for (const { streamId, revision, type, metadata, data, hash } of events) {
      const end = endOf(streamId);
      if (end.revision !== revision - 1) throw new Error(`${streamId} ends at revision ${end.revision}, not ${revision - 1}`);
      end.revision = revision;
      position += 1;
      const recordedAt = Date.parse((JSON.parse(metadata) as { recordedAt: string }).recordedAt);
      if (recordedAt < before) addSetBack.run(position, recordedAt);
      before = recordedAt;
      addEvent.run(position, end.id, revision, typeId(type), recordedAt, metadata, data, Buffer.from(hash, 'hex'));
    }
  };

  return {
    ...log,
    async append(events) {
      const head = await log.head();
      try {
        inTransaction(database, () => write(events, head));
      } catch (error) {
        ends.clear();
        types.clear();
        throw error;
      }
    },
  };
};
