// Copies the data of a running marketplace, and brings a copy back. The read models are not in it: they are folded again.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * In this order: an event's key and password are in the vault before the event is in the log, so the vault copied after the log has
 * everything that the log refers to. The books of the simulated gateway and courier, and the mail outbox, come last.
 */
const databases = ['log.db', 'vault.db', 'gateway.db', 'courier.db', 'mail.db'];
/** Kept in DATA_DIR outside production only. */
const files = ['master.key', 'webhook-secrets.json'];

export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
}

const unfinished = '.unfinished';

/** What was broken off before is no reason to refuse, nor is what SQLite has left beside it: it goes. */
const mustBeEmpty = (directory: string) => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const names = readdirSync(directory);
  if (names.some((name) => !name.includes(unfinished))) throw new BackupRefused(`${directory} is not empty; name a new folder.`);
  for (const name of names) rmSync(join(directory, name));
};

/** Under another name until all is there, and the log last: what was broken off is never taken for the whole. */
const copyAll = (names: readonly string[], directory: string, copy: (name: string, to: string) => void, onFile: OnFile) => {
  for (const [done, name] of names.entries()) {
    onFile(name, done, names.length);
    const draft = join(directory, `${name}${unfinished}`);
    copy(name, draft);
    chmodSync(draft, 0o600);
  }
  for (const name of names.toReversed()) renameSync(join(directory, `${name}${unfinished}`), join(directory, name));
  onFile('', names.length, names.length);
};

/** A consistent copy of one database while others write to it: one read transaction, straight into a new file. */
const copyDatabase = (from: string, to: string) => {
  const database = new DatabaseSync(from, { readOnly: true });
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
};

/** Told before each file: its name, how many are done, of how many; and at the end. */
type OnFile = (name: string, done: number, all: number) => void;

const presentIn = (directory: string) => [...databases, ...files].filter((name) => existsSync(join(directory, name)));

/** Copies what cannot be folded again from `dataDir` to `directory`, which must be new or empty. Answers the names copied. */
export const backup = (dataDir: string, directory: string, onFile: OnFile = () => {}): string[] => {
  if (!existsSync(join(dataDir, 'log.db')))
    throw new BackupRefused(`There is no log in ${dataDir}: set DATA_DIR to the folder of a marketplace.`);
  mustBeEmpty(directory);
  const names = presentIn(dataDir);
  const copy = (name: string, to: string) =>
    databases.includes(name) ? copyDatabase(join(dataDir, name), to) : copyFileSync(join(dataDir, name), to);
  copyAll(names, directory, copy, onFile);
  return names;
};

/** Brings a copy to `dataDir`, which must be new or empty; the next start builds the read models. Answers the names copied. */
export const restore = (directory: string, dataDir: string, onFile: OnFile = () => {}): string[] => {
  if (!existsSync(join(directory, 'log.db'))) throw new BackupRefused(`There is no backup in ${directory}.`);
  mustBeEmpty(dataDir);
  const names = presentIn(directory);
  copyAll(names, dataDir, (name, to) => copyFileSync(join(directory, name), to), onFile);
  return names;
};
