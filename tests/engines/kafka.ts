// A log in a file, a Kafka namespace of its own, and a mirror between: what the suites of the feed and of the mirror stand on.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Recorded } from '../../domain/metadata.ts';
import { type KafkaSettings, openKafka } from '../../infra/event-feed/kafka-client.ts';
import { createPartitionReader } from '../../infra/event-feed/kafka-partition.ts';
import { verbatim } from '../../infra/event-feed/kafka-record.ts';
import { applyTopics, logTopic, publicTopic } from '../../infra/event-feed/kafka-topics.ts';
import type { FeedSource } from '../../infra/event-feed/log.ts';
import { type MirrorOptions, type PublicMessage, startMirror } from '../../infra/event-feed/mirror.ts';
import { createCodec } from '../../infra/event-store/codec.ts';
import { testContract } from '../../infra/event-store/contract.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import { createSqliteEventStore } from '../../infra/event-store/sqlite.ts';
import { createLogReader } from '../../infra/event-store/sqlite-reader.ts';
import { localLeases } from '../../infra/lease/local.ts';
import { needed } from './needed.ts';

export const brokers = needed('KAFKA_BROKERS').split(',');
export const kafka: KafkaSettings = { brokers };

/** The same brokers by way of `address`: they say where they live themselves, so the way round them begins at the socket. */
export const through = (address: string): KafkaSettings => {
  const [host = '', port = ''] = address.split(':');
  return { brokers, requestTimeoutMs: 1_500, socketFactory: ({ onConnect }) => net.connect({ host, port: Number(port) }, onConnect) };
};

/** The brokers by way of a socket that can lose a reply: what was asked for has been done, and the connection is gone. */
export const losingReplies = (): { readonly settings: KafkaSettings; lose(): void } => {
  let losing = false;
  const socketFactory: KafkaSettings['socketFactory'] = ({ host, port, onConnect }) => {
    const socket = net.connect({ host, port }, onConnect);
    const emit = socket.emit.bind(socket);
    socket.emit = (event: string | symbol, ...rest: unknown[]) => {
      if (event !== 'data' || !losing) return emit(event, ...rest);
      losing = false;
      socket.destroy(new Error('the reply was lost'));
      return true;
    };
    return socket;
  };
  return { settings: { brokers, socketFactory }, lose: () => (losing = true) };
};

/** The one public message of these suites: each stream is an aggregate. */
export const publishAll = (recorded: Recorded): PublicMessage => ({
  type: 'test.told',
  key: recorded.streamId,
  version: 1,
  value: JSON.stringify({ id: recorded.metadata.eventId, revision: recorded.revision }),
});

export const partitions = 3;

export const { decode } = createCodec(testContract);

export interface CopiedRecord {
  readonly key: string;
  readonly position: number;
  readonly eventId: string;
  readonly revision: number;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface KafkaPlace {
  readonly namespace: string;
  readonly store: EventStore;
  readonly source: FeedSource;
  mirrorOptions(more?: Partial<MirrorOptions>): MirrorOptions;
  readonly records: typeof records;
  close(): Promise<void>;
}

/** All records of a topic's partition, as they stand there. */
export const records = async (topic: string, partition = 0): Promise<CopiedRecord[]> => {
  const reader = createPartitionReader(kafka, topic, partition);
  const end = await reader.end();
  const all = [];
  for (let offset = 0; offset < end; ) {
    const page = await reader.fetch(offset, 0);
    offset = Number(page.at(-1)?.offset) + 1;
    all.push(...page);
  }
  await reader.close();
  return all.map(({ key, value, headers }) => ({
    key: String(key),
    position: Number(headers?.position),
    eventId: String(headers?.eventId),
    revision: Number(headers?.revision),
    value: String(value),
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])),
  }));
};

export const openPlace = async (): Promise<KafkaPlace> => {
  const namespace = `test-${randomUUID()}`;
  const directory = await mkdtemp(join(tmpdir(), 'mirror-'));
  const file = join(directory, 'log.db');
  const store = await createSqliteEventStore({ file, contract: testContract });
  const reader = createLogReader(file, createCodec(verbatim));
  await applyTopics(kafka, namespace, ['test.told'], { partitions });
  const leases = localLeases();
  const source: FeedSource = {
    logId: store.logId,
    head: async () => reader.head(),
    readAll: async (after, limit) => reader.readAll(after, limit),
    onCommitted: (listener) => store.onCommitted(listener),
  };
  return {
    namespace,
    store,
    source,
    mirrorOptions: (more = {}) => ({
      kafka,
      namespace,
      source,
      version: testContract.version,
      decode,
      publish: publishAll,
      leases,
      owner: 'test',
      ...more,
    }),
    records,
    async close() {
      reader.close();
      await store.close();
      await rm(directory, { recursive: true });
      const admin = openKafka(kafka, 5).admin();
      await admin.connect();
      await admin.deleteTopics({ topics: [logTopic(namespace), publicTopic(namespace, 'test.told')] });
      await admin.disconnect();
    },
  };
};

/** Runs a mirror until it has copied up to the end of the log. */
export const mirrorToEnd = async (place: KafkaPlace, more: Partial<MirrorOptions> = {}): Promise<void> => {
  const head = await place.store.head();
  const reached = Promise.withResolvers<void>();
  const mirror = startMirror(
    place.mirrorOptions({
      ...more,
      onCopied: (position) => {
        if (position >= head) reached.resolve();
      },
    }),
  );
  await reached.promise;
  await mirror.stop();
};
