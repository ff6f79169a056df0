// What follows the log behind the read models, with checkpoints of their own: called after every batch, and again by themselves after a failure.
import type { Recorded } from '../domain/metadata.ts';
import type { ReaderState } from '../infra/event-feed/port.ts';
import { firstPause, longer } from './patience.ts';

/** What has just been folded: the events after position `from`, each once, and the rows of each projection that changed. */
export interface Step {
  readonly from: number;
  readonly events: readonly Recorded[];
  readonly changed: ReadonlyMap<string, readonly string[]>;
}

/** Something that follows the log with a checkpoint of its own: search documents, analytics facts. */
export interface Follower {
  readonly name: string;
  /** Whoever waits for a position sees it here too, so that no position is told before this one has reached it: for quick ones. */
  readonly isAwaited?: boolean;
  /**
   * Brings it up to `head`; answers the position that it has reached. Called after every batch, with the step that led there: whoever
   * stood at its beginning need not look into the log or the tables again. Without a step, or behind it, one has to.
   */
  advance(head: number, step?: Step): Promise<number>;
  state(): ReaderState;
  /** Drops what it holds and begins again at position 0. */
  reset(): Promise<void>;
}

export interface FollowersNeeds {
  /** Position that all live read models have reached. */
  readonly position: () => number;
  /** Runs a task when no other runs. */
  readonly inTurn: (task: () => Promise<void>) => void;
  readonly onError: (error: Error) => void;
}

export const createFollowers = (followers: readonly Follower[], { position, inTurn, onError }: FollowersNeeds) => {
  let late: NodeJS.Timeout | null = null;
  let isStopped = false;

  /** Answers whether all of them came along. */
  const advance = async (head: number, isAwaited: boolean, step?: Step): Promise<boolean> => {
    let isWell = true;
    for (const follower of followers) {
      if ((follower.isAwaited ?? false) !== isAwaited) continue;
      try {
        await follower.advance(head, step);
      } catch (error) {
        isWell = false;
        onError(error instanceof Error ? error : new Error(String(error)));
      }
    }
    if (!isWell && !late) wake(firstPause);
    return isWell;
  };

  /** A follower that failed is tried again, later and later: the next batch may be long in coming. */
  const wake = (pause: number) => {
    late = setTimeout(
      () =>
        inTurn(async () => {
          const isWell = (await advance(position(), true)) && (await advance(position(), false));
          late = null;
          if (!isWell && !isStopped) wake(longer(pause));
        }),
      pause,
    );
  };

  return {
    advance,
    states: (): Record<string, ReaderState> => Object.fromEntries(followers.map((follower) => [follower.name, follower.state()])),
    stop() {
      isStopped = true;
      if (late) clearTimeout(late);
    },
  };
};
export type Followers = ReturnType<typeof createFollowers>;
