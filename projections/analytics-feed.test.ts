// Facts follow the log in their own time; an engine that is dead, emptied or to be filled anew holds nobody up and gets all of them in the end.
import { describe, expect, it } from 'vitest';
import type { CartEvent } from '../domain/cart/events.ts';
import { DomainError } from '../domain/error.ts';
import type { Recorded } from '../domain/metadata.ts';
import type { AnalyticsCheckpoint } from '../infra/analytics/port.ts';
import { type AnalyticsFollowerOptions, analyticsFollower } from './analytics-feed.ts';

const ages = 60_000;

/** A log in which somebody puts one thing after the other into a cart. */
const aLog = () => {
  const events: Recorded<CartEvent>[] = [];
  const grow = () => {
    const position = events.length + 1;
    const at = '2026-01-01T12:00:00.000Z';
    const event = { type: 'cart.line_added', cartId: 'c1', at, lineId: `l${position}`, productId: 'p1', variantId: 'v1', sellerId: 's1', quantity: 1, currency: 'IDR', additionId: `a${position}` } as const; // biome-ignore format: one line reads better
    const metadata = { eventId: `e${position}`, occurredAt: at, recordedAt: at, commandId: 'x', causationId: 'x', correlationId: 'x', actor: { kind: 'guest', id: 'g1' }, schemaVersion: 1, hash: '' } as const; // biome-ignore format: one line reads better
    events.push({ event, streamId: 'cart-c1', revision: position - 1, position, metadata });
    return position;
  };
  const log: AnalyticsFollowerOptions['log'] = {
    logId: 'log',
    head: async () => events.length,
    read: async () => [],
    readAll: async (after, limit) => events.slice(after, after + limit),
  };
  return { log, grow };
};

/** Keeps of each build how far it has read and the facts in it; `trouble` is asked before anything else. */
const anEngine = () => {
  const builds = new Map<number, { checkpoint: AnalyticsCheckpoint | null; facts: Set<string> }>();
  let live: number | null = null;
  const engine = {
    trouble: () => {},
    lose: (isLiveKnown: boolean) => {
      builds.clear();
      if (!isLiveKnown) live = null;
    },
  };
  const known = (build: number) => {
    engine.trouble();
    const found = builds.get(build);
    if (!found) throw new DomainError('analytics.unknown_build', 'Gone.');
    return found;
  };
  const analytics: AnalyticsFollowerOptions['analytics'] = {
    create: async (build) => {
      engine.trouble();
      if (!builds.has(build)) builds.set(build, { checkpoint: null, facts: new Set() });
      live ??= build;
    },
    insert: async (build, facts, checkpoint) => {
      const found = known(build);
      for (const { event_id } of facts.visits ?? []) found.facts.add(event_id);
      found.checkpoint = checkpoint;
    },
    checkpoint: async (build) => known(build).checkpoint,
    live: async () => {
      engine.trouble();
      return live;
    },
    swap: async (build) => {
      known(build);
      if (live !== null && live !== build) builds.delete(live);
      live = build;
    },
  };
  return Object.assign(engine, { analytics, facts: () => [...(builds.get(live ?? -1)?.facts ?? [])], live: () => live });
};

const opened = () => {
  const { log, grow } = aLog();
  const engine = anEngine();
  const errors: string[] = [];
  const follower = analyticsFollower({ analytics: engine.analytics, log, every: 1, onError: (error) => errors.push(error.message) });
  return { grow, engine, errors, follower };
};

describe('facts', () => {
  it('wait for an engine that is away, and nobody waits for them', async () => {
    const { grow, engine, errors, follower } = opened();
    engine.trouble = () => {
      throw new DomainError('analytics.unavailable', 'Away.');
    };
    expect(await follower.advance(grow())).toBe(0);
    expect(await follower.passed(1, ages)).toBe(false);
    expect(await follower.advance(grow())).toBe(0);
    engine.trouble = () => {};
    expect([errors, await follower.passed(2, ages)]).toEqual([['Away.'], true]);
    expect(engine.facts()).toEqual(['e1', 'e2']);
    await follower.stop();
  });

  it.each([false, true])(
    'are all stored again when the engine has lost them (and still says which build was live: %s)',
    async (isLiveKnown) => {
      const { grow, engine, follower } = opened();
      await follower.advance(grow());
      expect(await follower.passed(1, ages)).toBe(true);
      engine.lose(isLiveKnown);
      await follower.advance(grow());
      await follower.passed(2, ages);
      expect(await follower.passed(2, ages)).toBe(true);
      expect(engine.facts()).toEqual(['e1', 'e2']);
      await follower.stop();
    },
  );

  it('are stored anew beside those that are asked, also when the engine is away at that moment', async () => {
    const { grow, engine, follower } = opened();
    await follower.advance(grow());
    await follower.passed(1, ages);
    const before = engine.live() ?? 0;
    engine.trouble = () => {
      throw new DomainError('analytics.unavailable', 'Away.');
    };
    await follower.reset();
    engine.trouble = () => {};
    await follower.advance(grow());
    while (!(await follower.passed(2, ages)));
    expect([engine.live(), engine.facts()]).toEqual([before + 1, ['e1', 'e2']]);
    await follower.stop();
  });
});
