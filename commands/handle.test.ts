// Load, decide, append: what a command may rely on, over the real embedded log.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Decider } from '../domain/decider.ts';
import { DomainError } from '../domain/error.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { createSqliteEventStore } from '../infra/event-store/sqlite.ts';
import { type Context, createHandle, type Handle } from './handle.ts';

type Jar = { sweets: number };
type JarEvent = { type: 'jar.filled'; sweets: number } | { type: 'jar.taken' };
type JarCommand = { type: 'fill'; sweets: number } | { type: 'take' } | { type: 'look' } | { type: 'break' };

const jar: Decider<Jar, JarCommand, JarEvent> = {
  category: 'jar',
  version: 1,
  initial: { sweets: 0 },
  evolve: ({ sweets }, event) => ({ sweets: event.type === 'jar.filled' ? sweets + event.sweets : sweets - 1 }),
  decide: (command, { sweets }) => {
    if (command.type === 'fill') return [{ type: 'jar.filled', sweets: command.sweets }];
    if (command.type === 'look') return [];
    if (command.type === 'break') throw new TypeError('a mistake in the code');
    if (sweets === 0) throw new DomainError('jar.empty', 'Nothing is left.');
    return [{ type: 'jar.taken' }];
  },
};

const contract = {
  version: () => 1,
  upcast: (_: string, __: number, data: Record<string, unknown>) => data,
  personal: () => [],
  owns: () => true,
};

let directory: string;
let store: EventStore;
let handle: Handle;
const open = () => createSqliteEventStore({ file: join(directory, 'log.db'), contract });
const context = (more: Partial<Context> = {}): Context => ({
  commandId: randomUUID(),
  correlationId: 'c',
  causationId: 'c',
  actor: { kind: 'system', id: 'test' },
  at: '2026-01-01T00:00:00.000Z',
  ...more,
});
const take = (more: Partial<Context> = {}, by: Handle = handle) => by(jar, 'j', { type: 'take' }, context(more));
const fill = (sweets: number, more: Partial<Context> = {}) => handle(jar, 'j', { type: 'fill', sweets }, context(more));

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'handle-'));
  store = await open();
  handle = createHandle(store);
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

describe('a command', () => {
  it('is decided by its own rule, whatever waits before it on the same stream', async () => {
    const filling = (sweets: number): typeof jar => ({ ...jar, decide: () => [{ type: 'jar.filled', sweets }] });
    const sent = [1, 2, 3].map((sweets) => handle(filling(sweets), 'j', { type: 'look' }, context()));
    const filled = (await Promise.all(sent)).flatMap(({ events }) => events.map(({ event }) => event));
    expect(filled).toEqual([1, 2, 3].map((sweets) => ({ type: 'jar.filled', sweets })));
  });

  it('answers its own events, the revision and the position after them', async () => {
    expect(await fill(3)).toMatchObject({
      streamId: 'jar-j',
      revision: 0,
      position: 1,
      replayed: false,
      events: [{ event: { sweets: 3 } }],
    });
    expect(await take()).toMatchObject({ revision: 1, position: 2 });
  });

  it('that finds it already so writes nothing', async () => {
    await fill(1);
    expect(await handle(jar, 'j', { type: 'look' }, context())).toMatchObject({ events: [], revision: 0, position: 1 });
  });

  it('takes effect once, however often it is sent, also after a restart', async () => {
    await fill(5);
    const same = context();
    const answers = await Promise.all([1, 2, 3].map(() => handle(jar, 'j', { type: 'take' }, same)));
    await store.close();
    store = await open();
    handle = createHandle(store);
    answers.push(await handle(jar, 'j', { type: 'take' }, same));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.events))).size).toBe(1);
    expect(answers.map((answer) => answer.replayed)).toEqual([false, true, true, true]);
    expect((await handle.load(jar, 'j')).state).toEqual({ sweets: 4 });
  });

  it('is found by the key store when the stream has forgotten it', async () => {
    const first = await fill(2, {
      key: { commandId: 'aaaaaaaa-0000-5000-8000-000000000001', fingerprint: 'f', at: new Date().toISOString() },
      commandId: 'aaaaaaaa-0000-5000-8000-000000000001',
    });
    const known = await store.known('aaaaaaaa-0000-5000-8000-000000000001');
    for (let n = 0; n < 1_100; n += 100) await Promise.all(Array.from({ length: 100 }, () => fill(1)));
    const prior = { streamId: 'jar-j', first: known?.firstRevision ?? -1, count: known?.count ?? 0 };
    const again = await fill(2, { commandId: 'aaaaaaaa-0000-5000-8000-000000000001', prior });
    expect(again.events).toEqual(first.events);
    expect(again.replayed).toBe(true);
  });

  it('that looks around first gets its first result, whatever there is to be seen by now', async () => {
    const same = context();
    const asked = (more: Partial<Context> = {}) =>
      handle.prepared(jar, 'j', async () => ({ type: 'fill', sweets: 2 }) as const, { ...same, ...more });
    const gone = (more: Partial<Context> = {}) =>
      handle.prepared(jar, 'j', () => Promise.reject(new DomainError('shop.closed', 'Closed.')), { ...same, ...more });
    await expect(gone()).rejects.toMatchObject({ code: 'shop.closed' });
    expect(await handle.first(jar, 'j', same)).toBeNull();
    const { events } = await asked({ fresh: true });
    handle = createHandle(store); // whose key store has lost the key
    for (const repeat of [asked, gone, () => handle.first(jar, 'j', same)])
      expect(await repeat({ fresh: true })).toMatchObject({ events, replayed: true });
    await expect(gone({ commandId: randomUUID() })).rejects.toMatchObject({ code: 'shop.closed' });
  });

  it('that takes its stream for new finds out at the append when it is not', async () => {
    const same = context({ fresh: true });
    const first = await fill(2, same);
    const other = createHandle(store);
    expect(await other(jar, 'j', { type: 'fill', sweets: 2 }, same)).toMatchObject({ events: first.events, replayed: true });
    expect((await createHandle(store)(jar, 'j', { type: 'take' }, context())).revision).toBe(1);
    await expect(other(jar, 'k', { type: 'take' }, context({ fresh: true }))).rejects.toMatchObject({ code: 'jar.empty' });
  });

  it('never lets business time go backward in a stream', async () => {
    await fill(1, { at: '2026-01-02T00:00:00.000Z' });
    const { events } = await take({ at: '2026-01-01T00:00:00.000Z' });
    expect(events[0]?.metadata.occurredAt).toBe('2026-01-02T00:00:00.000Z');
  });
});

