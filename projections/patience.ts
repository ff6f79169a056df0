// Waiting for stores that cannot be reached: again and again, later and later, until they answer or nobody waits any more.
import { DomainError } from '../domain/error.ts';

/** Milliseconds before the first try after trouble that passes by itself, and between two tries at most. */
const longestPause = 30_000;
export const firstPause = 50;
export const longer = (pause: number) => Math.min(pause * 2, longestPause);

const isPassing = (error: unknown): error is DomainError => error instanceof DomainError && error.code === 'server.store_unavailable';

const paused = (milliseconds: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });

/** Tries `task` until its stores can be reached; what else goes wrong is thrown, and so is trouble after the signal. */
export const patiently = async (task: () => Promise<void>, signal: AbortSignal, onError: (error: Error) => void): Promise<void> => {
  for (let pause = firstPause; ; pause = longer(pause)) {
    try {
      return await task();
    } catch (error) {
      if (!isPassing(error) || signal.aborted) throw error;
      onError(error);
    }
    await paused(pause, signal);
  }
};
