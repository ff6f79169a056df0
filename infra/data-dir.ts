// DATA_DIR has one owner. The lock is SQLite's own, which the system drops with the process, however it died.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

type Where = Pick<Config, 'DATA_DIR'> & Partial<Pick<Config, 'EVENTSTORE_URL' | 'DATABASE_URL'>>;

/** What a command that only looks must find in DATA_DIR: it makes nothing, so that a mistyped name is not taken for a new marketplace. Throws NoData. */
export const mustHoldData = ({ DATA_DIR, EVENTSTORE_URL, DATABASE_URL }: Where, { logOnly }: { readonly logOnly: boolean }): void => {
  const needed = [...(EVENTSTORE_URL ? [] : ['log.db']), ...(DATABASE_URL || logOnly ? [] : ['vault.db'])];
  const missing = needed.filter((file) => !existsSync(join(DATA_DIR, file)));
  if (missing.length === 0) return;
  const what = existsSync(DATA_DIR) ? `holds no ${missing.join(' and no ')}` : 'does not exist';
  throw new NoData(`DATA_DIR ${resolve(DATA_DIR)} ${what}: set DATA_DIR to the folder of a marketplace, or make one by \`npm start\`.`);
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
