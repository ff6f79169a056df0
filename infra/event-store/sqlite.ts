// The embedded log: reads in this thread, writes through the writer thread, acknowledged after the fsync of their group.
import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { DomainError } from '../../domain/error.ts';
import type { Recorded } from '../../domain/metadata.ts';
import { createCodec, type EventContract, type Stored } from './codec.ts';
import { type LogHealth, streamDamaged } from './health.ts';
import { type AppendRequest, type EventStore, type KnownCommand, keyLifetime, VersionConflict } from './port.ts';
import { createLogReader, newHealth } from './sqlite-reader.ts';
import { openLog } from './sqlite-schema.ts';
import { type Answered, uuidBytes, type Write, type Written } from './sqlite-writer.ts';

/** What one append may hold, metadata included; text is counted in UTF-16 units, which is near enough. */
const maxBytes = 2 * 1_048_576;

interface Pending {
  readonly write: Write;
  /** Tells whoever waits, and answers the events that are in the log now. */
  readonly settle?: (answer: Written) => readonly Recorded[];
  readonly fail?: (error: Error) => void;
}

/** The log was written by a release whose events this one does not fold any more. */
export class TooOld extends Error {
  override readonly name = 'TooOld';
}

/** Nothing of such a log may be taken up: a purchase would stand still, paid or not. Throws TooOld. */
const mustBeOfOurs = (database: DatabaseSync, file: string, { isRetired }: EventContract) => {
  const found = database
    .prepare('SELECT name FROM types')
    .all()
    .find(({ name }) => isRetired?.(String(name)));
  if (!found) return;
  database.close();
  throw new TooOld(
    `${file} holds ${found.name}, which releases up to 860f966 wrote (2026-11-22) and this one does not read. No event was changed. ` +
      'Go on with the release that wrote it, or set DATA_DIR to another folder to begin anew; its products and orders can be read there.',
  );
};

const logIdOf = (file: string, contract: EventContract): string => {
  const database = openLog(file);
  mustBeOfOurs(database, file, contract);
  database.prepare('INSERT INTO log (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM log)').run(randomUUID().replaceAll('-', ''));
  const id = String(database.prepare('SELECT id FROM log').get()?.id);
  database.close();
  return id;
};

/** What those are told whose writes were refused. What is no fault of the disk is one of ours. */
const refused = ({ error, isDiskFault }: Extract<Answered, { error: string }>): Error =>
  isDiskFault
    ? new DomainError('server.store_unavailable', `The log cannot be written at the moment (${error}); nothing was done.`, {
        retryAfter: 5,
      })
    : new Error(`the log refused a write: ${error}`);

/** Writes that wait for the writer thread; one group is under way at a time, the next gathers meanwhile. */
const createWriterThread = async (file: string, onBatch: (size: number) => void, onCommitted: (events: readonly Recorded[]) => void) => {
  const worker = new Worker(new URL('./sqlite-writer.ts', import.meta.url), {
    workerData: { role: 'log-writer', file },
    resourceLimits: { maxYoungGenerationSizeMb: 8 }, // what it holds lives for one commit; more room would only be more memory
  });
  let waiting: Pending[] = [];
  let underWay: Pending[] | null = null;
  let scheduled = false;
  let ended: (() => void) | null = null;
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });

  const flush = () => {
    scheduled = false;
    if (underWay || waiting.length === 0) return;
    underWay = waiting;
    waiting = [];
    onBatch(underWay.length);
    worker.postMessage(underWay.map((pending) => pending.write));
  };
  const schedule = () => {
    if (scheduled || underWay) return;
    scheduled = true;
    setImmediate(flush);
  };
  let refusal: string | null = null;
  worker.on('message', (message: Answered | 'closed') => {
    if (message === 'closed') {
      ended?.();
      return;
    }
    const group = underWay ?? [];
    underWay = null;
    if ('error' in message && message.fatal) {
      process.stderr.write(`The log could not be written (${message.error}); stopping, for nothing may be acknowledged.\n`);
      process.exit(1);
    }
    const failure = 'error' in message ? refused(message) : null;
    refusal = failure?.message ?? null;
    let index = 0;
    const committed: Recorded[] = [];
    for (const pending of group) {
      if (failure) pending.fail?.(failure);
      else if ('answers' in message && pending.settle) committed.push(...pending.settle(message.answers[index++] as Written));
    }
    // NOTE: those who appended fold their events in first; whoever hears of an event must find it in the state of its stream.
    if (committed.length > 0) setImmediate(onCommitted, committed);
    if (waiting.length > 0) flush();
  });
  worker.on('error', (error) => {
    process.stderr.write(`The writer of the log died (${error.message}); stopping.\n`);
    process.exit(1);
  });

  return {
    push(pending: Pending) {
      waiting.push(pending);
      schedule();
    },
    /** Why the last group was refused; null: it was written. */
    refusal: () => refusal,
    async close() {
      while (underWay || waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
      await new Promise<void>((resolve) => {
        ended = resolve;
        worker.postMessage('close');
      });
      await worker.terminate();
    },
  };
};

