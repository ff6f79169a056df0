// The feed over Kafka: the topic `log`, one partition in log order. One reader per process follows its end and tells every subscriber;
// who is behind reads the topic from its own place on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaMessage } from 'kafkajs';
import type { Recorded } from '../../domain/metadata.ts';
import type { KafkaSettings } from './kafka-client.ts';
import { createPartitionReader, type PartitionReader } from './kafka-partition.ts';
import { type Decode, fromRecord, mustBeOf, positionOf, previousOf } from './kafka-record.ts';
import { logTopic } from './kafka-topics.ts';
import { createLogFeed, type FeedSource } from './log.ts';
import type { EventFeed } from './port.ts';

/** How long the broker may hold back an answer while nothing happens: an event ends the wait at once. Closing takes as long. */
const longestWait = 500;
/** Places that were read up to lately, so that who reads on need not search. */
const placesKept = 100;

/**
 * An offset from which all events after `position` follow. Positions rise with the offsets but where a batch was sent twice; whichever
 * boundary between "up to position" and "after it" is found, everything after `position` stands behind it.
 */
export const offsetAfter = async (reader: PartitionReader, position: number): Promise<number> => {
  let low = 0;
  let high = await reader.end();
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const records = await reader.fetch(middle, 0, 1);
    const first = records.findIndex((record) => positionOf(record) > position);
    if (first > 0) return Number(records[first]?.offset);
    if (first === 0) high = middle;
    else low = Number(records.at(-1)?.offset ?? high - 1) + 1;
  }
  return low;
};

/** The highest position among the last `window` records; 0 for an empty topic. Throws OtherLog. */
export const lastPosition = async (reader: PartitionReader, logId: string, window: number): Promise<number> => {
  const end = await reader.end();
  let last = 0;
  for (let offset = Math.max(0, end - window); offset < end; ) {
    const records = await reader.fetch(offset, longestWait);
    for (const record of records) last = Math.max(last, positionOf(record));
    const newest = records.at(-1);
    if (!newest) break;
    mustBeOf(logId, newest);
    offset = Number(newest.offset) + 1;
  }
  return last;
};

/** Those of `records` that go on after `position`, each event once. */
const after = (records: readonly KafkaMessage[], position: number): KafkaMessage[] => {
  let last = position;
  return records.filter((record) => {
    const at = positionOf(record);
    if (at <= last) return false;
    last = at;
    return true;
  });
};

const lacksEvents = (position: number) => new Error(`the topic lacks events after position ${position}`);

/** Pages of the topic from any position on. */
const createPages = (reader: PartitionReader, decode: (record: KafkaMessage) => Recorded) => {
  const places = new Map<number, number>();
  const remember = (position: number, offset: number) => {
    places.set(position, offset);
    const [oldest] = places.keys();
    if (places.size > placesKept && oldest !== undefined) places.delete(oldest);
  };
  return async (position: number, limit: number): Promise<readonly Recorded[]> => {
    let offset = places.get(position) ?? (await offsetAfter(reader, position));
    for (;;) {
      const records = await reader.fetch(offset, 0);
      const newest = records.at(-1);
      if (!newest) return [];
      offset = Number(newest.offset) + 1;
      const fresh = after(records, position).slice(0, limit);
      const [first, last] = [fresh[0], fresh.at(-1)];
      if (!first || !last) continue;
      if (previousOf(first) > position) {
        // Or the topic was made anew and its places are others: whoever reads tries again, and the place is searched then.
        places.delete(position);
        throw lacksEvents(position);
      }
      remember(positionOf(last), Number(last.offset) + 1);
      return fresh.map(decode);
    }
  };
};

interface TailOptions {
  readonly reader: PartitionReader;
  readonly decode: (record: KafkaMessage) => Recorded;
  readonly tell: (events: readonly Recorded[]) => void;
  readonly onError: (error: Error) => void;
  /** Milliseconds of the first pause after a fault; each further one is twice as long. */
  readonly backOffMs?: number;
}

/** Follows the end of the topic, and tells what is new without a gap: also after a fault, from where it was. */
export const followTail = ({ reader, decode, tell, onError, backOffMs = 50 }: TailOptions) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  let offset: number | null = null;
  let told: number | null = null;

  const step = async () => {
    if (offset === null) {
      offset = told === null ? await reader.end() : await offsetAfter(reader, told);
      tell([]); // who has read to the end before there was anybody to follow it looks again
      return;
    }
    const records = await reader.fetch(offset, longestWait);
    const fresh = after(records, told ?? 0);
    const [first, last] = [fresh[0], fresh.at(-1)];
    if (first && told !== null && previousOf(first) > told) throw lacksEvents(told);
    const events = fresh.map(decode);
    offset = Number(records.at(-1)?.offset ?? offset - 1) + 1;
    if (!last) return;
    told = positionOf(last);
    tell(events);
  };
  const run = async () => {
    for (let backOff = backOffMs; !signal.aborted; ) {
      try {
        await step();
        backOff = backOffMs;
      } catch (error) {
        if (signal.aborted) return;
        onError(error instanceof Error ? error : new Error(String(error)));
        offset = null;
        await sleep(backOff, undefined, { signal }).catch(() => {});
        backOff = Math.min(backOff * 2, 5_000);
      }
    }
  };
  const done = run();
  return {
    /** Position of the last event that was told; null before the first one. */
    told: () => told,
    async stop() {
      stopping.abort();
      await done;
    },
  };
};

export interface KafkaFeedOptions {
  readonly kafka: KafkaSettings;
  readonly namespace: string;
  /** The log that the topic must be a copy of. */
  readonly logId: string;
  readonly decode: Decode;
  /** Hears of every fault of the reader that follows the end; it goes on by itself. */
  readonly onError?: (error: Error) => void;
}

/** Connects when first needed, and again whenever it must: Kafka may be away at the start. */
export const createKafkaFeed = (options: KafkaFeedOptions): EventFeed & { close(): Promise<void> } => {
  const { kafka, namespace, logId, onError = () => {} } = options;
  const decode = (record: KafkaMessage) => {
    mustBeOf(logId, record);
    return fromRecord(options.decode, record);
  };
  const [pages, tail] = [createPartitionReader(kafka, logTopic(namespace)), createPartitionReader(kafka, logTopic(namespace))];
  const listeners = new Set<(events: readonly Recorded[]) => void>();
  const tell = (events: readonly Recorded[]) => {
    for (const listener of listeners) listener(events);
  };
  let following: ReturnType<typeof followTail> | null = null;
  let head = { end: 0, position: 0 };

  const source: FeedSource = {
    logId,
    readAll: createPages(pages, decode),
    async head() {
      const end = await pages.end();
      if (end !== head.end) head = { end, position: await lastPosition(pages, logId, 1) };
      return head.position;
    },
    onCommitted(listener) {
      listeners.add(listener);
      following ??= followTail({ reader: tail, decode, tell, onError });
      return () => listeners.delete(listener);
    },
    // NOTE: without it a subscriber looks after every batch whether there is more, and for its place in the topic it has to search.
    told: () => following?.told() ?? null,
  };
  return {
    ...createLogFeed(source),
    head: source.head,
    async close() {
      await following?.stop();
      await Promise.all([pages.close(), tail.close()]);
    },
  };
};
