// The feed over positions that rise but leave gaps: every event once, in order, whether it was told or has to be read.
import { describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { createLogFeed, type FeedSource } from './log.ts';

const recorded = (position: number): Recorded => ({
  event: { type: 'test.happened' },
  streamId: 'test-a',
  revision: position,
  position,
  metadata: {
    eventId: String(position),
    commandId: 'c',
    correlationId: 'c',
    causationId: 'c',
    actor: { kind: 'system', id: 'test' },
    occurredAt: '',
    recordedAt: '',
    schemaVersion: 1,
    hash: '',
  },
});

/** A log in memory with a gap after every event, of which `commit` tells as much as it is told to. */
const openLog = () => {
  const log: Recorded[] = [];
  const listeners = new Set<(events: readonly Recorded[]) => void>();
  let told = 0;
  const reads: number[] = [];
  const source: FeedSource = {
    logId: 'log',
    head: async () => log.at(-1)?.position ?? 0,
    told: () => told,
    readAll: async (after, limit) => {
      reads.push(after);
      return log.filter(({ position }) => position > after).slice(0, limit);
    },
    onCommitted(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    source,
    reads,
    append(count: number): Recorded[] {
      for (let n = 0; n < count; n += 1) log.push(recorded((log.at(-1)?.position ?? 0) + 7));
      return log.slice(-count);
    },
    tell(events: readonly Recorded[]) {
      told = events.at(-1)?.position ?? told;
      for (const listener of listeners) listener(events);
    },
  };
};

const follow = (source: FeedSource, after: number) => {
  const seen: number[] = [];
  let heard = () => {};
  const subscription = createLogFeed(source).subscribe(after, (events) => {
    seen.push(...events.map(({ position }) => position));
    heard();
  });
  return {
    seen,
    subscription,
    until: async (position: number) => {
      while ((seen.at(-1) ?? after) < position) await new Promise<void>((resolve) => (heard = resolve));
    },
  };
};

const positions = (events: readonly Recorded[]) => events.map(({ position }) => position);

describe('a feed over positions with gaps', () => {
  it('takes what it is told from memory once it has caught up', async () => {
    const log = openLog();
    const past = log.append(3);
    log.tell(past);
    const { seen, until, subscription } = follow(log.source, 0);
    await until(21);
    const before = log.reads.length;
    const fresh = log.append(5);
    log.tell(fresh.slice(0, 2));
    log.tell(fresh.slice(2));
    await until(fresh.at(-1)?.position ?? 0);
    await subscription.stop();
    expect(seen).toEqual(positions([...past, ...fresh]));
    expect(log.reads).toHaveLength(before);
  });

  it('reads what lies between its place and the first batch that it was told', async () => {
    const log = openLog();
    const past = log.append(2_500);
    log.tell(past);
    const { seen, until, subscription } = follow(log.source, past[9]?.position ?? 0);
    const fresh = log.append(4);
    log.tell(fresh);
    await until(fresh.at(-1)?.position ?? 0);
    await subscription.stop();
    expect(seen).toEqual(positions([...past.slice(10), ...fresh]));
  });

  it('goes no further than what was told', async () => {
    const log = openLog();
    const told = log.append(3);
    log.append(2);
    log.tell(told);
    const { seen, until, subscription } = follow(log.source, 0);
    await until(told.at(-1)?.position ?? 0);
    await subscription.stop();
    expect(seen).toEqual(positions(told));
  });

  it('reads again what it had to drop because it was too slow', async () => {
    const log = openLog();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const seen: number[] = [];
    const subscription = createLogFeed(log.source).subscribe(0, async (events) => {
      await held;
      seen.push(...positions(events));
    });
    const all: Recorded[] = [];
    for (let batch = 0; batch < 12; batch += 1) {
      const events = log.append(900);
      all.push(...events);
      log.tell(events);
      await new Promise((resolve) => setImmediate(resolve));
    }
    release();
    while (subscription.position() < (all.at(-1)?.position ?? 0)) await new Promise((resolve) => setImmediate(resolve));
    await subscription.stop();
    expect(seen).toEqual(positions(all));
  });
});
