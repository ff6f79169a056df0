// The feed: every event of the log once, in log order, from any position on, and then as they come.
import type { Recorded } from '../../domain/metadata.ts';

export interface Subscription {
  /** Position of the last event that the handler has finished with. */
  position(): number;
  /** Stops after the batch in hand; answers when it is done. */
  stop(): Promise<void>;
}

/** `from`: the position before the batch, where the one before it ended. Positions may have gaps, so that it cannot be told from the events. */
export type FeedHandler = (events: readonly Recorded[], from: number) => Promise<void> | void;

/** How a reader of the log is doing. */
export interface ReaderState {
  /** Null while it has nothing to read: another process does it. */
  readonly position: number | null;
  /** What went wrong last, in case that it does not go on. */
  readonly reason?: string | null;
  /** Whether there is something that it has to work off; left out: what the log holds beyond its position. */
  readonly isBehind?: boolean;
}

export interface EventFeed {
  readonly logId: string;
  head(): Promise<number>;
  /**
   * Calls `handler` with batches of events after position `after`, one batch at a time, in order and without a gap.
   * A handler that throws is called again with the same batch, later and later (up to 30 s); `onError` hears of it.
   */
  subscribe(after: number, handler: FeedHandler, onError?: (error: Error) => void): Subscription;
}
