// The feed works across threads as it does beside the engine, refusals included.
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { DomainError } from '../../domain/error.ts';
import { type AnalyticsFeed, analyticsOver, serveAnalytics } from './bridge.ts';

const { port1, port2 } = new MessageChannel();
afterEach(() => port1.close());

describe('analytics from another thread', () => {
  it('takes facts and checkpoints, and refuses what the engine refuses', async () => {
    const calls: unknown[] = [];
    const engine: AnalyticsFeed = {
      create: async (build) => void calls.push(['create', build]),
      insert: async (...given) => void calls.push(['insert', ...given]),
      checkpoint: async (build) => (build === 1 ? { logId: 'log', position: 7 } : null),
      live: async () => 1,
      swap: async (build) => {
        throw new DomainError('analytics.build_behind', 'Not yet.', { build });
      },
    };
    serveAnalytics(engine, port1);
    const feed = analyticsOver(port2);
    await feed.create(1);
    await feed.insert(1, { order_lines: [] }, { logId: 'log', position: 7 });
    expect(calls).toEqual([
      ['create', 1],
      ['insert', 1, { order_lines: [] }, { logId: 'log', position: 7 }],
    ]);
    expect([await feed.checkpoint(1), await feed.checkpoint(2), await feed.live()]).toEqual([{ logId: 'log', position: 7 }, null, 1]);
    await expect(feed.swap(2)).rejects.toMatchObject({ code: 'analytics.build_behind', details: { build: 2 } });
  });
});
