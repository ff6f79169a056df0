// Acts on some types of events as the log grows, from where it stopped: what it does must bear to be done twice.
import { isRefusal } from '../../domain/error.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { EventFeed } from '../../infra/event-feed/port.ts';
import type { Checkpoints } from '../../infra/event-store/port.ts';

export interface FollowNeeds {
  readonly feed: EventFeed;
  readonly checkpoints: Checkpoints;
  /** Hears of an event that was left aside because a rule or a provider refused what it asks for. */
  readonly onLeft: (error: Error, event: Recorded) => void;
  readonly onError: (error: Error) => void;
}

export interface FollowOptions {
  readonly types: ReadonlySet<string>;
  /** What an event is about, if not its stream: events about the same are acted on one after the other, in the order of the log. */
  readonly aboutOf?: (event: { readonly type: string }) => string | null;
}

export interface Follower {
  /** Answers when everything up to this position has been acted on. */
  passed(position: number): Promise<void>;
  stop(): Promise<void>;
}

/** What is done again after a kill; more often would only cost writes. */
const saveEveryMs = 1_000;

/** A refusal is final: that event is left aside. Everything else is trouble, and the batch comes again. */
const isFinal = (error: unknown): error is Error => isRefusal(error) || (error instanceof Error && error.name === 'ProviderRefused');

/** Imported events are history: nothing acts on them. */
export const follow = async (
  name: string,
  { types, aboutOf = () => null }: FollowOptions,
  act: (recorded: Recorded) => Promise<unknown>,
  { feed, checkpoints, onLeft, onError }: FollowNeeds,
): Promise<Follower> => {
  const actOn = (recorded: Recorded) =>
    act(recorded).catch((error: unknown) => {
      if (!isFinal(error)) throw error;
      onLeft(error, recorded);
    });
  let reached = await checkpoints.load(name);
  let saving: NodeJS.Timeout | undefined;
  const saveSoon = () => {
    saving ??= setTimeout(() => {
      saving = undefined;
      checkpoints.save(name, reached);
    }, saveEveryMs);
    saving.unref();
  };
  const waiting = new Set<{ readonly position: number; readonly resolve: () => void }>();
  /** At once, but for those about the same thing: they keep their order. */
  const actOnAll = async (events: readonly Recorded[]) => {
    const chains = Map.groupBy(events, ({ event, streamId }) => aboutOf(event) ?? streamId);
    await Promise.all(
      [...chains.values()].map(async (chain) => {
        for (const recorded of chain) await actOn(recorded);
      }),
    );
  };
  const subscription = feed.subscribe(
    reached,
    async (events) => {
      const mine = events.filter(({ event, metadata }) => types.has(event.type) && metadata.origin !== 'import');
      if (mine.length > 0) await actOnAll(mine);
      reached = events[events.length - 1]?.position ?? reached;
      for (const waiter of waiting) if (waiter.position <= reached && waiting.delete(waiter)) waiter.resolve();
      saveSoon();
    },
    onError,
  );
  return {
    passed: (position) =>
      new Promise((resolve) => {
        if (position <= reached) resolve();
        else waiting.add({ position, resolve });
      }),
    stop: async () => {
      await subscription.stop();
      clearTimeout(saving);
      checkpoints.save(name, subscription.position());
    },
  };
};
