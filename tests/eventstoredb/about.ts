// What the stand-in says of itself: the methods of a server, and the members of its cluster.
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import { MonitoringService } from '@eventstore/db-client/generated/monitoring_grpc_pb.js';
import { OperationsService } from '@eventstore/db-client/generated/operations_grpc_pb.js';
import { PersistentSubscriptionsService } from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import { ProjectionsService } from '@eventstore/db-client/generated/projections_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { UsersService } from '@eventstore/db-client/generated/users_grpc_pb.js';
import type { ServiceDefinition } from '@grpc/grpc-js';

/** What a server of version 23.10 says that it can. Clients choose BatchAppend because it is listed; what the stand-in lacks answers UNIMPLEMENTED. */
export const supportedMethods = () => {
  const reply = new features.SupportedMethods().setEventStoreServerVersion('23.10.0');
  for (const service of listed) {
    for (const { path } of Object.values(service)) {
      const [, name = '', method = ''] = path.toLowerCase().split('/');
      reply.addMethods(new features.SupportedMethod().setServiceName(name).setMethodName(method).setFeaturesList(featuresOf(name, method)));
    }
  }
  return reply;
};

const listed: ServiceDefinition[] = [
  StreamsService,
  PersistentSubscriptionsService,
  ProjectionsService,
  OperationsService,
  UsersService,
  GossipService,
  MonitoringService,
  ServerFeaturesService,
];

const featuresOf = (service: string, method: string): string[] => {
  if (service.includes('persistent')) return ['stream', 'all'];
  if (service.includes('streams') && method === 'read') return ['position', 'events'];
  if (service.includes('streams') && method === 'batchappend') return ['deadline_duration'];
  return service.includes('projections') && method === 'create' ? ['track_emitted_streams'] : [];
};

export interface Address {
  host: string;
  port: number;
}

/** A node as gossip tells of it; `unknown`: it looks for a leader, as nodes without a majority do. */
export interface Member extends Address {
  state: 'leader' | 'follower' | 'unknown';
  isAlive: boolean;
}

const { LEADER, FOLLOWER, UNKNOWN } = gossip.MemberInfo.VNodeState;
const states = { leader: LEADER, follower: FOLLOWER, unknown: UNKNOWN };

/** What gossip tells: clients that are given several addresses, or one to discover from, go where it points. */
export const clusterOf = (members: readonly Member[]) =>
  new gossip.ClusterInfo().setMembersList(
    members.map(({ host, port, state, isAlive }) =>
      new gossip.MemberInfo()
        .setInstanceId(new shared.UUID().setString(crypto.randomUUID()))
        .setTimeStamp(`${Date.now()}0000`)
        .setState(states[state])
        .setIsAlive(isAlive)
        .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port)),
    ),
  );
