// The calls that read: pages of a stream or of $all in both directions, and subscriptions that go on with what is written later.
import { randomUUID } from 'node:crypto';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { failures } from './errors.ts';
import type { Entry } from './log.ts';
import { caughtUp, checkpointAt, confirmation, streamNameOf, streamNotFound } from './messages.ts';
import type { Node } from './writing.ts';

/** Replies are the bytes that the log keeps: nothing is encoded again. */
export type ReadCall = ServerWritableStream<ReadReq, Uint8Array>;

/** A place in the log. The server's checkpoints can have a prepare position of 0: then it stands before the event at its commit position. */
interface Place {
  commit: number;
  prepare: number;
}

/** The server considers so many events per page; its checkpoints count in pages. */
const pageSize = 32;

export const isSubscription = (call: ReadCall): boolean => call.request.getOptions()?.hasSubscription() ?? false;

export const read = async (node: Node, call: ReadCall): Promise<void> => {
  const options = call.request.getOptions();
  if (!options) throw failures.invalidArgument('Options are missing.');
  const fault = await node.meet(options.hasSubscription() ? 'subscribe' : 'read');
  if (fault) throw fault;
  const reader = new Reader(node, call);
  try {
    await serve(reader, options);
  } finally {
    reader.stop();
  }
};

const serve = async (reader: Reader, options: ReadReq.Options): Promise<void> => {
  const stream = options.getStream();
  const name = streamNameOf(stream?.getStreamIdentifier());
  if (options.hasSubscription()) {
    await reader.send(confirmation(randomUUID()));
    return stream ? followStream(reader, name, stream) : followAll(reader, options);
  }
  const count = Math.min(Number(options.getCount()), Number.MAX_SAFE_INTEGER);
  const backwards = options.getReadDirection() === 1;
  return stream ? readStream(reader, name, stream, count, backwards) : readAll(reader, options, count, backwards);
};

/** One reading client: sends as fast as it takes, and waits with it for more. */
class Reader {
  readonly node: Node;
  /** Ends the waking by the log. */
  readonly stop: () => void;
  readonly #call: ReadCall;
  #wake = () => {};

  constructor(node: Node, call: ReadCall) {
    this.node = node;
    this.#call = call;
    const wake = () => this.#wake();
    this.stop = node.streams.log.watch(wake);
    call.on('drain', wake).on('cancelled', wake);
  }

  get gone(): boolean {
    return this.#call.cancelled;
  }

