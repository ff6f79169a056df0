// Lets work that nobody waits for give way to work that somebody waits for: how much of it is under way at once follows how fast it is answered.

export interface Pace {
  /** Runs a task as soon as there is room for it. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** How many tasks may be under way at the moment. */
  atOnce(): number;
}

export interface PaceOptions {
  /** Tasks under way at once, at most. */
  readonly most: number;
  readonly now?: () => number;
}

/** Answers that come as fast as this are never too slow, in milliseconds: nobody is kept waiting by them. */
const fast = 25;
const begin = 8;
/** How much one answer counts among those before it. */
const weight = 0.1;
/** How fast it is forgotten that answers were once faster, by answer: a server may become slower for good. */
const forgetting = 0.0001;

/**
 * Additive increase, multiplicative decrease, as TCP does it: one more with each round of answers, half as many when answers take twice as
 * long as they did at their best, and one alone after a failure.
 */
export const createPace = ({ most, now = () => performance.now() }: PaceOptions): Pace => {
  let limit = Math.min(begin, most);
  let underWay = 0;
  let [recent, best] = [0, Number.POSITIVE_INFINITY];
  /** Answers since the limit was cut: those that were under way then say nothing new. */
  let sinceCut = 0;
  const waiting: (() => void)[] = [];

  const answered = (took: number) => {
    recent = recent === 0 ? took : recent + (took - recent) * weight;
    best = recent < best ? recent : best + (recent - best) * forgetting;
    sinceCut += 1;
    const isSlow = recent > Math.max(2 * best, fast);
    if (!isSlow) limit = Math.min(most, limit + 1 / limit);
    else if (sinceCut > limit) [limit, sinceCut] = [Math.max(1, limit / 2), 0];
  };
  const failed = () => {
    [limit, sinceCut] = [1, 0];
  };
  const next = () => {
    while (underWay < Math.floor(limit) && waiting.length > 0) {
      underWay += 1;
      waiting.shift()?.();
    }
  };

  return {
    async run(task) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        next();
      });
      const begun = now();
      try {
        const result = await task();
        answered(now() - begun);
        return result;
      } catch (error) {
        failed();
        throw error;
      } finally {
        underWay -= 1;
        next();
      }
    },
    atOnce: () => Math.floor(limit),
  };
};
