// A log as it stands on the disk, whichever engine keeps it: to be carried and verified byte for byte, never decoded.
import type { Stored } from './codec.ts';
import type { LogHealth } from './health.ts';

/** An event as the log keeps it, whichever engine that is: nothing of it is decoded, so that it can be carried and checked byte for byte. */
export interface Raw extends Stored {
  readonly streamId: string;
  readonly revision: number;
  readonly position: number;
  /** Of the audit chain, in hexadecimal digits. */
  readonly hash: string;
}

export interface RawLog {
  /** For messages; holds no password. */
  readonly name: string;
  /** Events after a position (0, or that of an event), in log order. */
  readAll(after: number, limit: number): Promise<readonly Raw[]>;
  /** Events of a stream from revision `from` on; none where there is no stream. */
  readStream(streamId: string, from: number, limit: number): Promise<readonly Raw[]>;
  /** Position of the last event; 0: there is none. */
  head(): Promise<number>;
  /** What the reads so far have passed over, where the engine holds more than this log. */
  readonly health?: LogHealth;
  close(): Promise<void>;
}

/** A log that can be written as it stands elsewhere. Nobody else may append to it meanwhile. */
export interface RawTarget extends RawLog {
  /** Appends these in this order; all are durable when it answers. Positions are the log's own. Throws when a stream does not end where it must. */
  append(events: readonly Raw[]): Promise<void>;
}
