// Copies the log to Kafka: what is public first, the topic `log` last, so that its end says how far the copy has come.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Message, Partitioners, type TopicMessages } from 'kafkajs';
import type { Recorded } from '../../domain/metadata.ts';
import { Fenced, type Lease, type Leases } from '../lease/port.ts';
import { lastPosition } from './kafka.ts';
import { type KafkaSettings, openKafka } from './kafka-client.ts';
import { createPartitionReader } from './kafka-partition.ts';
import { type Decode, toRecord } from './kafka-record.ts';
import { logTopic, publicTopic } from './kafka-topics.ts';
import { createLogFeed, type FeedSource } from './log.ts';
import type { ReaderState } from './port.ts';

/** A message for everybody: `type` names its topic, `key` what it is ordered by, `value` is JSON. */
export interface PublicMessage {
  readonly type: string;
  readonly key: string;
  readonly version: number;
  readonly value: string;
}

export interface MirrorOptions {
  readonly kafka: KafkaSettings;
  readonly namespace: string;
  /** The log, opened with the contract `verbatim` (kafka-record.ts): it is copied as it stands, not as this release reads it. */
  readonly source: FeedSource;
  /** What is published is made from the current version of an event: which that is (null: not known), and how it is read. */
  readonly version: (type: string) => number | null;
  readonly decode: Decode;
  readonly publish: (recorded: Recorded, logId: string) => PublicMessage | null;
  readonly leases: Pick<Leases, 'acquire'>;
  /** Who copies, for people who look: a host and a process number. */
  readonly owner: string;
  readonly onError?: (error: Error) => void;
  /** Told after every batch: position of its last event, and how many it had. */
  readonly onCopied?: (position: number, count: number) => void;
}

export interface Mirror {
  /** Position of the last event that is in Kafka, as far as this process has seen to it; 0 before. */
  position(): number;
  state(): ReaderState;
  /** Finishes the batch in hand and gives the lease up. */
  stop(): Promise<void>;
}

/** One send holds no more: a broker takes a batch as a whole, and keeps it in memory. */
const batchEvents = 500;
const batchBytes = 1_048_576;
const longestBackOff = 30_000;
/** Who has waited so long for the lease, in milliseconds, waits because another copies. */
const standbyAfter = 5_000;

/** Cut where a batch is full; never empty. */
const cut = <T>(items: readonly T[], size: (item: T) => number): T[][] => {
  const batches: T[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const own = size(item);
    const current = batches.at(-1);
    if (!current || current.length === batchEvents || bytes + own > batchBytes) {
      batches.push([item]);
      bytes = own;
    } else {
      current.push(item);
      bytes += own;
    }
  }
  return batches;
};

const sizeOf = (record: ReturnType<typeof toRecord>) => record.value.length + record.headers.metadata.length + 300;

const errorOf = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/** What one batch says to the public, by topic. */
const createPublisher = ({ namespace, source, version, decode, publish }: MirrorOptions) => {
  /** As this release knows it. Throws UnknownVersion for what a newer one has written. */
  const current = (recorded: Recorded, { value, headers }: ReturnType<typeof toRecord>): Recorded =>
    version(headers.type) === recorded.metadata.schemaVersion
      ? recorded
      : decode(
          recorded.streamId,
          recorded.revision,
          recorded.position,
          { type: headers.type, metadata: headers.metadata, data: value },
          headers.hash,
        );

  return (events: readonly { recorded: Recorded; record: ReturnType<typeof toRecord> }[]): TopicMessages[] => {
    const byTopic = new Map<string, Message[]>();
    for (const { recorded, record } of events) {
      if (version(recorded.event.type) === null) continue; // not known yet, so not public yet
      const message = publish(current(recorded, record), source.logId);
      if (!message) continue;
      const { eventId, revision, position } = record.headers;
      const headers = {
        'content-type': 'application/cloudevents+json; charset=UTF-8',
        eventId,
        revision,
        position,
        schemaVersion: String(message.version),
      };
      const topic = publicTopic(namespace, message.type);
      const messages = byTopic.get(topic) ?? [];
      messages.push({ key: message.key, value: message.value, timestamp: record.timestamp, headers });
      byTopic.set(topic, messages);
    }
    return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
  };
};

