// The inbox: whatever a provider sends is taken in once, however often it is sent.
import type { Decider } from '../decider.ts';
import type { WebhookEvent } from './events.ts';

export type WebhookCommand = { type: 'receive' } & Omit<WebhookEvent, 'type'>;

export type Webhook = { status: 'None' } | { status: 'Received' };

export const webhook: Decider<Webhook, WebhookCommand, WebhookEvent> = {
  category: 'webhook',
  version: 1,
  initial: { status: 'None' },
  evolve: () => ({ status: 'Received' }),
  decide: (command, state) => (state.status === 'Received' ? [] : [{ ...command, type: 'webhook.received' }]),
};
