// The topics of a deployment: made and kept right by `topics apply`, never by themselves.
import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs'; // as a whole: Node finds not all names of this CommonJS module
import { type KafkaSettings, openKafka } from './kafka-client.ts';

/** The internal feed: one partition, in log order, kept for ever. */
export const logTopic = (namespace: string): string => `${namespace}.log`;
/** A public topic, such as `tokobapak.order.created`. */
export const publicTopic = (namespace: string, type: string): string => `${namespace}.${type}`;

export interface TopicsOptions {
  /** Partitions of each public topic; raising it later moves keys to other partitions, so it is not done here. */
  readonly partitions?: number;
  readonly replication?: number;
  /** How long public messages are kept, in milliseconds; the log is kept for ever. Default: 7 days. */
  readonly publicRetentionMs?: number;
}

interface Wanted {
  readonly topic: string;
  readonly numPartitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** A batch is cut at 1 MiB of text, which is up to three in bytes; a single event may be the whole of the largest append. */
const maxMessageBytes = String(8 * 1_048_576);

const wantedTopics = (namespace: string, types: readonly string[], options: TopicsOptions): Wanted[] => {
  const { partitions = 6, replication = 1, publicRetentionMs = 7 * 86_400_000 } = options;
  const common = {
    'cleanup.policy': 'delete',
    'retention.bytes': '-1',
    'max.message.bytes': maxMessageBytes,
    // One broker may be away, and what was acknowledged still stands on two.
    'min.insync.replicas': replication >= 3 ? '2' : '1',
  };
  return [
    { topic: logTopic(namespace), numPartitions: 1, config: { ...common, 'retention.ms': '-1' } },
    ...types.map((type) => ({
      topic: publicTopic(namespace, type),
      numPartitions: partitions,
      config: { ...common, 'retention.ms': String(publicRetentionMs) },
    })),
  ];
};

type Admin = ReturnType<ReturnType<typeof openKafka>['admin']>;

/** How often it is looked whether new topics are known, and the pause between two looks in milliseconds. */
const mostLooks = 100;
const lookEvery = 100;

const isNew = (error: unknown) =>
  error instanceof kafkajs.KafkaJSProtocolError &&
  ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION'].includes(error.type);

/** Answers when these topics are known, and led: for a moment after they were made a broker may know of neither. */
const known = async (admin: Admin, topics: string[]) => {
  for (let looks = 1; ; looks += 1) {
    try {
      await admin.fetchTopicMetadata({ topics });
      for (const topic of topics) await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (looks >= mostLooks || !isNew(error)) throw error;
      await pause(lookEvery);
    }
  }
};

/**
 * Makes the topics that are missing and sets their configuration right; answers what it did, a line each, and [] when all was well.
 * Throws when the log's topic has more than one partition: there is no order across partitions.
 */
export const applyTopics = async (
  kafka: KafkaSettings,
  namespace: string,
  types: readonly string[],
  options: TopicsOptions = {},
): Promise<string[]> => {
  const admin = openKafka(kafka, 5).admin();
  await admin.connect();
  try {
    const wanted = wantedTopics(namespace, types, options);
    const present = new Set(await admin.listTopics());
    const [missing, old] = [wanted.filter(({ topic }) => !present.has(topic)), wanted.filter(({ topic }) => present.has(topic))];
    if (present.has(logTopic(namespace))) {
      const { topics } = await admin.fetchTopicMetadata({ topics: [logTopic(namespace)] });
      const count = topics[0]?.partitions.length ?? 0;
      if (count !== 1) throw new Error(`${logTopic(namespace)} has ${count} partitions; the log needs exactly one, for its order`);
    }
    if (missing.length > 0) {
      await admin.createTopics({
        waitForLeaders: false, // the client's own way to wait gives up on a topic that the broker does not know yet
        topics: missing.map(({ topic, numPartitions, config }) => ({
          topic,
          numPartitions,
          replicationFactor: options.replication ?? 1,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
      });
      await known(
        admin,
        missing.map(({ topic }) => topic),
      );
    }
    return [...missing.map(({ topic, numPartitions }) => `made ${topic} (${numPartitions} partitions)`), ...(await setRight(admin, old))];
  } finally {
    await admin.disconnect();
  }
};

const setRight = async (admin: Admin, topics: readonly Wanted[]): Promise<string[]> => {
  if (topics.length === 0) return [];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ topic, config }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: topic,
      configNames: Object.keys(config),
    })),
  });
  const wrong = topics.flatMap(({ topic, config }) => {
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    const changes = Object.entries(config).filter(
      ([name, value]) => entries.find(({ configName }) => configName === name)?.configValue !== value,
    );
    return changes.length > 0 ? [{ topic, config, changes }] : [];
  });
  if (wrong.length > 0) {
    // NOTE: what is not named here goes back to the broker's default; these topics are ours alone.
    await admin.alterConfigs({
      validateOnly: false,
      resources: wrong.map(({ topic, config }) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
  }
  return wrong.map(({ topic, changes }) => `set ${topic}: ${changes.map(([name, value]) => `${name}=${value}`).join(', ')}`);
};