  /** Settled when the client takes more, or has gone. */
  send(message: Uint8Array): Promise<void> | undefined {
    if (this.gone || this.#call.write(message)) return undefined;
    return this.until(() => !this.#call.writableNeedDrain);
  }

  /** Settled when this holds, which the log's growth or the client brings about, or when the client has gone. */
  async until(holds: () => boolean): Promise<void> {
    while (!(holds() || this.gone)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const readStream = async (reader: Reader, name: string, options: ReadReq.Options.StreamOptions, count: number, backwards: boolean) => {
  const { streams } = reader.node;
  const range = streams.readable(name);
  if (range === 'deleted') throw failures.streamDeleted(name);
  if (range === 'not-found') return reader.send(streamNotFound(name));
  const from = revisionOf(options);
  const cursor = streams.log.pick();
  const begin = backwards ? Math.min(from, range.last) : Math.max(from, range.first);
  const step = backwards ? -1 : 1;
  for (let n = 0, revision = begin; n < count && revision >= range.first && revision <= range.last; n += 1, revision += step) {
    await reader.send(cursor.at(streams.position(name, revision)).message);
    if (reader.gone) return;
  }
};

const revisionOf = (options: ReadReq.Options.StreamOptions): number => {
  if (options.hasStart()) return 0;
  return options.hasEnd() ? Number.POSITIVE_INFINITY : Number(options.getRevision());
};

const readAll = async (reader: Reader, options: ReadReq.Options, count: number, backwards: boolean) => {
  const { log } = reader.node.streams;
  const allowed = filterOf(options.getFilter());
  const place = placeOf(options.getAll());
  if (!isReadable(reader, place)) throw failures.unknown('Unexpected ReadAllResult: InvalidPosition');
  const cursor = backwards ? log.pick() : log.scan();
  // Forwards a read includes the event at its position, backwards it begins with the one before.
  const before = Math.min(log.countBefore(place.commit), log.visible);
  const begin = backwards ? before - 1 : before;
  let sent = 0;
  for (let index = begin; sent < count && index >= 0 && index < log.visible; index += backwards ? -1 : 1) {
    const entry = cursor.at(log.position(index));
    if (!allowed(entry)) continue;
    sent += 1;
    await reader.send(entry.message);
    if (reader.gone) return;
  }
};

/** An offset within the log at which no record begins cannot be read from. */
const isReadable = (reader: Reader, { commit }: Place): boolean => {
  const { log } = reader.node.streams;
  return commit <= 0 || commit >= log.durableEnd || log.isRecord(commit);
};

const placeOf = (options: ReadReq.Options.AllOptions | undefined): Place => {
  if (options?.hasEnd()) return { commit: Number.POSITIVE_INFINITY, prepare: Number.POSITIVE_INFINITY };
  const position = options?.getPosition();
  if (!position) return { commit: 0, prepare: 0 };
  return { commit: Number(position.getCommitPosition()), prepare: Number(position.getPreparePosition()) };
};

const filterOf = (filter: ReadReq.Options.FilterOptions | undefined): ((entry: Entry) => boolean) => {
  if (!filter) return () => true;
  const byStream = filter.getStreamIdentifier();
  const expression = byStream ?? filter.getEventType();
  const text = (entry: Entry) => (byStream ? entry.stream : entry.type);
  const regex = expression?.getRegex();
  if (regex) {
    const pattern = new RegExp(regex);
    return (entry) => pattern.test(text(entry));
  }
  const prefixes = expression?.getPrefixList() ?? [];
  return (entry) => prefixes.some((prefix) => text(entry).startsWith(prefix));
};

const followStream = async (reader: Reader, name: string, options: ReadReq.Options.StreamOptions): Promise<void> => {
  const { streams } = reader.node;
  const cursor = streams.log.pick();
  const present = streams.readable(name);
  const last = typeof present === 'object' ? present.last : -1;
  // A subscription begins after the revision that it names.
  let next = options.hasStart() ? 0 : options.hasEnd() ? last + 1 : Number(options.getRevision()) + 1;
  let live = false;
  while (!reader.gone) {
    const seen = streams.log.durableEnd;
    const range = streams.readable(name);
    if (range === 'deleted') {
      const position = streams.tombstoneOf(name);
      if (live && position !== null) await reader.send(cursor.at(position).message);
      throw failures.streamDeleted(name);
    }
    const end = range === 'not-found' ? next - 1 : range.last;
    if (range !== 'not-found') next = Math.max(next, range.first);
    for (; next <= end && !reader.gone; next += 1) await reader.send(cursor.at(streams.position(name, next)).message);
    if (!live) await reader.send(caughtUp());
    live = true;
    await reader.until(() => streams.log.durableEnd > seen);
  }
};

/** Follows $all. What the server does page by page, its checkpoints show: see `Checkpoints`. */
const followAll = async (reader: Reader, options: ReadReq.Options): Promise<void> => {
  const { log } = reader.node.streams;
  const filter = options.getFilter();
  const from = placeOf(options.getAll());
  if (!isReadable(reader, from)) throw failures.invalidArgument('Trying to read from an invalid position.');
  const allowed = filterOf(filter);
  const checkpoints = filter ? new Checkpoints(reader, filter, from) : null;
  const cursor = log.scan();
  const fromEnd = from.commit === Number.POSITIVE_INFINITY;
  // It begins after the event that it names, also if that is yet to come.
  const isAfter = ({ position }: Entry) => fromEnd || position > from.commit || (position === from.commit && position > from.prepare);
  const last = log.position(log.visible - 1);
  let live = later(from, { commit: last, prepare: last }) === from;
  let next = live ? log.visible : log.countBefore(from.commit);
  if (live) await reader.send(caughtUp());
  while (!reader.gone) {
    for (; next < log.visible && !reader.gone; next += 1) {
      const entry = cursor.at(log.position(next));
      const wanted = isAfter(entry) && allowed(entry);
      if (wanted) await reader.send(entry.message);
      await checkpoints?.considered(entry, wanted, live);
    }
    if (!live && !reader.gone) {
      await checkpoints?.goLive();
      await reader.send(caughtUp());
      live = true;
    }
    await reader.until(() => next < log.visible);
  }
};

/**
 * When a filtered subscription is told how far it has come. While it catches up: per page, at the page's beginning or the last event sent, whichever
 * is later; when it goes live; and then after every `interval` events, at that event.
 */
class Checkpoints {
  readonly #reader: Reader;
  readonly #window: number;
  readonly #interval: number;
  #page: Place;
  #pageEvents = 0;
  #pageSent = 0;
  #counted = 0;
  #sent: Place;
  #told: Place = { commit: -1, prepare: -1 };

  constructor(reader: Reader, filter: ReadReq.Options.FilterOptions, from: Place) {
    this.#reader = reader;
    this.#page = from;
    this.#sent = from;
    this.#window = filter.hasMax() ? filter.getMax() : pageSize;
    this.#interval = this.#window * Math.max(1, filter.getCheckpointintervalmultiplier());
  }

  async considered(entry: Entry, wanted: boolean, live: boolean): Promise<void> {
    const here = { commit: entry.position, prepare: entry.position };
    if (wanted) this.#sent = here;
    this.#counted += 1;
    if (live) {
      if (this.#counted >= this.#interval) {
        this.#counted = 0;
        await this.#tell(here);
      }
      return;
    }
    this.#pageEvents += 1;
    if (wanted) this.#pageSent += 1;
    if (this.#pageEvents < this.#window && this.#pageSent < pageSize) return;
    if (this.#counted >= this.#interval) {
      this.#counted %= this.#interval;
      await this.#tell(later(this.#sent, this.#page));
    }
    this.#page = { commit: entry.end, prepare: 0 };
    this.#pageEvents = 0;
    this.#pageSent = 0;
  }

  async goLive(): Promise<void> {
    this.#counted = 0;
    await this.#tell(later(this.#sent, this.#page));
  }

  async #tell(place: Place): Promise<void> {
    if (later(this.#told, place) === this.#told) return;
    this.#told = place;
    await this.#reader.send(checkpointAt(place));
  }
}

/** The later of two places; the first one if they are the same. */
const later = (a: Place, b: Place): Place => (a.commit > b.commit || (a.commit === b.commit && a.prepare >= b.prepare) ? a : b);
