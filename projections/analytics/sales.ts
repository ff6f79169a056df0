// What was sold, minute by minute: the rows behind the gauges of orders per hour and of the day's value.
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { Projection } from '../projection.ts';

export interface SalesRow {
  /** Such as 2026-01-31T14:05, UTC. */
  readonly minute: string;
  readonly currency: string;
  readonly orders: number;
  /** Minor units. */
  readonly amount: number;
}

type Confirmed = Extract<OrderEvent, { type: 'order.confirmed' }>;

const minuteOf = ({ metadata }: Recorded) => metadata.occurredAt.slice(0, 16);

export const sales: Projection<SalesRow, Confirmed> = {
  name: 'analytics-sales',
  service: 'analytics',
  version: 1,
  reads: ['order.confirmed'],
  key: (recorded) => `${minuteOf(recorded)}.${recorded.event.total.currency}`,
  evolve: (row, recorded) => {
    const { amount, currency } = recorded.event.total;
    return { minute: minuteOf(recorded), currency, orders: (row?.orders ?? 0) + 1, amount: (row?.amount ?? 0) + amount };
  },
  shape: {
    columns: { minute: 'text', currency: 'text', orders: 'integer', amount: 'integer' },
    indexes: [['currency', 'minute'], ['minute']],
  },
  columns: ({ minute, currency, orders, amount }) => ({ minute, currency, orders, amount }),
};
