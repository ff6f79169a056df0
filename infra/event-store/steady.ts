// A log for work that takes minutes: it waits for a server that is away, and leaves it time for others while it is slow.
import { setTimeout as rest } from 'node:timers/promises';
import type { Patience } from '../patience.ts';
import type { Raw, RawLog, RawTarget } from './raw.ts';

/** A page that takes no longer than this keeps nobody waiting, in milliseconds. */
const fast = 50;
/** The longest rest after a slow page, in milliseconds. */
const longestRest = 2_000;

/** Reads as fast as the log likes, and half as fast as soon as a page takes twice as long as pages did at their best. */
const givingWay = (readAll: RawLog['readAll']): RawLog['readAll'] => {
  let best = Number.POSITIVE_INFINITY;
  return async (after, limit) => {
    const begun = performance.now();
    const page: readonly Raw[] = await readAll(after, limit);
    const took = performance.now() - begun;
    if (page.length === limit) best = Math.min(best * 1.01, took);
    if (took > Math.max(2 * best, fast)) await rest(Math.min(took, longestRest));
    return page;
  };
};

export const steadyLog = (log: RawLog, patience: Patience): RawLog => ({
  ...log,
  readAll: givingWay((after, limit) => patience(() => log.readAll(after, limit))),
  readStream: (streamId, from, limit) => patience(() => log.readStream(streamId, from, limit)),
  head: () => patience(log.head),
});

/** NOTE: the same events may be appended twice after an answer that was lost: a target does them once. */
export const steadyTarget = (log: RawTarget, patience: Patience): RawTarget => ({
  ...steadyLog(log, patience),
  append: (events) => patience(() => log.append(events)),
});
