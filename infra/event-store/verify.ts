// Proves that nobody has changed the past: recomputes the hash of every event of a log.
import { mayComeBack } from '../patience.ts';
import { chainHash, keptHash, noHash } from './codec.ts';
import { type Gap, gapsOf, tracesOf } from './gaps.ts';
import { type LogHealth, retentionReason } from './health.ts';
import type { Raw, RawLog } from './raw.ts';
import { openRawSqlite } from './raw-sqlite.ts';
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
  /** Positions of the embedded log at which no event stands. Those that nobody has accepted are faults too. */
  readonly gaps?: readonly Gap[];
  /** What other programs have written beside this log, where the engine holds it too. */
  readonly foreign?: { readonly events: number; readonly streams: number };
}

/** Where the disk was full under an older release, events of streams end before it; where somebody has deleted events, they did not. */
const gapText = (first: number, last: number) =>
  `no event stands at position${first === last ? ` ${first}` : `s ${first} to ${last}`}: left by a disk that was full under a release before 0.2, or deleted; \`audit accept-gaps\` tells which it can be`;

/** More faults than these say nothing new. */
const mostFaults = 100;
const progressEvery = 10_000;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** What of an event is checked; where it stands in the log is not part of it. */
type Checked = Omit<Raw, 'position'>;

interface End {
  readonly revision: number;
  readonly hash: Buffer;
}

/**
 * Takes events in the order of their revisions, and notes what is wrong with them. After a broken link the chain goes on from the hash that
 * is stored, so that each fault is named once. `streamByStream`: all of a stream, then the next, of which nothing need be remembered.
 */
export const createChecker = ({ streamByStream }: { readonly streamByStream: boolean }) => {
  const faults: Fault[] = [];
  const ends = new Map<string, End>();
  let [events, streams] = [0, 0];
  let [streamId, last]: [string, End] = ['', { revision: -1, hash: noHash }];
  const fault = (reason: string, at = last.revision, of = streamId) => {
    if (faults.length < mostFaults) faults.push({ streamId: of, revision: at, reason });
  };
  return {
    fault,
    /** The next event cannot be read. */
    broken: (error: unknown) => fault(`cannot be read: ${textOf(error)}`, last.revision + 1),
    take(event: Checked): number {
      const previous = ends.get(event.streamId) ?? { revision: -1, hash: noHash };
      if (previous.revision < 0) streams += 1;
      if (streamByStream && event.streamId !== streamId) ends.clear();
      streamId = event.streamId;
      if (event.revision !== previous.revision + 1) fault(`revision ${previous.revision + 1} is missing`, previous.revision + 1);
      last = { revision: event.revision, hash: keptHash(event.hash) };
      ends.set(streamId, last);
      const expected = chainHash(previous.hash, streamId, event.revision, event);
      if (!last.hash.equals(expected)) fault('the hash does not fit what is stored');
      events += 1;
      return events;
    },
    result: (): Verification & { readonly lastHash: string } => ({ events, streams, faults, lastHash: last.hash.toString('hex') }),
  };
};

type StoredRow = Readonly<Record<string, unknown>>;

const checkedOf = (row: StoredRow): Checked => ({
  streamId: String(row.stream),
  revision: Number(row.revision),
  type: String(row.type),
  metadata: String(row.metadata),
  data: String(row.data),
  hash: Buffer.from(row.hash as Uint8Array).toString('hex'),
});

const columns = 's.name AS stream, e.revision, t.name AS type, e.metadata, e.data, e.hash';

/**
 * Reads the log in `file` from its first event to its last, in constant memory. Revisions must be contiguous, positions without a gap,
 * every hash the one of what is stored.
 */
export const verifyLog = async (file: string, onProgress: (done: number, all: number) => void = () => {}): Promise<Verification> => {
  const database = openLogReader(file);
  const checker = createChecker({ streamByStream: true });
  let [all, done] = [0, 0];
  let gaps: readonly Gap[] = [];
  try {
    all = Number(database.prepare('SELECT count(*) AS events FROM events').get()?.events);
    gaps = gapsOf(database);
    for (const { first, last, accepted } of gaps) if (!accepted) checker.fault(gapText(first, last), -1, '');
    for (const { streamId, revision } of tracesOf(database)) checker.fault('was there once, and is missing', revision, streamId);
    const rows = database
      .prepare(
        `SELECT ${columns} FROM events e LEFT JOIN streams s ON s.id = e.stream LEFT JOIN types t ON t.id = e.type ORDER BY e.stream, e.revision`,
      )
      .iterate();
    for (const row of rows) {
      done = checker.take(checkedOf(row));
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
  return { events, streams, faults, gaps };
};

export interface StreamVerification {
  readonly events: number;
  /** Of its last event: whoever kept it earlier can see that the stream has only grown since. */
  readonly lastHash: string;
  readonly faults: readonly Fault[];
}

const pageSize = 1_000;

const turn = () => new Promise((resolve) => setImmediate(resolve));

const undo = 'until the server scavenges, its metadata can still be set back';

/** Streams of this log that others have written to, cut or deleted. */
const faultsOf = (health: LogHealth): Fault[] => [
  ...health.damaged().map(({ streamId, revision, reason }) => ({ streamId, revision, reason })),
  ...[...health.limits()].map(([streamId, retention]) => ({ streamId, revision: -1, reason: `${retentionReason(retention)}; ${undo}` })),
];

/** The same for a log of either engine, in log order. `onProgress`: positions. */
export const verifyRawLog = async (log: RawLog, onProgress: (done: number, all: number) => void = () => {}): Promise<Verification> => {
  const checker = createChecker({ streamByStream: false });
  try {
    const all = await log.head();
    for (let position = 0; ; await turn()) {
      const page = await log.readAll(position, pageSize);
      for (const event of page) checker.take(event);
      position = page[page.length - 1]?.position ?? position;
      onProgress(position, all);
      if (page.length < pageSize) break;
    }
  } catch (error) {
    // A log that is away is not one that was changed.
    if (mayComeBack(error)) throw error;
    checker.broken(error);
  }
  const { events, streams, faults } = checker.result();
  if (!log.health) return { events, streams, faults };
  return { events, streams, faults: [...faults, ...faultsOf(log.health)].slice(0, mostFaults), foreign: log.health.foreign() };
};

/** The same for one stream, a page at a time, so that others get their turn. No events: there is no such stream. */
export const verifyRawStream = async (log: Pick<RawLog, 'readStream'>, streamId: string): Promise<StreamVerification> => {
  const checker = createChecker({ streamByStream: true });
  try {
    for (let from = 0; ; await turn()) {
      const page = await log.readStream(streamId, from, pageSize);
      for (const event of page) checker.take(event);
      if (page.length < pageSize) break;
      from = (page[page.length - 1]?.revision ?? 0) + 1;
    }
  } catch (error) {
    checker.broken(error);
  }
  const { events, lastHash, faults } = checker.result();
  return { events, lastHash, faults };
};

/** The same for one stream of the log in `file`. */
export const verifyStream = async (file: string, streamId: string): Promise<StreamVerification> => {
  const log = openRawSqlite(file);
  try {
    return await verifyRawStream(log, streamId);
  } finally {
    await log.close();
  }
};
