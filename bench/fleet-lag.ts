// How far the read models of a fleet are behind its log while purchases come at a steady rate.
import { setTimeout as pause } from 'node:timers/promises';
import { openReached } from '../infra/tables/reached.ts';
import type { Marketplace } from '../marketplace.ts';
import { type Spread, spread } from './fleet-figures.ts';
import type { Place } from './fleet-ground.ts';
import type { Measured } from './load.ts';

export interface Lag {
  /** Purchases per second: wanted, and done. */
  readonly wantedPerSecond: number;
  readonly measured: Measured;
  readonly events: number;
  /** From the moment in which an event was recorded until what it changes can be read: of every event, in seconds. */
  readonly eventSeconds: Spread;
}

const lookEvery = 10;
/** Milliseconds that read models get to come up with the log in the end. */
const longestEnd = 30_000;

const seconds = ({ p50, p95, p99, most }: Spread): Spread => {
  const inSeconds = (ms: number | null) => ms && ms / 1_000;
  return { p50: inSeconds(p50), p95: inSeconds(p95), p99: inSeconds(p99), most: inSeconds(most) };
};

/** Watches while `work` runs. What has been passed is asked where `minPosition` asks. */
export const measureLag = async (
  { ground }: Place,
  { store }: Pick<Marketplace, 'store'>,
  wantedPerSecond: number,
  work: () => Promise<Measured>,
): Promise<Lag> => {
  const reached = await openReached(ground.env.DATABASE_URL ?? '', store.logId);
  const heard: { position: number; at: number }[] = [];
  /** When each position was first seen to be reached. NOTE: kept, for this process may hear of an event later than its rows can be read. */
  const marks: { position: number; at: number }[] = [];
  const begin = Date.now();
  const stop = store.onCommitted((events) => {
    for (const { position, metadata } of events) {
      const at = Date.parse(metadata.recordedAt);
      // Whoever listens for the first time hears of older ones too.
      if (at >= begin) heard.push({ position, at });
    }
  });
  let isOver = false;
  const look = async () => {
    while (!isOver) {
      const position = await reached.position();
      if (position > (marks.at(-1)?.position ?? -1)) marks.push({ position, at: Date.now() });
      await pause(lookEvery);
    }
  };
  const looking = look();
  try {
    const measured = await work();
    const head = await store.head();
    const isThere = () => [heard, marks].every((list) => (list.at(-1)?.position ?? -1) >= head);
    for (const until = Date.now() + longestEnd; !isThere() && Date.now() < until; ) await pause(lookEvery);
    // What never came counts as it stands.
    const lags = heard.map(({ position, at }) => (marks.find((mark) => mark.position >= position)?.at ?? Date.now()) - at);
    return { wantedPerSecond, measured, events: lags.length, eventSeconds: seconds(spread(lags)) };
  } finally {
    isOver = true;
    stop();
    await looking.catch(() => {});
    await reached.close();
  }
};
