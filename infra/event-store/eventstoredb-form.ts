// How an event stands in EventStoreDB: the same bytes as in the embedded log, with the hash of the chain as the last field of the metadata.
import type { Stored } from './codec.ts';

const opening = ',"hash":"';
const closing = '"}';
const hashDigits = 64;
const suffixLength = opening.length + hashDigits + closing.length;

/** The metadata as EventStoreDB gets it. */
export const metadataWithHash = (metadata: string, hash: string): string => `${metadata.slice(0, -1)}${opening}${hash}${closing}`;

/** The way back: the metadata over which the hash was computed, to the byte; null where there is no hash at its end: it is none of ours. */
export const withoutHash = (text: string): { metadata: string; hash: string } | null => {
  const suffix = text.slice(-suffixLength);
  if (!/^,"hash":"[0-9a-f]{64}"\}$/.test(suffix)) return null;
  return { metadata: `${text.slice(0, -suffixLength)}}`, hash: suffix.slice(opening.length, -closing.length) };
};

/**
 * The id under which EventStoreDB knows an event: the beginning of its hash, as a UUID of version 8. NOTE: not the event's own id, which
 * stands in the metadata. EventStoreDB takes an append for a repeat when the ids are the same. Two processes that decide the same command
 * at the same revision would both be told yes, though the bytes of one of them stand; this way only the very same bytes are a repeat.
 */
export const idOf = (hash: string): string => {
  const variant = ((Number.parseInt(hash.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
};

/** What an event weighs in an append: EventStoreDB counts type, data and metadata. */
export const weightOf = ({ type, metadata, data }: Stored): number =>
  type.length * 2 + Buffer.byteLength(metadata) + suffixLength + Buffer.byteLength(data);

/** At most this much in one append, which is what EventStoreDB takes unless it is told otherwise. */
export const maxAppendBytes = 1_048_576;
export const maxAppendEvents = 100;
