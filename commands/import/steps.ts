// Sends steps with many under way at once, and those that share something one after the other, in the order of the list.

/** Runs `work` on every item, at most `atOnce` at a time; the first failure ends it. */
export const inParallel = async <Item>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<unknown>): Promise<void> => {
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < items.length && !failed) {
      const item = items[next++] as Item;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
};

/**
 * The same for items that share streams: one begins only when all before it that have a key in common with it are done.
 * What is independent overtakes, by `atOnce` items at most.
 */
export const inOrder = async <Item>(
  items: readonly Item[],
  atOnce: number,
  keysOf: (item: Item) => readonly string[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> => {
  const last = new Map<string, Promise<unknown>>();
  await inParallel(items, atOnce, (item) => {
    // NOTE: up to here nothing waits, so that items take their places behind each other in the order of the list.
    const keys = keysOf(item);
    const before = keys.flatMap((key) => last.get(key) ?? []);
    const done = before.length === 0 ? work(item) : Promise.all(before).then(() => work(item));
    for (const key of keys) last.set(key, done);
    const forget = () => {
      for (const key of keys) if (last.get(key) === done) last.delete(key);
    };
    return done.finally(forget);
  });
};
