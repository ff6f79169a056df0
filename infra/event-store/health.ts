// What of a log is not as this program wrote it: events of other programs, and streams of ours that were written to, cut or deleted by hand.
import { DomainError } from '../../domain/error.ts';

/** An event of the log that is passed over, since it cannot be one of ours. */
export interface PassedOver {
  readonly streamId: string;
  readonly revision: number;
  readonly reason: string;
}

/** How an administrator of the engine has limited what can be read of a stream. */
export interface Retention {
  /** Events before this revision cannot be read; Infinity: the stream is deleted. */
  readonly truncateBefore?: number;
  readonly maxCount?: number;
  /** In seconds. */
  readonly maxAge?: number;
}

export const retentionReason = ({ truncateBefore, maxCount, maxAge }: Retention): string => {
  if (truncateBefore === Number.POSITIVE_INFINITY) return 'is deleted';
  if (truncateBefore !== undefined) return `can only be read from revision ${truncateBefore} on ($tb)`;
  if (maxCount !== undefined) return `keeps its last ${maxCount} events only ($maxCount)`;
  return `keeps its events for ${maxAge} seconds only ($maxAge)`;
};

const damageText = ({ revision, reason }: PassedOver) => `revision ${revision} ${reason}`;

/** A stream of ours is not as it was written: nothing is decided on what is left of it. */
export const streamDamaged = (streamId: string, reason: string) =>
  new DomainError(
    'log.stream_damaged',
    `${streamId} is not as it was written: ${reason}. An operator proves the log with \`audit verify\`.`,
  );

export interface LogHealthOptions {
  /** Whether a stream of this name is one of ours. */
  readonly owns: (streamId: string) => boolean;
  /** Told once of every stream, at most of `maxTold`. */
  readonly onFound?: (streamId: string, reason: string, isOurs: boolean) => void;
}

export interface LogHealth {
  readonly owns: (streamId: string) => boolean;
  /** Notes an event that was passed over. Again: changes nothing. */
  pass(event: PassedOver): void;
  /** Notes that a stream is limited; null: not any more. */
  limit(streamId: string, retention: Retention | null): void;
  /** What is wrong with a stream of ours; null: nothing is known to be. */
  damageOf(streamId: string): string | null;
  /** Streams of ours that are not as they were written. */
  damaged(): readonly PassedOver[];
  /** Streams of ours that are limited. */
  limits(): ReadonlyMap<string, Retention>;
  /** Events of other programs, and in how many streams. */
  foreign(): { readonly events: number; readonly streams: number };
}

/** More names than these are counted, not told one by one. */
const maxTold = 100;
/** More foreign streams than these are counted once more after a restart of their row. */
const maxForeignStreams = 100_000;

export const createLogHealth = ({ owns, onFound = () => {} }: LogHealthOptions): LogHealth => {
  const damaged = new Map<string, PassedOver>();
  const limits = new Map<string, Retention>();
  /** The last revision that was counted, by stream. */
  const foreign = new Map<string, number>();
  let [foreignEvents, told] = [0, 0];
  const find = (streamId: string, reason: string, isOurs: boolean) => {
    told += 1;
    if (told <= maxTold) onFound(streamId, reason, isOurs);
  };
  return {
    owns,
    pass(event) {
      const { streamId, revision, reason } = event;
      if (owns(streamId)) {
        if (damaged.has(streamId)) return;
        damaged.set(streamId, event);
        find(streamId, damageText(event), true);
        return;
      }
      const counted = foreign.get(streamId);
      if (counted !== undefined && counted >= revision) return;
      if (counted === undefined) find(streamId, reason, false);
      if (counted !== undefined || foreign.size < maxForeignStreams) foreign.set(streamId, revision);
      foreignEvents += 1;
    },
    limit(streamId, retention) {
      if (!owns(streamId)) return;
      if (!retention) {
        limits.delete(streamId);
        return;
      }
      const isNew = !limits.has(streamId);
      limits.set(streamId, retention);
      if (isNew) find(streamId, retentionReason(retention), true);
    },
    damageOf(streamId) {
      const [event, retention] = [damaged.get(streamId), limits.get(streamId)];
      if (event) return damageText(event);
      return retention ? retentionReason(retention) : null;
    },
    damaged: () => [...damaged.values()],
    limits: () => limits,
    foreign: () => ({ events: foreignEvents, streams: foreign.size }),
  };
};
