import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { positionText } from '../../domain/position.ts';
import type { Env, Principal, Role } from './env.ts';
import { onError } from './problem.ts';
import { createEventStreams, type EventStreams, type EventStreamsOptions, everything } from './sse.ts';

const logId = '01JZLOGLOGLOGLOGLOGLOGLOGL';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The position stands in what is told. */
const event = (n: number): { type: string } => ({ type: 'order.noted', ...{ n } });

const recorded = (position: number): Recorded => ({
  streamId: `order-${position % 3}`,
  revision: position,
  position,
  event: event(position),
  metadata: {
    eventId: String(position),
    commandId: 'c',
    hash: '',
    schemaVersion: 1,
    occurredAt: '2026-01-01T00:00:00.000Z',
    recordedAt: '2026-01-01T00:00:00.000Z',
    correlationId: 'c',
    causationId: 'c',
    actor: { kind: 'system', id: 's' },
  },
});

/** A log of `size` events, whose feed says what is added, and streams over it. */
const open = async (size: number, options: Partial<EventStreamsOptions> = {}) => {
  const log = Array.from({ length: size }, (_, n) => recorded(n + 1));
  let tell: Parameters<EventStreamsOptions['feed']['subscribe']>[1] | null = null;
  const reads: number[] = [];
  const streams: EventStreams = await createEventStreams({
    feed: {
      logId,
      head: async () => log.length,
      subscribe: (_, handler) => {
        tell = handler;
        return { stop: async () => {}, position: () => log.length };
      },
    } as EventStreamsOptions['feed'],
    readAll: async (after, limit) => {
      reads.push(after);
      return log.slice(after, after + limit);
    },
    topicsOf: ({ streamId }) => [streamId],
    ...options,
  });
  closing.push(() => streams.close());
  const app = new Hono<Env>().onError(onError(() => {})).get('/:topic', (c) => {
    c.set('clientAddress', c.req.header('x-address') ?? '');
    const [id = '', ...roles] = (c.req.header('x-who') ?? 'ani').split(' ');
    c.set('principal', { kind: 'user', id, roles: roles as Role[] } satisfies Principal);
    const topic = c.req.param('topic');
    return streams.open(c, { topics: [topic === 'all' ? everything : topic], show: ({ event }) => event });
  });
  return {
    log,
    reads,
    streams,
    add: (count: number) => {
      const added = Array.from({ length: count }, (_, n) => recorded(log.length + n + 1));
      log.push(...added);
      void tell?.(added, log.length - count);
    },
    ask: (headers: Record<string, string> = {}, topic = 'all') => app.request(`/${topic}`, { headers }),
  };
};

/** Reads a stream until it has given so many events, or was told to read anew; answers their numbers. */
const take = async (response: Response, count: number): Promise<(number | 'reset')[]> => {
  const found: (number | 'reset')[] = [];
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader();
  while (found.length < count) {
    const { value = '', done } = await reader.read();
    for (const [line] of value.matchAll(/^event: reset|"n":\d+/gm)) found.push(line === 'event: reset' ? 'reset' : Number(line.slice(4)));
    if (done) break;
  }
  return found;
};

