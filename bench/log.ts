// What is measured at the log itself: a read model's rebuild, commands on a short and on a long log, and a stream of a million events.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { type Context, createHandle } from '../commands/handle.ts';
import { derivedId, derivedUuid } from '../commands/ids.ts';
import { defaultLocation as location } from '../domain/location.ts';
import type { Recorded } from '../domain/metadata.ts';
import { eventContract } from '../domain/registry.ts';
import { stock, stockId } from '../domain/stock/stock.ts';
import { readConfig } from '../infra/config.ts';
import { connectProjections } from '../infra/connect-reads.ts';
import { createCodec } from '../infra/event-store/codec.ts';
import { createSqliteEventStore } from '../infra/event-store/sqlite.ts';
import { openLog } from '../infra/event-store/sqlite-schema.ts';
import { createWriter, type WriteAppend } from '../infra/event-store/sqlite-writer.ts';
import { productCards } from '../projections/product/cards.ts';
import { Projector } from '../projections/run.ts';
import { inParallel } from './seed.ts';

const codec = createCodec(eventContract);
const at = '2026-01-05T03:00:00.000Z';
const recordedAt = Date.parse(at);
const eventsPerStream = 10;
const configOf = (dataDir: string) => readConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'silent' });
const connecting = { contract: eventContract, fence: null, onError: () => {} };
const transactionSize = 1_000;

type Stored = WriteAppend['events'][number];

/** Writes whole groups straight through the log's writer, with its hash chain: what takes hours over HTTP takes seconds. */
const bulkLoad = (file: string, appends: Iterable<WriteAppend>) => {
  const database = openLog(file);
  const write = createWriter(database);
  let group: WriteAppend[] = [];
  let size = 0;
  const flush = () => {
    const answers = write(group.map((append) => ({ kind: 'append', append })));
    if (answers.some((answer) => !answer.ok)) throw new Error('the log refused seeded events');
    [group, size] = [[], 0];
  };
  for (const append of appends) {
    group.push(append);
    size += append.events.length;
    if (size >= transactionSize) flush();
  }
  if (size > 0) flush();
  database.close();
};

const idsOf = (stream: number) => {
  const variantId = derivedId('bench variant', stream);
  return { variantId, location, productId: derivedId('bench product', stream), sellerId: derivedId('bench seller', stream % 50) };
};
const streamOf = (stream: number) => stockId(idsOf(stream).variantId, location);

const storedReceipt = (ids: ReturnType<typeof idsOf>, revision: number): Stored => {
  const commandId = derivedUuid(ids.variantId, revision);
  const metadata = {
    eventId: commandId,
    commandId,
    correlationId: commandId,
    causationId: commandId,
    actor: { kind: 'system' as const, id: 'bench' },
  };
  const event = {
    type: 'stock.received',
    ...ids,
    available: revision + 1,
    onHand: revision + 1,
    at,
    movementId: commandId,
    quantity: 1,
    reason: 'delivery',
  };
  return codec.encode(event, { ...metadata, occurredAt: at, recordedAt: at, schemaVersion: 1 });
};

/** Receipts of goods, ten in each stream. */
const receipts = function* (count: number): Generator<WriteAppend> {
  for (let stream = 0; stream * eventsPerStream < count; stream++) {
    const ids = idsOf(stream);
    const events = Array.from({ length: eventsPerStream }, (_, revision) => storedReceipt(ids, revision));
    yield { streamId: `stock-${streamOf(stream)}`, expected: -1, recordedAt, events, keys: [] };
  }
};

/** A log of so many events in a folder that has none: receipts of goods. */
export const fillLog = async (folder: string, events: number): Promise<void> => {
  const file = freshFile(folder);
  bulkLoad(file, receipts(events));
  const { store } = await openCommands(file);
  await store.close();
};

/** Receipts of one article, from revision `from` on. */
const oneStream = function* (from: number, count: number): Generator<WriteAppend> {
  const ids = idsOf(0);
  for (let revision = from; revision < from + count; revision += 100) {
    const events = Array.from({ length: Math.min(100, from + count - revision) }, (_, n) => storedReceipt(ids, revision + n));
    yield { streamId: `stock-${streamOf(0)}`, expected: revision - 1, recordedAt, events, keys: [] };
  }
};

const freshFile = (folder: string) => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return join(folder, 'log.db');
};

const contextOf = (n: string): Context => {
  const commandId = derivedUuid('bench command', n);
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'bench' }, at };
};

const openCommands = async (file: string) => {
  // A log that was loaded in bulk has no id yet: the store gives it one.
  const store = await createSqliteEventStore({ file, contract: eventContract });
  const handle = createHandle(store);
  const receive = (stream: number, n: string) => {
    const context = contextOf(n);
    return handle(
      stock,
      streamOf(stream),
      { type: 'receive', movementId: context.commandId, ...idsOf(stream), quantity: 1, reason: 'delivery', at },
      context,
    );
  };
  return { store, handle, receive };
};

