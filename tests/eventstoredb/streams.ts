// The rules of the streams: which revision an append must name, when a repeat is known as one, what deletion and metadata do.
import { randomUUID } from 'node:crypto';
import { type Draft, type EventLog, openLog } from './log.ts';
import { dataOf, type Expected, eventBytes, type Proposed, tombstoneRevision } from './messages.ts';

/**
 * `written`: revision and position of the last event, now or at the first attempt (−1: none, or not known any more). `under-way`: the same was
 * proposed before and is still being written; the server drops it then, and lets it time out.
 */
export type Outcome =
  | { result: 'written'; revision: number; position: number }
  | { result: 'under-way' }
  | { result: 'wrong-version'; current: number }
  | { result: 'deleted' };

interface Stream {
  /** The position of each event, by revision. */
  positions: number[];
  /** The newest metadata, as it was written to `$$stream`. */
  metadata: Uint8Array | null;
  truncateBefore: number;
  maxCount: number;
  tombstone: number | null;
}

type Check =
  | { decision: 'ok'; current: number; softDeleted: boolean }
  | { decision: 'repeat'; last: number }
  | Exclude<Outcome, { result: 'written' }>;

/** The server knows ids again without an exact revision only as long as they are in its memory: about so many, and none after a restart. */
const knownIds = 100_000;
/** What `$tb` holds when a stream was deleted but may be written again; JSON.parse makes 2^63 of it. */
const softDeletedText = '{"$tb":9223372036854775807}';
const softDeleted = 2 ** 63;

const isMeta = (name: string) => name.startsWith('$$');
const metaOf = (name: string) => `$$${name}`;

export class Streams {
  readonly log: EventLog;
  readonly #streams: Map<string, Stream>;
  readonly #known = new Map<string, { stream: string; revision: number }>();

  constructor(log: EventLog, streams: Map<string, Stream>) {
    this.log = log;
    this.#streams = streams;
  }

  /** Appends all or nothing. The promise settles when the answer is durable. */
  async append(name: string, expected: Expected, events: readonly Proposed[]): Promise<Outcome> {
    const check = this.#check(
      name,
      expected,
      events.map(({ id }) => id),
    );
    if ('result' in check) return check;
    if (check.decision === 'repeat') {
      if (this.position(name, check.last) >= this.log.durableEnd) return { result: 'under-way' };
      return { result: 'written', revision: check.last, position: this.#positionOf(name, check.last) };
    }
    const undeletesOriginal = isMeta(name) && this.#isSoftDeleted(name.slice(2));
    const { positions, durable } = this.#write(name, check.current + 1, events);
    if (check.softDeleted) this.#undelete(name, check.current + 1);
    if (undeletesOriginal) this.#undelete(name.slice(2), this.#last(name.slice(2)) + 1);
    await durable;
    return { result: 'written', revision: check.current + events.length, position: positions.at(-1) ?? -1 };
  }