const resumingAfter = (position: number) => ({ 'last-event-id': positionText(logId, position) });
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('a stream', () => {
  it('tells what comes after it was opened', async () => {
    const { ask, add } = await open(10);
    const live = await ask();
    add(3);
    expect(await take(live, 3)).toEqual([11, 12, 13]);
  });
  it('that resumes misses nothing and repeats nothing, also of what comes meanwhile', async () => {
    const { ask, add } = await open(2_000);
    const live = await ask(resumingAfter(100));
    add(5);
    const all = take(live, 2_000 - 100 + 10);
    add(5);
    expect(await all).toEqual(numbers(101, 2_010));
  });
  it('of one topic resumes with its own events only', async () => {
    const { ask } = await open(600);
    const own = numbers(1, 600).filter((n) => n % 3 === 1);
    expect(await take(await ask(resumingAfter(0), 'order-1'), own.length)).toEqual(own);
  });
  it('that is too far behind is told to read anew, and goes on from there', async () => {
    const { ask, add, reads } = await open(12_000);
    const live = await ask(resumingAfter(0), 'order-9');
    expect(await take(live, 1)).toEqual(['reset']);
    const other = await ask(resumingAfter(12_000));
    add(1);
    expect(await take(other, 1)).toEqual([12_001]);
    expect(reads.length).toBeLessThanOrEqual(48);
  });
  it('reads the past for all who come back at once, not for each', async () => {
    const { ask, reads } = await open(3_000, { maxPerSubject: 1_000 });
    const streams = await Promise.all(Array.from({ length: 100 }, (_, n) => ask(resumingAfter(1_000 + (n % 10)), 'order-1')));
    const all = await Promise.all(streams.map((stream) => take(stream, 660)));
    for (const [n, one] of all.entries())
      expect(one).toEqual(
        numbers(1_001 + (n % 10), 3_000)
          .filter((at) => at % 3 === 1)
          .slice(0, 660),
      );
    // One page is 250 events, so alone each would read 8 times.
    expect(reads.length).toBeLessThan(100 * 8 * 0.2);
  });
  it('whose client does not read keeps nobody waiting, and is not read for', async () => {
    const { ask, reads } = await open(3_000, { maxPerSubject: 1_000 });
    for (let n = 0; n < 50; n += 1) await ask(resumingAfter(0));
    expect(await take(await ask(resumingAfter(0)), 3_000)).toEqual(numbers(1, 3_000));
    expect(reads.length).toBeLessThan(50);
  });
});

describe('streams', () => {
  const status = async (response: Response | Promise<Response>) => {
    const { status: given, headers } = await response;
    return given === 200 ? 200 : [given, headers.get('retry-after')];
  };
  it('of one person are limited', async () => {
    const { ask } = await open(0, { maxPerSubject: 3 });
    for (let n = 0; n < 3; n += 1) expect(await status(ask({ 'x-who': 'ani' }))).toBe(200);
    expect(await status(ask({ 'x-who': 'ani' }))).toEqual([429, '5']);
    expect(await status(ask({ 'x-who': 'budi' }))).toBe(200);
  });
  it('of one address are limited, and of one /64', async () => {
    const { ask } = await open(0, { maxPerAddress: 3 });
    const from = (n: number, address: string) => status(ask({ 'x-who': `p${n}`, 'x-address': address }));
    for (let n = 0; n < 3; n += 1) expect(await from(n, `2001:db8:0:1::${n}`)).toBe(200);
    expect(await from(4, '2001:db8:0:1::9')).toEqual([429, '5']);
    expect(await from(4, '2001:db8:0:2::9')).toBe(200);
  });
  it('of customers leave room for sellers and staff, and theirs for customers', async () => {
    const audiences = ['CUSTOMER', 'CUSTOMER SELLER', 'CUSTOMER ADMIN'];
    for (const crowd of audiences) {
      const { ask, streams } = await open(0, { most: 10 });
      let n = 0;
      const come = (roles: string) => {
        n += 1;
        return status(ask({ 'x-who': `p${n} ${roles}` }));
      };
      while ((await come(crowd)) === 200);
      expect(streams.count).toBe(6);
      for (const other of audiences.filter((each) => each !== crowd)) {
        expect([await come(other), await come(other)]).toEqual([200, 200]);
        expect(await come(other)).toEqual([503, '5']);
      }
    }
  });
  it('that end make room', async () => {
    const { ask } = await open(0, { maxPerSubject: 1 });
    const first = await ask();
    expect((await ask()).status).toBe(429);
    await first.body?.cancel();
    expect((await ask()).status).toBe(200);
  });
});
