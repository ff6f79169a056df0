// The mirror leaves nothing out, keeps the order, and sends at most one batch twice: when it is killed, cut off, or no longer the owner.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { appendTo, logAfter } from '../../infra/event-feed/contract.ts';
import { openKafka } from '../../infra/event-feed/kafka-client.ts';
import { toRecord } from '../../infra/event-feed/kafka-record.ts';
import { logTopic, publicTopic } from '../../infra/event-feed/kafka-topics.ts';
import { type MirrorOptions, startMirror } from '../../infra/event-feed/mirror.ts';
import { chainHash, noHash } from '../../infra/event-store/codec.ts';
import { happened } from '../../infra/event-store/contract.ts';
import type { Lease, Leases } from '../../infra/lease/port.ts';
import { type KafkaPlace, kafka, losingReplies, mirrorToEnd, openPlace, partitions, publishAll, through } from './kafka.ts';
import { createProxy } from './toxiproxy.ts';

let place: KafkaPlace;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place.close());

const told = () => publicTopic(place.namespace, 'test.told');

/** The first of each, in the order in which they came. */
const once = <T extends { eventId: string }>(records: readonly T[]): T[] =>
  [...new Map(records.toReversed().map((one) => [one.eventId, one])).values()].reverse();

/** Compares all topics with the log; answers how many records came twice. */
const checkAll = async (): Promise<{ log: number; told: number }> => {
  const log = await logAfter(place.store, 0);
  const copied = await place.records(logTopic(place.namespace));
  // NOTE: what a reader keeps of the feed is decided by the position alone.
  const kept: typeof copied = [];
  for (const record of copied) if (record.position > (kept.at(-1)?.position ?? 0)) kept.push(record);
  expect(kept.map(({ eventId, position }) => [eventId, position])).toEqual(
    log.map(({ metadata, position }) => [metadata.eventId, position]),
  );

  const all = await Promise.all(Array.from({ length: partitions }, (_, partition) => place.records(told(), partition)));
  for (const records of all) {
    const next = new Map<string, number>();
    for (const { key, revision } of once(records)) {
      expect(revision, key).toBe(next.get(key) ?? 0);
      next.set(key, revision + 1);
    }
  }
  expect(once(all.flat())).toHaveLength(log.length);
  return { log: copied.length - log.length, told: all.flat().length - log.length };
};

/** A lease that a test takes away, or whose holder it stops. */
const leaseFor = (isHeld: () => boolean, lost = new AbortController().signal): Pick<Leases, 'acquire'> => ({
  acquire: async (name): Promise<Lease> => ({ name, epoch: 1, lost, isHeld, fence: async () => {}, release: async () => {} }),
});

