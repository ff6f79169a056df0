// One batch of events folded into one projection's rows, in memory: which rows change, and which must be parked.
import { LRUCache } from 'lru-cache';
import type { Recorded } from '../domain/metadata.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import type { ColumnValue, RowChange, StoredRow, TableWriter } from '../infra/tables/port.ts';
import type { AnyProjection } from './projection.ts';

export type Streams = Pick<EventStore, 'read'>;
type Columns = Readonly<Record<string, ColumnValue>>;

/** A row as the runner knows it; `columns` null where the table has none for it yet. */
interface KnownRow {
  readonly position: number;
  readonly row: unknown;
  readonly columns: Columns | null;
}

/** Rows of one table that were lately saved: as many as purchases that are under way at once. */
export const createRowCache = () => new LRUCache<string, KnownRow>({ max: 1_000 });
export type RowCache = ReturnType<typeof createRowCache>;

/** A projection whose key could not be computed, or whose rows may not be parked: it stops here. */
export class ProjectionStopped extends Error {
  override readonly name = 'ProjectionStopped';
}

export interface Folded {
  readonly rows: readonly RowChange[];
  /** Keys of all rows that the events feed, also of those that had seen them already: of a commit nobody knew to have been done. */
  readonly touched: readonly string[];
  readonly parked: readonly { key: string; firstPosition: number; reason: string }[];
}

const nothing: Folded = { rows: [], touched: [], parked: [] };
const unknown: KnownRow = { position: 0, row: null, columns: null };
const noColumns: Columns = {};

const reasonOf = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** Events by the row that they feed, in order. */
const byKey = (projection: AnyProjection, events: readonly Recorded[]) => {
  const groups = new Map<string, Recorded[]>();
  const add = (key: string, recorded: Recorded) => {
    const group = groups.get(key);
    if (group) group.push(recorded);
    else groups.set(key, [recorded]);
  };
  for (const recorded of events) {
    let keys: ReturnType<AnyProjection['key']>;
    try {
      keys = projection.key(recorded);
    } catch (error) {
      throw new ProjectionStopped(`${projection.name}: no key for ${recorded.event.type} at ${recorded.position}: ${reasonOf(error)}`);
    }
    if (typeof keys === 'string') add(keys, recorded);
    else if (keys !== null) for (const key of new Set(keys)) add(key, recorded);
  }
  return groups;
};

const columnsOf = (projection: AnyProjection, row: unknown): Columns =>
  row === null ? noColumns : (projection.columns?.(row) ?? noColumns);

const pageSize = 1_000;

/** The row as its stream tells it up to this position. What cannot be folded here was parked once, and an operator has skipped it. */
const foldedAgain = async (projection: AnyProjection, streamId: string, position: number, log: Streams): Promise<unknown> => {
  const reads = new Set(projection.reads);
  let row: unknown = null;
  for (let revision = 0; ; revision += pageSize) {
    const events = await log.read(streamId, revision, pageSize);
    for (const recorded of events) {
      if (recorded.position > position) return row;
      if (!reads.has(recorded.event.type)) continue;
      try {
        row = projection.evolve(row, recorded, streamId);
      } catch {
        // The row goes on without it.
      }
    }
    if (events.length < pageSize) return row;
  }
};

const takenUp = async (projection: AnyProjection, key: string, stored: StoredRow, log: Streams): Promise<KnownRow> => {
  const { position, row: text } = stored;
  if (text === null) return { position, row: null, columns: noColumns };
  const row: unknown = projection.saved ? await foldedAgain(projection, key, position, log) : JSON.parse(text);
  return { position, row, columns: columnsOf(projection, row) };
};

const textOf = (projection: AnyProjection, row: unknown): string | null =>
  row === null ? null : JSON.stringify(projection.saved ? projection.saved(row) : row);

const revisionIn = (row: unknown): number | undefined =>
  typeof row === 'object' && row !== null && 'revision' in row && typeof row.revision === 'number' ? row.revision : undefined;

/** The row after one more event, with the revision of its own stream as its last field, where whoever sends it finds it. */
const folded = (projection: AnyProjection, row: unknown, recorded: Recorded, key: string): unknown => {
  const { own } = projection;
  if (!own) return projection.evolve(row, recorded, key);
  const next = own.alsoReads?.includes(recorded.event.type) ? row : projection.evolve(row, recorded, key);
  if (typeof next !== 'object' || next === null) return next;
  const revision = recorded.streamId.startsWith(`${own.category}-`) ? recorded.revision : revisionIn(row);
  if (revisionIn(next) === revision && next === row) return next;
  const { revision: _, ...facts }: { revision?: unknown } = next;
  return revision === undefined ? facts : { ...facts, revision };
};

/** `events`: those of the batch that the projection reads, in order. */
export const foldBatch = async (
  projection: AnyProjection,
  table: string,
  events: readonly Recorded[],
  context: { readonly tables: TableWriter; readonly log: Streams; readonly cache: RowCache; readonly parked: ReadonlySet<string> },
): Promise<Folded> => {
  if (events.length === 0) return nothing;
  const { tables, log, cache, parked } = context;
  const groups = byKey(projection, events);
  // NOTE: taken out before anything is folded, for what is put in on the way may push others out.
  const cached = new Map<string, KnownRow>();
  const missing: string[] = [];
  for (const key of groups.keys()) {
    const known = cache.get(key);
    if (known) cached.set(key, known);
    else missing.push(key);
  }
  const loaded = missing.length > 0 ? await tables.load(table, missing) : null;
  const rows: RowChange[] = [];
  const touched: string[] = [];
  const park: { key: string; firstPosition: number; reason: string }[] = [];
  for (const [key, group] of groups) {
    if (parked.has(key)) continue;
    touched.push(key);
    const stored = loaded?.get(key);
    const known = cached.get(key) ?? (stored ? await takenUp(projection, key, stored, log) : unknown);
    let { row, position } = known;
    try {
      for (const recorded of group) {
        if (recorded.position <= position) continue; // seen already: an event that comes twice changes nothing
        row = folded(projection, row, recorded, key);
        position = recorded.position;
      }
    } catch (error) {
      // The fold is pure: trying again cannot end otherwise.
      const at = group.find((recorded) => recorded.position > position)?.position ?? position;
      if (projection.onPoison === 'stop') throw new ProjectionStopped(`${projection.name}: row ${key} at ${at}: ${reasonOf(error)}`);
      park.push({ key, firstPosition: at, reason: reasonOf(error) });
    }
    if (position === known.position) continue;
    const columns = columnsOf(projection, row);
    rows.push({ key, position, row: textOf(projection, row), columns, before: known.columns });
    cache.set(key, { position, row, columns });
  }
  return { rows, touched, parked: park };
};
