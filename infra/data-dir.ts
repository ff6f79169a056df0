// DATA_DIR has one owner. The lock is SQLite's own, which the system drops with the process, however it died.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from './config.ts';
import { mustStandInFolder } from './standing.ts';

/** How the command line reaches the process that owns the data. */
export interface Owner {
  readonly pid: number;
  readonly url: string;
  /** Where it answers everybody: the origin of its API. */
  readonly api: string;
  readonly token: string;
}

export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
}

/** There is nothing in DATA_DIR that could be read. */
export class NoData extends Error {
  override readonly name = 'NoData';
}

/** Something that cannot be made again is missing in DATA_DIR. */
export class DataIncomplete extends Error {
  override readonly name = 'DataIncomplete';
}

type Where = Pick<Config, 'DATA_DIR'> & Partial<Pick<Config, 'EVENTSTORE_URL' | 'DATABASE_URL'>>;

/** What a command that only looks must find in DATA_DIR: it makes nothing, so that a mistyped name is not taken for a new marketplace. Throws NoData. */
export const mustHoldData = ({ DATA_DIR, EVENTSTORE_URL, DATABASE_URL }: Where, { logOnly }: { readonly logOnly: boolean }): void => {
  const needed = [...(EVENTSTORE_URL ? [] : ['log.db']), ...(DATABASE_URL || logOnly ? [] : ['vault.db'])];
  const missing = needed.filter((file) => !existsSync(join(DATA_DIR, file)));
  if (missing.length === 0) return;
  const what = existsSync(DATA_DIR) ? `holds no ${missing.join(' and no ')}` : 'does not exist';
  throw new NoData(`DATA_DIR ${resolve(DATA_DIR)} ${what}: set DATA_DIR to the folder of a marketplace, or make one by \`npm start\`.`);
};

/** Whether a log has events. The log is made before all else, so that one without events may be what a first start was killed over. */
const hasEvents = (file: string): boolean => {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare('SELECT 1 FROM events LIMIT 1').get() !== undefined;
  } finally {
    database.close();
  }
};

/** What a marketplace makes in DATA_DIR once it has a log. */
const afterTheLog = ['vault.db', 'read.db', 'search.db', 'gateway.db', 'courier.db', 'mail.db'];

/**
 * A file that is missing beside the others was lost: a start would take an empty one for it, and go on with no past, or with people whose
 * data nobody can open. Throws DataIncomplete, which names it.
 */
export const mustBeWhole = ({ DATA_DIR, EVENTSTORE_URL, DATABASE_URL }: Where): void => {
  if (EVENTSTORE_URL) return;
  const holds = (file: string) => existsSync(join(DATA_DIR, file));
  const others = afterTheLog.filter(holds);
  const lacksLog = others.length > 0 && !holds('log.db');
  const lacksVault = !DATABASE_URL && holds('log.db') && !holds('vault.db') && hasEvents(join(DATA_DIR, 'log.db'));
  if (!lacksLog && !lacksVault) return;
  const [missing, beside] = lacksLog ? ['log.db', others.join(', ')] : ['vault.db', 'log.db'];
  throw new DataIncomplete(
    `${resolve(DATA_DIR)} holds ${beside}, but no ${missing}. Bring it back from a backup (\`restore DIR\`, into an empty DATA_DIR), or begin anew without what it held: \`start --begin-anew\`.`,
  );
};

/** Nobody else on this machine may look into the data, also where folder and files were there before. */
const makePrivate = (dataDir: string): void => {
  try {
    chmodSync(dataDir, 0o700);
    for (const entry of readdirSync(dataDir, { withFileTypes: true }))
      chmodSync(join(dataDir, entry.name), entry.isDirectory() ? 0o700 : 0o600);
  } catch (error) {
    // A folder of somebody else's that we may write to, such as a mounted volume: its owner decides.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error;
  }
};

const lockFile = (dataDir: string) => join(dataDir, 'lock.db');
const ownerFile = (dataDir: string) => join(dataDir, 'owner.json');

export interface DataDirLock {
  /** Says where this process answers the command line, and where everybody; gives the token that the command line must show. */
  announce(url: string, api: string): string;
  release(): void;
}

/** Whether SQLite says that another connection holds the lock. */
const isBusy = (error: unknown) => error instanceof Error && 'errcode' in error && error.errcode === 5;

const isReadOnly = (error: unknown) => error instanceof Error && 'errcode' in error && (error.errcode === 8 || error.errcode === 14);

/** Takes the folder for this process. Throws DataDirInUse while another one has it, StandsElsewhere where its marketplace was moved. */
export const lockDataDir = (dataDir: string, { mayStandElsewhere = false } = {}): DataDirLock => {
  if (!mayStandElsewhere) mustStandInFolder(dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  makePrivate(dataDir);
  // NOTE: ownerOf holds the lock for a moment to see whether it is free; a start must not fail for that.
  const database = new DatabaseSync(lockFile(dataDir), { timeout: 500 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new DataDirInUse(`Another process uses ${dataDir}; stop it, or set DATA_DIR to another folder.`);
  }
  rmSync(ownerFile(dataDir), { force: true });
  return {
    announce(url, api) {
      const owner: Owner = { pid: process.pid, url, api, token: randomBytes(32).toString('base64url') };
      writeFileSync(ownerFile(dataDir), JSON.stringify(owner), { mode: 0o600 });
      return owner.token;
    },
    release() {
      rmSync(ownerFile(dataDir), { force: true });
      database.close();
    },
  };
};

/** The process that has the folder now, or null when nobody does (a file left behind by a crash says nothing). */
export const ownerOf = (dataDir: string): Owner | null => {
  if (!existsSync(lockFile(dataDir))) return null;
  try {
    lockDataDirBriefly(dataDir);
    return null;
  } catch (error) {
    if (isReadOnly(error)) return null; // who runs a marketplace there writes to it
    if (!(error instanceof DataDirInUse)) throw error;
  }
  try {
    return JSON.parse(readFileSync(ownerFile(dataDir), 'utf8')) as Owner;
  } catch {
    throw new DataDirInUse(`Another process uses ${dataDir} and does not answer yet; try again.`);
  }
};

const lockDataDirBriefly = (dataDir: string) => {
  const database = new DatabaseSync(lockFile(dataDir));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK');
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw new DataDirInUse(`Another process uses ${dataDir}.`);
  } finally {
    database.close();
  }
};
