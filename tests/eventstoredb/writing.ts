// The calls that write: append, delete and tombstone.
import type { AppendReq, AppendResp, DeleteReq, TombstoneReq } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerReadableStream, ServerUnaryCall, ServiceError, sendUnaryData } from '@grpc/grpc-js';
import type { Address, Member } from './about.ts';
import { commitTimeout, failures } from './errors.ts';
import type { Fallible, FaultBoard } from './faults.ts';
import { appended, type Expected, type Proposed, proposedOf, sizeOf, streamNameOf, wrongVersion } from './messages.ts';
import type { Outcome, Streams } from './streams.ts';

export interface Node {
  streams: Streams;
  faults: FaultBoard;
  maxAppendSize: number;
  /** Where it listens. */
  address: () => Address;
  /** What a call of this kind meets before it begins: a fault that a test ordered, or a cluster in which another node leads, or none. */
  meet(method: Fallible): Promise<ServiceError | null>;
  /** The cluster as this node sees it. */
  members(): readonly Member[];
}

interface Request {
  name: string;
  expected: Expected;
  events: Proposed[];
}

export const append = (node: Node, call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>): void => {
  let refused: ServiceError | null = null;
  let request: Request | null = null;
  let size = 0;
  call.on('data', (message: AppendReq) => {
    if (refused) return;
    const options = message.getOptions();
    if (options) {
      request = { name: streamNameOf(options.getStreamIdentifier()), expected: expectedOf(options), events: [] };
      return;
    }
    const event = proposedOf(message.getProposedMessage() ?? new streams.AppendReq.ProposedMessage());
    if ('missing' in event) refused = failures.missingMetadata(event.missing);
    else {
      size += sizeOf(event);
      if (size > node.maxAppendSize) refused = failures.maximumAppendSize(node.maxAppendSize);
      request?.events.push(event);
    }
    if (refused) callback(refused);
  });
  call.on('error', () => {
    refused ??= failures.unavailable('The call was given up.');
  });
  call.on('end', () => {
    if (refused) return;
    if (request) void write(node, request, () => call.cancelled, callback);
    else callback(failures.unknown('Exception was thrown by handler.'));
  });
};

const write = async (node: Node, { name, expected, events }: Request, cancelled: () => boolean, callback: sendUnaryData<AppendResp>) => {
  const fault = await node.meet('append');
  if (fault) return callback(fault);
  if (cancelled()) return;
  try {
    const outcome = await node.streams.append(name, expected, events);
    if (outcome.result === 'deleted') return callback(failures.streamDeleted(name));
    if (outcome.result === 'under-way') return callback(await commitTimeout());
    if (outcome.result === 'wrong-version') return callback(null, wrongVersion(expected, outcome.current));
    const reply = node.faults.reply();
    if (reply === 'sent') callback(null, appended(outcome));
    else if (reply === 'unavailable') callback(failures.unavailable('Connection dropped'));
  } catch (error) {
    callback(failures.unknown(String(error)));
  }
};

/** The three words and the number as the server's error names them. */
const versionOf = (expected: Expected): number => {
  if (expected === 'any') return -2;
  if (expected === 'no_stream') return -1;
  return expected === 'stream_exists' ? -4 : expected;
};

const remove = async (
  node: Node,
  method: 'delete' | 'tombstone',
  name: string,
  expected: Expected,
): Promise<Outcome & { result: 'written' }> => {
  const fault = await node.meet(method);
  if (fault) throw fault;
  const outcome = method === 'delete' ? await node.streams.delete(name, expected) : await node.streams.tombstone(name, expected);
  if (outcome.result === 'deleted') throw failures.streamDeleted(name);
  if (outcome.result === 'under-way') throw await commitTimeout();
  if (outcome.result === 'wrong-version') throw failures.wrongExpectedVersion('Delete', name, versionOf(expected), outcome.current);
  return outcome;
};

export const deleteStream = async (node: Node, call: ServerUnaryCall<DeleteReq, unknown>) => {
  const options = call.request.getOptions() ?? new streams.DeleteReq.Options();
  const { position } = await remove(node, 'delete', streamNameOf(options.getStreamIdentifier()), expectedOf(options));
  return new streams.DeleteResp().setPosition(
    new streams.DeleteResp.Position().setCommitPosition(String(position)).setPreparePosition(String(position)),
  );
};

export const tombstoneStream = async (node: Node, call: ServerUnaryCall<TombstoneReq, unknown>) => {
  const options = call.request.getOptions() ?? new streams.TombstoneReq.Options();
  const { position } = await remove(node, 'tombstone', streamNameOf(options.getStreamIdentifier()), expectedOf(options));
  return new streams.TombstoneResp().setPosition(
    new streams.TombstoneResp.Position().setCommitPosition(String(position)).setPreparePosition(String(position)),
  );
};

const expectedOf = (options: AppendReq.Options | DeleteReq.Options | TombstoneReq.Options): Expected => {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : Number(options.getRevision());
};
