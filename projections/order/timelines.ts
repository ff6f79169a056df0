// What happened to each order, step by step: its own events, its parcel's and its refunds'.
import type { OrderEvent } from '../../domain/order/events.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { ShipmentEvent } from '../../domain/shipment/events.ts';
import type { Projection } from '../projection.ts';

export interface TimelineStep {
  readonly type: string;
  readonly at: string;
  readonly reason?: string;
  readonly by?: 'buyer' | 'seller' | 'system';
}

export interface TimelineRow {
  readonly orderId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly steps: readonly TimelineStep[];
}

/** A buyer may ask again and again to cancel: of a long story the beginning and the latest steps are kept. */
const keptSteps = 100;

type Read =
  | OrderEvent
  | Extract<ShipmentEvent, { orderId: string }>
  | Extract<PaymentEvent, { type: 'payment.refund_requested' | 'payment.refunded' }>;

const stepOf = (event: Read): TimelineStep => ({
  type: event.type,
  at: event.at,
  ...('reason' in event && event.reason !== undefined && { reason: event.reason }),
  ...(event.type === 'order.cancelled' && { by: event.by }),
});

const withStep = (steps: readonly TimelineStep[], step: TimelineStep) =>
  steps.length < keptSteps ? [...steps, step] : [...steps.slice(0, 10), ...steps.slice(11), step];

export const timelines: Projection<TimelineRow, Read> = {
  name: 'order-timelines',
  service: 'order',
  version: 1,
  reads: [
    'order.created',
    'order.confirmed',
    'order.accepted',
    'order.packed',
    'order.shipped',
    'order.delivered',
    'order.completed',
    'order.cancel_requested',
    'order.cancel_declined',
    'order.cancelled',
    'order.delivery_failed',
    'order.returned',
    'shipment.booked',
    'shipment.picked_up',
    'shipment.in_transit',
    'shipment.failed',
    'shipment.returning',
    'payment.refund_requested',
    'payment.refunded',
  ],
  key: ({ event }) => event.orderId,
  evolve: (row, { event }) => {
    if (event.type === 'order.created') {
      const { orderId, buyerId, sellerId } = event;
      return { orderId, buyerId, sellerId, steps: [stepOf(event)] };
    }
    return row && { ...row, steps: withStep(row.steps, stepOf(event)) };
  },
};
