// A row that tells its stream's revision must hear of every event of that stream: one that it missed would make its ETag stale for ever.
import { describe, expect, it } from 'vitest';
import { eventSchemas } from '../domain/registry.ts';
import { typesRead } from './projection.ts';
import { projections } from './registry.ts';

const own = projections.filter((projection) => projection.own !== undefined);

describe('a projection whose rows are the state of one stream', () => {
  it('is there', () => expect(own.length).toBeGreaterThan(10));

  it.each(own.map((projection) => [projection.name, projection] as const))('%s hears of all that happens in it', (_, projection) => {
    const types = [...eventSchemas.keys()].filter((type) => type.startsWith(`${projection.own?.category}.`));
    expect(types.length).toBeGreaterThan(0);
    expect(types.filter((type) => !typesRead(projection).includes(type))).toEqual([]);
    expect(projection.own?.alsoReads?.filter((type) => projection.reads.includes(type) || !types.includes(type)) ?? []).toEqual([]);
  });
});
