// What a command of the command line is.
import type { Given, Shape } from './infra/cli/arguments.ts';
import type { Progress } from './infra/cli/progress.ts';
import type { Config } from './infra/config.ts';
import { createPatience, type Patience, usualWait } from './infra/patience.ts';

/** What a command has to work with: `print` writes a line to stdout, `progress` draws on stderr. */
export interface Io {
  readonly config: Config;
  readonly print: (line: string) => void;
  readonly progress: Progress;
  /** Says on stderr what is no answer but should be known. */
  readonly notice: (line: string) => void;
  /** From here on the first SIGINT ends the process at once: for work that blocks, and leaves nothing half done under its name. */
  readonly letGo: () => void;
  /** Aborted when the person at the keyboard has seen enough. */
  readonly signal: AbortSignal;
}

/** Answers the exit code; none is 0. */
export interface Command extends Shape {
  run(given: Given, io: Io): Promise<number | undefined>;
}

/** Of work that takes minutes: how long an engine that is away is waited for. */
export const waitOption = { wait: { type: 'string' } } as const;
/** A week: whoever waits longer has another problem. */
const longestWait = 7 * 24 * 60;

export const waitOf = (given: Given): number => (given.number('wait', 0, longestWait) ?? usualWait) * 60_000;

export const patienceOf = (given: Given, { notice, signal }: Pick<Io, 'notice' | 'signal'>): Patience =>
  createPatience({ longestMs: waitOf(given), say: notice, signal });
