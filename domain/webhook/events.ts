// What the inbox stream of one webhook may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Money } from '../money.ts';
import { open } from '../privacy.ts';

const id = open(z.string().nullable());

/**
 * `providerEventId` is unique per provider; `kind` is the provider's own word for what happened. The ids say which of our things it is about,
 * null where it names none. `facts` holds what else of the message is needed and is nobody's personal data.
 */
export const WebhookReceived = z.object({
  type: z.literal('webhook.received'),
  provider: open(z.string()),
  providerEventId: open(z.string()),
  kind: open(z.string()),
  paymentId: id,
  refundId: id,
  payoutId: id,
  shipmentId: id,
  trackingNumber: id,
  amount: open(Money.nullable()),
  happenedAt: open(Instant.nullable()),
  facts: open(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
});

/** It tells of money, and fits nothing that we have: `code` is what refused it. */
export const WebhookSetAside = z.object({
  type: z.literal('webhook.set_aside'),
  provider: open(z.string()),
  providerEventId: open(z.string()),
  kind: open(z.string()),
  paymentId: id,
  amount: open(Money.nullable()),
  code: open(z.string()),
});

export const WebhookEvent = z.discriminatedUnion('type', [WebhookReceived, WebhookSetAside]);
export type WebhookEvent = z.infer<typeof WebhookEvent>;
