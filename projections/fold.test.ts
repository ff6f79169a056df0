// One batch over rows that are kept in memory.
import { expect, it } from 'vitest';
import type { Recorded } from '../domain/metadata.ts';
import type { TableWriter } from '../infra/tables/port.ts';
import { createRowCache, foldBatch } from './fold.ts';
import type { AnyProjection } from './projection.ts';

const counts: AnyProjection = {
  name: 'counts',
  service: 'test',
  version: 1,
  reads: ['test.happened'],
  key: ({ streamId }) => streamId,
  evolve: (row) => Number(row) + 1,
};

const happened = (streamId: string, position: number): Recorded => ({
  event: { type: 'test.happened' },
  streamId,
  revision: 0,
  position,
  metadata: {
    ...{ eventId: '', commandId: '', correlationId: '', causationId: '', actor: { kind: 'system', id: 'test' } },
    ...{ occurredAt: '', recordedAt: '', schemaVersion: 1, hash: '' },
  },
});

it('keeps what it knows of a row, however many others the same batch brings', async () => {
  const tables: Pick<TableWriter, 'load'> = { load: async () => new Map() };
  const log = { read: async () => [] };
  const context = { tables: tables as TableWriter, log, cache: createRowCache(), parked: new Set<string>() };
  await foldBatch(counts, 'counts', [happened('a', 1)], context);
  const others = Array.from({ length: 5_000 }, (_, n) => happened(`b${n}`, 2 + n));
  const { rows } = await foldBatch(counts, 'counts', [...others, happened('a', 6_000)], context);
  expect(rows.find(({ key }) => key === 'a')?.row).toBe('2');
});

it('folds a row that is not saved whole from its stream again, when it is no longer in memory', async () => {
  const stored = { position: 3, row: '{"even":false}' };
  const tables: Pick<TableWriter, 'load'> = { load: async (_table, keys) => new Map(keys.map((key) => [key, stored])) };
  const log = { read: async () => [1, 2, 3, 4].map((position) => happened('a', position)) };
  const context = { tables: tables as TableWriter, log, cache: createRowCache(), parked: new Set<string>() };
  const parity: AnyProjection = { ...counts, name: 'parity', saved: (row) => ({ even: Number(row) % 2 === 0 }) };
  const { rows } = await foldBatch(parity, 'parity', [happened('a', 3), happened('a', 4)], context);
  expect(rows).toMatchObject([{ key: 'a', position: 4, row: '{"even":true}' }]);
});

it('ends a row that is the state of one stream with the revision of that stream, whatever else feeds it', async () => {
  const tables: Pick<TableWriter, 'load'> = { load: async () => new Map() };
  const context = { tables: tables as TableWriter, log: { read: async () => [] }, cache: createRowCache(), parked: new Set<string>() };
  const named: AnyProjection = {
    ...counts,
    name: 'named',
    key: () => 'a',
    own: { category: 'test', alsoReads: ['test.noted'] },
    evolve: (row) => ({ ...(row as object), n: ((row as { n: number } | null)?.n ?? 0) + 1 }),
  };
  const at = (streamId: string, revision: number, position: number, type = 'test.happened'): Recorded => ({
    ...happened(streamId, position),
    ...{ revision, event: { type } },
  });
  const fold = async (...events: Recorded[]) => (await foldBatch(named, 'named', events, context)).rows[0]?.row;
  expect(await fold(at('test-a', 0, 1))).toBe('{"n":1,"revision":0}');
  expect(await fold(at('other-x', 7, 2), at('test-a', 1, 3))).toBe('{"n":3,"revision":1}');
  expect(await fold(at('other-x', 8, 4))).toBe('{"n":4,"revision":1}');
  expect(await fold(at('test-a', 2, 5, 'test.noted'))).toBe('{"n":4,"revision":2}');
});
