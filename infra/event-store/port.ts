// The log: streams of events, appended at an exact revision, numbered over the whole log by position.
import type { Metadata, Recorded } from '../../domain/metadata.ts';

/** An event that is about to be appended; `recordedAt` and `hash` are the store's to add. */
export interface NewEvent {
  readonly event: { readonly type: string };
  readonly metadata: Omit<Metadata, 'recordedAt' | 'hash' | 'schemaVersion'>;
}

/** How long a command's key is known, in milliseconds: two days. */
export const keyLifetime = 48 * 3_600_000;
/** After so many new keys up to 500 old ones are dropped: to look for them at every write costs as much as the write. */
export const keysBetweenDrops = 100;

/** What remembers a command's key beside its events: `fingerprint` is a hash of its path and body, `at` when it came (RFC 3339). */
export interface CommandKey {
  readonly commandId: string;
  readonly fingerprint: string;
  readonly at: string;
}

/** What the key store knows of a command: the events that it appended, or the answer of a refusal (JSON). */
export interface KnownCommand {
  readonly fingerprint: string;
  readonly streamId: string | null;
  readonly firstRevision: number;
  readonly count: number;
  readonly outcome: string | null;
}

export interface AppendRequest {
  readonly streamId: string;
  /** Revision of the stream's last event; -1 for a stream that must not exist yet. */
  readonly expected: number;
  readonly events: readonly NewEvent[];
  /** The keys of the commands whose events these are, with how many of `events` belong to each, in order. Written in the same transaction. */
  readonly keys?: readonly (CommandKey & { readonly offset: number; readonly count: number })[];
}

export interface Snapshot {
  readonly revision: number;
  /** Version of the fold that made the state: an older one is ignored. */
  readonly version: number;
  /** JSON. */
  readonly body: string;
}

/** The stream does not end at the expected revision. `actual` is where it ends (-1: there is no stream). */
export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';
  readonly actual: number;
  constructor(streamId: string, expected: number, actual: number) {
    super(`${streamId} ends at revision ${actual}, not ${expected}`);
    this.actual = actual;
  }
}

/** How far a reader of the log has come. May lag: what was saved last can be lost, and is then done again. */
export interface Checkpoints {
  load(name: string): Promise<number>;
  save(name: string, position: number): void;
}

export interface EventStore {
  /** Names this log for ever: positions of another log are refused. */
  readonly logId: string;
  /** Others append to this log too: what this process remembers of a stream may be behind, and `onCommitted` tells of their events as well. */
  readonly isShared: boolean;
  /** Appends all of the events or none; answers when they are durable. Throws VersionConflict. */
  append(request: AppendRequest): Promise<readonly Recorded[]>;
  /** Events of one stream from revision `from` on, at most `limit`. */
  read(streamId: string, from: number, limit: number): Promise<readonly Recorded[]>;
  /** Events of the whole log with position > `after`, at most `limit`, in order. NOTE: `after` is 0 or the position of an event; others may be refused. */
  readAll(after: number, limit: number): Promise<readonly Recorded[]>;
  /** The last events of the whole log, or of what is before the event at position `before`, at most `limit`, in order. */
  last(limit: number, before?: number): Promise<readonly Recorded[]>;
  /** Position of the last event; 0 for an empty log. */
  head(): Promise<number>;
  /**
   * Position of the last event that was recorded before this instant (RFC 3339); 0: there is none. NOTE: a clock may have been ahead. An event
   * was recorded no later than any that stands behind it, whatever it says itself.
   */
  positionBefore(recordedAt: string): Promise<number>;
  /** Calls `listener` in the moment of a commit, before whoever appended is answered: for what must be true by then, such as a sign-out. */
  onAppended(listener: (events: readonly Recorded[]) => void): () => void;
  /** Calls `listener` with every batch that was committed since the store was opened, in log order and without a gap. */
  onCommitted(listener: (events: readonly Recorded[]) => void): () => void;
  /**
   * Position of the last event that `onCommitted` has told or is telling, or that was there at the start. The log may be ahead of it by
   * what this process has appended but not folded in yet: who acts on events together with the states of streams goes no further.
   */
  told(): number;
  /** The latest snapshot, or null; undefined where the store knows at once that there is no such stream at all. */
  snapshot(streamId: string): Promise<Snapshot | null | undefined>;
  /** Keeps a snapshot; it may be lost, for everything in it can be folded again. */
  saveSnapshot(streamId: string, snapshot: Snapshot): void;
  /** What is known of a command's key, if it is younger than 48 hours. */
  known(commandId: string): Promise<KnownCommand | null>;
  /** Keeps the answer of a command that appended nothing (a refusal, or nothing left to do). */
  keepOutcome(key: CommandKey, outcome: string): void;
  /** Whether it takes writes, as far as is known. Where it does not, looking again finds out when it does. */
  isWritable(): Promise<boolean>;
  readonly checkpoints: Checkpoints;
  close(): Promise<void>;
}
