// Collects a payment through the gateway: asks for instructions, looks before it expires what nobody paid, and calls off what was given up.
import { type Collection, collection as process } from '../../domain/collection/collection.ts';
import type { CollectionEvent } from '../../domain/collection/events.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { GatewayCommand } from './outbound.ts';
import type { Saga, Send } from './saga.ts';

const reads = [
  'payment.created',
  'payment.pending',
  'payment.captured',
  'payment.reinstated',
  'payment.refund_due',
  'payment.expired',
  'payment.voided',
] as const satisfies readonly PaymentEvent['type'][];

type Read = Extract<PaymentEvent, { type: (typeof reads)[number] }>;

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

const requested = (event: Extract<Read, { type: 'payment.created' }>, at: string): CollectionEvent[] => {
  const { paymentId, checkoutId, buyerId, method, amount, parts, expiresAt, account = null } = event;
  if (method === 'cod') return [];
  return [{ type: 'collection.instructions_requested', paymentId, checkoutId, buyerId, method, amount, parts, expiresAt, account, at }];
};

const instructed = (
  state: Collection,
  { paymentId, instructions }: Extract<Read, { type: 'payment.pending' }>,
  at: string,
): CollectionEvent[] => {
  const intent = 'collection.instructions_requested';
  return instructions && state.intents[intent] === 'open' ? [{ type: 'collection.done', paymentId, intent, at }] : [];
};

const voided = (state: Collection, { paymentId, final }: Extract<Read, { type: 'payment.voided' }>, at: string): CollectionEvent[] => {
  // Only what we gave up ourselves has to be called off; a void that the gateway told us about is one already.
  const events: CollectionEvent[] = state.status === 'waiting' ? [{ type: 'collection.ended', paymentId, as: 'voided', at }] : [];
  if (final && state.status !== 'paid' && !state.intents['collection.void_requested'])
    events.push({ type: 'collection.void_requested', paymentId, at });
  return events;
};

const reactTo = (state: Collection, event: Read, at: string): CollectionEvent[] => {
  if (event.type === 'payment.created') return state.status === 'none' ? requested(event, at) : [];
  // Cash at the door has no collection: nothing was ever asked of a gateway.
  if (state.status === 'none') return [];
  const { paymentId } = event;
  switch (event.type) {
    case 'payment.pending':
      return instructed(state, event, at);
    case 'payment.captured':
    case 'payment.reinstated':
    case 'payment.refund_due':
      return state.status === 'paid' ? [] : [{ type: 'collection.ended', paymentId, as: 'paid', at }];
    case 'payment.expired':
      return state.status === 'waiting' ? [{ type: 'collection.ended', paymentId, as: 'expired', at }] : [];
    case 'payment.voided':
      return voided(state, event, at);
    default:
      return event satisfies never;
  }
};

const sends = (intent: CollectionEvent): Send[] => {
  const { paymentId, at } = intent;
  const toGateway = (command: GatewayCommand): Send[] => [{ target: 'gateway', id: paymentId, command }];
  switch (intent.type) {
    case 'collection.instructions_requested': {
      const { checkoutId, buyerId, method, amount, parts, expiresAt, account } = intent;
      return toGateway({ type: 'create_payment', paymentId, checkoutId, buyerId, method, amount, parts, expiresAt, account, at });
    }
    case 'collection.expiry_requested':
      return toGateway({ type: 'expire', paymentId, at });
    case 'collection.void_requested':
      return toGateway({ type: 'void', paymentId, at });
    default:
      throw new Error(`${intent.type} asks for nothing`);
  }
};

export const collection: Saga<Collection, CollectionEvent> = {
  process,
  reads,
  begins: ['payment.created'],
  correlate: ({ event }: Recorded) => (isRead(event) ? event.paymentId : null),
  react: (state, trigger) => {
    if ('event' in trigger) return isRead(trigger.event) ? reactTo(state, trigger.event, trigger.metadata.occurredAt) : [];
    const due = process.wakeAt(state);
    const paymentId = state.paymentId;
    return due !== null && paymentId !== null && trigger.at >= due
      ? [{ type: 'collection.expiry_requested', paymentId, at: trigger.at }]
      : [];
  },
  sends,
  settled: ({ paymentId, type: intent }, _state, [{ code, at }]) =>
    code === 'already_so'
      ? [{ type: 'collection.done', paymentId, intent, at }]
      : [{ type: 'collection.command_refused', paymentId, intent, code, at }],
};