export interface Latencies {
  readonly commandsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

const rounds = 5;
const perRound = 3_000;
const knownStreams = 1_000;

/** Commands of 16 clients on logs of these lengths, in turns: half of them on 1,000 known streams, half on new ones. */
export const commandLatency = async (folder: string, lengths: readonly number[]): Promise<ReadonlyMap<number, Latencies>> => {
  const logs = [];
  for (const length of lengths) {
    const file = freshFile(join(folder, `log-${length}`));
    bulkLoad(file, receipts(length));
    logs.push({
      length,
      ...(await openCommands(file)),
      histogram: createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 }),
      seconds: 0,
    });
  }
  for (let round = 0; round <= rounds; round++) {
    for (const log of logs) {
      const begin = performance.now();
      await inParallel(perRound, 16, async (n) => {
        const from = performance.now();
        const stream = n % 2 === 0 ? (n / 2) % knownStreams : 1_000_000 + round * perRound + n;
        await log.receive(stream, `${round}.${n}`);
        if (round > 0) log.histogram.record(Math.max(1, Math.round((performance.now() - from) * 10_000)));
      });
      if (round > 0) log.seconds += (performance.now() - begin) / 1_000;
    }
  }
  const measured = new Map<number, Latencies>();
  for (const { length, store, histogram, seconds } of logs) {
    await store.close();
    const percentile = (p: number) => histogram.percentile(p) / 10_000;
    measured.set(length, {
      commandsPerSecond: (rounds * perRound) / seconds,
      p50Ms: percentile(50),
      p95Ms: percentile(95),
      p99Ms: percentile(99),
    });
  }
  return measured;
};

export interface ColdLoad {
  readonly events: number;
  /** The first command on the stream in a new store: its snapshot and the 999 events after it. */
  readonly coldMs: number;
  /** The next ones, at the median. */
  readonly warmMs: number;
  /** The same without any snapshot: all events. */
  readonly unsnapshotMs: number;
}

const timed = async (task: () => Promise<unknown>) => {
  const begin = performance.now();
  await task();
  return performance.now() - begin;
};

/** A stream of so many events: its first command from nothing, its first with a snapshot that is as old as it may get, and warm ones. */
export const coldLoad = async (folder: string, events: number): Promise<ColdLoad> => {
  const file = freshFile(join(folder, 'one-stream'));
  bulkLoad(file, oneStream(0, events));
  const first = await openCommands(file);
  const unsnapshotMs = await timed(() => first.receive(0, 'first'));
  await first.store.close();
  bulkLoad(file, oneStream(events + 1, 998));
  const second = await openCommands(file);
  const coldMs = await timed(() => second.receive(0, 'cold'));
  const warm: number[] = [];
  for (let n = 0; n < 201; n++) warm.push(await timed(() => second.receive(0, `warm ${n}`)));
  await second.store.close();
  warm.sort((a, b) => a - b);
  return { events, coldMs, warmMs: warm[100]!, unsnapshotMs };
};

/** Every product of the sample again under other ids, `copies` times. */
const copiesOf = function* (sample: readonly Recorded[], copies: number): Generator<WriteAppend> {
  for (let copy = 0; copy < copies; copy++) {
    for (const { event, streamId, revision, metadata } of sample) {
      const id = streamId.slice(streamId.indexOf('-') + 1);
      const other = derivedId(id, copy);
      const { hash: _hash, ...kept } = metadata;
      const stored = codec.encode(event, kept);
      const events = [{ ...stored, data: stored.data.replaceAll(id, other) }];
      yield { streamId: `product-${other}`, expected: revision - 1, recordedAt, events, keys: [] };
    }
  }
};

/** Builds the list of products from a log of at least `least` events of products, as the projector does it. */
export const rebuild = async (
  folder: string,
  sample: readonly Recorded[],
  least: number,
): Promise<{ events: number; perSecond: number }> => {
  const own = join(folder, 'rebuild');
  const file = freshFile(own);
  bulkLoad(file, copiesOf(sample, Math.ceil(least / sample.length)));
  const { store } = await openCommands(file);
  await store.close();
  const { log, feed, tables, close } = await connectProjections(configOf(own), connecting);
  const projector = new Projector({ log, feed, tables, projections: [productCards] });
  const events = await log.head();
  const milliseconds = await timed(() => projector.start());
  await projector.close();
  await close();
  return { events, perSecond: events / (milliseconds / 1_000) };
};

/** Events of products from a seeded log, in its order. */
export const productEvents = async (dataDir: string): Promise<Recorded[]> => {
  const { log, tables, close } = await connectProjections(configOf(dataDir), connecting);
  const sample: Recorded[] = [];
  for (let position = 0; ; ) {
    const page = await log.readAll(position, 1_000);
    if (page.length === 0) break;
    position = page[page.length - 1]!.position;
    sample.push(...page.filter(({ event }) => event.type.startsWith('product.')));
  }
  await tables.close();
  await close();
  return sample;
};
