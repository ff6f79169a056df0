// Every booking of every ledger, each amount with its rule: the rows behind GET /sellers/me/statement.
import type { BookingKind, Entry, LedgerEvent } from '../../domain/ledger/events.ts';
import type { Projection } from '../projection.ts';

export interface StatementRow {
  readonly ledgerId: string;
  readonly bookingId: string;
  readonly kind: BookingKind;
  readonly orderId: string | null;
  readonly refundId: string | null;
  readonly entries: readonly Entry[];
  readonly valueAt: string;
  readonly at: string;
}

export const statements: Projection<StatementRow, LedgerEvent> = {
  name: 'seller-statements',
  service: 'seller',
  version: 1,
  reads: ['ledger.booked'],
  key: ({ event }) => `${event.ledgerId}/${event.bookingId}`,
  evolve: (_row, { event }) => {
    const { ledgerId, bookingId, kind, orderId = null, refundId = null, entries, valueAt, at } = event;
    return { ledgerId, bookingId, kind, orderId, refundId, entries, valueAt, at };
  },
  shape: { columns: { ledgerId: 'text', at: 'text', kind: 'text' }, indexes: [['ledgerId', 'at']] },
  columns: ({ ledgerId, at, kind }) => ({ ledgerId, at, kind }),
  onPoison: 'stop',
};
