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

/** The audit chain: SHA-256 over the hash before and everything that is stored but the position, fields kept apart by a zero byte. */
export const chainHash = (previous: Buffer, streamId: string, revision: number, stored: Stored): Buffer =>
  digest(
    'sha256',
    Buffer.concat([previous, Buffer.from(`${streamId}\0${revision}\0${stored.type}\0${stored.metadata}\0${stored.data}`)]),
    'buffer',
  );

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
  decode(streamId: string, revision: number, position: number, stored: Stored, hash: Uint8Array): Recorded {
    const metadata = JSON.parse(stored.metadata) as Metadata;
    let data = JSON.parse(stored.data) as Record<string, unknown>;
    const current = contract.version(stored.type);
    if (current !== null && metadata.schemaVersion > current) {
      throw new UnknownVersion(`${stored.type} v${metadata.schemaVersion} at ${position} is newer than this release (v${current})`);
    }
    if (current !== null && metadata.schemaVersion < current) data = contract.upcast(stored.type, metadata.schemaVersion, data);
    return {
      event: { type: stored.type, ...data },
      streamId,
      revision,
      position,
      metadata: { ...metadata, hash: Buffer.from(hash).toString('hex') },
    };
  },
});
export type Codec = ReturnType<typeof createCodec>;
