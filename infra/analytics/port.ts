// Analytics: facts are appended in batches, reports and analysts' queries read them.
import type { QueryParams, ReportName, ReportParams, ReportRow } from './reports.ts';
import type { FactTable, Fact as Row, Facts as Rows } from './schema.ts';

export type { ReportName, ReportParams };

/** A row of one table. Instants are RFC 3339, amounts whole numbers. */
export type Fact<T extends FactTable> = Row<T>;
export type Facts = Rows;

export interface AnalyticsCheckpoint {
  readonly logId: string;
  readonly position: number;
}

export type QueryFormat = 'json' | 'csv' | 'parquet';

/** Limits of an analyst's query: seconds of work, rows and bytes of memory. */
export interface Caps {
  readonly seconds: number;
  readonly rows: number;
  readonly memoryBytes: number;
}
export const defaultCaps: Caps = { seconds: 10, rows: 100_000, memoryBytes: 512 * 1024 * 1024 };

export interface QueryResult {
  readonly contentType: string;
  /** JSON is `{meta, data, rows, …}` as ClickHouse writes it, CSV has a line of names. */
  readonly body: Uint8Array;
}

/**
 * Every member may throw analytics.unavailable (the engine is not installed, or went away: try again) and analytics.busy (too many are waiting).
 * A build is one version of all tables; exactly one is live, and reports and queries read that one.
 */
export interface Analytics {
  /** Makes the tables of a build, unless they exist. The first build of all goes live at once. */
  create(build: number): Promise<void>;
  /** Stores the facts, then the checkpoint. The same facts again change nothing. Throws analytics.other_log for another log than the build's. */
  insert(build: number, facts: Facts, checkpoint: AnalyticsCheckpoint): Promise<void>;
  checkpoint(build: number): Promise<AnalyticsCheckpoint | null>;
  live(): Promise<number | null>;
  /** Makes a build live and drops the one before. Throws analytics.build_behind when it has read less. */
  swap(build: number): Promise<void>;
  /** Throws as `query` does. */
  report<N extends ReportName>(name: N, params: ReportParams[N], signal?: AbortSignal): Promise<ReportRow[N][]>;
  /**
   * One SELECT over the fact tables, given without database names. Throws analytics.query_refused (anything else than that),
   * analytics.query_failed (the engine's own words), analytics.query_too_slow, analytics.result_too_large, and
   * request.aborted once `signal` says that nobody waits any more: then the engine stops working at it.
   */
  query(sql: string, params?: QueryParams, format?: QueryFormat, caps?: Caps, signal?: AbortSignal): Promise<QueryResult>;
  close(): Promise<void>;
}
