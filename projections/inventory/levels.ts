// How much of each variant stands at each location, and how much of it can be sold.
import type { StockEvent } from '../../domain/stock/events.ts';
import type { Projection } from '../projection.ts';

export interface LevelRow {
  readonly productId: string;
  readonly variantId: string;
  readonly location: string;
  readonly sellerId: string;
  readonly available: number;
  readonly onHand: number;
  readonly lowLevel: number | null;
  readonly updatedAt: string;
}

/** A figure that skipped an event would be wrong for good, so that this one stops instead. */
export const inventoryLevels: Projection<LevelRow, StockEvent> = {
  name: 'inventory-levels',
  service: 'inventory',
  version: 2,
  own: { category: 'stock', alsoReads: ['stock.low'] },
  reads: [
    'stock.received',
    'stock.adjusted',
    'stock.returned',
    'stock.held',
    'stock.hold_committed',
    'stock.hold_consumed',
    'stock.hold_released',
    'stock.hold_expired',
    'stock.low_level_set',
  ],
  /** The product comes first: whoever keeps an answer about it sees from the key which one has changed. */
  key: ({ event }) => `${event.productId}.${event.variantId}.${event.location}`,
  evolve: (row, { event }) => {
    const { productId, variantId, location, sellerId, available, onHand, at } = event;
    const lowLevel = event.type === 'stock.low_level_set' ? event.level : (row?.lowLevel ?? null);
    return { productId, variantId, location, sellerId, available, onHand, lowLevel, updatedAt: at };
  },
  shape: {
    columns: { productId: 'text', variantId: 'text', sellerId: 'text', low: 'integer' },
    indexes: [['productId'], ['variantId'], ['sellerId', 'low']],
  },
  columns: ({ productId, variantId, sellerId, available, lowLevel }) => ({
    productId,
    variantId,
    sellerId,
    low: lowLevel !== null && available <= lowLevel ? 1 : 0,
  }),
  onPoison: 'stop',
};
