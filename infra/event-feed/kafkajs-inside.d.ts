// What we use of the inside of kafkajs 2.2.4, which has no types of its own there. The version is pinned; docs/adr/0016 says why.
declare module 'kafkajs/src/cluster/index.js' {
  import type { ConnectionOptions } from 'node:tls';
  import type { ISocketFactory, KafkaMessage, SASLOptions } from 'kafkajs';

  interface Logger {
    namespace(name: string): Logger;
    debug(message: string): void;
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  }

  interface FetchedPartition {
    readonly partition: number;
    readonly highWatermark: string;
    /** Whole batches as they were sent: the first may begin before the offset that was asked for. */
    readonly messages: readonly (KafkaMessage & { readonly isControlRecord?: boolean })[];
  }

  interface Broker {
    fetch(request: {
      maxWaitTime: number;
      minBytes: number;
      maxBytes: number;
      isolationLevel: 0 | 1;
      topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
    }): Promise<{ readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[] }>;
  }

  class Cluster {
    constructor(options: {
      brokers: string[];
      clientId: string;
      connectionTimeout: number;
      requestTimeout: number;
      authenticationTimeout: number;
      reauthenticationThreshold: number;
      enforceRequestTimeout: boolean;
      metadataMaxAge: number;
      allowAutoTopicCreation: boolean;
      retry: { retries: number };
      logger: Logger;
      socketFactory: ISocketFactory;
      ssl?: ConnectionOptions;
      sasl?: SASLOptions;
    });
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    addTargetTopic(topic: string): Promise<void>;
    findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
    findBroker(of: { nodeId: string }): Promise<Broker>;
    fetchTopicsOffset(
      topics: { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
    ): Promise<
      readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]
    >;
  }
  export = Cluster;
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type { ISocketFactory } from 'kafkajs';

  const createSocketFactory: () => ISocketFactory;
  export = createSocketFactory;
}
