// An EventStoreDB for tests: a gRPC server that answers the official client as a single node does, keeps its events on disk, and errs on request.

import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type {
  AppendReq,
  AppendResp,
  DeleteReq,
  DeleteResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import {
  Server,
  ServerCredentials,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { clusterOf, supportedMethods } from './about.ts';
import { type BatchCall, batchAppend } from './batches.ts';
import { type Calls, FaultBoard, type Faults, methods } from './faults.ts';
import { isSubscription, type ReadCall, read } from './reading.ts';
import { openStreams, type Streams } from './streams.ts';
import { append, deleteStream, type Node, tombstoneStream } from './writing.ts';

export interface EventStoreStandIn {
  /** For the client: `esdb://127.0.0.1:PORT?tls=false`. */
  url: string;
  port: number;
  /** How often each method was called. */
  calls: Readonly<Calls>;
  faults: Faults;
  close(): Promise<void>;
  /** Ends as if the process were killed: nobody is answered, connections break. */
  kill(): Promise<void>;
}

export interface Options {
  /** Where the events are kept. */
  directory: string;
  /** Default: one that is free. */
  port?: number;
  /** In bytes, as the server counts them; default 1 MiB. */
  maxAppendSize?: number;
}

export const startEventStoreStandIn = async (options: Options): Promise<EventStoreStandIn> => {
  const streams = await openStreams(options.directory);
  const node = await serveNode(streams, options, (self) => ({
    meet: (method) => self.faults.meet(method),
    members: () => [{ ...self.address(), state: 'leader', isAlive: true }],
  }));
  return {
    url: `esdb://127.0.0.1:${node.port}?tls=false`,
    port: node.port,
    calls: node.calls,
    faults: node.faults,
    close: async () => {
      await streams.log.settled();
      node.stop();
      await streams.log.close();
    },
    kill: async () => {
      node.stop();
      await streams.log.abandon();
    },
  };
};

export interface ServedNode {
  readonly port: number;
  readonly calls: Readonly<Calls>;
  readonly faults: FaultBoard;
  /** Breaks every connection at once. */
  stop(): void;
}

type Standing = Pick<Node, 'meet' | 'members'>;

/** One node that serves these streams; `standing` says what it may do at the moment. */
export const serveNode = async (
  streams: Streams,
  options: Pick<Options, 'port' | 'maxAppendSize'>,
  standing: (self: Pick<Node, 'faults' | 'address'>) => Standing,
): Promise<ServedNode> => {
  let port = options.port ?? 0;
  const address = () => ({ host: '127.0.0.1', port });
  const faults = new FaultBoard(address);
  const calls = Object.fromEntries(methods.map((method) => [method, 0])) as Calls;
  const node: Node = { streams, faults, address, maxAppendSize: options.maxAppendSize ?? 1024 * 1024, ...standing({ faults, address }) };
  const server = new Server({ 'grpc.max_receive_message_length': 16 * 1024 * 1024, 'grpc.max_concurrent_streams': 10_000 });
  addServices(server, node, calls);
  port = await listen(server, port);
  return { port, calls, faults, stop: () => server.forceShutdown() };
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );

const addServices = (server: Server, node: Node, calls: Calls): void => {
  const bytes = (message: Uint8Array) => Buffer.from(message.buffer, message.byteOffset, message.length);
  server.addService(
    { ...StreamsService, read: { ...StreamsService.read, responseSerialize: bytes } },
    {
      append: (call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>) => {
        calls.append += 1;
        append(node, call, callback);
      },
      read: (call: ReadCall) => {
        calls[isSubscription(call) ? 'subscribe' : 'read'] += 1;
        const end = (error?: ServiceError) => (error ? call.emit('error', error) : call.end());
        const unwatch = isSubscription(call) ? node.faults.watch(end) : () => {};
        call.on('cancelled', unwatch);
        read(node, call)
          .then(() => end(), end)
          .finally(unwatch);
      },
      delete: (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>) => {
        calls.delete += 1;
        deleteStream(node, call).then((reply) => callback(null, reply), callback);
      },
      tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>) => {
        calls.tombstone += 1;
        tombstoneStream(node, call).then((reply) => callback(null, reply), callback);
      },
      batchAppend: (call: BatchCall) => {
        calls.batchAppend += 1;
        batchAppend(node, call);
      },
    },
  );
  server.addService(ServerFeaturesService, {
    getSupportedMethods: (_call: unknown, callback: sendUnaryData<ReturnType<typeof supportedMethods>>) => {
      calls.getSupportedMethods += 1;
      callback(null, supportedMethods());
    },
  });
  server.addService(GossipService, {
    read: (_call: unknown, callback: sendUnaryData<ReturnType<typeof clusterOf>>) => {
      calls.gossip += 1;
      callback(null, clusterOf(node.members()));
    },
  });
};
