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
