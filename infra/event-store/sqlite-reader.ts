// Reads of the embedded log, as every thread does them with a connection of its own. What is not as it was written stops no reader.
import type { StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import type { Recorded } from '../../domain/metadata.ts';
import type { Codec } from './codec.ts';
import { decodeReadable, decodeWhole } from './decode.ts';
import { createLogHealth, type LogHealth, streamDamaged } from './health.ts';
import type { Raw } from './raw.ts';
import { hasSetBacks, openLogReader } from './sqlite-schema.ts';

/** What is selected of an event. */
type Row = readonly [position: number, stream: number, revision: number, type: number, metadata: string, data: string, hash: string];

export interface LogReaderOptions {
  /**
   * The position up to which the log is on the disk; what the writer has committed beyond it can be read already, but a power cut could still
   * take it, so that it is left out.
   */
  readonly synced?: () => number;
  /** Where what is not as it was written is noted. */
  readonly health?: LogHealth;
}

/** Every stream of the embedded log is one of ours. */
export const newHealth = () => createLogHealth({ owns: () => true });

export const createLogReader = (
  file: string,
  codec: Codec,
  { synced = () => Number.POSITIVE_INFINITY, health = newHealth() }: LogReaderOptions = {},
) => {
  const database = openLogReader(file);
  const columns = 'position, stream, revision, type, metadata, data, lower(hex(hash)) AS hash';
  const ofStream = database.prepare(`SELECT ${columns} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`);
  const ofLog = database.prepare(`SELECT ${columns} FROM events WHERE position > ? ORDER BY position LIMIT ?`);
  const lastOfLog = database.prepare(`SELECT ${columns} FROM events WHERE position < ? ORDER BY position DESC LIMIT ?`);
  lastOfLog.setReturnArrays(true);
  ofStream.setReturnArrays(true);
  ofLog.setReturnArrays(true);
  const idOf = database.prepare('SELECT id FROM streams WHERE name = ?');
  const nameOf = database.prepare('SELECT name FROM streams WHERE id = ?');
  const allTypes = database.prepare('SELECT id, name FROM types');
  const head = database.prepare('SELECT coalesce(max(position), 0) AS head FROM events');
  const recordedAt = database.prepare('SELECT recorded_at FROM events WHERE position >= ? ORDER BY position LIMIT 1');
  // A copy of an older release's log, which nobody has opened for writing since, knows of none.
  const setBackAfter = hasSetBacks(database) ? database.prepare('SELECT min(recorded_at) AS at FROM set_backs WHERE position > ?') : null;
  /** When the event at a position was recorded at the latest: no later than any that stands behind it. */
  const recordedBy = (position: number): number =>
    Math.min(Number(recordedAt.get(position)?.recorded_at), Number(setBackAfter?.get(position)?.at ?? Number.POSITIVE_INFINITY));
  // Names and numbers of streams and types never change, so what was looked up once is kept: joins would cost half of a read.
  const ids = new LRUCache<string, number>({ max: 50_000 });
  const names = new LRUCache<number, string>({ max: 50_000 });
  const types = new Map<number, string>();

  const streamNumber = (streamId: string): number | null => {
    const known = ids.get(streamId);
    if (known !== undefined) return known;
    const found = idOf.get(streamId);
    if (!found) return null;
    ids.set(streamId, Number(found.id));
    return Number(found.id);
  };
  const streamName = (id: number): string => {
    const known = names.get(id);
    if (known !== undefined) return known;
    const name = String(nameOf.get(id)?.name);
    names.set(id, name);
    return name;
  };
  const typeName = (id: number): string => {
    const known = types.get(id);
    if (known !== undefined) return known;
    for (const row of allTypes.all()) types.set(Number(row.id), String(row.name));
    return String(types.get(id));
  };
  /** Rows come as arrays: objects would double what it costs to read them. */
  const rowsOf = (statement: StatementSync, ...values: readonly number[]): readonly Row[] => {
    const rows: unknown = statement.all(...values);
    return rows as readonly Row[];
  };
  const rawOf = ([position, stream, revision, type, metadata, data, hash]: Row): Raw => {
    return { streamId: streamName(stream), revision, position, type: typeName(type), metadata, data, hash };
  };
  const onDisk = (rows: readonly Row[]): Raw[] => {
    const end = synced();
    const isWhole = (rows[rows.length - 1]?.[0] ?? 0) <= end;
    return (isWhole ? rows : rows.filter(([position]) => position <= end)).map(rawOf);
  };
  /** Throws log.stream_damaged where these events of a stream, read from revision `from` on, leave one out. */
  const mustBeWhole = (streamId: string, from: number, raws: readonly Raw[]): readonly Raw[] => {
    const gap = raws.findIndex(({ revision }, index) => revision !== from + index);
    if (gap < 0) return raws;
    health.pass({ streamId, revision: from + gap, reason: 'is missing' });
    throw streamDamaged(streamId, `revision ${from + gap} is missing`);
  };
  const isReadable = (raw: Raw): boolean => {
    try {
      return decodeReadable(codec, [raw], health).length > 0;
    } catch {
      // What a newer release has written is an event of the log, and stops whoever comes to it.
      return true;
    }
  };
  /** Position of the last event up to `end` that can be read; 0: there is none. */
  const lastReadable = (end: number): number => {
    for (let before = end + 1; ; ) {
      const [raw] = rowsOf(lastOfLog, before, 1).map(rawOf);
      if (!raw || isReadable(raw)) return raw?.position ?? 0;
      before = raw.position;
    }
  };
  const endOfLog = () => Number(head.get()?.head ?? 0);
  /** What was found out last about the end of the log. */
  let sound = { end: 0, head: 0 };

  return {
    database,
    streamNumber,
    read: (streamId: string, from: number, limit: number): Recorded[] => {
      const id = streamNumber(streamId);
      return id === null ? [] : decodeWhole(codec, mustBeWhole(streamId, from, onDisk(rowsOf(ofStream, id, from, limit))), health);
    },
    /** As many as are wanted, where the log has so many: those that cannot be read are passed over. */
    readAll: (after: number, limit: number): Recorded[] => {
      const found: Recorded[] = [];
      for (let place = after; ; ) {
        const wanted = limit - found.length;
        const rows = rowsOf(ofLog, place, wanted);
        found.push(...decodeReadable(codec, onDisk(rows), health));
        place = rows[rows.length - 1]?.[0] ?? place;
        if (rows.length < wanted || found.length === limit) return found;
      }
    },
    last: (limit: number, before = Number.MAX_SAFE_INTEGER): Recorded[] =>
      decodeReadable(codec, rowsOf(lastOfLog, Math.min(before, synced() + 1), limit).map(rawOf), health).reverse(),
    logId: (): string => String(database.prepare('SELECT id FROM log').get()?.id),
    /** Position of the last event, whether it can be read or not. */
    end: endOfLog,
    /** The last event that can be read: nobody comes to one that cannot, so nobody may wait for it. */
    head: (): number => {
      const end = Math.min(endOfLog(), synced());
      if (end !== sound.end) sound = { end, head: lastReadable(end) };
      return sound.head;
    },
    /** Binary search: what positions were recorded by rises. One that is missing counts as the next that is there. */
    positionBefore: (instant: string): number => {
      const wanted = Date.parse(instant);
      let low = 1;
      let high = endOfLog() + 1;
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (recordedBy(middle) < wanted) low = middle + 1;
        else high = middle;
      }
      return low - 1;
    },
    close: () => database.close(),
  };
};
