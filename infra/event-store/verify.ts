// Proves that nobody has changed the past: recomputes the hash of every event of a log file, stream by stream.
import { chainHash, noHash } from './codec.ts';
import { openLogReader } from './sqlite-schema.ts';

/** Something that is not as it was written. `revision` -1: the fault is not one event's. */
export interface Fault {
  readonly streamId: string;
  readonly revision: number;
  readonly reason: string;
}

export interface Verification {
  readonly events: number;
  readonly streams: number;
  readonly faults: readonly Fault[];
}

/** More faults than these say nothing new. */
const mostFaults = 100;
const progressEvery = 10_000;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

type StoredRow = Readonly<Record<string, unknown>>;

/**
 * Takes the events of one stream after the other, in order of their revisions, and notes what is wrong with them. After a broken link
 * the chain goes on from the hash that is stored, so that each fault is named once.
 */
const createChecker = () => {
  const faults: Fault[] = [];
  let [events, streams] = [0, 0];
  let streamId = '';
  let revision = -1;
  let previous: Buffer = noHash;
  const fault = (reason: string, at = revision, of = streamId) => {
    if (faults.length < mostFaults) faults.push({ streamId: of, revision: at, reason });
  };
  return {
    fault,
    /** The next event cannot be read. */
    broken: (error: unknown) => fault(`cannot be read: ${textOf(error)}`, revision + 1),
    take(row: StoredRow) {
      const name = String(row.stream);
      if (streams === 0 || name !== streamId) {
        streams += 1;
        [streamId, revision, previous] = [name, -1, noHash];
      }
      if (row.revision !== revision + 1) fault(`revision ${revision + 1} is missing`, revision + 1);
      revision = Number(row.revision);
      const stored = Buffer.from(row.hash as Uint8Array);
      const { type, metadata, data } = row;
      const expected = chainHash(previous, streamId, revision, { type: String(type), metadata: String(metadata), data: String(data) });
      if (!stored.equals(expected)) fault('the hash does not fit what is stored');
      previous = stored;
      events += 1;
      return events;
    },
    result: (): Verification & { readonly lastHash: string } => ({ events, streams, faults, lastHash: previous.toString('hex') }),
  };
};

const columns = 's.name AS stream, e.revision, t.name AS type, e.metadata, e.data, e.hash';

/**
 * Reads the log in `file` from its first event to its last, in constant memory. Revisions must be contiguous, positions without a gap,
 * every hash the one of what is stored.
 */
export const verifyLog = async (file: string, onProgress: (done: number, all: number) => void = () => {}): Promise<Verification> => {
  const database = openLogReader(file);
  const checker = createChecker();
  let [all, done] = [0, 0];
  try {
    const counted = database.prepare('SELECT count(*) AS events, coalesce(max(position), 0) AS head FROM events').get();
    all = Number(counted?.events);
    if (all !== Number(counted?.head)) checker.fault(`${all} events, but the last position is ${counted?.head}`, -1, '');
    const rows = database
      .prepare(
        `SELECT ${columns} FROM events e LEFT JOIN streams s ON s.id = e.stream LEFT JOIN types t ON t.id = e.type ORDER BY e.stream, e.revision`,
      )
      .iterate();
    for (const row of rows) {
      done = checker.take(row);
      if (done % progressEvery !== 0) continue;
      onProgress(done, all);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    checker.broken(error);
  } finally {
    database.close();
  }
  onProgress(done, all);
  const { events, streams, faults } = checker.result();
  return { events, streams, faults };
};

export interface StreamVerification {
  readonly events: number;
  /** Of its last event: whoever kept it earlier can see that the stream has only grown since. */
  readonly lastHash: string;
  readonly faults: readonly Fault[];
}

const pageSize = 1_000;

/** The same for one stream, a page at a time, so that others get their turn. No events: there is no such stream. */
export const verifyStream = async (file: string, streamId: string): Promise<StreamVerification> => {
  const database = openLogReader(file);
  const checker = createChecker();
  try {
    const page = database.prepare(
      `SELECT ${columns} FROM events e JOIN streams s ON s.id = e.stream LEFT JOIN types t ON t.id = e.type
       WHERE e.stream = (SELECT id FROM streams WHERE name = ?) AND e.revision > ? ORDER BY e.revision LIMIT ?`,
    );
    for (let revision = -1; ; ) {
      const rows = page.all(streamId, revision, pageSize);
      for (const row of rows) checker.take(row);
      if (rows.length < pageSize) break;
      revision = Number(rows[rows.length - 1]?.revision);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    checker.broken(error);
  } finally {
    database.close();
  }
  const { events, lastHash, faults } = checker.result();
  return { events, lastHash, faults };
};
