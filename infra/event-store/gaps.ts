// Positions of the embedded log that no event stands at. Releases before 0.2 left such gaps when the disk was full: their writer went on
// counting from what had not been written. An operator accepts them, once, and the log remembers who did when.
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../sqlite.ts';
import { hasTable, openLog } from './sqlite-schema.ts';

/** `first` to `last`: the positions that are missing. `accepted`: when (RFC 3339) and why, in an operator's words. */
export interface Gap {
  readonly first: number;
  readonly last: number;
  readonly accepted: { readonly at: string; readonly reason: string } | null;
}

const findGaps = `
  SELECT before + 1 AS first, position - 1 AS last
  FROM (SELECT position, lag(position, 1, 0) OVER (ORDER BY position) AS before FROM events) WHERE position > before + 1`;

export const gapsOf = (database: DatabaseSync): Gap[] => {
  const accepted = hasTable(database, 'gaps')
    ? database.prepare('SELECT accepted_at, reason FROM gaps WHERE first = ? AND last = ?')
    : null;
  return database
    .prepare(findGaps)
    .all()
    .map(({ first, last }) => {
      const found = accepted?.get(Number(first), Number(last));
      return {
        first: Number(first),
        last: Number(last),
        accepted: found ? { at: new Date(Number(found.accepted_at)).toISOString(), reason: String(found.reason) } : null,
      };
    });
};

/** What is still known of events that are not there: nothing is, of those that were never written. */
const findTraces = `
  SELECT s.name AS stream, k.revision + k.count - 1 AS revision FROM command_keys k JOIN streams s ON s.id = k.stream
  WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.stream = k.stream AND e.revision = k.revision + k.count - 1)
  UNION SELECT s.name, n.revision FROM snapshots n JOIN streams s ON s.id = n.stream
  WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.stream = n.stream AND e.revision = n.revision)`;

/** Events that the log's own keys and snapshots tell of, and that are missing: somebody has taken them out. */
export const tracesOf = (database: DatabaseSync): { readonly streamId: string; readonly revision: number }[] =>
  database
    .prepare(findTraces)
    .all()
    .map(({ stream, revision }) => ({ streamId: String(stream), revision: Number(revision) }));

/** Notes that the gaps of the log in `file` are known and accepted. Answers those that were not before. */
export const acceptGaps = (file: string, reason: string, now: number): Gap[] => {
  const database = openLog(file);
  try {
    const open = gapsOf(database).filter(({ accepted }) => accepted === null);
    const accept = database.prepare('INSERT INTO gaps (first, last, accepted_at, reason) VALUES (?, ?, ?, ?)');
    inTransaction(database, () => {
      for (const { first, last } of open) accept.run(first, last, now, reason);
    });
    return open;
  } finally {
    database.close();
  }
};
