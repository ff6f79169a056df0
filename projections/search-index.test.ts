// Search documents follow the rows; an engine that is dead, silent or wiped holds nobody up and gets all of them in the end.
import { describe, expect, it } from 'vitest';
import { DomainError } from '../domain/error.ts';
import type { SearchCheckpoint, SearchIndex } from '../infra/search/port.ts';
import { searchFollower } from './search-index.ts';

const ages = 60_000;
const away = new DomainError('search.unavailable', 'Away.');

/** One product, which has changed last at the position that the log stands at. */
const theRows = () => {
  let head = 0;
  const row = JSON.stringify({ productId: 'p1', sellerId: 's1', name: 'Gitar', variants: [], pictures: [], categoryId: null, brandId: null, ratings: { count: 0, sum: 0 } }); // biome-ignore format: one line reads better
  const tables = ['product-details', 'product-stores', 'catalog-categories', 'catalog-brands'];
  return {
    grow: () => ++head,
    reader: { find: async () => [] },
    writer: {
      generations: async () =>
        tables.map((projection) => ({ projection, version: 1, table: projection, logId: 'log', position: head, live: true })),
      load: async () => new Map(),
      changedSince: async (table: string, position: number) =>
        table === 'product-details' && head > position ? [{ key: 'p1', position: head, row }] : [],
    },
  };
};

/** Keeps how far each build has read; `trouble` is asked before each write. */
const anEngine = () => {
  const builds = new Map<number, SearchCheckpoint | null>();
  let live: number | null = null;
  const engine = {
    trouble: async () => {},
    documents: 0,
    wipe: () => {
      builds.clear();
      live = null;
    },
  };
  const known = (build: number) => {
    if (!builds.has(build)) throw new DomainError('search.unknown_build', 'Gone.');
    return builds.get(build) ?? null;
  };
  const index: SearchIndex = {
    create: async (build) => {
      builds.set(build, builds.get(build) ?? null);
      live ??= build;
    },
    write: async (build, writes, checkpoint) => {
      await engine.trouble();
      known(build);
      engine.documents += writes.length;
      builds.set(build, checkpoint);
    },
    checkpoint: async (build) => known(build),
    live: async () => live,
    swap: async (build) => {
      known(build);
      live = build;
    },
    drop: async (build) => {
      builds.delete(build);
    },
    close: async () => {},
  };
  return Object.assign(engine, { index, checkpoint: () => (live === null ? null : (builds.get(live) ?? null)) });
};

const opened = (patience?: number) => {
  const rows = theRows();
  const engine = anEngine();
  const errors: string[] = [];
  const follower = searchFollower({
    index: engine.index,
    writer: rows.writer,
    reader: rows.reader,
    logId: 'log',
    onError: (error) => errors.push(error.message),
    ...(patience !== undefined && { patience }),
  });
  return { rows, engine, errors, follower };
};

describe('an engine in this process', () => {
  it('is waited for, and its failure is told to whoever leads the step', async () => {
    const { rows, engine, follower } = opened();
    expect(await follower.advance(rows.grow())).toBe(1);
    expect(engine.checkpoint()).toEqual({ logId: 'log', position: 1 });
    engine.trouble = async () => {
      throw away;
    };
    await expect(follower.advance(rows.grow())).rejects.toMatchObject({ code: 'search.unavailable' });
    expect(follower.isAwaited).toBe(true);
  });
});

describe('an engine elsewhere', () => {
  it('is waited for while it answers', async () => {
    const { rows, engine, follower } = opened(ages);
    for (let n = 1; n <= 3; n++) expect(await follower.advance(rows.grow())).toBe(n);
    expect(engine.documents).toBe(3);
    expect(await follower.passed(3, 0)).toBe(true);
    await follower.stop();
  });

  it('that is dead holds no step up, and is brought up when it is there again', async () => {
    const { rows, engine, errors, follower } = opened(ages);
    await follower.advance(rows.grow());
    engine.trouble = async () => {
      throw away;
    };
    expect(await follower.advance(rows.grow())).toBe(1);
    expect(await follower.advance(rows.grow())).toBe(1);
    expect([errors, await follower.passed(3, 0)]).toEqual([['Away.'], false]);
    engine.trouble = async () => {};
    expect(await follower.passed(3, ages)).toBe(true);
    expect(engine.checkpoint()).toEqual({ logId: 'log', position: 3 });
    expect(await follower.advance(rows.grow())).toBe(4); // it is waited for again
    await follower.stop();
  });

  it('that does not answer is waited for once', async () => {
    const { rows, engine, follower } = opened(0);
    const answered = Promise.withResolvers<void>();
    engine.trouble = () => answered.promise;
    expect(await follower.advance(rows.grow())).toBe(0);
    expect(await follower.advance(rows.grow())).toBe(0);
    answered.resolve();
    expect(await follower.passed(2, ages)).toBe(true);
    await follower.stop();
  });

  it('that has lost everything is built anew', async () => {
    const { rows, engine, follower } = opened(ages);
    await follower.advance(rows.grow());
    engine.wipe();
    await follower.advance(rows.grow());
    expect(await follower.passed(2, ages)).toBe(true);
    expect(engine.checkpoint()).toEqual({ logId: 'log', position: 2 });
    await follower.stop();
  });

  it('is built anew on demand, also while it is being written to', async () => {
    const { rows, engine, follower } = opened(0);
    const answered = Promise.withResolvers<void>();
    engine.trouble = () => answered.promise;
    await follower.advance(rows.grow());
    const before = await engine.index.live();
    await follower.reset();
    await follower.advance(1);
    answered.resolve();
    expect(await follower.passed(1, ages)).toBe(true);
    expect(await engine.index.live()).toBe((before ?? 0) + 1);
    await follower.stop();
  });

  it('leaves nothing running when it is stopped', async () => {
    const { rows, engine, follower } = opened(ages);
    engine.trouble = async () => {
      throw away;
    };
    await follower.advance(rows.grow());
    await follower.stop();
    engine.trouble = async () => {};
    expect(await follower.passed(1, 0)).toBe(false);
  });
});
