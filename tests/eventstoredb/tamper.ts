// Changes the past of a stand-in that does not run, checksum and all: what the chain of hashes has to notice.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { decode, head, start } from './log.ts';

/** Replaces a text in one event by another of the same length. */
export const tamper = (directory: string, streamId: string, revision: number, from: string, to: string): void => {
  if (Buffer.byteLength(from) !== Buffer.byteLength(to)) throw new Error('the lengths differ');
  const file = join(directory, 'events.log');
  const bytes = readFileSync(file);
  for (let position = start; position + head < bytes.length; ) {
    const body = bytes.subarray(position + head, position + head + bytes.readUInt32LE(position));
    const entry = decode(body, position);
    const at = entry.message.indexOf(from);
    if (entry.stream === streamId && entry.revision === revision && at >= 0) {
      entry.message.write(to, at);
      bytes.writeUInt32LE(crc32(body), position + 4);
      writeFileSync(file, bytes);
      return;
    }
    position = entry.end;
  }
  throw new Error(`${streamId}@${revision} does not hold ${from}`);
};
