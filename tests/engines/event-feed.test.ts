// The feed over Kafka keeps what every feed promises, whatever happens to its connections and however often a batch was sent.
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendTo, eventFeedContract, listen, logAfter } from '../../infra/event-feed/contract.ts';
import { createKafkaFeed, offsetAfter } from '../../infra/event-feed/kafka.ts';
import { type KafkaSettings, openKafka } from '../../infra/event-feed/kafka-client.ts';
import { createPartitionReader } from '../../infra/event-feed/kafka-partition.ts';
import { toRecord } from '../../infra/event-feed/kafka-record.ts';
import { applyTopics, logTopic, publicTopic } from '../../infra/event-feed/kafka-topics.ts';
import { startMirror } from '../../infra/event-feed/mirror.ts';
import { decode, type KafkaPlace, kafka, mirrorToEnd, openPlace, through } from './kafka.ts';
import { createProxy } from './toxiproxy.ts';

eventFeedContract('Kafka', async () => {
  const place = await openPlace();
  const mirror = startMirror(place.mirrorOptions());
  const feed = createKafkaFeed({ kafka, namespace: place.namespace, logId: place.store.logId, decode });
  return {
    store: place.store,
    feed,
    async close() {
      await Promise.all([feed.close(), mirror.stop()]);
      await place.close();
    },
  };
});

describe('the feed over Kafka', () => {
  let place: KafkaPlace;
  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.close());

  const open = (settings = kafka, { logId = place.store.logId, onError = () => {} } = {}) =>
    createKafkaFeed({ kafka: settings, namespace: place.namespace, logId, decode, onError });

  it('is empty at first', async () => {
    const feed = open();
    expect(await feed.head()).toBe(0);
    await feed.close();
  });

  it('hears every event once where batches were sent twice, from any position on', async () => {
    await appendTo(place.store, 40, 4);
    await mirrorToEnd(place);
    const all = await place.source.readAll(0, 1_000);
    const producer = openKafka(kafka, 5).producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const send = (from: number, to: number) =>
      producer.send({
        topic: logTopic(place.namespace),
        messages: all.slice(from, to).map((recorded, n) => toRecord(recorded, all[from + n - 1]?.position ?? 0, place.store.logId)),
      });
    await send(20, 40);
    await send(35, 40);
    await producer.disconnect();
    await appendTo(place.store, 10);
    await mirrorToEnd(place);

    const feed = open();
    const log = await logAfter(place.store, 0);
    const last = log.at(-1)?.position ?? 0;
    for (const position of [0, ...log.slice(0, -1).map((recorded) => recorded.position)]) {
      const ear = listen(feed, position);
      await ear.reach(last);
      await ear.subscription.stop();
      expect(ear.heard).toEqual(log.filter((recorded) => recorded.position > position));
    }
    await feed.close();
  });

  it('finds an offset behind which everything after a position stands', async () => {
    const reader = createPartitionReader(kafka, logTopic(place.namespace));
    const records = await place.records(logTopic(place.namespace));
    for (const position of [0, 1, 17, 36, 40, 45, 50, 1_000]) {
      const behind = records.slice(await offsetAfter(reader, position)).map((record) => record.position);
      const wanted = new Set(records.map((record) => record.position).filter((at) => at > position));
      expect([...wanted].filter((at) => !behind.includes(at))).toEqual([]);
    }
    await reader.close();
  });

  it('leaves out nothing when its connections are reset, go silent or cannot be made', async () => {
    const proxy = await createProxy(kafka.brokers[0] ?? '');
    let woken = () => {};
    const mirror = startMirror(place.mirrorOptions({ onCopied: () => woken() }));
    let faults = 0;
    const onError = () => {
      faults += 1;
      woken();
    };
    const feed = open(through(proxy.address), { onError });
    const begin = await place.store.head();
    const ear = listen(feed, begin);
    await ear.reach(await appendTo(place.store, 5));
    for (const trouble of [proxy.reset, proxy.timeout, proxy.down, () => proxy.reset(200)]) {
      faults = 0;
      await trouble();
      const missed = await appendTo(place.store, 50);
      while (mirror.position() < missed || faults === 0) await new Promise<void>((resolve) => (woken = resolve));
      await proxy.up();
      await ear.reach(await appendTo(place.store, 5));
    }
    await ear.subscription.stop();
    expect(ear.heard).toEqual(await logAfter(place.store, begin));
    await Promise.all([feed.close(), mirror.stop()]);
    await proxy.remove();
  });

  it('waits for a Kafka that is away when it starts', async () => {
    const proxy = await createProxy(kafka.brokers[0] ?? '');
    await proxy.down();
    const feed = open(through(proxy.address));
    const ear = listen(feed, 0);
    await ear.until(() => ear.errors.length > 1);
    await proxy.up();
    await ear.reach(await place.store.head());
    await ear.subscription.stop();
    expect(ear.heard).toEqual(await logAfter(place.store, 0));
    await feed.close();
    await proxy.remove();
  });

  it('leaves no connection open when it is closed, however many read at once', async () => {
    await appendTo(place.store, 5);
    await mirrorToEnd(place);
    const sockets: net.Socket[] = [];
    const socketFactory: KafkaSettings['socketFactory'] = ({ host, port, onConnect }) => {
      const socket = net.connect({ host, port }, onConnect);
      sockets.push(socket);
      return socket;
    };
    const reader = createPartitionReader({ ...kafka, socketFactory }, logTopic(place.namespace));
    await Promise.all(Array.from({ length: 5 }, () => reader.fetch(0, 0)));
    await reader.close();
    expect(sockets.filter(({ writable }) => writable)).toEqual([]);
  });

  it('refuses the events of another log', async () => {
    const feed = open(kafka, { logId: 'another-log' });
    const ear = listen(feed, 0);
    await ear.until(() => ear.errors.length > 0);
    await ear.subscription.stop();
    expect(ear.errors[0]?.name).toBe('OtherLog');
    expect(ear.heard).toEqual([]);
    await feed.close();
  });
});

describe('topics', () => {
  let place: KafkaPlace;
  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.close());

  it('are made once, and set right where they are not', async () => {
    expect(await applyTopics(kafka, place.namespace, ['test.told'], { partitions: 3 })).toEqual([]);
    const told = publicTopic(place.namespace, 'test.told');
    expect(await applyTopics(kafka, place.namespace, ['test.told'], { publicRetentionMs: 60_000 })).toEqual([
      `set ${told}: retention.ms=60000`,
    ]);
    expect(await applyTopics(kafka, place.namespace, ['test.told'], { publicRetentionMs: 60_000 })).toEqual([]);
  });

  it('are refused where the log has more than one partition', async () => {
    const admin = openKafka(kafka, 5).admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic: logTopic(place.namespace), count: 2 }] });
    await admin.disconnect();
    await expect(applyTopics(kafka, place.namespace, ['test.told'])).rejects.toThrow('has 2 partitions');
  });
});
