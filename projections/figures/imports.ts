// What imports left out and what they changed, counted by source, file and reason.
import type { ImportEvent } from '../../domain/import/events.ts';
import type { Projection } from '../projection.ts';

/** `field`: what was changed; null for rows that were left out. `byStatus` and `byPayment` are the source's own words; amounts in minor units. */
export interface ImportFigureRow {
  readonly source: string;
  readonly file: string;
  readonly reason: string;
  readonly field: string | null;
  readonly rows: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byPayment: Readonly<Record<string, { readonly parts: number; readonly amount: number; readonly currency: string }>>;
}

const nothing = { rows: 0, byStatus: {}, byPayment: {} };

export const importFigures: Projection<ImportFigureRow, ImportEvent> = {
  name: 'figures-imports',
  service: 'analytics',
  version: 1,
  reads: ['import.row_rejected', 'import.row_adjusted'],
  key: ({ event }) => [event.source, event.file, event.reason, ...(event.type === 'import.row_adjusted' ? [event.field] : [])].join('/'),
  evolve: (row, { event }) => {
    const { source, file, reason } = event;
    const { rows, byStatus, byPayment }: Pick<ImportFigureRow, 'rows' | 'byStatus' | 'byPayment'> = row ?? nothing;
    if (event.type === 'import.row_adjusted') return { source, file, reason, field: event.field, rows: rows + 1, byStatus, byPayment };
    const { status, payments } = event;
    const money = { ...byPayment };
    for (const { type, amount } of payments) {
      const before = money[type] ?? { parts: 0, amount: 0, currency: amount.currency };
      money[type] = { ...before, parts: before.parts + 1, amount: before.amount + amount.amount };
    }
    const statuses = status === null ? byStatus : { ...byStatus, [status]: (byStatus[status] ?? 0) + 1 };
    return { source, file, reason, field: null, rows: rows + 1, byStatus: statuses, byPayment: money };
  },
  onPoison: 'stop',
};