/** Copies while the lease is held and nothing goes wrong. What does go wrong ends it, so that the next one begins at the end of the copy. */
const copy = async (options: MirrorOptions, lease: Lease, signal: AbortSignal, progress: (position: number) => void): Promise<void> => {
  const { kafka, namespace, source, onCopied = () => {} } = options;
  const topic = logTopic(namespace);
  const publicOf = createPublisher(options);
  const reader = createPartitionReader(kafka, topic);
  // NOTE: one send under way, and a producer is never used again after a failed one: it gives that one's sequence numbers to the next
  // messages, which the broker, if the send had come through after all, takes for the ones before, acknowledges and drops.
  const producer = openKafka(kafka).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  const send = async (messages: TopicMessages[]) => {
    if (!lease.isHeld()) throw new Fenced(lease.name, lease.epoch);
    if (messages.length > 0) await producer.sendBatch({ acks: -1, topicMessages: messages });
  };
  const page = async (events: readonly Recorded[], from: number) => {
    let previous = from;
    const all = events.map((recorded) => {
      const record = toRecord(recorded, previous, source.logId);
      previous = recorded.position;
      return { recorded, record };
    });
    for (const batch of cut(all, ({ record }) => sizeOf(record))) {
      await send(publicOf(batch));
      await send([{ topic, messages: batch.map(({ record }) => record) }]);
      const position = batch.at(-1)?.recorded.position ?? 0;
      progress(position);
      onCopied(position, batch.length);
    }
  };
  try {
    await producer.connect();
    // Twice a batch: an owner before us may have sent one more, late, whose records are older than those before them.
    const last = await lastPosition(reader, source.logId, 2 * batchEvents);
    progress(last);
    await follow(source, last, page, AbortSignal.any([signal, lease.lost]));
  } finally {
    await Promise.allSettled([producer.disconnect(), reader.close()]);
  }
};

/** The same log, of which the next page is read while the one before is sent. */
const readingAhead = (source: FeedSource): FeedSource => {
  let ahead: { readonly after: number; readonly page: ReturnType<FeedSource['readAll']> } | null = null;
  return {
    ...source,
    async readAll(after, limit) {
      const before = ahead;
      ahead = null;
      const page = await (before?.after === after ? before.page : source.readAll(after, limit));
      const last = page.length === limit ? page.at(-1) : undefined; // a shorter page is the end of the log
      ahead = last ? { after: last.position, page: source.readAll(last.position, limit) } : null;
      ahead?.page.catch(() => {}); // whoever asks for it hears of it
      return page;
    },
  };
};

/** Until `signal` ends it or `page` fails, whose error it throws. */
const follow = async (
  source: FeedSource,
  from: number,
  page: (events: readonly Recorded[], from: number) => Promise<void>,
  signal: AbortSignal,
) => {
  const ended = Promise.withResolvers<void>();
  const end = () => ended.resolve();
  let failed = false;
  const subscription = createLogFeed(readingAhead(source)).subscribe(from, async (events, before) => {
    if (failed || signal.aborted) throw new Error('the copy has ended');
    try {
      await page(events, before);
    } catch (error) {
      failed = true;
      ended.reject(errorOf(error));
      throw error;
    }
  });
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    await ended.promise;
  } finally {
    signal.removeEventListener('abort', end);
    await subscription.stop();
  }
};

/** Copies whenever this process has the lease `<namespace>.mirror`, until it is stopped. Faults are tried again, later and later. */
export const startMirror = (options: MirrorOptions): Mirror => {
  const { leases, owner, namespace, onError = () => {} } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let position = 0;
  let reason: string | null = null;
  /** Since when it waits for the lease. Whoever fails gives it up between two tries, and is not taken for a standby by that. */
  let waitingSince: number | null = null;
  const isStandby = () => waitingSince !== null && performance.now() - waitingSince > standbyAfter;

  const run = async () => {
    for (let backOff = 50; !signal.aborted; ) {
      try {
        waitingSince ??= performance.now();
        const lease = await leases.acquire(`${namespace}.mirror`, { owner, signal });
        waitingSince = null;
        try {
          await copy(options, lease, signal, (reached) => {
            if (reached > position) [backOff, reason] = [50, null];
            position = reached;
          });
        } finally {
          await lease.release();
        }
      } catch (error) {
        if (signal.aborted) return;
        reason = errorOf(error).message;
        onError(errorOf(error));
        await sleep(backOff, undefined, { signal }).catch(() => {});
        backOff = Math.min(backOff * 2, longestBackOff);
      }
    }
  };
  const done = run();
  return {
    position: () => position,
    state: () => ({ position: isStandby() ? null : position, reason }),
    async stop() {
      stopping.abort();
      await done;
    },
  };
};
