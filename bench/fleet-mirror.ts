// What the mirror carries per second from a log that it is behind of, next to a bare producer that sends the very same records.
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Recorded } from '../domain/metadata.ts';
import { publicMessages } from '../domain/public-messages.ts';
import { createPartitionReader } from '../infra/event-feed/kafka-partition.ts';
import { applyTopics, logTopic } from '../infra/event-feed/kafka-topics.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { partitions, removeTopics } from '../tests/fleet/fleet.ts';
import { run } from '../tests/fleet/processes.ts';
import { groupBy } from './fleet-figures.ts';
import { type Place, roles } from './fleet-ground.ts';
import { inParallel } from './seed.ts';

export interface Mirrored {
  readonly events: number;
  readonly mirrorPerSecond: number;
  readonly barePerSecond: number;
  readonly share: number;
}

const rounds = 2;
const lookEvery = 5;
const sampleSize = 2_000;
/** Milliseconds without any progress after which a run is given up. */
const longestStandstill = 60_000;

/** Adds so many events, streams as purchases have written them, under names of their own. */
const fillLog = async (store: EventStore, wanted: number) => {
  const streams = [...groupBy<Recorded>(await store.last(sampleSize), ({ streamId }) => streamId)];
  const copies: [string, Recorded[]][] = [];
  for (let added = 0; added < wanted; ) {
    const [streamId, events] = streams[copies.length % streams.length]!;
    copies.push([`${streamId}${copies.length}`, events]);
    added += events.length;
  }
  await inParallel(copies.length, 16, async (n) => {
    const [streamId, events] = copies[n]!;
    const copied = events.map(({ event, metadata: { recordedAt: _r, hash: _h, schemaVersion: _s, ...metadata } }) => ({ event, metadata }));
    await store.append({ streamId, expected: -1, events: copied.slice(0, 100) });
  });
};

const countOf = async (store: EventStore): Promise<number> => {
  let count = 0;
  for (let position = 0; ; ) {
    const page = await store.readAll(position, 1_000);
    count += page.length;
    const last = page.at(-1);
    if (!last) return count;
    position = last.position;
  }
};

/** Events per second between the first batch in the topic and the last. */
const watchTopic = async (kafka: { brokers: string[] }, namespace: string, events: number, signal: AbortSignal): Promise<number> => {
  const reader = createPartitionReader(kafka, logTopic(namespace));
  let first: { end: number; at: number } | null = null;
  let last = { end: 0, at: performance.now() };
  while (last.end < events) {
    signal.throwIfAborted();
    const end = await reader.end().catch(() => last.end);
    const at = performance.now();
    if (end > last.end) last = { end, at };
    else if (at - last.at > longestStandstill) throw new Error(`${logTopic(namespace)} stands still at ${end} of ${events} records`);
    if (!first && end > 0) first = { end, at };
    await pause(lookEvery);
  }
  await reader.close();
  if (!first || first.end >= last.end) throw new Error('all events went in one batch: a longer run is needed to measure it');
  return (last.end - first.end) / ((last.at - first.at) / 1_000);
};

export const measureMirror = async (place: Place, wanted: number): Promise<Mirrored> => {
  const kafka = { brokers: (process.env.KAFKA_BROKERS ?? '').split(',') };
  const { namespace } = place.ground;
  const others = roles.filter((role) => role !== 'mirror');
  const namespaces: string[] = [];
  /** Topics of their own, in which `work` makes records appear. */
  const timed = async (name: string, work: (namespace: string, signal: AbortSignal) => Promise<() => Promise<unknown>>) => {
    namespaces.push(name);
    await applyTopics(kafka, name, Object.keys(publicMessages), { partitions });
    const failed = new AbortController();
    const watching = watchTopic(kafka, name, events, failed.signal);
    watching.catch(() => {});
    try {
      const end = await work(name, failed.signal);
      return await watching.finally(end);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };

  const log = await place.start({ without: roles });
  const market = await place.look();
  await fillLog(market.store, wanted);
  const events = await countOf(market.store);
  await market.close();
  await log.stop();

  let [mirror, bare] = [0, 0];
  try {
    for (let round = 1; round <= rounds; round++) {
      const [from, to] = [`${namespace}-m${round}`, `${namespace}-b${round}`];
      mirror += await timed(from, async (NAMESPACE) => {
        const fleet = await place.start({ without: others, env: { NAMESPACE } });
        return fleet.stop;
      });
      bare += await timed(to, async () => {
        const program = fileURLToPath(new URL('fleet-producer.ts', import.meta.url));
        const producer = run(program, [kafka.brokers.join(','), from, to], {});
        await producer.said((line) => line === 'done');
        return producer.stop;
      });
    }
  } finally {
    for (const name of namespaces) await removeTopics(kafka, name).catch(() => {});
  }
  return { events, mirrorPerSecond: mirror / rounds, barePerSecond: bare / rounds, share: mirror / bare };
};
