// What a projection is: a name, a key and a fold. run.ts does all the I/O.
import type { Recorded } from '../domain/metadata.ts';
import type { ColumnValue, TableShape } from '../infra/tables/port.ts';

/**
 * A read model folded from events. `service`: whose it is; its table stands with that service's. `version` rises with every change of the fold or the shape: a new version is built anew.
 * `key`: the row(s) that an event feeds, from the event alone; null = none. `evolve`: the row after the event; null removes it.
 * `saved`: what of a row is stored, where the fold needs more than anybody reads. Its key must be the name of the one stream that feeds it:
 * a row that is no longer in memory is folded from its stream again.
 * `own`: the category of the one stream that each row is the state of. The row then tells that stream's revision, which commands take as
 * If-Match; so it must hear of all its events, those in `alsoReads` too, which change nothing else in it.
 * `columns`: the values that rows can be found by. `onPoison`: what happens when the fold throws: `park` sets that row aside
 * and goes on with the others (the default), `stop` halts the projection, for figures that must not go on without a row.
 */
export interface Projection<Row, Event extends { type: string }> {
  readonly name: string;
  readonly service: string;
  readonly version: number;
  readonly reads: readonly Event['type'][];
  key(recorded: Recorded<Event>): string | readonly string[] | null;
  evolve(row: Row | null, recorded: Recorded<Event>, key: string): Row | null;
  saved?(row: Row): unknown;
  readonly own?: OwnStream;
  readonly shape?: TableShape;
  columns?(row: Row): Readonly<Record<string, ColumnValue>>;
  readonly onPoison?: 'park' | 'stop';
}

/** What a row that is the state of one stream tells besides. */
export interface Versioned {
  readonly revision?: number;
}

export interface OwnStream {
  readonly category: string;
  readonly alsoReads?: readonly string[];
}

/** Every type that a projection hears of. */
export const typesRead = ({ reads, own }: Pick<AnyProjection, 'reads' | 'own'>): readonly string[] => [...reads, ...(own?.alsoReads ?? [])];

/** A projection with its row and event types forgotten, as the runner has them. */
export interface AnyProjection {
  readonly name: string;
  readonly service: string;
  readonly version: number;
  readonly reads: readonly string[];
  key(recorded: Recorded): string | readonly string[] | null;
  evolve(row: unknown, recorded: Recorded, key: string): unknown;
  saved?(row: unknown): unknown;
  readonly own?: OwnStream;
  readonly shape?: TableShape;
  columns?(row: unknown): Readonly<Record<string, ColumnValue>>;
  readonly onPoison?: 'park' | 'stop';
}
