// The live end of a log in EventStoreDB: one subscription to $all tells this process of every event, in log order, for as long as it runs.
import { setTimeout as pause } from 'node:timers/promises';
import type { Recorded } from '../../domain/metadata.ts';
import type { EventStoreDbLog } from './eventstoredb-log.ts';
import type { Landmarks } from './landmarks.ts';
import type { Raw } from './raw.ts';

export interface TailNeeds {
  readonly log: EventStoreDbLog;
  /** Position of the last event that need not be told; 0: all are told. */
  readonly from: number;
  readonly recorded: (raws: readonly Raw[]) => readonly Recorded[];
  /** Appends of this process by stream, until their events are folded in. */
  readonly underWay: ReadonlyMap<string, Promise<void>>;
  readonly landmarks: Landmarks;
  readonly onError: (error: Error) => void;
}

const longestPause = 5_000;

export const createTail = ({ log, from, recorded, underWay, landmarks, onError }: TailNeeds) => {
  const listeners = new Set<(events: readonly Recorded[]) => void>();
  const ending = new AbortController();
  let told = from;

  /** NOTE: an event may come round before the answer to its own append. Whoever hears of an event must find it in the state of its stream. */
  const tell = async (page: readonly Raw[]) => {
    const events = recorded(page.filter(({ position }) => position > told));
    const last = events[events.length - 1];
    if (!last) return;
    for (const { streamId } of events) await underWay.get(streamId);
    if (ending.signal.aborted) return;
    told = last.position;
    landmarks.note(last.position, Math.min(...events.map(({ metadata }) => Date.parse(metadata.recordedAt))));
    for (const listener of listeners) listener(events);
  };

  const run = async () => {
    // Events that are not ours count too: the subscription goes on after the last one of all.
    let place = from === 0 ? null : from;
    let wait = 50;
    while (!ending.signal.aborted) {
      try {
        await log.connection.follow(
          place,
          async (page) => {
            wait = 50;
            await tell(log.oursOf(page));
            place = page[page.length - 1]?.position ?? place;
          },
          ending.signal,
        );
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)));
        await pause(wait, null, { signal: ending.signal }).catch(() => {});
        wait = Math.min(wait * 2, longestPause);
      }
    }
  };
  // A process that hears of the log by another way never asks here, and is spared the subscription.
  let running: Promise<void> | undefined;
  const start = () => {
    running ??= run();
  };

  return {
    told: () => {
      start();
      return told;
    },
    onCommitted(listener: (events: readonly Recorded[]) => void) {
      start();
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
};
