// An event of the log as a record of the topic `log`: what is stored, byte for byte, and in the headers what tells its place.
import type { KafkaMessage } from 'kafkajs';
import type { Recorded } from '../../domain/metadata.ts';
import { textOf } from '../text.ts';

/** How the log's codec reads what is stored (event-store/codec.ts); the composition root hands it in. */
export type Decode = (
  streamId: string,
  revision: number,
  position: number,
  stored: { readonly type: string; readonly metadata: string; readonly data: string },
  hash: string,
) => Recorded;

/** The codec's contract for a log that is read to be copied: no version is older than another, so that every event stays as it was written. */
export const verbatim = {
  version: (_type: string): number | null => null,
  upcast: (_type: string, _from: number, data: Record<string, unknown>) => data,
  personal: (_type: string): readonly string[] => [],
  owns: (_streamId: string): boolean => false,
};

/**
 * The stored data of an event that was read with `verbatim`: the text that was parsed, for both come from JSON.stringify, which gives the
 * same text for what it has been parsed from.
 */
const dataOf = (event: { readonly type: string }): string => {
  const text = JSON.stringify(event);
  const head = `{"type":${JSON.stringify(event.type)}`;
  if (text.startsWith(head)) return text.length === head.length + 1 ? '{}' : `{${text.slice(head.length + 1)}`;
  // NOTE: names that are whole numbers come first in every object.
  const { type: _, ...data } = event;
  return JSON.stringify(data);
};

/** `previous`: position of the event before it in the log, by which a reader sees that nothing was left out. */
export const toRecord = (recorded: Recorded, previous: number, logId: string) => {
  const { hash, ...metadata } = recorded.metadata;
  return {
    key: recorded.streamId,
    value: dataOf(recorded.event),
    timestamp: String(Date.parse(metadata.recordedAt)),
    headers: {
      eventId: metadata.eventId,
      revision: String(recorded.revision),
      position: String(recorded.position),
      schemaVersion: String(metadata.schemaVersion),
      type: recorded.event.type,
      metadata: JSON.stringify(metadata),
      hash,
      previous: String(previous),
      log: logId,
    },
  };
};

const header = ({ headers }: KafkaMessage, name: string): string => {
  const value = headers?.[name];
  if (value === undefined) throw new TypeError(`a record of the log has no header ${name}`);
  return typeof value === 'string' ? value : Buffer.isBuffer(value) ? textOf(value) : value.join();
};

export const positionOf = (message: KafkaMessage): number => Number(header(message, 'position'));
export const previousOf = (message: KafkaMessage): number => Number(header(message, 'previous'));

/** The topic holds another log than this deployment's: a position in the one says nothing about the other. */
export class OtherLog extends Error {
  override readonly name = 'OtherLog';
}

export const mustBeOf = (logId: string, message: KafkaMessage): void => {
  const written = header(message, 'log');
  if (written !== logId) throw new OtherLog(`the topic holds log ${written}, not ${logId}: give this deployment a NAMESPACE of its own`);
};

export const fromRecord = (decode: Decode, message: KafkaMessage): Recorded =>
  decode(
    message.key === null ? '' : textOf(message.key),
    Number(header(message, 'revision')),
    positionOf(message),
    { type: header(message, 'type'), metadata: header(message, 'metadata'), data: message.value === null ? '' : textOf(message.value) },
    header(message, 'hash'),
  );