describe('commands that wait for one stream', () => {
  it('are decided in turn and appended together, and only the refused ones fail', async () => {
    await fill(10);
    const tries = await Promise.allSettled(Array.from({ length: 1_000 }, () => take()));
    const sold = tries.filter((one) => one.status === 'fulfilled');
    const refused = tries.filter((one) => one.status === 'rejected' && one.reason.code === 'jar.empty');
    expect([sold.length, refused.length]).toEqual([10, 990]);
    expect((await store.read('jar-j', 0, 100)).length).toBe(11);
  });

  it('meet If-Match at their own turn', async () => {
    await fill(5);
    const [first, second, third] = await Promise.allSettled([take({ ifMatch: 0 }), take({ ifMatch: 0 }), take({ ifMatch: 1 })]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { revision: 1 } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'request.precondition_failed', details: { revision: 1 } } });
    expect(third).toMatchObject({ status: 'fulfilled', value: { revision: 2 } });
  });

  it('are not hurt by one that fails for a mistake in the code', async () => {
    await fill(5);
    const [a, b, c] = await Promise.allSettled([take(), handle(jar, 'j', { type: 'break' }, context()), take()]);
    expect([a?.status, b?.status, c?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await handle.load(jar, 'j')).state).toEqual({ sweets: 3 });
  });

  it('of two processes read what the other wrote and decide again', async () => {
    await fill(100);
    const other = createHandle(store);
    const tries = await Promise.allSettled(Array.from({ length: 150 }, (_, n) => take({}, n % 2 === 0 ? handle : other)));
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(100);
    expect(
      tries.filter((one) => one.status === 'rejected').every((one) => one.status === 'rejected' && one.reason.code === 'jar.empty'),
    ).toBe(true);
    expect((await store.read('jar-j', 0, 1_000)).length).toBe(101);
  });

  it('see what another process wrote, unless a state that is kept will do', async () => {
    await fill(3);
    const own = createHandle({ ...store, isShared: true });
    expect(await own.load(jar, 'j')).toMatchObject({ revision: 0 });
    await take();
    expect(await own.load(jar, 'j', 0)).toMatchObject({ revision: 0 });
    expect(await own.load(jar, 'j', 1)).toMatchObject({ revision: 1 });
    await take();
    expect(await own.load(jar, 'j')).toMatchObject({ revision: 2 });
  });

  it('give up after their deadline instead of trying for ever', async () => {
    await fill(3);
    const other = createHandle(store);
    await take({}, other);
    await expect(take({ deadline: 0 })).rejects.toMatchObject({ code: 'request.contended' });
    expect((await take()).revision).toBe(2);
  });
});

describe('a long stream', () => {
  it('loads from its snapshot, and goes on where it ended', async () => {
    for (let n = 0; n < 25; n++) await Promise.all(Array.from({ length: 100 }, () => fill(1)));
    const fresh = createHandle(store);
    const reads: number[] = [];
    const counting: EventStore = {
      ...store,
      read: (id, from, limit) => {
        reads.push(from);
        return store.read(id, from, limit);
      },
    };
    expect((await fresh.load(jar, 'j')).state).toEqual({ sweets: 2_500 });
    expect((await createHandle(counting).load(jar, 'j')).revision).toBe(2_499);
    expect(Math.min(...reads)).toBeGreaterThan(1_900);
  });

  it('ignores a snapshot of another version of the fold', async () => {
    for (let n = 0; n < 12; n++) await Promise.all(Array.from({ length: 100 }, () => fill(1)));
    const doubled = {
      ...jar,
      version: 2,
      evolve: (state: Jar, event: JarEvent) => ({ sweets: state.sweets + (event.type === 'jar.filled' ? 2 : -1) }),
    };
    expect((await createHandle(store).load(doubled, 'j')).state).toEqual({ sweets: 2_400 });
  });
});
