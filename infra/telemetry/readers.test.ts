import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventFeed, ReaderState } from '../event-feed/port.ts';
import { createReaders } from './readers.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'], now: Date.parse('2026-01-05T03:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const setUp = () => {
  const lines: (readonly unknown[])[] = [];
  const log = { error: (...line: unknown[]) => void lines.push(line), info: (...line: unknown[]) => void lines.push(line) };
  let end: number | Error = 100;
  const head = async () => {
    if (end instanceof Error) throw end;
    return end;
  };
  const readers = createReaders({ log, head, isOutage: ({ message }) => message === 'away', stalledAfterMs: 30_000 });
  const state: { reader: ReaderState } = { reader: { position: 100 } };
  readers.watch(async () => ({ reader: state.reader }));
  return { readers, state, lines, setEnd: (to: number | Error) => (end = to) };
};

describe('a reader of the log', () => {
  it('that makes no step while there is more to read stands still: since when, where, why; told once, and once when it goes on', async () => {
    const { readers, state, lines, setEnd } = setUp();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readers.stalled()).toEqual([]);
    state.reader = { position: 100, reason: 'boom' };
    setEnd(200);
    await vi.advanceTimersByTimeAsync(120_000);
    const told = { reader: 'reader', since: '2026-01-05T03:01:05.000Z', position: 100, reason: 'boom' };
    expect(readers.stalled()).toMatchObject([told]);
    expect(lines).toEqual([[expect.objectContaining({ ...told, head: 200 }), 'a reader of the log stands still']]);
    state.reader = { position: 150 };
    await vi.advanceTimersByTimeAsync(5_000);
    expect(readers.stalled()).toEqual([]);
    expect(lines[1]).toEqual([{ reader: 'reader', position: 150, stood: told.since }, 'a reader of the log goes on']);
  });

  it('that comes slowly, has read all, or is another process’s turn does not', async () => {
    const { readers, state, setEnd } = setUp();
    for (let position = 100; position < 200; position += 10) {
      setEnd(10_000);
      state.reader = { position };
      await vi.advanceTimersByTimeAsync(20_000);
    }
    state.reader = { position: null };
    await vi.advanceTimersByTimeAsync(120_000);
    state.reader = { position: 10_000 };
    await vi.advanceTimersByTimeAsync(120_000);
    expect(readers.stalled()).toEqual([]);
  });

  it('is not blamed for a log that nobody can read', async () => {
    const { readers, state, setEnd } = setUp();
    state.reader = { position: 50 };
    setEnd(200);
    await vi.advanceTimersByTimeAsync(10_000);
    setEnd(new Error('away'));
    await vi.advanceTimersByTimeAsync(120_000);
    setEnd(200);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(readers.stalled()).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(readers.stalled()).toHaveLength(1);
  });

  it('says by itself that it is behind, or rests, where positions do not tell', async () => {
    const { readers, state } = setUp();
    state.reader = { position: 20, isBehind: false };
    await vi.advanceTimersByTimeAsync(120_000);
    expect(readers.stalled()).toEqual([]);
    state.reader = { position: 100, isBehind: true, reason: 'given up' };
    await vi.advanceTimersByTimeAsync(120_000);
    expect(readers.stalled()).toMatchObject([{ position: 100, reason: 'given up' }]);
  });

  it('of the feed is known by what it is told: an engine that is away may come back, anything else does not', async () => {
    const { readers, setEnd } = setUp();
    let fail: (error: Error) => void = () => {};
    const feed: EventFeed = {
      logId: 'log',
      head: async () => 0,
      subscribe: (after, _, onError = () => {}) => {
        fail = onError;
        return { position: () => after, stop: async () => {} };
      },
    };
    readers.watched('sagas', feed).subscribe(7, () => {});
    setEnd(100);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readers.stalled()).toMatchObject([{ reader: 'sagas', reason: expect.stringMatching(/nothing comes/), isOutage: true }]);
    readers.feedFailed(new Error('the topic lacks events'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(readers.stalled()).toMatchObject([{ reason: 'the topic lacks events', isOutage: false }]);
    fail(new Error('away'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(readers.stalled()).toMatchObject([{ reader: 'sagas', position: 7, reason: 'away', isOutage: true }]);
  });
});
