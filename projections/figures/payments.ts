// What was paid by which means and in how many parts, and what went back for which reason: a row per figure, in minor units.
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { Projection } from '../projection.ts';

/**
 * `type`: a means of payment (in the source's own words on imports), `count` its parts. `parts`: how many parts a payment has, `count`
 * the payments. `refund`: a reason, `count` the refunds; `shipping` is contained in `amount`.
 */
export interface PaymentFigureRow {
  readonly kind: 'type' | 'parts' | 'refund';
  readonly name: string;
  readonly currency: string;
  readonly count: number;
  readonly amount: number;
  readonly shipping: number;
}

type Captured = Extract<PaymentEvent, { type: 'payment.captured' | 'payment.reinstated' }>;
type Read = Captured | Extract<PaymentEvent, { type: 'payment.refunded' }>;

/** What was paid, by means. Without words of a source all of it was paid by the payment's method: at doors once for each order, else at once. */
const partsOf = ({ parts, method, cod, orders, amount }: Captured): readonly { name: string; amount: number }[] => {
  if (parts) return parts.map((part) => ({ name: part.sourceType ?? part.method, amount: part.amount.amount }));
  if (cod) return orders.map((share) => ({ name: method, amount: share.amount.amount }));
  return [{ name: method, amount: amount.amount }];
};

const keyOf = (currency: string, kind: PaymentFigureRow['kind'], name: string | number) => `${currency}.${kind}.${name}`;

const added = (
  row: PaymentFigureRow | null,
  key: string,
  figures: Pick<PaymentFigureRow, 'count' | 'amount' | 'shipping'>,
): PaymentFigureRow => {
  const [currency = '', kind = 'type', ...name] = key.split('.') as [string, PaymentFigureRow['kind'], ...string[]];
  const { count, amount, shipping } = row ?? { count: 0, amount: 0, shipping: 0 };
  return {
    ...{ kind, name: name.join('.'), currency },
    ...{ count: count + figures.count, amount: amount + figures.amount, shipping: shipping + figures.shipping },
  };
};

export const paymentFigures: Projection<PaymentFigureRow, Read> = {
  name: 'figures-payments',
  service: 'analytics',
  version: 1,
  reads: ['payment.captured', 'payment.reinstated', 'payment.refunded'],
  key: ({ event }) => {
    const { currency } = event.amount;
    if (event.type === 'payment.refunded') return keyOf(currency, 'refund', event.reason);
    const parts = partsOf(event);
    return [...parts.map(({ name }) => keyOf(currency, 'type', name)), keyOf(currency, 'parts', parts.length)];
  },
  evolve: (row, { event }, key) => {
    const { amount, currency } = event.amount;
    if (event.type === 'payment.refunded') return added(row, key, { count: 1, amount, shipping: event.shipping.amount });
    const parts = partsOf(event);
    if (key === keyOf(currency, 'parts', parts.length)) return added(row, key, { count: 1, amount, shipping: 0 });
    const own = parts.filter(({ name }) => keyOf(currency, 'type', name) === key);
    return added(row, key, { count: own.length, amount: own.reduce((sum, part) => sum + part.amount, 0), shipping: 0 });
  },
  shape: { columns: { kind: 'text' }, indexes: [['kind']] },
  columns: ({ kind }) => ({ kind }),
  onPoison: 'stop',
};
