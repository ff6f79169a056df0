// Follows the log in its own time, for an engine that may be away: what waits for it waits once, then it is brought up behind everybody's back.
import type { Step } from './followers.ts';

/** What is brought up. */
export interface Chased {
  /** False where that is not possible yet: the next step tries again. */
  bring(head: number, step?: Step): Promise<boolean>;
  /** The position that it stands at; -1 where that is not known. */
  reached(): number;
}

/** Milliseconds before another attempt: the first, and the longest. */
const [firstPause, longestPause] = [500, 30_000];

/** Brings it up in its own time: one attempt after the other until it stands at the head, however often the engine fails. */
export const createChase = (chased: Chased, onMoved: () => void, onError: (error: Error) => void) => {
  let head = 0;
  let chasing: Promise<void> | null = null;
  let isStopped = false;
  let wake = () => {};
  /** Resolved when the first attempt has ended, well or not. */
  let attempted = Promise.resolve();

  const rest = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const chase = async (first: Step | undefined, ended: () => void) => {
    let step = first;
    for (let pause = firstPause; !isStopped; ) {
      try {
        const isRead = await chased.bring(head, step);
        onMoved();
        if (!isRead || chased.reached() >= head) return;
        pause = firstPause;
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)));
        ended();
        if (!isStopped) await rest(pause);
        pause = Math.min(pause * 2, longestPause);
      }
      step = undefined;
    }
  };

  return {
    isBusy: () => chasing !== null,
    /** Resolves when it stands at the head, or at the end of the first attempt that failed. */
    async after(to: number, step: Step | undefined) {
      head = Math.max(head, to);
      if (chasing === null) {
        const { promise, resolve } = Promise.withResolvers<void>();
        attempted = promise;
        chasing = chase(step, resolve).finally(() => {
          chasing = null;
          resolve();
        });
      }
      await attempted;
    },
    async stop() {
      isStopped = true;
      wake();
      await chasing;
    },
  };
};

/** Those who wait until something has come to a position. */
export const createWaiting = (reached: () => number) => {
  const waiting = new Set<{ readonly position: number; readonly passed: () => void }>();
  return {
    look() {
      for (const waiter of waiting) if (waiter.position <= reached()) waiter.passed();
    },
    async passed(position: number, milliseconds: number): Promise<boolean> {
      if (position <= reached()) return true;
      const { promise, resolve } = Promise.withResolvers<void>();
      const waiter = { position, passed: resolve };
      waiting.add(waiter);
      const isInTime = await within(promise, milliseconds);
      waiting.delete(waiter);
      return isInTime;
    },
  };
};

/** True when it has come in time. */
export const within = async (work: Promise<void>, milliseconds: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const isInTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
};
