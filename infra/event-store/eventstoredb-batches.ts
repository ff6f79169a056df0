// Many appends under way on one call to EventStoreDB, which does them in the order in which they were sent. Appends that each are a call of
// their own get an order of the server's making: for commands that does not matter, for a log that is carried it does.
import { randomUUID } from 'node:crypto';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';

/** An event as it goes over the wire; `metadata` and `data` are UTF-8 JSON. */
export interface Proposed {
  readonly id: string;
  readonly type: string;
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
}

export interface StreamAppend {
  readonly streamId: string;
  /** Revision of the stream's last event; -1: there must be no stream. */
  readonly expected: number;
  readonly events: readonly Proposed[];
}

/** Appends that may wait for an answer at once, and their bytes. */
export const mostUnderWay = 256;
const mostBytes = 4 * 1_048_576;

/** What the server says to one of many appends, as the same call made alone would throw it. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const bytesOf = ({ events }: StreamAppend) => events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);

const requestOf = ({ streamId, expected, events }: StreamAppend, id: string, within: number): BatchAppendReq => {
  const options = new streams.BatchAppendReq.Options()
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(streamId)))
    .setDeadline(timestamps.Timestamp.fromDate(new Date(Date.now() + within)));
  if (expected < 0) options.setNoStream(new shared.Empty());
  else options.setStreamPosition(String(expected));
  const messages = events.map(({ id: eventId, type, metadata, data }) => {
    const message = new streams.BatchAppendReq.ProposedMessage()
      .setId(new shared.UUID().setString(eventId))
      .setCustomMetadata(metadata)
      .setData(data);
    message.getMetadataMap().set('type', type).set('content-type', 'application/json');
    return message;
  });
  return new streams.BatchAppendReq()
    .setCorrelationId(new shared.UUID().setString(id))
    .setOptions(options)
    .setProposedMessagesList(messages)
    .setIsFinal(true);
};

const mustBeDone = (answer: BatchAppendResp, { streamId, expected }: StreamAppend): void => {
  const error = answer.getError();
  if (!error) return;
  const details = error.getDetails();
  if (details?.getTypeName().endsWith('.WrongExpectedVersion')) {
    const conflict = shared.WrongExpectedVersion.deserializeBinary(details.getValue_asU8());
    const actual = conflict.hasCurrentStreamRevision() ? conflict.getCurrentStreamRevision() : -1;
    throw new Refusal(9, `${streamId} ends at revision ${actual}, not ${expected}`);
  }
  throw new Refusal(details?.getTypeName().endsWith('.StreamDeleted') ? 9 : error.getCode(), `${streamId}: ${error.getMessage()}`);
};

/** Waits for something that other calls bring about. */
const createBell = () => {
  let bell = Promise.withResolvers<void>();
  return {
    ring: () => {
      bell.resolve();
      bell = Promise.withResolvers();
    },
    heard: () => bell.promise,
  };
};

/**
 * Sends these appends down `call` and waits for all answers, each at most `within` milliseconds after the one before. `onDone` hears how many,
 * from the first on, are done. After an error it is their beginning that the server has done, and nobody knows how much beyond `onDone`.
 */
export const sendInOrder = async (
  call: ClientDuplexStream<BatchAppendReq, BatchAppendResp>,
  appends: readonly StreamAppend[],
  { within, onDone }: { readonly within: number; readonly onDone: (count: number) => void },
): Promise<void> => {
  const indexOf = new Map<string, number>();
  /** Positions of those that are done, by index; NaN where the server does not say. */
  const answered = new Map<number, number>();
  const bell = createBell();
  let [done, bytes, failure]: [number, number, Error | null] = [0, 0, null];
  let lastPosition = 0;
  const fail = (error: unknown) => {
    failure ??= error instanceof Error ? error : new Error(String(error));
    bell.ring();
  };
  const late = setTimeout(() => fail(new Error('no answer in time')), within);
  let isFull = false;
  call.on('drain', () => {
    isFull = false;
    bell.ring();
  });
  call.on('error', fail).on('end', () => fail(new Error('the server ended the call')));
  call.on('data', (answer: BatchAppendResp) => {
    late.refresh();
    const index = indexOf.get(answer.getCorrelationId()?.getString() ?? '');
    const append = appends[index ?? -1];
    if (index === undefined || !append) return;
    try {
      mustBeDone(answer, append);
      bytes -= bytesOf(append);
      answered.set(index, Number(answer.getSuccess()?.getPosition()?.getCommitPosition() ?? Number.NaN));
      for (let position = answered.get(done); position !== undefined; position = answered.get(done)) {
        if (position <= lastPosition) throw new Refusal(9, 'the server has given these appends another order');
        lastPosition = position;
        answered.delete(done);
        done += 1;
      }
      onDone(done);
    } catch (error) {
      fail(error);
    }
    bell.ring();
  });
  const wait = async (isOver: () => boolean) => {
    while (!isOver() && !failure) await bell.heard();
    if (failure) throw failure;
  };
  try {
    for (const [index, append] of appends.entries()) {
      await wait(() => !isFull && index - done < mostUnderWay && (bytes < mostBytes || index === done));
      const id = randomUUID();
      indexOf.set(id, index);
      bytes += bytesOf(append);
      isFull = !call.write(requestOf(append, id, within));
    }
    await wait(() => done === appends.length);
  } finally {
    clearTimeout(late);
    call.removeAllListeners('data').on('data', () => {});
    call.end();
    if (failure) call.cancel();
  }
};
