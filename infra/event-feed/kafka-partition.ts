// One partition, read by offset: no group to join, no offsets to commit, any place at any time. Rests on the inside of kafkajs (docs/adr/0016).
import type { KafkaMessage } from 'kafkajs';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { type KafkaSettings, openCluster } from './kafka-client.ts';

export interface PartitionReader {
  /** The offset that the next record will have; 0 for an empty partition. */
  end(): Promise<number>;
  /** Records from `offset` on, as many as fit into `maxBytes` but at least one; [] when none came within `waitMs`. */
  fetch(offset: number, waitMs: number, maxBytes?: number): Promise<readonly KafkaMessage[]>;
  close(): Promise<void>;
}

const pageBytes = 1_048_576;

/** Reads one partition of `topic`. After any fault it connects anew at the next call, so that a moved leader or a dead socket heals by itself. */
export const createPartitionReader = (settings: KafkaSettings, topic: string, partition = 0): PartitionReader => {
  let opened: Promise<Cluster> | null = null;

  const open = async () => {
    const cluster = openCluster(settings);
    try {
      await cluster.connect();
      await cluster.addTargetTopic(topic);
      return cluster;
    } catch (error) {
      await cluster.disconnect().catch(() => {});
      throw error;
    }
  };
  const drop = async (which: Promise<Cluster>) => {
    if (opened === which) opened = null;
    await which.then((cluster) => cluster.disconnect()).catch(() => {});
  };
  const using = async <T>(work: (cluster: Cluster) => Promise<T>): Promise<T> => {
    opened ??= open();
    const mine = opened;
    try {
      return await work(await mine);
    } catch (error) {
      await drop(mine);
      throw error;
    }
  };

  return {
    end: () =>
      using(async (cluster) => {
        const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning: false }]);
        return Number(found?.partitions[0]?.offset ?? 0);
      }),
    fetch: (offset, waitMs, maxBytes = pageBytes) =>
      using(async (cluster) => {
        const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader;
        const broker = await cluster.findBroker({ nodeId: String(leader) });
        const { responses } = await broker.fetch({
          maxWaitTime: waitMs,
          minBytes: 1,
          maxBytes,
          isolationLevel: 1,
          topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes }] }],
        });
        const messages = responses[0]?.partitions[0]?.messages ?? [];
        return messages.filter((message) => Number(message.offset) >= offset && !message.isControlRecord);
      }),
    async close() {
      if (opened !== null) await drop(opened);
    },
  };
};
