// How an event stands in the log: JSON text for its data and its metadata, and the hash that chains it to the event before.
import { hash as digest } from 'node:crypto';
import type { Metadata, Recorded } from '../../domain/metadata.ts';
import { isSealed } from '../../domain/privacy.ts';

/** What the codec must know of the events: given by the composition root from domain/registry.ts. */
export interface EventContract {
  /** Current schema version of a type; null for a type that this release does not know. */
  version(type: string): number | null;
  /** Data of an older version as the current version has it. */
  upcast(type: string, fromVersion: number, data: Record<string, unknown>): Record<string, unknown>;
  /** Names of the fields that hold personal data, which must be sealed. */
  personal(type: string): readonly string[];
  /** Whether a type was written by releases whose streams this one cannot fold any more. */
  isRetired?(type: string): boolean;
  /** Whether a stream of this name is one of ours. */
  owns(streamId: string): boolean;
}

/** An event was written by a newer release than this one: a reader must be deployed before a writer. */
export class UnknownVersion extends Error {
  override readonly name = 'UnknownVersion';
}

export interface Stored {
  readonly type: string;
  readonly metadata: string;
  readonly data: string;
}

export const noHash = Buffer.alloc(32);

/** A hash to be kept. NOTE: what Buffer.from makes is a slice of 8 KiB, all of which lives as long as the slice does. */
export const keptHash = (hex: string): Buffer => {
  const hash = Buffer.allocUnsafeSlow(noHash.length);
  hash.write(hex, 'hex');
  return hash;
};

/** The audit chain: SHA-256 over the hash before and everything that is stored but the position, fields kept apart by a zero byte. */
export const chainHash = (previous: Buffer, streamId: string, revision: number, stored: Stored): Buffer =>
  digest(
    'sha256',
    Buffer.concat([previous, Buffer.from(`${streamId}\0${revision}\0${stored.type}\0${stored.metadata}\0${stored.data}`)]),
    'buffer',
  );

/** The data with the type in front: to parse it so is cheaper than to copy what was parsed. */
const withType = (type: string, data: string) => `{"type":${JSON.stringify(type)}${data.length > 2 ? ',' : ''}${data.slice(1)}`;

export const createCodec = (contract: EventContract) => ({
  /** Throws when the type is unknown or personal data is not sealed: nothing of that kind may reach the disk. */
  encode(event: { readonly type: string }, metadata: Omit<Metadata, 'hash'>): Stored {
    const { type, ...data } = event;
    for (const field of contract.personal(type)) {
      const value = (data as Record<string, unknown>)[field];
      if (value !== undefined && value !== null && !isSealed(value)) throw new TypeError(`${type}.${field} must be sealed`);
    }
    return { type, metadata: JSON.stringify(metadata), data: JSON.stringify(data) };
  },
  schemaVersion(type: string): number {
    const version = contract.version(type);
    if (version === null) throw new TypeError(`no schema for ${type}`);
    return version;
  },
  /** `hash` in hexadecimal digits. */
  decode(streamId: string, revision: number, position: number, stored: Stored, hash: string): Recorded {
    const metadata = JSON.parse(stored.metadata) as { -readonly [Name in keyof Metadata]: Metadata[Name] };
    metadata.hash = hash;
    const { type } = stored;
    const written = metadata.schemaVersion;
    const current = contract.version(type) ?? written;
    if (written > current) throw new UnknownVersion(`${type} v${written} at ${position} is newer than this release (v${current})`);
    const event =
      written === current
        ? (JSON.parse(withType(type, stored.data)) as { type: string })
        : { type, ...contract.upcast(type, written, JSON.parse(stored.data) as Record<string, unknown>) };
    return { event, streamId, revision, position, metadata };
  },
});
export type Codec = ReturnType<typeof createCodec>;
