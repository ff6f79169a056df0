// BatchAppend: many appends over one call, each answered by its correlation id. What goes wrong is told in the answer, not by the call's status.

import type { Code } from '@eventstore/db-client/generated/code_pb.js';
import codes from '@eventstore/db-client/generated/code_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { commitTimeout, failures } from './errors.ts';
import { type Expected, type Proposed, proposedOf, sizeOf, streamNameOf } from './messages.ts';
import type { Node } from './writing.ts';

export type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;

interface Batch {
  name: string;
  expected: Expected;
  events: Proposed[];
  size: number;
}

export const batchAppend = (node: Node, call: BatchCall): void => {
  const open = new Map<string, Batch>();
  let running = 0;
  let ended = false;
  /** Appends of one call are done in their order, whatever a fault delays. */
  let turn = Promise.resolve();
  const endWhenDone = () => {
    if (ended && running === 0) call.end();
  };
  call.on('data', (message: BatchAppendReq) => {
    const id = message.getCorrelationId()?.getString() ?? '';
    const options = message.getOptions();
    if (options) open.set(id, { name: streamNameOf(options.getStreamIdentifier()), expected: expectedOf(options), events: [], size: 0 });
    const batch = open.get(id);
    if (!batch) return;
    const answer = (reply: BatchAppendResp) => {
      reply.setCorrelationId(message.getCorrelationId());
      call.write(reply.setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(batch.name))));
    };
    const refusal = take(node, batch, message);
    if (refusal) answer(refusal);
    if (refusal || message.getIsFinal()) open.delete(id);
    if (refusal || !message.getIsFinal()) return;
    running += 1;
    const met = turn.then(() => node.meet('append'));
    turn = met.then(() => {});
    void met
      .then((fault) => {
        if (fault) throw fault;
        if (call.cancelled) throw failures.unavailable('The call was given up.');
        return write(node, batch);
      })
      .then((reply) => {
        const told = reply.hasSuccess() ? node.faults.reply() : 'sent';
        if (told === 'unavailable') throw failures.unavailable('Connection dropped');
        if (told === 'sent') answer(reply);
      })
      .catch((error: Error) => call.emit('error', 'code' in error ? error : failures.unknown(String(error))))
      .finally(() => {
        running -= 1;
        endWhenDone();
      });
  });
  call.on('error', () => open.clear());
  call.on('end', () => {
    ended = true;
    endWhenDone();
  });
};

const take = (node: Node, batch: Batch, message: BatchAppendReq): BatchAppendResp | null => {
  for (const proposed of message.getProposedMessagesList()) {
    const event = proposedOf(proposed);
    if ('missing' in event) return failed('BadRequest', codes.Code.INVALID_ARGUMENT, new shared.BadRequest().setMessage(event.missing));
    batch.events.push(event);
    batch.size += sizeOf(event);
  }
  if (batch.size <= node.maxAppendSize) return null;
  const limit = new shared.MaximumAppendSizeExceeded().setMaxappendsize(node.maxAppendSize);
  return failed('MaximumAppendSizeExceeded', codes.Code.INVALID_ARGUMENT, limit);
};

const write = async (node: Node, { name, expected, events }: Batch): Promise<BatchAppendResp> => {
  const outcome = await node.streams.append(name, expected, events);
  if (outcome.result === 'deleted') return failed('StreamDeleted', codes.Code.NOT_FOUND, new shared.StreamDeleted());
  if (outcome.result === 'under-way') throw await commitTimeout();
  if (outcome.result === 'wrong-version')
    return failed('WrongExpectedVersion', codes.Code.ALREADY_EXISTS, wrongVersion(expected, outcome.current));
  const { revision, position } = outcome;
  const success = new streams.BatchAppendResp.Success();
  if (revision < 0) success.setNoStream(new empty.Empty());
  else success.setCurrentRevision(String(revision));
  if (position < 0) success.setNoPosition(new empty.Empty());
  else success.setPosition(new shared.AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position)));
  return new streams.BatchAppendResp().setSuccess(success);
};

const wrongVersion = (expected: Expected, current: number) => {
  const wrong = new shared.WrongExpectedVersion();
  if (expected === 'any') wrong.setExpectedAny(new empty.Empty());
  else if (expected === 'no_stream') wrong.setExpectedNoStream(new empty.Empty());
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(new empty.Empty());
  else wrong.setExpectedStreamPosition(String(expected));
  return current < 0 ? wrong.setCurrentNoStream(new empty.Empty()) : wrong.setCurrentStreamRevision(String(current));
};

const failed = (name: string, code: Code, details: { serializeBinary(): Uint8Array }): BatchAppendResp => {
  const packed = new any.Any();
  packed.pack(details.serializeBinary(), `event_store.client.${name}`);
  return new streams.BatchAppendResp().setError(new status.Status().setCode(code).setMessage(name).setDetails(packed));
};

const expectedOf = (options: BatchAppendReq.Options): Expected => {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : Number(options.getStreamPosition());
};
