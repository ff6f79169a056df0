// Reading a topic in which batches may stand twice, over connections that fail: nothing is left out, nothing is told twice.
import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { createCodec } from '../event-store/codec.ts';
import { testContract } from '../event-store/contract.ts';
import { followTail, lastPosition, offsetAfter } from './kafka.ts';
import type { PartitionReader } from './kafka-partition.ts';
import { fromRecord, toRecord } from './kafka-record.ts';

const { decode } = createCodec(testContract);

/** Event `n` (from 1 on) of a log with gaps between its positions. */
const positionOf = (n: number) => n * 10;
const recordOf = (n: number, offset: number): KafkaMessage => {
  const recorded: Recorded = {
    event: { type: 'test.happened' },
    streamId: 'test-a',
    revision: n,
    position: positionOf(n),
    metadata: {
      eventId: `e${n}`,
      commandId: 'c',
      correlationId: 'c',
      causationId: 'c',
      actor: { kind: 'system', id: 'test' },
      occurredAt: '2026-01-01T00:00:00.000Z',
      recordedAt: '2026-01-01T00:00:00.000Z',
      schemaVersion: 2,
      hash: 'abcd',
    },
  };
  const { key, value, timestamp, headers } = toRecord(recorded, positionOf(n - 1), 'log');
  return { key: Buffer.from(key), value: Buffer.from(value), timestamp, headers, attributes: 0, offset: String(offset) };
};

/** Sends batches like a mirror that is killed now and then: each batch goes on in the log, or begins `back` events earlier. */
const createTopic = () => {
  const records: KafkaMessage[] = [];
  let sent = 0;
  return {
    records,
    get head() {
      return sent;
    },
    send({ count, back }: { count: number; back: number }) {
      const first = Math.max(1, sent - back + 1);
      for (let n = first; n <= sent + count; n += 1) records.push(recordOf(n, records.length));
      sent += count;
    },
  };
};

/** Answers `page` records at a time, and fails whenever `fails` says so. */
const readerOf = (records: readonly KafkaMessage[], page: number, fails: () => boolean = () => false): PartitionReader => {
  const answer = async <T>(value: () => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (fails()) throw new Error('the connection was reset');
    return value();
  };
  return {
    end: () => answer(() => records.length),
    fetch: (offset) => answer(() => records.slice(offset, offset + page)),
    close: async () => {},
  };
};

const sends = fc.array(fc.record({ count: fc.integer({ min: 1, max: 9 }), back: fc.oneof(fc.constant(0), fc.nat(12)) }), {
  minLength: 1,
  maxLength: 12,
});

describe('a topic in which batches stand twice', () => {
  it('is entered at an offset behind which all events after a position stand', () =>
    fc.assert(
      fc.asyncProperty(sends, fc.integer({ min: 1, max: 5 }), async (batches, page) => {
        const topic = createTopic();
        for (const batch of batches) topic.send(batch);
        for (let n = 0; n <= topic.head; n += 1) {
          const offset = await offsetAfter(readerOf(topic.records, page), positionOf(n));
          const behind = new Set(topic.records.slice(offset).map(({ headers }) => Number(headers?.position)));
          for (let wanted = n + 1; wanted <= topic.head; wanted += 1) expect(behind.has(positionOf(wanted))).toBe(true);
        }
      }),
      { numRuns: 30 },
    ));

  it('ends with the highest position, not with the last record', async () => {
    const topic = createTopic();
    topic.send({ count: 20, back: 0 });
    topic.records.push(recordOf(11, 20), recordOf(12, 21));
    expect(await lastPosition(readerOf(topic.records, 4), 'log', 10)).toBe(positionOf(20));
  });

  it('is told from its end on without a gap, each event once, though fetches fail', () =>
    fc.assert(
      fc.asyncProperty(sends, sends, fc.infiniteStream(fc.nat(9)), async (before, later, dice) => {
        const topic = createTopic();
        for (const batch of before) topic.send(batch);
        const told: Recorded[] = [];
        let seen = 0;
        let woken = () => {};
        let faults = later.length;
        const fails = () => dice.next().value < 3 && faults-- > 0;
        const tail = followTail({
          reader: readerOf(topic.records, 3, fails),
          decode: (record) => fromRecord(decode, record),
          tell: (events) => {
            told.push(...events);
            // Told of nothing, a subscriber reads what there is.
            seen = Math.max(seen, events.length === 0 ? positionOf(topic.head) : (events.at(-1)?.position ?? 0));
            woken();
          },
          onError: () => {},
          backOffMs: 0,
        });
        const reach = async (position: number) => {
          while (seen < position) await new Promise<void>((resolve) => (woken = resolve));
        };
        await reach(positionOf(topic.head));
        for (const batch of later) {
          topic.send(batch);
          if (dice.next().value < 5) await reach(positionOf(topic.head));
          else await new Promise((resolve) => setImmediate(resolve));
        }
        await reach(positionOf(topic.head));
        await tail.stop();
        const positions = told.map(({ position }) => position);
        expect(positions).toEqual(positions.map((_, n) => (positions[0] ?? 0) + positionOf(n)));
        expect(tail.told()).toBe(positions.at(-1) ?? null);
      }),
      { numRuns: 50 },
    ));
});
