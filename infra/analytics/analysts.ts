// What an analyst's query may cost, what it is answered in, and what the engine's refusals mean: the same for chDB and ClickHouse.
import { DomainError } from '../../domain/error.ts';
import type { Caps, QueryFormat } from './port.ts';

export const formats: Readonly<Record<QueryFormat, { name: string; contentType: string }>> = {
  json: { name: 'JSON', contentType: 'application/json' },
  csv: { name: 'CSVWithNames', contentType: 'text/csv; charset=utf-8' },
  parquet: { name: 'Parquet', contentType: 'application/vnd.apache.parquet' },
};

/** Beyond the engine's own time limit, before it is given up: it looks at its limit only between blocks. */
export const graceMs = 3_000;

/** Bytes that an answer may have, held by the engine or written out. */
export const largestResult = 64 * 1024 * 1024;
export const tooLarge = () => new DomainError('analytics.result_too_large', 'The result has too many bytes: add a LIMIT.');
export const tooSlow = () => new DomainError('analytics.query_too_slow', 'The query did not end in time.');

/**
 * What is asked of the engine. `final` spares the analysts the word. NOTE: ClickHouse counts neither rows nor bytes of a SELECT that reads no table
 * (arrayJoin of a long array), nor those of a union with such a one; as soon as another SELECT reads from it, it does.
 */
export const capped = (sql: string, caps: Caps) =>
  `SELECT * FROM (\n${sql}\n)
   SETTINGS final = 1, max_execution_time = ${caps.seconds}, max_result_rows = ${caps.rows}, max_result_bytes = ${largestResult},
   result_overflow_mode = 'throw', max_memory_usage = ${caps.memoryBytes}, date_time_output_format = 'iso', output_format_json_quote_64bit_integers = 0`;

/** Nobody waits for the answer any more. */
export const left = () => new DomainError('request.aborted', 'The client went away before the answer had come.');

/** The engine's refusals in our words, by its code; its syntax errors in its own, which quote nothing but the query. */
export const analystError = (code: number, message: string): DomainError => {
  switch (code) {
    case 159: // TIMEOUT_EXCEEDED
    case 160: // TOO_SLOW
    case 394: // QUERY_WAS_CANCELLED
      return tooSlow();
    case 396: // TOO_MANY_ROWS_OR_BYTES
      return new DomainError('analytics.result_too_large', 'The result has too many rows or bytes: add a LIMIT.');
    case 241: // MEMORY_LIMIT_EXCEEDED
      return new DomainError('analytics.result_too_large', 'The query needs too much memory.');
    case 164: // READONLY
      return new DomainError('analytics.query_refused', 'Only reading is allowed.');
    default:
      return new DomainError('analytics.query_failed', message.slice(0, 500));
  }
};

/** UNKNOWN_TABLE and UNKNOWN_DATABASE: that build is not there. */
export const isGone = (code: number | null) => code === 60 || code === 81;
