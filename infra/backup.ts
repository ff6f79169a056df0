// Copies the data of a running marketplace, and brings a copy back. The read models are not in it: they are folded again.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
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

const mustBeEmpty = (directory: string) => {
  if (existsSync(directory) && readdirSync(directory).length > 0) throw new BackupRefused(`${directory} is not empty; name a new folder.`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
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
  if (!existsSync(join(dataDir, 'log.db'))) throw new BackupRefused(`There is no log in ${dataDir}.`);
  mustBeEmpty(directory);
  const names = presentIn(dataDir);
  for (const [done, name] of names.entries()) {
    onFile(name, done, names.length);
    if (databases.includes(name)) copyDatabase(join(dataDir, name), join(directory, name));
    else copyFileSync(join(dataDir, name), join(directory, name));
    chmodSync(join(directory, name), 0o600);
  }
  onFile('', names.length, names.length);
  return names;
};

/** Brings a copy to `dataDir`, which must be new or empty; the next start builds the read models. Answers the names copied. */
export const restore = (directory: string, dataDir: string, onFile: OnFile = () => {}): string[] => {
  if (!existsSync(join(directory, 'log.db'))) throw new BackupRefused(`There is no backup in ${directory}.`);
  mustBeEmpty(dataDir);
  const names = presentIn(directory);
  for (const [done, name] of names.entries()) {
    onFile(name, done, names.length);
    copyFileSync(join(directory, name), join(dataDir, name));
    chmodSync(join(dataDir, name), 0o600);
  }
  onFile('', names.length, names.length);
  return names;
};
