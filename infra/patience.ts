// For work that takes minutes: an engine that is away for a while is waited for, and it is said so once.
import { setTimeout as rest } from 'node:timers/promises';
import { DomainError, isRefusal } from '../domain/error.ts';

/** Runs a task, again and again while an engine is away. Throws what no waiting helps against, or the last failure when it took too long. */
export type Patience = <T>(task: () => Promise<T>) => Promise<T>;

export interface PatienceOptions {
  /** How long an engine is waited for, in milliseconds. */
  readonly longestMs: number;
  /** Hears that something is waited for, and that it is there again. */
  readonly say: (line: string) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  readonly pause?: (milliseconds: number, signal?: AbortSignal) => Promise<unknown>;
}

/** How long long work waits for an engine unless told otherwise, in minutes. */
export const usualWait = 10;
/** An engine that has never answered may just be named wrongly. */
const longestFirst = 15_000;
const longestPause = 2_000;

/** Whether the same may well succeed later. */
export const mayComeBack = (error: unknown): error is DomainError => error instanceof DomainError && !isRefusal(error);

const reasonOf = ({ message, cause }: Error) => (cause instanceof Error ? `${message} (${cause.message.split('\n', 1)[0]})` : message);

const restFor = (milliseconds: number, signal?: AbortSignal) => rest(milliseconds, undefined, signal ? { signal } : {}).catch(() => {});

export const createPatience = ({ longestMs, say, signal, now = Date.now, pause = restFor }: PatienceOptions): Patience => {
  /** Since when an engine has not answered, whoever asked. */
  let away: number | null = null;
  let hasAnswered = false;
  const seconds = (since: number) => Math.round((now() - since) / 100) / 10;

  const failed = (error: DomainError) => {
    if (away !== null || error.code === 'request.contended') return;
    away = now();
    const most = hasAnswered ? longestMs : Math.min(longestMs, longestFirst);
    say(`${reasonOf(error)} Waiting, for ${most >= 60_000 ? `${Math.round(most / 60_000)} min` : `${most / 1_000} s`} at most.`);
  };

  return async (task) => {
    const since = now();
    for (let wait = 50; ; wait = Math.min(wait * 2, longestPause)) {
      signal?.throwIfAborted();
      const asked = now();
      try {
        const result = await task();
        hasAnswered = true;
        // What was asked before it went away says nothing of now.
        if (away !== null && asked >= away) {
          say(`It answers again, after ${seconds(away)} s.`);
          away = null;
        }
        return result;
      } catch (error) {
        if (!mayComeBack(error)) throw error;
        failed(error);
        const longest = hasAnswered ? longestMs : Math.min(longestMs, longestFirst);
        if (now() - Math.max(since, away ?? since) >= longest) throw error;
        await pause(wait, signal);
      }
    }
  };
};
