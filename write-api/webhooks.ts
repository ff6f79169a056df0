// Webhooks of payment providers and couriers: proved over their raw bytes, kept, and only then answered.
import { Hono } from 'hono';
import { z } from 'zod';
import type { Handle } from '../commands/handle.ts';
import { paymentNotice, receiveWebhook, shipmentNotice } from '../commands/outbound/webhooks.ts';
import { DomainError } from '../domain/error.ts';
import type { ReceiveWebhook } from '../domain/webhook/webhook.ts';
import { params } from '../infra/http/input.ts';
import { allow } from '../infra/http/policy.ts';
import { bodyBytes } from '../infra/http/request-body.ts';
import type { Courier } from '../infra/outbound/courier.port.ts';
import { NoticeRejected, OutcomeUnknown } from '../infra/outbound/errors.port.ts';
import type { PaymentGateway } from '../infra/outbound/payment-gateway.port.ts';
import { reply, type WriteEnv } from './http.ts';

export interface WebhookNeeds {
  readonly handle: Handle;
  readonly gateway: PaymentGateway;
  readonly courier: Courier;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

type Reader = (headers: Headers, rawBody: Uint8Array, now: number) => Promise<ReceiveWebhook>;

const readers = ({ gateway, courier }: WebhookNeeds): ReadonlyMap<string, Reader> =>
  new Map<string, Reader>([
    [gateway.provider, async (...webhook) => paymentNotice(gateway.provider, await gateway.readNotice(...webhook))],
    [courier.provider, async (...webhook) => shipmentNotice(courier.provider, await courier.readNotice(...webhook))],
  ]);

const refusalOf = (error: unknown): unknown => {
  if (error instanceof NoticeRejected) {
    const code = error.reason === 'unreadable' ? 'webhook.unknown_event' : 'webhook.bad_signature';
    return new DomainError(code, 'This webhook is not taken.', { reason: error.reason });
  }
  // The provider could not be asked whether it is true; it will send it again.
  return error instanceof OutcomeUnknown ? new DomainError('payment.provider_failed', error.message) : error;
};

const ReceivedWebhook = z.object({ received: z.literal(true) }).meta({ id: 'ReceivedWebhook' });

export const webhookCommands = (needs: WebhookNeeds) => {
  const byProvider = readers(needs);
  return new Hono<WriteEnv>().post(
    '/webhooks/:provider',
    allow('public', {
      operation: 'receiveWebhook',
      answer: ReceivedWebhook,
      summary: 'Take in a notice of a payment provider or courier, signed in X-Signature. Answered once it is kept; repeats are welcome.',
      exempt: true,
      rate: 'none',
      load: 'payment',
      errors: [
        ...['webhook.bad_signature', 'webhook.unknown_event', 'request.no_route', 'payment.provider_failed'],
        ...['request.contended', 'log.stream_damaged'],
      ],
    }),
    params(z.object({ provider: z.string().max(64) })),
    async (c) => {
      const read = byProvider.get(c.req.valid('param').provider);
      if (!read) throw new DomainError('request.no_route', 'No such provider sends us anything.');
      // NOTE: bytes, not text: a signature covers what was sent.
      const received = await read(c.req.raw.headers, await bodyBytes(c), needs.now()).catch((error: unknown) => {
        throw refusalOf(error);
      });
      await receiveWebhook(needs.handle, received, c.get('at') ?? new Date(needs.now()).toISOString());
      return reply(c, 200, { received: true });
    },
  );
};