export interface SqliteEventStoreOptions {
  readonly file: string;
  readonly contract: EventContract;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
  /** Told the number of writes of every group, for the metrics. */
  readonly onBatch?: (size: number) => void;
  /** Where what is not as it was written is noted. */
  readonly health?: LogHealth;
}

export const createSqliteEventStore = async ({
  file,
  contract,
  now = Date.now,
  onBatch = () => {},
  health = newHealth(),
}: SqliteEventStoreOptions): Promise<EventStore> => {
  const logId = logIdOf(file, contract);
  const codec = createCodec(contract);
  let synced = Number.POSITIVE_INFINITY;
  const reader = createLogReader(file, codec, { synced: () => synced, health });
  const knownKey = reader.database.prepare(
    'SELECT k.fingerprint, k.at, s.name AS stream, k.revision, k.count, k.outcome FROM command_keys k LEFT JOIN streams s ON s.id = k.stream WHERE k.id = ?',
  );
  const snapshotOf = reader.database.prepare('SELECT revision, version, body FROM snapshots WHERE stream = ?');
  const checkpointOf = reader.database.prepare('SELECT position FROM checkpoints WHERE name = ?');
  const witnesses = new Set<(events: readonly Recorded[]) => void>();
  const listeners = new Set<(events: readonly Recorded[]) => void>();
  let told = reader.head();
  const writer = await createWriterThread(file, onBatch, (events) => {
    told = events[events.length - 1]?.position ?? told;
    for (const listener of listeners) listener(events);
  });
  synced = reader.end();

  const append = ({ streamId, expected, events, keys = [] }: AppendRequest) =>
    new Promise<readonly Recorded[]>((resolve, reject) => {
      const damage = health.damageOf(streamId);
      if (damage) throw streamDamaged(streamId, damage);
      const stamped = now();
      const recordedAt = new Date(stamped).toISOString();
      const metadata = events.map((item) => ({ ...item.metadata, recordedAt, schemaVersion: codec.schemaVersion(item.event.type) }));
      const stored: Stored[] = events.map((item, index) => codec.encode(item.event, metadata[index] as (typeof metadata)[number]));
      const bytes = stored.reduce((sum, one) => sum + one.data.length + one.metadata.length, 0);
      if (bytes > maxBytes) throw new DomainError('request.too_large', 'This is too much for one command.', { bytes });
      writer.push({
        write: { kind: 'append', append: { streamId, expected, recordedAt: stamped, events: stored, keys } },
        fail: reject,
        settle: (answer) => {
          if (!answer.ok) {
            reject(new VersionConflict(streamId, expected, answer.actual));
            return [];
          }
          const recorded = events.map((item, index) => ({
            event: item.event,
            streamId,
            revision: expected + 1 + index,
            position: answer.firstPosition + index,
            metadata: { ...(metadata[index] as (typeof metadata)[number]), hash: answer.hashes[index] as string },
          }));
          synced = recorded[recorded.length - 1]?.position ?? synced;
          for (const listener of witnesses) listener(recorded);
          resolve(recorded);
          return recorded;
        },
      });
    });

  return {
    logId,
    isShared: false,
    append,
    read: async (streamId, from, limit) => reader.read(streamId, from, limit),
    readAll: async (after, limit) => reader.readAll(after, limit),
    last: async (limit, before) => reader.last(limit, before),
    head: async () => reader.head(),
    told: () => told,
    positionBefore: async (instant) => reader.positionBefore(instant),
    onAppended(listener) {
      witnesses.add(listener);
      return () => witnesses.delete(listener);
    },
    onCommitted(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async snapshot(streamId) {
      const id = reader.streamNumber(streamId);
      if (id === null) return undefined;
      const row = snapshotOf.get(id);
      return row ? { revision: Number(row.revision), version: Number(row.version), body: String(row.body) } : null;
    },
    saveSnapshot: (streamId, snapshot) => writer.push({ write: { kind: 'snapshot', streamId, snapshot } }),
    async known(commandId): Promise<KnownCommand | null> {
      const row = knownKey.get(uuidBytes(commandId));
      if (!row || Number(row.at) < now() - keyLifetime) return null;
      return {
        fingerprint: String(row.fingerprint),
        streamId: row.stream === null ? null : String(row.stream),
        firstRevision: Number(row.revision ?? 0),
        count: Number(row.count ?? 0),
        outcome: row.outcome === null ? null : String(row.outcome),
      };
    },
    keepOutcome: (key, outcome) => writer.push({ write: { kind: 'outcome', key, outcome } }),
    async isWritable() {
      // Nobody may come who would find out that there is room again: each look tries it for the next.
      if (writer.refusal() !== null) writer.push({ write: { kind: 'checkpoint', name: 'writable', position: reader.head() } });
      return writer.refusal() === null;
    },
    checkpoints: {
      load: async (name) => Number(checkpointOf.get(name)?.position ?? 0),
      save: (name, position) => writer.push({ write: { kind: 'checkpoint', name, position } }),
    },
    async close() {
      await writer.close();
      reader.close();
    },
  };
};
