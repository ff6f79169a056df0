// Everything that came onto a shelf or left it, one row each.
import type { Recorded } from '../../domain/metadata.ts';
import type { StockEvent } from '../../domain/stock/events.ts';
import type { Projection } from '../projection.ts';

/** `quantity` is negative where pieces left. Damaged goods that came back are listed with what was put on the shelf: nothing. */
export interface MovementRow {
  readonly movementId: string;
  readonly kind: 'received' | 'adjusted' | 'returned' | 'shipped';
  readonly sellerId: string;
  readonly productId: string;
  readonly variantId: string;
  readonly location: string;
  readonly quantity: number;
  readonly reason: string | null;
  readonly orderId: string | null;
  readonly onHand: number;
  readonly at: string;
}

type MovementEvent = Extract<StockEvent, { type: 'stock.received' | 'stock.adjusted' | 'stock.returned' | 'stock.hold_consumed' }>;
type Moved = Pick<MovementRow, 'movementId' | 'kind' | 'quantity' | 'reason' | 'orderId'>;

const moved = (event: MovementEvent): Moved => {
  switch (event.type) {
    case 'stock.received':
      return { movementId: event.movementId, kind: 'received', quantity: event.quantity, reason: event.reason, orderId: null };
    case 'stock.adjusted':
      return { movementId: event.movementId, kind: 'adjusted', quantity: event.delta, reason: event.reason, orderId: null };
    case 'stock.returned': {
      const quantity = event.condition === 'sellable' ? event.quantity : 0;
      return { movementId: event.movementId, kind: 'returned', quantity, reason: event.condition, orderId: event.orderId };
    }
    case 'stock.hold_consumed':
      return { movementId: event.holdId, kind: 'shipped', quantity: -event.quantity, reason: null, orderId: event.orderId };
    default:
      return event satisfies never;
  }
};

export const inventoryMovements: Projection<MovementRow, MovementEvent> = {
  name: 'inventory-movements',
  service: 'inventory',
  version: 1,
  reads: ['stock.received', 'stock.adjusted', 'stock.returned', 'stock.hold_consumed'],
  key: ({ event }) => `${event.variantId}.${event.location}.${moved(event).movementId}`,
  evolve: (_row, { event }: Recorded<MovementEvent>) => {
    const { sellerId, productId, variantId, location, onHand, at } = event;
    return { ...moved(event), sellerId, productId, variantId, location, onHand, at };
  },
  shape: {
    columns: { sellerId: 'text', variantId: 'text', at: 'text' },
    indexes: [
      ['sellerId', 'at'],
      ['variantId', 'at'],
    ],
  },
  columns: ({ sellerId, variantId, at }) => ({ sellerId, variantId, at }),
};
