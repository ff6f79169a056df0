// What the suites of this folder share: a client of the server under test, events to write, and errors to look at.
import { randomUUID } from 'node:crypto';
import { type AppendToStreamOptions, EventStoreDBClient, type JSONEventType, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';

/** Given credentials, the client appends by Append instead of BatchAppend; an insecure server ignores them. */
export const credentials = { username: 'admin', password: 'changeit' };

export const connect = (url: string): EventStoreDBClient => EventStoreDBClient.connectionString`${url}`;

export type TestEvent = JSONEventType<string, { n: number }, { note: string }>;

export const event = (n: number, { id = randomUUID(), type = 'test.happened' }: { id?: string; type?: string } = {}) =>
  jsonEvent<TestEvent>({ id, type, data: { n }, metadata: { note: `note ${n}` } });

export const events = (count: number) => Array.from({ length: count }, (_, n) => event(n));

export const append = (
  client: EventStoreDBClient,
  stream: string,
  what: ReturnType<typeof event> | ReturnType<typeof event>[],
  expectedRevision: NonNullable<AppendToStreamOptions['expectedRevision']>,
) => client.appendToStream<TestEvent>(stream, what, { expectedRevision, credentials });

/** A stream that nobody has written to, also on a server that others use. */
export const newStream = (category = 'test') => `${category}-${randomUUID()}`;

export const collect = async <T>(source: AsyncIterable<T>, count = Number.POSITIVE_INFINITY): Promise<T[]> => {
  const found: T[] = [];
  if (count === 0) return found;
  for await (const item of source) if (found.push(item) >= count) break;
  return found;
};

/** The numbers in these events, in order. */
export const numbers = (resolved: readonly ResolvedEvent[]): number[] =>
  resolved.map(({ event: recorded }) => (recorded!.data as { n: number }).n);

export const revisions = (resolved: readonly ResolvedEvent[]) => resolved.map(({ event: recorded }) => recorded?.revision);
export const positions = (resolved: readonly ResolvedEvent[]) => resolved.map(({ event: recorded }) => recorded?.position?.commit);
