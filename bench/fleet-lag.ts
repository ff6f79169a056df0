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
  /** Age of the oldest event that cannot be read yet, 0 where there is none: looked at all the time, in seconds. */
  readonly oldestSeconds: Spread;
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
  const waiting: { position: number; at: number }[] = [];
  const [lags, ages]: [number[], number[]] = [[], []];
  const begin = Date.now();
  const stop = store.onCommitted((events) => {
    for (const { position, metadata } of events) {
      const at = Date.parse(metadata.recordedAt);
      // Whoever listens for the first time hears of older ones too.
      if (at >= begin) waiting.push({ position, at });
    }
  });
  let endAt = Number.POSITIVE_INFINITY;
  const look = async () => {
    while (performance.now() < endAt || (waiting.length > 0 && performance.now() < endAt + longestEnd)) {
      const passed = await reached.position();
      const now = Date.now();
      const left = waiting.findIndex(({ position }) => position > passed);
      for (const { at } of waiting.splice(0, left < 0 ? waiting.length : left)) lags.push(now - at);
      const [oldest] = waiting;
      if (performance.now() < endAt) ages.push(oldest ? now - oldest.at : 0);
      await pause(lookEvery);
    }
    // What never came counts as it stands.
    for (const { at } of waiting) lags.push(Date.now() - at);
  };
  const looking = look();
  try {
    const measured = await work();
    endAt = performance.now();
    await looking;
    const figures = { eventSeconds: seconds(spread(lags)), oldestSeconds: seconds(spread(ages)) };
    return { wantedPerSecond, measured, events: lags.length, ...figures };
  } finally {
    endAt = Math.min(endAt, performance.now()) - longestEnd;
    stop();
    await looking.catch(() => {});
    await reached.close();
  }
};
