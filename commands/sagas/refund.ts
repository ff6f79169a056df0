// Carries one refund to its buyer: sent once, asked after while its outcome is unknown, and on the platform's books if no seller ever had the money.
import { bookingIds, lateEntries, lateRefundEntries, platformLedger } from '../../domain/ledger/entries.ts';
import type { LedgerEvent } from '../../domain/ledger/events.ts';
import type { LedgerCommand } from '../../domain/ledger/ledger.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { RefundEvent } from '../../domain/refund/events.ts';
import { refund as process, type Refund } from '../../domain/refund/refund.ts';
import type { GatewayCommand } from './outbound.ts';
import type { Saga, Send } from './saga.ts';

const reads = [
  'payment.refund_requested',
  'payment.refund_sent',
  'payment.refund_unknown',
  'payment.refund_failed',
  'payment.refunded',
  'ledger.booked',
] as const satisfies readonly (PaymentEvent | LedgerEvent)['type'][];

type Read = Extract<PaymentEvent | LedgerEvent, { type: (typeof reads)[number] }>;

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

const rank = { none: 0, requested: 1, sent: 2, unknown: 3, failed: 4, closed: 5, refunded: 6 } as const;

const requested = (state: Refund, event: Extract<Read, { type: 'payment.refund_requested' }>, at: string): RefundEvent[] => {
  if (state.status !== 'none') return [];
  const { refundId, paymentId, checkoutId, buyerId, orderId, amount, booked } = event;
  const whose = { refundId, paymentId, checkoutId, buyerId, orderId, amount, at };
  const send: RefundEvent = { type: 'refund.send_requested', ...whose, key: 'send', booked };
  return booked ? [send] : [send, { type: 'refund.booking_requested', ...whose, key: 'owed', way: 'owed' }];
};

const stepped = (
  state: Refund,
  refundId: string,
  to: Extract<RefundEvent, { type: 'refund.stepped' }>['to'],
  at: string,
): RefundEvent[] => {
  if (!state.terms || rank[to] <= rank[state.status]) return [];
  const step: RefundEvent = { type: 'refund.stepped', refundId, to, at };
  if (to !== 'refunded' || state.terms.booked) return [step];
  const { booked: _booked, ...whose } = state.terms;
  return [step, { type: 'refund.booking_requested', ...whose, key: 'paid_back', way: 'paid_back', at }];
};

const reactTo = (state: Refund, event: Read, at: string): RefundEvent[] => {
  switch (event.type) {
    case 'payment.refund_requested':
      return requested(state, event, at);
    case 'payment.refund_sent':
      return stepped(state, event.refundId, 'sent', at);
    case 'payment.refund_unknown':
      return stepped(state, event.refundId, 'unknown', at);
    case 'payment.refund_failed':
      return stepped(state, event.refundId, 'failed', at);
    case 'payment.refunded':
      return stepped(state, event.refundId, 'refunded', at);
    case 'ledger.booked': {
      const { refundId } = event;
      const key = event.kind === 'refund' ? 'paid_back' : 'owed';
      return refundId !== undefined && state.tasks[key] === 'open' ? [{ type: 'refund.done', refundId, key, at }] : [];
    }
    default:
      return event satisfies never;
  }
};

const toGateway = (paymentId: string, command: GatewayCommand): Send[] => [{ target: 'gateway', id: paymentId, command }];

const booking = (intent: Extract<RefundEvent, { type: 'refund.booking_requested' }>): LedgerCommand => {
  const { refundId, paymentId, checkoutId, buyerId, orderId, amount, way, at } = intent;
  const whose = { ledgerId: platformLedger, refundId, paymentId, checkoutId, buyerId, orderId, valueAt: at, at };
  return way === 'owed'
    ? { type: 'book', bookingId: bookingIds.late(refundId), kind: 'capture', entries: lateEntries(amount), ...whose }
    : { type: 'book', bookingId: bookingIds.refund(refundId), kind: 'refund', entries: lateRefundEntries(amount), ...whose };
};

const sends = (intent: RefundEvent): Send[] => {
  switch (intent.type) {
    case 'refund.send_requested': {
      const { refundId, paymentId, orderId, amount, at } = intent;
      return toGateway(paymentId, { type: 'refund', refundId, paymentId, orderId, amount, at });
    }
    case 'refund.status_requested':
      return toGateway(intent.paymentId, { type: 'refund_status', refundId: intent.refundId, paymentId: intent.paymentId, at: intent.at });
    case 'refund.booking_requested':
      return [{ target: 'ledger', id: platformLedger, command: booking(intent) }];
    default:
      throw new Error(`${intent.type} asks for nothing`);
  }
};

export const refund: Saga<Refund, RefundEvent> = {
  process,
  reads,
  /** A seller's ledger is its order's affair. */
  correlate: ({ event }: Recorded) => {
    if (!isRead(event)) return null;
    if (event.type === 'ledger.booked' && event.ledgerId !== platformLedger) return null;
    return event.refundId ?? null;
  },
  react: (state, trigger) => {
    if ('event' in trigger) return isRead(trigger.event) ? reactTo(state, trigger.event, trigger.metadata.occurredAt) : [];
    if (!state.terms || state.wakeAt === null || trigger.at < state.wakeAt) return [];
    const { refundId, paymentId } = state.terms;
    const attempt = state.attempts + 1;
    return [{ type: 'refund.status_requested', refundId, paymentId, key: `status.${attempt}`, attempt, at: trigger.at }];
  },
  sends,
  settled: (intent, _state, [{ code, at }]) => {
    if (!('key' in intent)) return [];
    const { refundId, key } = intent;
    return code === 'already_so'
      ? [{ type: 'refund.done', refundId, key, at }]
      : [{ type: 'refund.command_refused', refundId, key, code, at }];
  },
};
