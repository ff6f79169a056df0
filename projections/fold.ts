// One batch of events folded into one projection's rows, in memory: which rows change, and which must be parked.
import { LRUCache } from 'lru-cache';
import type { Recorded } from '../domain/metadata.ts';
import type { RowChange, TableWriter } from '../infra/tables/port.ts';
import type { AnyProjection } from './projection.ts';

/** A row as the runner knows it. */
interface KnownRow {
  readonly position: number;
  readonly row: unknown;
}

/** Rows that were lately saved, over all projections. */
export const createRowCache = () => new LRUCache<string, KnownRow>({ max: 10_000 });
export type RowCache = ReturnType<typeof createRowCache>;

/** A projection whose key could not be computed, or whose rows may not be parked: it stops here. */
export class ProjectionStopped extends Error {
  override readonly name = 'ProjectionStopped';
}

export interface Folded {
  readonly rows: readonly RowChange[];
  readonly parked: readonly { key: string; firstPosition: number; reason: string }[];
}

const reasonOf = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** Events by the row that they feed, in order. */
const byKey = (projection: AnyProjection, events: readonly Recorded[], reads: ReadonlySet<string>) => {
  const groups = new Map<string, Recorded[]>();
  for (const recorded of events) {
    if (!reads.has(recorded.event.type)) continue;
    let keys: ReturnType<AnyProjection['key']>;
    try {
      keys = projection.key(recorded);
    } catch (error) {
      throw new ProjectionStopped(`${projection.name}: no key for ${recorded.event.type} at ${recorded.position}: ${reasonOf(error)}`);
    }
    if (keys === null) continue;
    for (const key of typeof keys === 'string' ? [keys] : new Set(keys)) {
      const group = groups.get(key);
      if (group) group.push(recorded);
      else groups.set(key, [recorded]);
    }
  }
  return groups;
};

export const foldBatch = async (
  projection: AnyProjection,
  table: string,
  events: readonly Recorded[],
  context: {
    readonly tables: TableWriter;
    readonly cache: RowCache;
    readonly parked: ReadonlySet<string>;
    readonly reads: ReadonlySet<string>;
  },
): Promise<Folded> => {
  const { tables, cache, parked, reads } = context;
  const groups = byKey(projection, events, reads);
  if (groups.size === 0) return { rows: [], parked: [] };
  const missing = [...groups.keys()].filter((key) => !cache.has(`${table}\0${key}`));
  const loaded = missing.length > 0 ? await tables.load(table, missing) : new Map();
  const rows: RowChange[] = [];
  const park: { key: string; firstPosition: number; reason: string }[] = [];
  for (const [key, group] of groups) {
    if (parked.has(key)) continue;
    const stored = loaded.get(key);
    const known: KnownRow =
      cache.get(`${table}\0${key}`) ??
      (stored ? { position: stored.position, row: JSON.parse(stored.row ?? 'null') } : { position: 0, row: null });
    let { row, position } = known;
    const before = position;
    try {
      for (const recorded of group) {
        if (recorded.position <= position) continue; // seen already: an event that comes twice changes nothing
        row = projection.evolve(row, recorded, key);
        position = recorded.position;
      }
    } catch (error) {
      // The fold is pure: trying again cannot end otherwise.
      const at = group.find((recorded) => recorded.position > position)?.position ?? position;
      if (projection.onPoison === 'stop') throw new ProjectionStopped(`${projection.name}: row ${key} at ${at}: ${reasonOf(error)}`);
      park.push({ key, firstPosition: at, reason: reasonOf(error) });
    }
    if (position === before) continue;
    rows.push({
      key,
      position,
      row: row === null ? null : JSON.stringify(row),
      columns: row === null ? {} : (projection.columns?.(row) ?? {}),
    });
    cache.set(`${table}\0${key}`, { position, row });
  }
  return { rows, parked: park };
};
