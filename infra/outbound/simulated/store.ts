// The file of a simulated provider: a SQLite database of its own, apart from everything that is ours.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../../sqlite.ts';

export interface ProviderStore {
  readonly db: DatabaseSync;
  /** Runs `act` in one transaction; if it throws, nothing of it stays. */
  transaction<T>(act: () => T): T;
}

/**
 * Opens DATA_DIR/`file`. WAL with synchronous=NORMAL: a commit is a write to the WAL without an fsync, so what was acknowledged survives
 * a kill of the process at any moment, but perhaps not a power cut. That is enough here, since a real provider's file is not ours to keep
 * and does not lose power with us, and it keeps an act at some tens of microseconds, so no group commit is needed.
 */
export const openProviderStore = (dataDir: string, file: string, schema: string): ProviderStore => {
  mkdirSync(dataDir, { recursive: true });
  const db = new DatabaseSync(join(dataDir, file));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
  db.exec(schema);
  return {
    db,
    transaction: (act) => inTransaction(db, act),
  };
};