  /** Hides a stream until somebody writes to it again; its revisions go on then. */
  async delete(name: string, expected: Expected): Promise<Outcome> {
    const check = this.#check(name, expected, [randomUUID()]);
    if ('result' in check) return check;
    if (this.#last(name) < 0 && this.#last(metaOf(name)) < 0) return { result: 'wrong-version', current: -1 };
    const { positions, durable } = this.#writeMetadata(name, softDeletedText);
    await durable;
    return { result: 'written', revision: -1, position: positions[0]! };
  }

  /** Ends a stream for ever. */
  async tombstone(name: string, expected: Expected): Promise<Outcome> {
    const check = this.#check(name, expected, [randomUUID()]);
    if ('result' in check) return check;
    const end = { id: randomUUID(), type: '$streamDeleted', json: false, data: new Uint8Array(), metadata: new Uint8Array() };
    const { positions, durable } = this.#write(name, tombstoneRevision, [end]);
    await durable;
    return { result: 'written', revision: -1, position: positions[0]! };
  }

  /** Which revisions of a stream can be read now, or why none. */
  readable(name: string): { first: number; last: number } | 'not-found' | 'deleted' {
    const stream = this.#streams.get(name);
    if (!stream) return 'not-found';
    if (stream.tombstone !== null && stream.tombstone < this.log.durableEnd) return 'deleted';
    let last = stream.positions.length - 1;
    while (last >= 0 && stream.positions[last]! >= this.log.durableEnd) last -= 1;
    if (last < 0 || stream.truncateBefore === softDeleted) return 'not-found';
    const maxCount = isMeta(name) ? 1 : stream.maxCount;
    return { first: Math.max(0, stream.truncateBefore, last - maxCount + 1), last };
  }

  /** The position of one event of a stream. */
  position(name: string, revision: number): number {
    return this.#streams.get(name)!.positions[revision]!;
  }

  /** The position of the event that ended the stream. */
  tombstoneOf(name: string): number | null {
    return this.#streams.get(name)?.tombstone ?? null;
  }

  #check(name: string, expected: Expected, ids: readonly string[]): Check {
    const stream = this.#streams.get(name);
    if (stream && stream.tombstone !== null) return { result: 'deleted' };
    const current = this.#last(name);
    if (expected === 'stream_exists') {
      if (this.#isSoftDeleted(name)) return { result: 'deleted' };
      if (current < 0 && this.#last(metaOf(name)) < 0) return { result: 'wrong-version', current };
    }
    if (expected === 'any' || expected === 'stream_exists') return this.#checkKnown(name, current, ids);
    const exact = expected === 'no_stream' ? -1 : expected;
    if (exact === current) return this.#ok(name, current);
    if (exact > current) return { result: 'wrong-version', current };
    const differs = ids.findIndex((id, index) => !this.#stands(name, exact + 1 + index, id));
    if (differs < 0 && ids.length > 0) return { decision: 'repeat', last: exact + ids.length };
    if (differs === 0 && exact === -1 && this.#isSoftDeleted(name)) return { decision: 'ok', current, softDeleted: true };
    return { result: 'wrong-version', current };
  }

  /** Without an exact revision an event is a repeat if this stream got its id lately, at whatever revision. */
  #checkKnown(name: string, current: number, ids: readonly string[]): Check {
    const known = ids.map((id) => this.#known.get(id)).map((place) => (place?.stream === name ? place.revision : undefined));
    const last = known.at(-1);
    if (known[0] === undefined) return this.#ok(name, current);
    if (last === undefined || known.includes(undefined)) return { result: 'wrong-version', current };
    return { decision: 'repeat', last };
  }

  #ok(name: string, current: number): Check {
    return { decision: 'ok', current, softDeleted: this.#isSoftDeleted(name) };
  }

  /** Does this event stand at this revision? */
  #stands(name: string, revision: number, id: string): boolean {
    const known = this.#known.get(id);
    if (known?.stream === name && known.revision === revision) return true;
    const position = this.#streams.get(name)?.positions[revision];
    return position !== undefined && position < this.log.durableEnd && this.log.pick().at(position).id === id;
  }

  #positionOf(name: string, revision: number): number {
    const stream = this.#streams.get(name)!;
    const maxCount = isMeta(name) ? 1 : stream.maxCount;
    const hidden = revision < Math.max(stream.truncateBefore, this.#last(name) - maxCount + 1);
    return hidden ? -1 : stream.positions[revision]!;
  }

  #last(name: string): number {
    return (this.#streams.get(name)?.positions.length ?? 0) - 1;
  }

  #isSoftDeleted(name: string): boolean {
    return this.#streams.get(name)?.truncateBefore === softDeleted;
  }

  #write(name: string, first: number, events: readonly Proposed[]): { positions: number[]; durable: Promise<void> } {
    const created = Date.now();
    const drafts = events.map((event, index): Draft => {
      const recorded = { ...event, stream: name, revision: first === tombstoneRevision ? first : first + index };
      return { ...recorded, message: eventBytes(recorded, created) };
    });
    const written = this.log.append(drafts);
    for (const [index, { id, type, revision }] of drafts.entries()) {
      const position = written.positions[index]!;
      apply(this.#streams, { stream: name, type, revision, position, data: () => events[index]!.data });
      this.#remember(id, name, revision);
    }
    return written;
  }

  #remember(id: string, stream: string, revision: number): void {
    this.#known.set(id, { stream, revision });
    if (this.#known.size <= knownIds) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest!);
  }

  #writeMetadata(name: string, json: string) {
    return this.#write(metaOf(name), this.#last(metaOf(name)) + 1, [metadataEvent(json)]);
  }

  /** Makes a deleted stream readable again from this revision on; the rest of its metadata stays. */
  #undelete(name: string, from: number): void {
    const metadata = parse(this.#streams.get(name)?.metadata ?? new Uint8Array());
    this.#writeMetadata(name, JSON.stringify({ ...metadata, $tb: from }));
  }
}

/** Opens the streams of this folder. The log of a new one begins with an event of the server's own, as every server's does. */
export const openStreams = async (directory: string): Promise<Streams> => {
  const known = new Map<string, Stream>();
  const log = await openLog(directory, (entry) => apply(known, { ...entry, data: () => dataOf(entry.message) }));
  const streams = new Streams(log, known);
  if (log.visible === 0) await streams.append('$$$stats-127.0.0.1:2113', 'no_stream', [metadataEvent('{"$maxAge":864000}')]);
  return streams;
};

const metadataEvent = (json: string): Proposed => ({
  id: randomUUID(),
  type: '$metadata',
  json: true,
  data: Buffer.from(json),
  metadata: new Uint8Array(),
});

const streamOf = (streams: Map<string, Stream>, name: string): Stream => {
  const found = streams.get(name);
  if (found) return found;
  const made: Stream = { positions: [], metadata: null, truncateBefore: 0, maxCount: Number.MAX_SAFE_INTEGER, tombstone: null };
  streams.set(name, made);
  return made;
};

interface Applied {
  stream: string;
  type: string;
  revision: number;
  position: number;
  data: () => Uint8Array;
}

const apply = (streams: Map<string, Stream>, { stream: name, revision, position, data }: Applied): void => {
  const stream = streamOf(streams, name);
  if (revision === tombstoneRevision) {
    stream.tombstone = position;
    return;
  }
  stream.positions.push(position);
  if (!isMeta(name)) return;
  const original = streamOf(streams, name.slice(2));
  original.metadata = data();
  const { $tb, $maxCount } = parse(original.metadata);
  original.truncateBefore = typeof $tb === 'number' ? $tb : 0;
  original.maxCount = typeof $maxCount === 'number' ? $maxCount : Number.MAX_SAFE_INTEGER;
};

const parse = (json: Uint8Array): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(Buffer.from(json).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};
