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
  // NOTE: one request at a time. The library makes its connection for fetches anew for each of several first ones, keeps the last and leaves
  // the others open for ever; and what it is asked for while it disconnects may never be answered. A broker takes the requests of a
  // connection one after the other anyhow.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };
  const using = <T>(work: (cluster: Cluster) => Promise<T>): Promise<T> =>
    inTurn(async () => {
      opened ??= open();
      const mine = opened;
      try {
        return await work(await mine);
      } catch (error) {
        await drop(mine);
        throw error;
      }
    });

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
    close: () =>
      inTurn(async () => {
        if (opened !== null) await drop(opened);
      }),
  };
};
