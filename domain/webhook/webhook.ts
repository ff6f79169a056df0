// The inbox: whatever a provider sends is taken in once, however often it is sent.
import type { Decider } from '../decider.ts';
import type { WebhookEvent } from './events.ts';

type Received = Extract<WebhookEvent, { type: 'webhook.received' }>;
type SetAside = Extract<WebhookEvent, { type: 'webhook.set_aside' }>;

export type ReceiveWebhook = { type: 'receive' } & Omit<Received, 'type'>;
/** It fits nothing of ours, and what it tells of is money. */
export type SetWebhookAside = { type: 'set_aside' } & Omit<SetAside, 'type'>;
export type WebhookCommand = ReceiveWebhook | SetWebhookAside;

export type Webhook = { status: 'None' } | { status: 'Received' } | { status: 'SetAside' };

export const webhook: Decider<Webhook, WebhookCommand, WebhookEvent> = {
  category: 'webhook',
  version: 2,
  initial: { status: 'None' },
  evolve: (_state, event) => ({ status: event.type === 'webhook.received' ? 'Received' : 'SetAside' }),
  decide: (command, state) => {
    if (command.type === 'receive') return state.status === 'None' ? [{ ...command, type: 'webhook.received' }] : [];
    return state.status === 'Received' ? [{ ...command, type: 'webhook.set_aside' }] : [];
  },
};
