// The append-only file behind the stand-in: an append is acknowledged after fsync, concurrent appends share one, and a torn end is cut off at the next start.
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** What is to be written: `message` makes the bytes that readers get once the event's position is known. */
export interface Draft {
  id: string;
  stream: string;
  type: string;
  revision: number;
  message: (position: number) => Uint8Array;
}

/** An event as it stands in the file. Its position is its offset there, so positions rise and are not dense. */
export interface Entry {
  position: number;
  end: number;
  id: string;
  stream: string;
  type: string;
  revision: number;
  message: Buffer;
}

// A record: length and checksum of its body; the body: flags, id (36), revision (8), two lengths (2 each), stream, type, message.
export const head = 8;
const fixed = 49;
export const start = 256;
const endOfAppend = 1;
const holdsEvent = 2;
const window = 256 * 1024;

const encode = (draft: Draft | null, position: number, flags: number): Buffer => {
  if (draft === null) return seal(Buffer.alloc(head + fixed), flags);
  const { id, stream, type, revision } = draft;
  const message = draft.message(position);
  const streamBytes = Buffer.byteLength(stream);
  const typeBytes = Buffer.byteLength(type);
  const record = Buffer.allocUnsafe(head + fixed + streamBytes + typeBytes + message.length);
  record.write(id, head + 1, 36, 'latin1');
  record.writeDoubleLE(revision, head + 37);
  record.writeUInt16LE(streamBytes, head + 45);
  record.writeUInt16LE(typeBytes, head + 47);
  record.write(stream, head + fixed, streamBytes, 'utf8');
  record.write(type, head + fixed + streamBytes, typeBytes, 'utf8');
  record.set(message, head + fixed + streamBytes + typeBytes);
  return seal(record, flags | holdsEvent);
};

const seal = (record: Buffer, flags: number) => {
  record[head] = flags;
  record.writeUInt32LE(record.length - head, 0);
  record.writeUInt32LE(crc32(record.subarray(head)), 4);
  return record;
};

export const decode = (body: Buffer, position: number): Entry => {
  const streamBytes = body.readUInt16LE(45);
  const messageAt = fixed + streamBytes + body.readUInt16LE(47);
  return {
    position,
    end: position + head + body.length,
    id: body.toString('latin1', 1, 37),
    revision: body.readDoubleLE(37),
    stream: body.toString('utf8', fixed, fixed + streamBytes),
    type: body.toString('utf8', fixed + streamBytes, messageAt),
    message: body.subarray(messageAt),
  };
};

/** Reads records from the file; keeps the last window, so that neighbours cost no system call. */
export class Cursor {
  readonly #fd: number;
  readonly #size: number;
  readonly #limit: () => number;
  #from = 0;
  #bytes = Buffer.alloc(0);

  /** `limit`: the offset up to which the file holds whole records; what lies behind may still be half written. */
  constructor(fd: number, size: number, limit: () => number) {
    this.#fd = fd;
    this.#size = size;
    this.#limit = limit;
  }

  /** The event at this position, which must be one. */
  at(position: number): Entry {
    const length = this.#take(position, head)?.readUInt32LE(0) ?? 0;
    const record = this.#take(position, head + length);
    if (!record || length < fixed) throw new Error(`No event at ${position}.`);
    return decode(record.subarray(head), position);
  }

  /** The body of the record at this position, or undefined where no whole record stands. */
  body(position: number): Buffer | undefined {
    const length = this.#take(position, head)?.readUInt32LE(0) ?? 0;
    const record = length >= fixed ? this.#take(position, head + length) : undefined;
    return record && crc32(record.subarray(head)) === record.readUInt32LE(4) ? record.subarray(head) : undefined;
  }

