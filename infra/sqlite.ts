// What all SQLite files of ours have in common: transactions that end, and errors of the disk under them.
import type { DatabaseSync } from 'node:sqlite';

/** Runs `work` in one write transaction: all of it is committed when this returns, or none of it. */
export const inTransaction = <T>(database: DatabaseSync, work: () => T): T => {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // Of some errors, such as a full disk, SQLite rolls back by itself.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

/** SQLite's own words for it, by the lower byte of its code: read-only, the disk failed, full, the file cannot be opened. */
const diskCodes: ReadonlySet<number> = new Set([8, 10, 13, 14]);

/** Whether the disk would not take a write, or could not be read: nothing was done, and the same may well succeed later. */
export const isDiskFault = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && diskCodes.has(error.errcode & 0xff);
