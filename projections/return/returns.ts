// Each return, from the buyer's request to the end: the rows behind the lists of buyers and sellers. The buyer's words stay sealed.
import type { Sealed } from '../../domain/privacy.ts';
import type { InspectedLine, ReturnEvent, ReturnLine } from '../../domain/return/events.ts';
import type { Projection } from '../projection.ts';

export type ReturnStatus =
  | 'Requested'
  | 'Approved'
  | 'Rejected'
  | 'Escalated'
  | 'InTransit'
  | 'Received'
  | 'Inspected'
  | 'Refunded'
  | 'Replaced'
  | 'Denied';

export interface ReturnRow {
  readonly returnId: string;
  readonly orderId: string;
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly status: ReturnStatus;
  readonly lines: readonly (ReturnLine | InspectedLine)[];
  readonly reason: string;
  readonly note: Sealed | null;
  /** Why the seller or the platform said no. */
  readonly refusal: string | null;
  readonly trackingNumber: Sealed | null;
  readonly resolution: 'refund' | 'replace' | 'deny' | null;
  readonly requestedAt: string;
  readonly history: readonly { readonly status: ReturnStatus; readonly at: string }[];
}

const statusOf = {
  'return.requested': 'Requested',
  'return.approved': 'Approved',
  'return.rejected': 'Rejected',
  'return.escalated': 'Escalated',
  'return.sent': 'InTransit',
  'return.received': 'Received',
  'return.inspected': 'Inspected',
  'return.refunded': 'Refunded',
  'return.replaced': 'Replaced',
  'return.denied': 'Denied',
} as const satisfies Record<ReturnEvent['type'], ReturnStatus>;

const requested = (event: Extract<ReturnEvent, { type: 'return.requested' }>): ReturnRow => {
  const { returnId, orderId, checkoutId, buyerId, sellerId, lines, reason, note = null, at } = event;
  const ids = { returnId, orderId, checkoutId, buyerId, sellerId };
  const open = { refusal: null, trackingNumber: null, resolution: null, history: [] };
  return { ...ids, status: 'Requested', lines, reason, note, requestedAt: at, ...open };
};

/** What an event says beside the new status. */
const learnt = (event: ReturnEvent): Partial<ReturnRow> => {
  switch (event.type) {
    case 'return.rejected':
    case 'return.denied':
      return { refusal: event.reason };
    case 'return.approved':
      return { refusal: null };
    case 'return.sent':
      return { trackingNumber: event.trackingNumber ?? null };
    case 'return.inspected':
      return { lines: event.lines, resolution: event.resolution };
    default:
      return {};
  }
};

export const returns: Projection<ReturnRow, ReturnEvent> = {
  name: 'return-returns',
  service: 'order',
  version: 3,
  own: { category: 'return' },
  reads: [
    'return.requested',
    'return.approved',
    'return.rejected',
    'return.escalated',
    'return.sent',
    'return.received',
    'return.inspected',
    'return.refunded',
    'return.replaced',
    'return.denied',
  ],
  key: ({ event }) => event.returnId,
  evolve: (row, { event }) => {
    const known = event.type === 'return.requested' ? requested(event) : row;
    if (!known) return null;
    const status = statusOf[event.type];
    return { ...known, ...learnt(event), status, history: [...known.history, { status, at: event.at }] };
  },
  shape: {
    columns: { orderId: 'text', buyerId: 'text', sellerId: 'text', status: 'text', requestedAt: 'text' },
    indexes: [
      ['orderId', 'requestedAt'],
      ['buyerId', 'requestedAt'],
      ['sellerId', 'status', 'requestedAt'],
      ['status', 'requestedAt'],
    ],
  },
  columns: ({ orderId, buyerId, sellerId, status, requestedAt }) => ({ orderId, buyerId, sellerId, status, requestedAt }),
};
