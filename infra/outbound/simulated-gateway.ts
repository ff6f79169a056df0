// The payment gateway port over the simulated gateway's HTTP.
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { Money } from '../../domain/money.ts';
import { OutcomeUnknown } from './errors.port.ts';
import { jsonClient } from './json-client.ts';
import {
  GatewayPayment,
  GatewayRefund,
  type PaymentGateway,
  PaymentNotice,
  type PaymentSimulation,
  type SettlementLine,
} from './payment-gateway.port.ts';
import { callerToken, readSigned } from './signature.ts';
import { Faults } from './simulation.ts';

export interface ProviderClientOptions {
  readonly url: string;
  /** Signs the provider's webhooks. */
  readonly secret: string;
  /** How long one call may take; then its outcome is unknown. */
  readonly timeoutMs?: number;
  /** How far a webhook's time stamp may be from our clock. */
  readonly toleranceSeconds?: number;
}

const Line = z.object({
  kind: z.enum(['capture', 'refund']),
  id: z.string(),
  paymentId: z.string(),
  checkoutId: z.string(),
  account: z.string(),
  amount: Money,
  occurredAt: z.string(),
});
const BooksPage = z.object({ lines: z.array(Line), next: z.int().nullable() });

const Settled = z
  .object({
    kind: z.enum(['capture', 'refund']),
    id: z.string(),
    payment_id: z.string(),
    checkout_id: z.string(),
    account: z.string(),
    amount: z.coerce.number().int(),
    currency: Money.shape.currency,
    occurred_at: z.string(),
  })
  .transform(
    (row): SettlementLine => ({
      kind: row.kind,
      id: row.id,
      paymentId: row.payment_id,
      checkoutId: row.checkout_id,
      account: row.account,
      amount: { amount: row.amount, currency: row.currency },
      occurredAt: row.occurred_at,
    }),
  );

const at = (path: string, id: string, rest = '') => `/${path}/${encodeURIComponent(id)}${rest}`;

/** Proves and reads a webhook of the simulated gateway; `now` in ms since the epoch. Throws NoticeRejected. */
export const verifyWebhook = (
  secret: string,
  headers: Pick<Headers, 'get'>,
  rawBody: Uint8Array,
  now: number,
  toleranceSeconds = 300,
): PaymentNotice => readSigned(PaymentNotice, { headers, rawBody, now }, { secret, toleranceSeconds });

export const simulatedGateway = (options: ProviderClientOptions): PaymentGateway & PaymentSimulation => {
  const provider = 'simulated';
  const http = jsonClient({ provider, url: options.url, token: callerToken(options.secret), timeoutMs: options.timeoutMs ?? 5_000 });
  return {
    provider,
    requestPayment: (request) => http.post('/payments', request, GatewayPayment),
    payment: (paymentId) => http.get(at('payments', paymentId), GatewayPayment),
    voidPayment: (paymentId) => http.post(at('payments', paymentId, '/void'), {}, GatewayPayment),
    requestRefund: (request) => http.post('/refunds', request, GatewayRefund),
    refund: (refundId) => http.get(at('refunds', refundId), GatewayRefund),
    settlement: async (date) => {
      const text = await http.getText(at('settlements', date));
      try {
        return z.array(Settled).parse(parse(text, { columns: true, skip_empty_lines: true }));
      } catch (error) {
        throw new OutcomeUnknown(provider, 'The settlement file cannot be read.', error);
      }
    },
    readNotice: async (headers, rawBody, now) => verifyWebhook(options.secret, headers, rawBody, now, options.toleranceSeconds),
    simulatePayment: (paymentId, act) => http.post(at('payments', paymentId, '/simulate'), act, GatewayPayment),
    simulateRefund: (refundId, outcome) => http.post(at('refunds', refundId, '/simulate'), { outcome }, GatewayRefund),
    books: async () => {
      const captures: SettlementLine[] = [];
      const refunds: SettlementLine[] = [];
      for (let after: number | null = 0; after !== null; ) {
        const page: z.infer<typeof BooksPage> | null = await http.get(`/books?after=${after}`, BooksPage);
        for (const line of page?.lines ?? []) (line.kind === 'capture' ? captures : refunds).push(line);
        after = page?.next ?? null;
      }
      return { captures, refunds };
    },
    setFaults: async (faults) => {
      await http.put('/faults', faults, Faults);
    },
    close: async () => http.close(),
  };
};
