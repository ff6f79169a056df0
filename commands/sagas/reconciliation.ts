// Finds out about money that fits nothing: asks the provider what it holds of the payment, which gives back what is not its; the rest is shown to a human.
import type { Recorded } from '../../domain/metadata.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { ReconciliationEvent } from '../../domain/reconciliation/events.ts';
import { reconciliation as process, type Reconciliation } from '../../domain/reconciliation/reconciliation.ts';
import type { WebhookEvent } from '../../domain/webhook/events.ts';
import type { GatewayCommand } from './outbound.ts';
import type { Saga } from './saga.ts';

type Read = Extract<PaymentEvent, { type: 'payment.anomaly_noted' }> | Extract<WebhookEvent, { type: 'webhook.set_aside' }>;
const reads = ['payment.anomaly_noted', 'webhook.set_aside'] as const satisfies readonly Read['type'][];

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

const instanceOf = (event: Read) =>
  event.type === 'webhook.set_aside' ? `${event.provider}.${event.providerEventId}` : `${event.paymentId}.${event.providerEventId}`;

const begun = (event: Read, at: string): ReconciliationEvent[] => {
  const { providerEventId } = event;
  const common = { reconciliationId: instanceOf(event), at, providerEventId };
  if (event.type === 'webhook.set_aside') {
    const { code, paymentId, amount } = event;
    const money = { amount: amount?.amount ?? null, currency: amount?.currency ?? null };
    return [{ type: 'reconciliation.raised', ...common, reason: code, paymentId, ...money }];
  }
  // A notice that tells of no money leaves none to be found.
  if (!event.captured) return [];
  const { reason, paymentId, amount, currency } = event;
  return [{ type: 'reconciliation.requested', ...common, reason, paymentId, amount, currency }];
};

export const reconciliation: Saga<Reconciliation, ReconciliationEvent> = {
  process,
  reads,
  begins: reads,
  hearsAll: true,
  correlate: ({ event }: Recorded) => (isRead(event) ? instanceOf(event) : null),
  react: (state, trigger) =>
    state.status === 'none' && 'event' in trigger && isRead(trigger.event) ? begun(trigger.event, trigger.metadata.occurredAt) : [],
  sends: (intent) => {
    if (intent.type !== 'reconciliation.requested' || intent.paymentId === null) throw new RangeError(`${intent.type} asks for nothing`);
    const { paymentId, reason, amount, currency, at } = intent;
    const command: GatewayCommand = { type: 'reconcile', paymentId, reason, amount: amount ?? 0, currency: currency ?? '', at };
    return [{ target: 'gateway', id: paymentId, command }];
  },
  settled: ({ reconciliationId }, _state, [{ code, at }]) =>
    code === 'done' || code === 'already_so'
      ? [{ type: 'reconciliation.completed', reconciliationId, at }]
      : [{ type: 'reconciliation.command_refused', reconciliationId, code, at }],
};
