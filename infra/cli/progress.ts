// How far long work has come: a bar that is drawn over where a person looks on, a line now and then elsewhere.

/** `all` 0: nothing to do. */
export type Progress = (what: string, done: number, all: number) => void;

export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const barWidth = 30;
/** Redrawing more often than this would only cost time, in milliseconds. */
const redrawAfter = 100;

const shareOf = (done: number, all: number) => (all <= 0 ? 1 : Math.min(1, done / all));

const bar = (what: string, done: number, all: number, columns: number): string => {
  const share = shareOf(done, all);
  const full = Math.round(share * barWidth);
  const text = `${what} [${'█'.repeat(full)}${'·'.repeat(barWidth - full)}] ${Math.floor(share * 100)} % ${done}/${all}`;
  return text.length < columns ? text : text.slice(0, columns - 1);
};

/** Draws on `screen` (stderr, so that what a command answers stays apart). Work that is finished leaves its line. */
export const createProgress = (screen: Screen, now: () => number = Date.now): Progress => {
  const tenths = new Map<string, number>();
  let drawnAt = 0;
  let drawn = '';
  const lineTo = (what: string, done: number, all: number) => {
    const tenth = Math.floor(shareOf(done, all) * 10);
    if (tenths.get(what) === tenth) return;
    tenths.set(what, tenth);
    screen.write(`${what}: ${tenth * 10} % (${done} of ${all})\n`);
  };
  return (what, done, all) => {
    if (!screen.isTTY) {
      lineTo(what, done, all);
      return;
    }
    const finished = done >= all;
    if (!finished && what === drawn && now() - drawnAt < redrawAfter) return;
    drawnAt = now();
    drawn = what;
    screen.write(`\r\u001b[K${bar(what, done, all, screen.columns ?? 80)}${finished ? '\n' : ''}`);
  };
};
