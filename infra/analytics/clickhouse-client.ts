// Talks to ClickHouse over HTTP: one client per database, time limits, and what failures mean here. Rests on @clickhouse/client.
import { ClickHouseError, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { DomainError } from '../../domain/error.ts';
import { largestResult, left, tooLarge, tooSlow } from './analysts.ts';
import type { QueryParams } from './reports.ts';

export interface ClickHouseOptions {
  /** With user and password, where there are any. */
  readonly url: string;
  /** How long a request may take, in milliseconds; an analyst's query has its own limit. */
  readonly timeout?: number;
  /** Requests that may wait at once. */
  readonly queueLength?: number;
}

/** An error that the engine itself reported, with its number. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Statement {
  readonly sql: string;
  readonly params?: QueryParams;
  readonly settings?: ClickHouseSettings;
  /** Says that nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClickHouseConnection {
  run(sql: string): Promise<void>;
  rows<Row>(statement: Statement): Promise<Row[]>;
  insert(table: string, columns: readonly string[], values: readonly unknown[][]): Promise<void>;
  /** The answer as it comes, in the format that the statement names. Given up after `milliseconds`, and when it is too large. */
  bytes(statement: Statement, milliseconds: number): Promise<Uint8Array>;
}

const usualTimeout = 30_000;
const usualQueue = 100;

/** What a server says of itself, not of the query: too many at once, no connection to the others, shutting down, out of room, who are you. */
const busy = [202];
const away = [209, 210, 242, 243, 279, 516, 999];

/** A connection that the server has closed meanwhile, as after it was started anew. */
const isBroken = (error: unknown) => error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');

const codeOf = (error: unknown): number | null => {
  if (error instanceof ClickHouseError) return Number(error.code);
  const [, code] = /^Code: (\d+)\./.exec(error instanceof Error ? error.message : '') ?? [];
  return code === undefined ? null : Number(code);
};

/** An engine's refusal keeps its number; whatever is not one means that the engine cannot be reached. */
const meaningOf = (error: unknown): Error => {
  if (error instanceof DomainError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code !== null && busy.includes(code)) return new DomainError('analytics.busy', 'Too many queries run.', { retryAfter: 5 });
  if (code !== null && !away.includes(code)) return new EngineRefusal(code, message);
  const unavailable = new DomainError('analytics.unavailable', 'Analytics cannot be reached at the moment.', { retryAfter: 5 });
  unavailable.cause = error;
  return unavailable;
};

const collected = async (stream: AsyncIterable<Buffer>): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > largestResult) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** Connections to the databases of one server. */
export const openClickHouse = ({ url, timeout = usualTimeout, queueLength = usualQueue }: ClickHouseOptions) => {
  const clients = new Map<string, ReturnType<typeof createClient>>();
  let asked = 0;

  const clientOf = (database: string) => {
    const known =
      clients.get(database) ?? createClient({ url, database, request_timeout: timeout, log: { level: ClickHouseLogLevel.OFF } });
    clients.set(database, known);
    return known;
  };

  /** Each request has its own deadline, and a second attempt when its connection turns out to be gone: none does harm when it comes twice. */
  const ask = async <T>(request: (signal: AbortSignal) => Promise<T>, milliseconds = timeout, whileWanted?: AbortSignal): Promise<T> => {
    if (whileWanted?.aborted) throw left();
    if (asked >= queueLength) throw new DomainError('analytics.busy', 'Too many queries are waiting.', { retryAfter: 5 });
    asked += 1;
    const deadline = AbortSignal.timeout(milliseconds);
    const signal = whileWanted ? AbortSignal.any([deadline, whileWanted]) : deadline;
    try {
      return await request(signal).catch((error: unknown) => {
        if (isBroken(error)) return request(signal);
        throw error;
      });
    } catch (error) {
      throw whileWanted?.aborted ? left() : meaningOf(error);
    } finally {
      asked -= 1;
    }
  };

  const connection = (database: string): ClickHouseConnection => ({
    run: async (query) => {
      await ask((abort_signal) => clientOf(database).command({ query, abort_signal }));
    },
    rows: <Row>({ sql, params, settings, signal }: Statement) =>
      ask(
        async (abort_signal) => {
          const result = await clientOf(database).query({
            query: sql,
            format: 'JSON',
            abort_signal,
            clickhouse_settings: { ...settings, output_format_json_quote_64bit_integers: 0 },
            ...(params && { query_params: params }),
          });
          return (await result.json<Row>()).data;
        },
        timeout,
        signal,
      ),
    insert: async (table, columns, values) => {
      const [first, ...others] = columns;
      if (first === undefined) return;
      await ask((abort_signal) =>
        clientOf(database).insert({
          table,
          columns: [first, ...others],
          values,
          format: 'JSONCompactEachRow',
          abort_signal,
          // Instants come as RFC 3339; everything else is plain.
          clickhouse_settings: { date_time_input_format: 'best_effort' },
        }),
      );
    },
    bytes: async ({ sql, params, settings, signal }, milliseconds) => {
      const end = Date.now() + milliseconds;
      const request = async (abort_signal: AbortSignal) => {
        const { stream } = await clientOf(database).exec({
          query: sql,
          abort_signal,
          ...(settings && { clickhouse_settings: settings }),
          ...(params && { query_params: params }),
        });
        return collected(stream);
      };
      try {
        return await ask(request, milliseconds, signal);
      } catch (error) {
        throw error instanceof DomainError && error.code === 'analytics.unavailable' && Date.now() >= end ? tooSlow() : error;
      }
    },
  });

  return {
    connection,
    /** A database that is no more needs no client. */
    forget: async (database: string) => {
      await clients.get(database)?.close();
      clients.delete(database);
    },
    close: async () => {
      for (const client of clients.values()) await client.close();
    },
  };
};
