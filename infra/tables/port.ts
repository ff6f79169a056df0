// Tables of read models: each row is JSON text under its key, with the declared columns that it can be found by.

/**
 * Columns (beside key, position and row) and the indexes over them, each a list of column names in order. `sellerId` among the columns
 * says that a row belongs to that seller: see `asSeller`.
 */
export interface TableShape {
  readonly columns: Readonly<Record<string, 'text' | 'integer'>>;
  readonly indexes: readonly (readonly string[])[];
  readonly partition?: Partition;
}

/**
 * How a large table is cut where the engine can, by the value of one column that seldom changes in a row: `month` of an RFC 3339 text,
 * `hash` into so many parts. What is found is the same with and without.
 */
export type Partition =
  | { readonly by: string; readonly kind: 'month' }
  | { readonly by: string; readonly kind: 'hash'; readonly into: number };

/** What a table is for. `service`: in whose schema it stands, or in whose database, where the engine has such. */
export interface TableOwner {
  readonly projection: string;
  readonly version: number;
  readonly service: string;
}

export type ColumnValue = string | number | null;

/** A row as it stands: `position` is that of the last event that it has seen. */
export interface StoredRow {
  readonly position: number;
  readonly row: string | null;
}

/** `row` null: the row is gone, but its position is kept, so that an event that comes twice does not bring it back. */
export interface RowChange extends StoredRow {
  readonly key: string;
  readonly columns: Readonly<Record<string, ColumnValue>>;
  /** The columns as they stand now, of a row that is known to stand in the table: what has not changed need not be written. Null: it is known not to. */
  readonly before?: Readonly<Record<string, ColumnValue>> | null;
}

/** One generation of a read model. `live` is the one that queries read. */
export interface Generation {
  readonly projection: string;
  readonly version: number;
  readonly table: string;
  readonly logId: string;
  readonly position: number;
  readonly live: boolean;
}

export interface ParkedRow {
  readonly projection: string;
  readonly key: string;
  /** Position of the first event that it waits for, and that of some event before (0: of none), from where the log can be read again. */
  readonly firstPosition: number;
  readonly after: number;
  readonly reason: string;
}

/** What one batch changes: all of it or nothing, in each of the databases that the tables stand in. */
export interface TableCommit {
  readonly tables: readonly { readonly table: string; readonly rows: readonly RowChange[] }[];
  readonly checkpoints: readonly { readonly table: string; readonly position: number }[];
  readonly park?: readonly (ParkedRow & { readonly table: string })[];
  readonly unpark?: readonly { readonly table: string; readonly key: string }[];
}

/** The projector's side. One process owns it. */
export interface TableWriter {
  generations(): Promise<readonly Generation[]>;
  /** Makes an empty table for a new generation and answers it, at position 0 and not live. Its indexes are made when it goes live. */
  create(owner: TableOwner, logId: string, shape: TableShape): Promise<Generation>;
  load(table: string, keys: readonly string[]): Promise<ReadonlyMap<string, StoredRow>>;
  commit(commit: TableCommit): Promise<void>;
  /** Makes this table the live one of its projection and drops the one before, in one transaction. */
  swap(projection: string, table: string): Promise<void>;
  drop(table: string): Promise<void>;
  parked(): Promise<readonly (ParkedRow & { readonly table: string })[]>;
  /** Rows of a table that have changed since a position, in order of their position: what an index of them follows. */
  changedSince(table: string, position: number, limit: number): Promise<readonly { key: string; position: number; row: string | null }[]>;
  close(): Promise<void>;
}

export type Condition =
  | ColumnValue
  | { readonly in: readonly ColumnValue[] }
  | { readonly from?: ColumnValue; readonly below?: ColumnValue };

export interface Query {
  readonly where?: Readonly<Record<string, Condition>>;
  /** Columns to order by, null before every value; the key decides between equals, in the direction of the last one. */
  readonly order?: readonly (readonly [column: string, direction: 'asc' | 'desc'])[];
  /** Only what comes after the row with these order values and this key. */
  readonly after?: { readonly values: readonly ColumnValue[]; readonly key: string };
  readonly limit: number;
}

export interface FoundRow {
  readonly key: string;
  readonly row: string;
  /** Values of the order columns, for the cursor of the next page. */
  readonly order: readonly ColumnValue[];
}

/** Rows in groups of the same value in column `by`, in the order of that value; `after`: only groups beyond it. */
export interface Grouping {
  readonly by: string;
  /** Integer columns to sum. */
  readonly sums: readonly string[];
  readonly where?: Query['where'];
  readonly after?: string;
  readonly limit: number;
}

export interface Group {
  readonly value: ColumnValue;
  readonly count: number;
  /** In the order of `sums`; beyond 2^53 - 1 the nearest number. */
  readonly sums: readonly number[];
}

/** The query services' side: reads of the live generation of each projection. */
export interface TableReader {
  get(projection: string, key: string): Promise<string | null>;
  getMany(projection: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  find(projection: string, query: Query): Promise<readonly FoundRow[]>;
  count(projection: string, where?: Query['where']): Promise<number>;
  /** Sum of an integer column; beyond 2^53 - 1 the nearest number. */
  sum(projection: string, column: string, where?: Query['where']): Promise<number>;
  /** Counts and sums by group. An index that begins with the columns of `where`, then `by` and the sums keeps it from reading rows. */
  groups(projection: string, grouping: Grouping): Promise<readonly Group[]>;
  generations(): Promise<readonly Generation[]>;
  /**
   * The same, but of tables whose rows belong to sellers it sees this seller's alone, whatever is asked for: a second net behind queries
   * that name the seller. An engine without such nets answers itself.
   */
  asSeller(sellerId: string): TableReader;
  close(): Promise<void>;
}