  #take(position: number, length: number): Buffer | undefined {
    const offset = position - this.#from;
    if (offset >= 0 && offset + length <= this.#bytes.length) return this.#bytes.subarray(offset, offset + length);
    const available = this.#limit() - position;
    if (available < length) return undefined;
    // A new buffer each time: messages that are still on their way to a client are slices of the old one.
    const bytes = Buffer.allocUnsafe(Math.min(Math.max(this.#size, length), available));
    this.#bytes = bytes.subarray(0, readSync(this.#fd, bytes, 0, bytes.length, position));
    this.#from = position;
    return length <= this.#bytes.length ? this.#bytes.subarray(0, length) : undefined;
  }
}

export class EventLog {
  readonly #file: FileHandle;
  readonly #positions: number[];
  #end: number;
  #durableEnd: number;
  #visible: number;
  #pending: Buffer[] = [];
  #flushed = Promise.withResolvers<void>();
  readonly #watchers = new Set<() => void>();
  #running: Promise<void> | null = null;
  #broken: Error | null = null;

  constructor(file: FileHandle, positions: number[], end: number) {
    this.#file = file;
    this.#positions = positions;
    this.#end = end;
    this.#durableEnd = end;
    this.#visible = positions.length;
  }

  /** How many events are durable: only these can be read. */
  get visible(): number {
    return this.#visible;
  }

  /** The offset behind the last durable event. */
  get durableEnd(): number {
    return this.#durableEnd;
  }

  /** The position of the n-th event. */
  position(index: number): number {
    return this.#positions[index]!;
  }

  /** How many events lie before this offset. */
  countBefore(offset: number): number {
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#positions[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Does a record begin at this offset, be it without an event? */
  isRecord(position: number): boolean {
    return this.pick().body(position) !== undefined;
  }

  /** For reading in log order. */
  scan(): Cursor {
    return new Cursor(this.#file.fd, window, () => this.#durableEnd);
  }

  /** For reading here and there. */
  pick(): Cursor {
    return new Cursor(this.#file.fd, 4096, () => this.#durableEnd);
  }

  /**
   * Writes these events together. Without any, log space is taken all the same, and its position answered.
   * Positions are given at once; the promise tells when they are durable.
   */
  append(drafts: readonly Draft[]): { positions: number[]; durable: Promise<void> } {
    if (this.#broken) throw this.#broken;
    const positions: number[] = [];
    if (drafts.length === 0) {
      positions.push(this.#end);
      this.#write(encode(null, this.#end, endOfAppend));
    }
    for (const [index, draft] of drafts.entries()) {
      positions.push(this.#end);
      this.#positions.push(this.#end);
      this.#write(encode(draft, this.#end, index === drafts.length - 1 ? endOfAppend : 0));
    }
    this.#running ??= this.#flush();
    return { positions, durable: this.#flushed.promise };
  }

  /** Settled when everything given so far is durable. */
  settled(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** Calls `grown` whenever more events can be read; the answer ends that. */
  watch(grown: () => void): () => void {
    this.#watchers.add(grown);
    return () => this.#watchers.delete(grown);
  }

  async close(): Promise<void> {
    await this.settled();
    this.#broken ??= new Error('The log is closed.');
    await this.#file.close();
  }

  /** Ends as a killed process would: what no fsync has covered may be lost, and nobody hears of it. */
  async abandon(): Promise<void> {
    this.#broken = new Error('The log is closed.');
    this.#pending = [];
    await this.close();
  }

  #write(record: Buffer): void {
    this.#pending.push(record);
    this.#end += record.length;
  }

  async #flush(): Promise<void> {
    // Whatever else arrives in this turn of the loop shares the fsync.
    await new Promise(setImmediate);
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      const flushed = this.#flushed;
      const visible = this.#positions.length;
      const end = this.#end;
      this.#pending = [];
      this.#flushed = Promise.withResolvers();
      try {
        const { bytesWritten } = await this.#file.writev(batch, this.#durableEnd);
        if (bytesWritten !== end - this.#durableEnd) throw new Error('The file took less than was given.');
        await this.#file.datasync();
      } catch (error) {
        this.#broken = new Error('The log cannot be written any more.', { cause: error });
        flushed.reject(this.#broken);
        this.#flushed.reject(this.#broken);
        this.#flushed.promise.catch(() => {});
      }
      if (this.#broken) return;
      this.#durableEnd = end;
      this.#visible = visible;
      flushed.resolve();
      for (const grown of this.#watchers) grown();
    }
    this.#running = null;
  }
}

/** Opens the log of this folder; `replay` is told each event in order. */
export const openLog = async (directory: string, replay: (entry: Entry) => void): Promise<EventLog> => {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'events.log');
  closeSync(openSync(path, 'a'));
  const file = await open(path, 'r+');
  const { size } = fstatSync(file.fd);
  const cursor = new Cursor(file.fd, 4 * window, () => size);
  const positions: number[] = [];
  let end = start;
  let held: Entry[] = [];
  let body = cursor.body(end);
  for (let at = end; body; body = cursor.body(at)) {
    if (body[0]! & holdsEvent) held.push(decode(body, at));
    at += head + body.length;
    // An append counts as a whole: its events are taken when its last one is there.
    if (!(body[0]! & endOfAppend)) continue;
    end = at;
    for (const entry of held) {
      positions.push(entry.position);
      replay(entry);
    }
    held = [];
  }
  if (size > end) ftruncateSync(file.fd, end);
  return new EventLog(file, positions, end);
};
