// What every event store promises, whichever engine it stands on.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import type { EventContract } from './codec.ts';
import { type AppendRequest, type EventStore, type NewEvent, VersionConflict } from './port.ts';

/** Events that the suite writes: `test.happened` {n}, `test.named` {name: sealed}; `test.happened` had {count} in version 1. */
export const testContract: EventContract = {
  version: (type) => ({ 'test.happened': 2, 'test.named': 1 })[type] ?? null,
  upcast: (_type, _from, data) => ({ n: data.count }),
  personal: (type) => (type === 'test.named' ? ['name'] : []),
  owns: (streamId) => streamId.startsWith('test-'),
};

export const happened = (n: number, commandId: string = randomUUID()): NewEvent => ({
  event: { type: 'test.happened', n } as { type: string },
  metadata: {
    eventId: randomUUID(),
    commandId,
    correlationId: 'correlation',
    causationId: 'causation',
    actor: { kind: 'system', id: 'test' },
    occurredAt: '2026-01-01T00:00:00.000Z',
  },
});

export const eventStoreContract = (
  name: string,
  open: (now: () => number) => Promise<{ store: EventStore; reopen(): Promise<EventStore>; remove(): Promise<void> }>,
) =>
  describe(`event store: ${name}`, () => {
    let place: Awaited<ReturnType<typeof open>>;
    let store: EventStore;
    let ahead = 0;
    beforeAll(async () => {
      place = await open(() => Date.now() + ahead);
      store = place.store;
    });
    afterAll(async () => {
      await store.close();
      await place.remove();
    });
    const stream = () => `test-${randomUUID()}`;
    const hasTold = async (position: number) => {
      while (store.told() < position) await new Promise((resolve) => setImmediate(resolve));
    };
    const append = (streamId: string, expected: number, count: number, more: Partial<AppendRequest> = {}) =>
      store.append({ streamId, expected, events: Array.from({ length: count }, (_, n) => happened(expected + 1 + n)), ...more });

    it('numbers the events of a stream from 0, and those of the log by strictly rising positions', async () => {
      const streamId = stream();
      const first = await append(streamId, -1, 2);
      const second = await append(streamId, 1, 1);
      expect([...first, ...second].map((event) => event.revision)).toEqual([0, 1, 2]);
      const positions = [...first, ...second].map((event) => event.position);
      expect(positions).toEqual([...new Set([0, ...positions])].sort((a, b) => a - b).slice(1));
      expect(await store.head()).toBe(second[0]?.position);
    });

    it('gives back the last events of the log, in order', async () => {
      const written = await append(stream(), -1, 5);
      expect(await store.last(3)).toEqual(written.slice(2));
      expect(await store.last(0)).toEqual([]);
      expect(await store.last(2, written[3]?.position)).toEqual(written.slice(1, 3));
    });

    it('gives back what was appended, from any revision on', async () => {
      const streamId = stream();
      const written = await append(streamId, -1, 5);
      expect(await store.read(streamId, 0, 100)).toEqual(written);
      expect(await store.read(streamId, 3, 1)).toEqual([written[3]]);
      expect(await store.read(streamId, 5, 10)).toEqual([]);
      expect(await store.read(stream(), 0, 10)).toEqual([]);
    });

    it('refuses a wrong revision and names the actual one, and nothing is written', async () => {
      const streamId = stream();
      await append(streamId, -1, 2);
      for (const [expected, actual] of [
        [-1, 1],
        [0, 1],
        [2, 1],
      ] as const) {
        await expect(append(streamId, expected, 1)).rejects.toMatchObject({ name: 'VersionConflict', actual });
      }
      await expect(append(stream(), 0, 1)).rejects.toBeInstanceOf(VersionConflict);
      expect(await store.read(streamId, 0, 10)).toHaveLength(2);
    });

    it('lets one of many writers at the same revision win, and fails only the others', async () => {
      const streamId = stream();
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => append(streamId, -1, 1)));
      expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
      expect(await store.read(streamId, 0, 10)).toHaveLength(1);
    });

    it('reads the whole log in order, and tells what was committed', async () => {
      const before = await store.head();
      await hasTold(before);
      const seen: Recorded[] = [];
      const stop = store.onCommitted((events) => seen.push(...events));
      const written = (await Promise.all(Array.from({ length: 10 }, () => append(stream(), -1, 3)))).flat();
      await hasTold(await store.head());
      stop();
      const read = await store.readAll(before, 1000);
      expect(read).toEqual(written.toSorted((a, b) => a.position - b.position));
      expect(seen).toEqual(read);
      expect(await store.readAll(read[9]?.position ?? 0, 5)).toEqual(read.slice(10, 15));
      expect(await store.readAll(await store.head(), 5)).toEqual([]);
    });

    it('tells of an append at once, and of nothing that whoever appended it does not know yet', async () => {
      const streamId = stream();
      const order: string[] = [];
      const stopWitness = store.onAppended((events) => order.push(...events.map((event) => `appended ${event.streamId}`)));
      const stop = store.onCommitted((events) => order.push(...events.map((event) => `told ${event.streamId}`)));
      const [written] = await append(streamId, -1, 1).then((answer) => {
        order.push(`answered ${streamId}`);
        return answer;
      });
      await hasTold(written?.position ?? 0);
      stop();
      stopWitness();
      expect(order.filter((entry) => entry.endsWith(streamId))).toEqual(
        ['appended', 'answered', 'told'].map((step) => `${step} ${streamId}`),
      );
    });

    it('refuses personal data that is not sealed, and types that it does not know', async () => {
      const named = (name: string): NewEvent => ({ ...happened(0), event: { type: 'test.named', name } as { type: string } });
      await expect(store.append({ streamId: stream(), expected: -1, events: [named('Budi')] })).rejects.toThrow('must be sealed');
      await store.append({ streamId: stream(), expected: -1, events: [named('pii1.u1.xyz')] });
      await expect(
        store.append({ streamId: stream(), expected: -1, events: [{ ...happened(0), event: { type: 'test.unknown' } }] }),
      ).rejects.toThrow('test.unknown');
    });

    it('remembers a command by its key: its events, or its answer', async () => {
      const streamId = stream();
      const [a, b] = [randomUUID(), randomUUID()];
      const key = { commandId: a, fingerprint: 'f', at: new Date().toISOString(), offset: 1, count: 2 };
      await append(streamId, -1, 3, { keys: [key] });
      expect(await store.known(a)).toEqual({ fingerprint: 'f', streamId, firstRevision: 1, count: 2, outcome: null });
      expect(await store.known(b)).toBeNull();
      store.keepOutcome({ commandId: b, fingerprint: 'g', at: new Date().toISOString() }, '{"status":409}');
      await append(stream(), -1, 1); // writes are in order: the outcome is there when a later append is
      expect(await store.known(b)).toMatchObject({ fingerprint: 'g', streamId: null, outcome: '{"status":409}' });
    });

    it('keeps snapshots and checkpoints, and everything else, over a restart', async () => {
      const streamId = stream();
      const written = await append(streamId, -1, 3);
      store.saveSnapshot(streamId, { revision: 2, version: 1, body: '{"n":3}' });
      store.checkpoints.save('reader', 7);
      await store.close();
      store = await place.reopen();
      expect(await store.snapshot(streamId)).toEqual({ revision: 2, version: 1, body: '{"n":3}' });
      expect(await store.checkpoints.load('reader')).toBe(7);
      expect(await store.checkpoints.load('nobody')).toBe(0);
      expect(await store.read(streamId, 0, 10)).toEqual(written);
      expect((await append(streamId, 2, 1))[0]?.revision).toBe(3);
    });

    it('finds the last position before a time', async () => {
      const earlier = await append(stream(), -1, 2);
      const head = await store.head();
      expect(head).toBe(earlier[1]?.position);
      const recordedAt = Date.parse(earlier[1]?.metadata.recordedAt ?? '');
      expect(await store.positionBefore(new Date(recordedAt + 60_000).toISOString())).toBe(head);
      expect(await store.positionBefore('2000-01-01T00:00:00.000Z')).toBe(0);
      const between = await store.positionBefore(new Date(recordedAt).toISOString());
      expect(between).toBeLessThan(earlier[0]?.position ?? 0);
      for (const { metadata } of await store.readAll(between, 10)) expect(Date.parse(metadata.recordedAt)).toBe(recordedAt);
    });

    it('tells what was recorded before a time by what stands behind it, where a clock was ahead', async () => {
      const [before] = await append(stream(), -1, 1);
      ahead = 30 * 86_400_000;
      const [, wrong] = await append(stream(), -1, 2);
      ahead = 1_000;
      const [after] = await append(stream(), -1, 1);
      ahead = 2_000;
      const [last] = await append(stream(), -1, 1);
      const timeOf = (recorded: Recorded | undefined) => Date.parse(recorded?.metadata.recordedAt ?? '');
      expect(timeOf(after)).toBeLessThan(timeOf(wrong));
      const until = (milliseconds: number) => store.positionBefore(new Date(milliseconds).toISOString());
      const answers = async () => [
        await until(timeOf(wrong) + 1),
        await until(timeOf(last)),
        await until(timeOf(after) + 1),
        await until(timeOf(after)),
        await until(timeOf(before) + 1),
      ];
      const right = [last, after, after, before, before].map((recorded) => recorded?.position);
      expect(await answers()).toEqual(right);
      await hasTold(last?.position ?? 0);
      expect(await answers()).toEqual(right);
      await store.close();
      store = await place.reopen();
      expect(await answers()).toEqual(right);
    });

    it('refuses more than an append may hold', async () => {
      const large = { ...happened(0), event: { type: 'test.happened', n: 'x'.repeat(3 * 1_048_576) } as { type: string } };
      await expect(store.append({ streamId: stream(), expected: -1, events: [large] })).rejects.toMatchObject({
        code: 'request.too_large',
      });
    });
  });
