import { describe, it } from 'vitest';
import { given } from '../../tests/given.ts';
import type { ImportEvent } from './events.ts';
import { imports } from './import.ts';

const about = { importId: 'i1', source: 'shop', row: 'o1', at: '2026-01-01T12:00:00.000Z' };
const reject = {
  type: 'reject',
  ...about,
  file: 'orders',
  reason: 'NO_ITEMS',
  status: 'canceled',
  payments: [{ type: 'voucher', amount: { amount: 500, currency: 'BRL' } }],
} as const;
const rejected: ImportEvent = { ...reject, type: 'import.row_rejected', payments: [...reject.payments] };
const adjust = {
  type: 'adjust',
  ...about,
  file: 'orders',
  reason: 'TIME_CLAMPED',
  field: 'shipped_at',
  before: '2025-12-31T12:00:00.000Z',
} as const;
const adjusted: ImportEvent = { ...adjust, type: 'import.row_adjusted' };

describe('a row that is left out', () => {
  it('is noted with its reason and its money', () => given(imports).when(reject).then(rejected));
  it('is noted once', () => given(imports, rejected).when(reject).then());
  it('is another one in another file', () =>
    given(imports, rejected)
      .when({ ...reject, file: 'reviews' })
      .then({ ...rejected, file: 'reviews' }));
});

describe('a value that is changed', () => {
  it('is noted with the one that the source has', () => given(imports).when(adjust).then(adjusted));
  it('is noted once per field', () =>
    given(imports, adjusted)
      .when({ ...adjust, field: 'delivered_at' })
      .then({ ...adjusted, field: 'delivered_at' }));
});
