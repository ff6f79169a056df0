// Between the wire messages of the client's package and the stand-in's own words.

import type { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { AppendReq, AppendResp, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';

/** What a writer expects of the stream: an exact last revision, or one of three words. */
export type Expected = number | 'any' | 'no_stream' | 'stream_exists';

export interface Proposed {
  id: string;
  type: string;
  json: boolean;
  data: Uint8Array;
  metadata: Uint8Array;
}

/** The revision of the event that ends a tombstoned stream: the greatest that the server knows. */
export const tombstoneRevision = 2 ** 63;
const tombstoneText = '9223372036854775807';
export const longText = (value: number): string => (value === tombstoneRevision ? tombstoneText : String(value));

export const streamNameOf = (identifier: StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');

const uuidText = (uuid: UUID | undefined): string => {
  const structured = uuid?.getStructured();
  if (!structured) return uuid?.getString().toLowerCase() ?? '';
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(BigInt(structured.getMostSignificantBits()), 0);
  bytes.writeBigInt64BE(BigInt(structured.getLeastSignificantBits()), 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

/** The event as proposed, or the name of the metadata entry that it lacks. */
export const proposedOf = (message: AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage): Proposed | { missing: string } => {
  const metadata = message.getMetadataMap();
  const type = metadata.get('type');
  const contentType = metadata.get('content-type');
  if (type === undefined) return { missing: 'type' };
  if (contentType === undefined) return { missing: 'content-type' };
  return {
    id: uuidText(message.getId()),
    type,
    json: contentType === 'application/json',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
};

/** As much as the server counts of an event against the greatest append: its data alone. */
export const sizeOf = ({ data }: Proposed): number => data.length;

export interface Recorded extends Proposed {
  stream: string;
  revision: number;
}

/** The reply that carries this event to a reader. Written once, at the append; readers get these bytes. */
export const eventBytes =
  (event: Recorded, created: number) =>
  (position: number): Uint8Array => {
    const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
    recorded.setId(new shared.UUID().setString(event.id));
    recorded.setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(event.stream)));
    recorded.setStreamRevision(longText(event.revision));
    recorded.setCommitPosition(String(position));
    recorded.setPreparePosition(String(position));
    recorded
      .getMetadataMap()
      .set('type', event.type)
      .set('created', `${created}0000`)
      .set('content-type', event.json ? 'application/json' : 'application/octet-stream');
    recorded.setData(event.data);
    recorded.setCustomMetadata(event.metadata);
    const read = new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(String(position));
    return new streams.ReadResp().setEvent(read).serializeBinary();
  };

/** The body of an event in such a reply. */
export const dataOf = (message: Uint8Array): Uint8Array =>
  streams.ReadResp.deserializeBinary(message).getEvent()?.getEvent()?.getData_asU8() ?? new Uint8Array();

export const confirmation = (subscriptionId: string): Uint8Array =>
  new streams.ReadResp()
    .setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId))
    .serializeBinary();

export const caughtUp = (): Uint8Array => new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()).serializeBinary();

export const checkpointAt = ({ commit, prepare }: { commit: number; prepare: number }): Uint8Array =>
  new streams.ReadResp()
    .setCheckpoint(new streams.ReadResp.Checkpoint().setCommitPosition(String(commit)).setPreparePosition(String(prepare)))
    .serializeBinary();

export const streamNotFound = (stream: string): Uint8Array =>
  new streams.ReadResp()
    .setStreamNotFound(
      new streams.ReadResp.StreamNotFound().setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(stream))),
    )
    .serializeBinary();

/** `revision` −1: nothing was ever written there; `position` −1: the server does not know it any more. */
export const appended = ({ revision, position }: { revision: number; position: number }): AppendResp => {
  const success = new streams.AppendResp.Success();
  if (revision < 0) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(String(revision));
  if (position < 0) success.setNoPosition(new shared.Empty());
  else success.setPosition(new streams.AppendResp.Position().setCommitPosition(String(position)).setPreparePosition(String(position)));
  return new streams.AppendResp().setSuccess(success);
};

export const wrongVersion = (expected: Expected, current: number): AppendResp => {
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (expected === 'any') wrong.setExpectedAny(new shared.Empty());
  else if (expected === 'no_stream') wrong.setExpectedNoStream(new shared.Empty());
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(new shared.Empty());
  else wrong.setExpectedRevision(String(expected));
  if (current < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(current));
  return new streams.AppendResp().setWrongExpectedVersion(wrong);
};
