// The mirror's ceiling: a bare producer with the mirror's settings sends what the mirror has sent. `fleet-producer.ts BROKERS FROM TO`: two namespaces.
import { type KafkaMessage, type Message, Partitioners } from 'kafkajs';
import { publicMessages } from '../domain/public-messages.ts';
import { openKafka } from '../infra/event-feed/kafka-client.ts';
import { createPartitionReader } from '../infra/event-feed/kafka-partition.ts';
import { positionOf } from '../infra/event-feed/kafka-record.ts';
import { logTopic, publicTopic } from '../infra/event-feed/kafka-topics.ts';
import { partitions } from '../tests/fleet/fleet.ts';

const [brokers = '', from = '', to = ''] = process.argv.slice(2);
const kafka = { brokers: brokers.split(',') };
/** As many as the mirror sends at once. */
const batchEvents = 500;

interface Sent {
  readonly topic: string;
  readonly position: number;
  readonly message: Message;
}

/** As texts, which is how whoever makes records has them. */
const texts = ({ key, value, timestamp, headers = {} }: KafkaMessage): Message => ({
  key: String(key),
  value: String(value),
  timestamp,
  headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, String(header)])),
});

const recordsOf = async (topic: string, partition: number, into: string): Promise<Sent[]> => {
  const reader = createPartitionReader(kafka, topic, partition);
  const end = await reader.end();
  const found: Sent[] = [];
  for (let offset = 0; offset < end; ) {
    const page = await reader.fetch(offset, 500);
    for (const record of page) found.push({ topic: into, position: positionOf(record), message: texts(record) });
    offset = Number(page.at(-1)?.offset ?? offset - 1) + 1;
  }
  await reader.close();
  return found;
};

const events = await recordsOf(logTopic(from), 0, logTopic(to));
const told: Sent[] = [];
for (const type of Object.keys(publicMessages)) {
  for (let partition = 0; partition < partitions; partition++) {
    told.push(...(await recordsOf(publicTopic(from, type), partition, publicTopic(to, type))));
  }
}
told.sort((a, b) => a.position - b.position);

/** Each with its events and what they say to the public. */
const batches: Map<string, Message[]>[] = [];
let place = 0;
for (let n = 0; n < events.length; n += batchEvents) {
  const own = events.slice(n, n + batchEvents);
  const last = own.at(-1)?.position ?? 0;
  const begin = place;
  while (place < told.length && told[place]!.position <= last) place += 1;
  const byTopic = new Map<string, Message[]>();
  for (const { topic, message } of [...own, ...told.slice(begin, place)]) byTopic.set(topic, [...(byTopic.get(topic) ?? []), message]);
  batches.push(byTopic);
}

const producer = openKafka(kafka).producer({
  idempotent: true,
  maxInFlightRequests: 1,
  allowAutoTopicCreation: false,
  createPartitioner: Partitioners.DefaultPartitioner,
});
await producer.connect();
for (const byTopic of batches) {
  await producer.sendBatch({ acks: -1, topicMessages: [...byTopic].map(([topic, messages]) => ({ topic, messages })) });
}
await producer.disconnect();
process.stdout.write('done\n');
