// How many people were here lately: remembered in this process only, and never who they are to anybody outside.

export interface Activity {
  /** This person has just asked for something. */
  note(personId: string): void;
  /** People who asked for something lately. */
  count(): number;
}

const lately = 15 * 60_000;
/** Beyond this many the oldest are dropped early: the figure is then a lower bound. */
const most = 500_000;

export const createActivity = (now: () => number): Activity => {
  const seen = new Map<string, number>();
  return {
    note(personId) {
      seen.delete(personId); // so that the map stays in the order of time
      seen.set(personId, now());
      if (seen.size > most) seen.delete(seen.keys().next().value as string);
    },
    count() {
      const since = now() - lately;
      for (const [personId, at] of seen) {
        if (at > since) break;
        seen.delete(personId);
      }
      return seen.size;
    },
  };
};
