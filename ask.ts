// How a command reaches the data: where a process owns it that one is asked, else the data is opened here. And how the answer is printed.
import type { Io } from './command.ts';
import { perform } from './control.ts';
import { eventContract } from './domain/registry.ts';
import type { Given } from './infra/cli/arguments.ts';
import { askOwner } from './infra/cli/remote.ts';
import { type Cell, table } from './infra/cli/table.ts';
import { openLogToRead } from './infra/connect-log.ts';
import { lockDataDir, mustHoldData, ownerOf } from './infra/data-dir.ts';
import { logger } from './infra/telemetry/log.ts';
import { openMarketplace } from './marketplace.ts';
import { performOnLog } from './operations.ts';

/** What a search did not look at, for example: said beside the answer. */
interface NoticeLine {
  readonly notice: string;
}
const isNotice = (line: object): line is NoticeLine => 'notice' in line;

interface ProgressLine {
  readonly progress: { readonly what: string; readonly done: number; readonly all: number };
}
const isProgress = (line: object): line is ProgressLine => 'progress' in line;

/** Operations that need no more of the data than its log. */
const needsLogOnly = (operation: string) => operation.startsWith('events.');

/** The same operations on the log alone, beside nobody: nothing is made for it, and nobody is kept out. */
async function* readHere(operation: string, input: object, { config, signal }: Io): AsyncIterable<object> {
  const { store, close } = openLogToRead(config.DATA_DIR, eventContract);
  try {
    yield* performOnLog(store, operation, input, signal);
  } finally {
    await close();
  }
}

/** Opens the data for one operation. Sagas stay asleep: who looks, or settles one thing, sends nothing to anybody. */
async function* performHere(operation: string, input: object, io: Io): AsyncIterable<object> {
  const { config, progress, signal } = io;
  const logOnly = needsLogOnly(operation) && !config.EVENTSTORE_URL;
  mustHoldData(config, { logOnly });
  if (logOnly) {
    yield* readHere(operation, input, io);
    return;
  }
  // In a fleet nobody owns the data: it stands on servers that take turns by themselves.
  const lock = config.EVENTSTORE_URL ? null : lockDataDir(config.DATA_DIR);
  const marketplace = await openMarketplace(
    { ...config, ANALYTICS: 'off' },
    { log: logger('error'), isAsleep: true, onProgress: progress },
  );
  try {
    yield* perform(marketplace, operation, input, signal);
  } finally {
    await marketplace.close();
    lock?.release();
  }
}

/** What an operation yields, its progress drawn on the way. */
export async function* ask(operation: string, input: object, io: Io): AsyncIterable<object> {
  const owner = ownerOf(io.config.DATA_DIR);
  const answers = owner ? askOwner(owner, operation, input, io.signal) : performHere(operation, input, io);
  for await (const line of answers) {
    if (isProgress(line)) io.progress(line.progress.what, line.progress.done, line.progress.all);
    else if (isNotice(line)) io.notice(line.notice);
    else yield line;
  }
}

export type Row = Readonly<Record<string, Cell>>;

/** Prints every line as it comes: as JSON, or as `line` writes it. */
export const printEach = async (given: Given, io: Io, lines: AsyncIterable<object>, line: (found: Row) => string) => {
  for await (const found of lines) io.print(given.flag('json') ? JSON.stringify(found) : line(found as Row));
  return undefined;
};

/** Prints all lines as one table, or as JSON. */
export const printTable = async (given: Given, io: Io, lines: AsyncIterable<object>, columns: readonly string[]) => {
  const rows: Row[] = [];
  for await (const found of lines) {
    if (given.flag('json')) io.print(JSON.stringify(found));
    else rows.push(found as Row);
  }
  if (!given.flag('json')) io.print(table(columns, rows));
  return undefined;
};

/** The n-th value of a command line; empty where there is none. */
export const word = (given: Given, n: number) => given.words[n] ?? '';
