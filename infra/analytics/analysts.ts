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

/** NOTE: ClickHouse counts no rows of a SELECT that reads no table (arrayJoin of a long array), so the bytes are looked at as well. */
export const largestResult = 64 * 1024 * 1024;
export const tooLarge = () => new DomainError('analytics.result_too_large', 'The result has too many bytes: add a LIMIT.');
export const tooSlow = () => new DomainError('analytics.query_too_slow', 'The query did not end in time.');

/** `final` spares the analysts the word. */
export const limits = (caps: Caps) =>
  `SETTINGS final = 1, max_execution_time = ${caps.seconds}, max_result_rows = ${caps.rows}, result_overflow_mode = 'throw',
   max_memory_usage = ${caps.memoryBytes}, date_time_output_format = 'iso', output_format_json_quote_64bit_integers = 0`;

/** The engine's refusals in our words, by its code; its syntax errors in its own, which quote nothing but the query. */
export const analystError = (code: number, message: string): DomainError => {
  switch (code) {
    case 159: // TIMEOUT_EXCEEDED
    case 160: // TOO_SLOW
    case 394: // QUERY_WAS_CANCELLED
      return tooSlow();
    case 396: // TOO_MANY_ROWS_OR_BYTES
      return new DomainError('analytics.result_too_large', 'The result has too many rows: add a LIMIT.');
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
