// When each step of an order happened. Steps never go back in time: a source's time before the step before it is clamped to that, a missing one is inferred from it.
import type { OrderRow } from './olist-rows.ts';

/** `sourceAt`: the source's own time, where it was clamped. */
export interface Moment {
  readonly at: string;
  readonly sourceAt?: string;
  readonly timeInferred?: true;
}

/** What was changed about a row, for the record. */
export interface Adjustment {
  readonly reason: 'TIME_CLAMPED' | 'TIME_INFERRED';
  readonly field: string;
  readonly before: string | null;
}

/** Null where the order never came that far. `ended`: cancelled, or on its way back. */
export interface OrderTimes {
  readonly bought: Moment;
  readonly paid: Moment;
  readonly shipped: Moment | null;
  readonly delivered: Moment | null;
  readonly ended: Moment | null;
}

const statuses = ['approved', 'processing', 'invoiced', 'shipped', 'delivered', 'canceled', 'unavailable'] as const;
export type SourceStatus = (typeof statuses)[number];
export const isKnownStatus = (status: string): status is SourceStatus => statuses.some((known) => known === status);

const momentAfter = (before: Moment, source: string | null): Moment => {
  if (source === null) return { at: before.at, timeInferred: true };
  return source < before.at ? { at: before.at, sourceAt: source } : { at: source };
};

/** One that nobody saw approved was approved when it was bought: what came after tells that it was. A cancelled one went as far as its times say; when it was cancelled nobody wrote down. */
export const timesOf = (order: OrderRow, status: SourceStatus): OrderTimes => {
  const { order_delivered_carrier_date: carrier, order_delivered_customer_date: customer } = order;
  const off = status === 'canceled' || status === 'unavailable';
  const wasDelivered = status === 'delivered' || (off && customer !== null);
  const wasShipped = wasDelivered || status === 'shipped' || (off && carrier !== null);
  const bought: Moment = { at: order.order_purchase_timestamp, ...(order.isPurchaseInferred && { timeInferred: true }) };
  const paid = momentAfter(bought, order.order_approved_at);
  const shipped = wasShipped ? momentAfter(paid, carrier) : null;
  const delivered = shipped && wasDelivered ? momentAfter(shipped, customer) : null;
  const ended: Moment | null = off ? { at: (delivered ?? shipped ?? paid).at, timeInferred: true } : null;
  return { bought, paid, shipped, delivered, ended };
};

const fields = {
  bought: 'order_purchase_timestamp',
  paid: 'order_approved_at',
  shipped: 'order_delivered_carrier_date',
  delivered: 'order_delivered_customer_date',
  ended: 'canceled_at',
} as const;

export const adjustmentsOf = (times: OrderTimes): Adjustment[] =>
  (['bought', 'paid', 'shipped', 'delivered', 'ended'] as const).flatMap((step): Adjustment[] => {
    const moment = times[step];
    if (moment?.sourceAt !== undefined) return [{ reason: 'TIME_CLAMPED', field: fields[step], before: moment.sourceAt }];
    return moment?.timeInferred ? [{ reason: 'TIME_INFERRED', field: fields[step], before: null }] : [];
  });
