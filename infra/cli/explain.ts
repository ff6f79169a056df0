// What went wrong, as one sentence that says what to do, and the exit code that goes with it. NOTE: it imports nothing, so that it can speak when nothing more can be opened.

/** Somebody ended a command before it was done: by Ctrl-C, or by SIGTERM. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;
  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('Stopped before it was done.');
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

/** The exit code of a command that came to its end although somebody wanted it to stop; undefined: nobody did. */
export const exitCodeOf = ({ aborted, reason }: AbortSignal): number | undefined =>
  aborted ? (reason instanceof Interrupted ? reason.exitCode : 130) : undefined;

/** Errors whose message is all that a person needs, by name: their classes are not loaded where a thread begins. */
const plain = new Set([
  'BackupRefused',
  'DataDirInUse',
  'DataIncomplete',
  'DomainError',
  'EngineUnusable',
  'NoData',
  'NotACopy',
  'NotALog',
  'OperationFailed',
  'StandsElsewhere',
  'TooOld',
]);
const ofTheCommandLine = new Set(['ConfigError', 'UsageError']);

const fullDisk = 'The disk is full: free some space where DATA_DIR is, and start again. What was acknowledged before is safe.';
const manyFiles = 'This process may not open enough files: raise its limit (such as `ulimit -n 4096`) and start again.';

/** What the system's own codes mean for whoever runs this. */
const ofTheSystem: Readonly<Record<string, (where: string) => string>> = {
  EADDRINUSE: (where) => `Another process listens${where} already: stop it, or set PORT to another port (0 takes a free one).`,
  EADDRNOTAVAIL: (where) => `This machine has no such address to listen on${where}: set HOST to one of its own.`,
  EACCES: (where) => `This user may not use${where || ' what is needed'}: give it the right to, or set DATA_DIR (or PORT) to another one.`,
  EPERM: (where) => `This user may not change${where || ' what is needed'}: give it the right to, or set DATA_DIR to another folder.`,
  EROFS: (where) => `The file system is read-only${where && `, at${where}`}: set DATA_DIR to a folder that can be written.`,
  ENOSPC: () => fullDisk,
  EDQUOT: () => fullDisk,
  EMFILE: () => manyFiles,
  ENFILE: () => manyFiles,
  ENOTDIR: (where) => `${where.trim() || 'What DATA_DIR names'} is a file: set DATA_DIR to a folder.`,
  EEXIST: (where) => `${where.trim() || 'What DATA_DIR names'} is a file: set DATA_DIR to a folder.`,
  EISDIR: (where) => `A folder stands where a file is needed,${where}.`,
  ENOENT: (where) => `There is no${where || ' such file'}.`,
};

/** By SQLite's primary result codes: what is so of a database in DATA_DIR. */
const ofSqlite: Readonly<Record<number, string>> = {
  5: 'is used by another process: try again, or stop that one.',
  8: 'cannot be written: the folder or its files are read-only for this user. Make them writable, or set DATA_DIR to another folder.',
  10: 'cannot be read or written: the disk may be full or failing; see the system’s log.',
  11: 'is damaged or cut off: bring back a backup with `restore`, or copy the file anew.',
  14: 'cannot be opened: the folder may be read-only or another user’s, or this process may open too few files (`ulimit -n`). Mend that, or set DATA_DIR to another folder.',
  26: 'is no database: bring back a backup with `restore`, or copy the file anew.',
};
const sqliteFull = 13;

const field = (error: object, name: string): unknown => (name in error ? (error as Record<string, unknown>)[name] : undefined);

const whereOf = (error: object): string => {
  const [path, port, address] = [field(error, 'path'), field(error, 'port'), field(error, 'address')];
  if (typeof port === 'number') return ` on ${typeof address === 'string' ? `${address} ` : ''}port ${port}`;
  return typeof path === 'string' ? ` ${path}` : '';
};

/** The sentence for an error that the system or an engine threw, or null for one of which nothing is known. */
const sentenceOf = (error: object, dataDir: string): string | null => {
  const [code, errcode, cause] = [field(error, 'code'), field(error, 'errcode'), field(error, 'cause')];
  if (code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number') {
    // NOTE: the upper bytes say more than anybody can act on.
    const primary = errcode & 0xff;
    if (primary === sqliteFull) return fullDisk;
    return ofSqlite[primary] ? `A database in DATA_DIR (${dataDir}) ${ofSqlite[primary]}` : null;
  }
  // A thread that cannot begin says why in words alone.
  if (code === 'ERR_WORKER_INIT_FAILED' && /\bE[MN]FILE\b/.test(String(field(error, 'message')))) return manyFiles;
  const known = typeof code === 'string' ? ofTheSystem[code]?.(whereOf(error)) : undefined;
  return known ?? (typeof cause === 'object' && cause !== null ? sentenceOf(cause, dataDir) : null);
};

const unreachable = /^(server\.store|search|analytics)[._]unavailable$/;

/** Whether an engine that cannot be used may be behind an error, so that it is worth asking them: of all others is known what to say. */
export const mayBeOfAnEngine = (error: unknown): boolean => {
  if (!(error instanceof Error) || error instanceof Interrupted) return false;
  if (error.name === 'DomainError') return unreachable.test(String(field(error, 'code')));
  if (ofTheCommandLine.has(error.name) || plain.has(error.name)) return false;
  const [code, listening] = [field(error, 'code'), field(error, 'syscall') === 'listen'];
  return !listening && code !== 'ERR_SQLITE_ERROR' && code !== 'ERR_WORKER_INIT_FAILED';
};

export interface Explained {
  readonly sentence: string;
  readonly exitCode: number;
}

/** An error of which nothing is known is a fault of ours: it says so, and its stack is there for whoever sets LOG_LEVEL to debug. */
export const explain = (
  error: unknown,
  { dataDir, isDebugging }: { readonly dataDir: string; readonly isDebugging: boolean },
): Explained => {
  if (error instanceof Interrupted) return { sentence: error.message, exitCode: error.exitCode };
  if (!(error instanceof Error)) return { sentence: String(error), exitCode: 1 };
  if (ofTheCommandLine.has(error.name)) return { sentence: error.message, exitCode: 2 };
  if (plain.has(error.name)) return { sentence: error.message, exitCode: 1 };
  const sentence = sentenceOf(error, dataDir) ?? `This should not have happened: ${error.message} (LOG_LEVEL=debug shows where).`;
  return { sentence: isDebugging ? `${sentence}\n${error.stack}` : sentence, exitCode: 1 };
};
