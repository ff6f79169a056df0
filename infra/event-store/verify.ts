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

/**
 * Reads the log in `file` from its first event to its last, in constant memory. Revisions must be contiguous, positions without a gap,
 * every hash the one of what is stored. After a broken link the chain goes on from the hash that is stored, so that each fault is named once.
 */
export const verifyLog = async (file: string, onProgress: (done: number, all: number) => void = () => {}): Promise<Verification> => {
  const database = openLogReader(file);
  const faults: Fault[] = [];
  const fault = (streamId: string, revision: number, reason: string) => {
    if (faults.length < mostFaults) faults.push({ streamId, revision, reason });
  };
  const rows = database
    .prepare(
      `SELECT s.name AS stream, e.revision, t.name AS type, e.metadata, e.data, e.hash
       FROM events e LEFT JOIN streams s ON s.id = e.stream LEFT JOIN types t ON t.id = e.type ORDER BY e.stream, e.revision`,
    )
    .iterate();
  let all = 0;
  let events = 0;
  let streams = 0;
  let streamId = '';
  let revision = -1;
  let previous = noHash;
  try {
    const counted = database.prepare('SELECT count(*) AS events, coalesce(max(position), 0) AS head FROM events').get();
    all = Number(counted?.events);
    if (all !== Number(counted?.head)) fault('', -1, `${all} events, but the last position is ${counted?.head}`);
    for (const row of rows) {
      const name = String(row.stream);
      if (name !== streamId) {
        streams += 1;
        [streamId, revision, previous] = [name, -1, noHash];
      }
      if (row.revision !== revision + 1) fault(streamId, revision + 1, `revision ${revision + 1} is missing`);
      revision = Number(row.revision);
      const stored = Buffer.from(row.hash as Uint8Array);
      const expected = chainHash(previous, streamId, revision, {
        type: String(row.type),
        metadata: String(row.metadata),
        data: String(row.data),
      });
      if (!stored.equals(expected)) fault(streamId, revision, 'the hash does not fit what is stored');
      previous = stored;
      events += 1;
      if (events % progressEvery === 0) {
        onProgress(events, all);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  } catch (error) {
    fault(streamId, revision + 1, `cannot be read: ${textOf(error)}`);
  } finally {
    database.close();
  }
  onProgress(events, all);
  return { events, streams, faults };
};