describe('the mirror', () => {
  it('copies every byte of 20,000 events: the chain of hashes can be followed in the topic alone', async () => {
    await appendTo(place.store, 20_000, 25);
    await mirrorToEnd(place);
    expect(await checkAll()).toEqual({ log: 0, told: 0 });

    const ends = new Map<string, Buffer>();
    for (const { key, revision, value, headers } of await place.records(logTopic(place.namespace))) {
      const stored = { type: headers.type ?? '', metadata: headers.metadata ?? '', data: value };
      const hash = chainHash(ends.get(key) ?? noHash, key, revision, stored);
      ends.set(key, hash);
      expect(hash.toString('hex')).toBe(headers.hash);
    }
  });

  it('goes on where the last record of the log stands', async () => {
    await appendTo(place.store, 10);
    await mirrorToEnd(place);
    await appendTo(place.store, 10);
    await mirrorToEnd(place);
    expect(await checkAll()).toEqual({ log: 0, told: 0 });
  });

  it.each([1, 2, 3])('killed before its send %i, leaves nothing out and sends at most one batch twice', async (fatal) => {
    await appendTo(place.store, 1_200, 40);
    let sends = 0;
    const dead = Promise.withResolvers<void>();
    const mirror = startMirror(
      place.mirrorOptions({
        leases: leaseFor(() => {
          sends += 1;
          if (sends >= fatal) throw new Error('killed');
          return true;
        }),
        onError: () => dead.resolve(),
      }),
    );
    await dead.promise;
    await mirror.stop();
    const before = await checkTwice();
    await mirrorToEnd(place);
    const after = await checkAll();
    expect(after.told - before).toBeLessThanOrEqual(500);
    expect(after.log).toBe(0);
  });

  it('killed between two partitions of a public topic, leaves nothing out and sends at most one batch twice', async () => {
    await appendTo(place.store, 60, 3);
    const before = await checkTwice();
    const head = (await place.records(logTopic(place.namespace))).at(-1)?.position ?? 0;
    const pending = await logAfter(place.store, head);
    const producer = openKafka(kafka, 5).producer();
    await producer.connect();
    // What a mirror had sent that was killed in the middle: what belongs to one partition, and of the others nothing.
    const messages = pending.map((recorded) => ({ ...publishAll(recorded), headers: { ...toRecord(recorded, 0, '').headers } }));
    const streams = new Set(messages.map(({ key }) => key).slice(0, 20));
    await producer.send({ topic: told(), messages: messages.filter(({ key }) => streams.has(key)) });
    await producer.disconnect();
    await mirrorToEnd(place);
    const after = await checkAll();
    expect(after.told - before).toBeLessThanOrEqual(60);
    expect(after.log).toBe(0);
  });

  /** How many public messages came twice so far. */
  const checkTwice = async (): Promise<number> => {
    const all = await Promise.all(Array.from({ length: partitions }, (_, partition) => place.records(told(), partition)));
    return all.flat().length - once(all.flat()).length;
  };

  it('sends nothing more when its lease has gone, and the next owner goes on', async () => {
    await appendTo(place.store, 900, 30);
    let asked = 0;
    const fenced = Promise.withResolvers<Error>();
    // It may send once, and is overtaken before the send that would have been the checkpoint.
    const zombie = startMirror(place.mirrorOptions({ leases: leaseFor(() => asked++ === 0), onError: (error) => fenced.resolve(error) }));
    expect((await fenced.promise).name).toBe('Fenced');
    await mirrorToEnd(place);
    const copied = (await place.records(logTopic(place.namespace))).length;
    await zombie.stop();
    expect((await place.records(logTopic(place.namespace))).length).toBe(copied);
    expect((await checkAll()).log).toBe(0);
  });

  it('is not led astray by a batch that an earlier owner sends late', async () => {
    await appendTo(place.store, 1_000, 10);
    await mirrorToEnd(place);
    const log = await logAfter(place.store, 0);
    const producer = openKafka(kafka, 5).producer();
    await producer.connect();
    const late = log.slice(-700, -200);
    const messages = late.map((recorded, n) => toRecord(recorded, log[log.length - 701 + n]?.position ?? 0, place.store.logId));
    await producer.send({ topic: logTopic(place.namespace), messages });
    await producer.disconnect();
    await appendTo(place.store, 5);
    await mirrorToEnd(place);
    expect((await checkAll()).log).toBe(late.length);
  });
});

describe('the mirror, when its connections fail', () => {
  /** Appends in steps and makes trouble at each, until all is copied. */
  const under = async (settings: MirrorOptions['kafka'], steps: number, trouble: (step: number) => Promise<void> | void) => {
    let woken = () => {};
    const mirror = startMirror(place.mirrorOptions({ kafka: settings, onCopied: () => woken() }));
    const reach = async (position: number) => {
      while (mirror.position() < position) await new Promise<void>((resolve) => (woken = resolve));
    };
    await reach(await appendTo(place.store, 1));
    for (let step = 0; step < steps; step += 1) {
      const appended = appendTo(place.store, 300, 10);
      await trouble(step);
      await reach(await appended);
    }
    await mirror.stop();
  };

  it('leaves nothing out though they are reset', async () => {
    const proxy = await createProxy(kafka.brokers[0] ?? '');
    const before = await checkAll();
    await under(through(proxy.address), 6, async (step) => {
      await (step % 2 === 0 ? proxy.reset() : proxy.reset(20_000));
      await proxy.up();
    });
    await proxy.remove();
    const after = await checkAll();
    expect(after.log - before.log).toBeLessThanOrEqual(6 * 500);
  });

  it('leaves nothing out though replies are lost', async () => {
    const { settings, lose } = losingReplies();
    await under(settings, 10, lose);
    await checkAll();
  });
});

describe('what is public', () => {
  it('is made from the event as this release knows it; the copy stays as it was written', async () => {
    const published: Recorded[] = [];
    const [written] = await place.store.append({ streamId: 'test-old', expected: -1, events: [happened(1)] });
    const old = {
      ...written,
      event: { type: 'test.happened', count: 8 },
      metadata: { ...written?.metadata, schemaVersion: 1 },
    } as Recorded;
    const readAll = async (after: number, limit: number) =>
      (await place.source.readAll(after, limit)).map((recorded) => (recorded.position === old.position ? old : recorded));
    const publish: MirrorOptions['publish'] = (recorded) => {
      published.push(recorded);
      return publishAll(recorded);
    };
    await mirrorToEnd(place, { source: { ...place.source, readAll }, publish });
    expect(published.at(-1)?.event).toEqual({ type: 'test.happened', n: 8 });
    expect((await place.records(logTopic(place.namespace))).at(-1)?.value).toBe('{"count":8}');
  });
});
