// One batch over rows that are kept in memory.
import { expect, it } from 'vitest';
import type { Recorded } from '../domain/metadata.ts';
import type { TableWriter } from '../infra/tables/port.ts';
import { createRowCache, foldBatch } from './fold.ts';
import type { AnyProjection } from './projection.ts';

const counts: AnyProjection = {
  name: 'counts',
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
  const context = { tables: tables as TableWriter, cache: createRowCache(), parked: new Set<string>() };
  await foldBatch(counts, 'counts', [happened('a', 1)], context);
  const others = Array.from({ length: 5_000 }, (_, n) => happened(`b${n}`, 2 + n));
  const { rows } = await foldBatch(counts, 'counts', [...others, happened('a', 6_000)], context);
  expect(rows.find(({ key }) => key === 'a')?.row).toBe('2');
});
