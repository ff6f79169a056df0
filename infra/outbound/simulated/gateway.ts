// A payment gateway that is somebody else's in all but the machine it runs on: HTTP, a file of its own, signed webhooks.
import { z } from 'zod';
import { isDiskFault } from '../../sqlite.ts';
import { PaymentRequest, RefundRequest, type SettlementLine, SimulatePayment } from '../payment-gateway.port.ts';
import { faulty, switchboard } from './faults.ts';
import { paymentActs } from './gateway-payments.ts';
import { refundActs } from './gateway-refunds.ts';
import { openGatewayStore } from './gateway-store.ts';
import { closeOnce, listen, providerApp, Refusal } from './server.ts';
import { openWebhooks } from './webhooks.ts';

export interface SimulatedProviderOptions {
  readonly dataDir: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Where webhooks go; null keeps them until `deliverTo` names a place. */
  readonly webhookUrl: string | null;
  readonly secret: string;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** The first pause after a webhook failed; doubles up to 30 s. */
  readonly retryMs?: number;
}

export interface SimulatedProvider {
  readonly url: string;
  deliverTo(webhookUrl: string | null): void;
  /** Webhooks that nobody has answered with 2xx yet. */
  undelivered(): number;
  close(): Promise<void>;
}

const sweepEveryMs = 5_000;
const booksPage = 10_000;

export const settlementColumns = 'kind,id,payment_id,checkout_id,account,amount,currency,occurred_at';

/** No field of a line can hold a comma or a quote but the ids that callers chose, so those are quoted where they do. */
const cell = (value: string | number) => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

const settlementCsv = (lines: readonly SettlementLine[]): string =>
  [
    settlementColumns,
    ...lines.map((l) =>
      [l.kind, l.id, l.paymentId, l.checkoutId, l.account, l.amount.amount, l.amount.currency, l.occurredAt].map(cell).join(','),
    ),
    '',
  ].join('\n');

const RefundOutcome = z.strictObject({ outcome: z.enum(['succeed', 'fail']) });

export const startSimulatedGateway = async (options: SimulatedProviderOptions & { account?: string }): Promise<SimulatedProvider> => {
  const clock = options.clock ?? Date.now;
  const board = switchboard();
  const store = openGatewayStore(options.dataDir);
  const webhooks = openWebhooks(store, { url: options.webhookUrl, secret: options.secret, clock, retryMs: options.retryMs ?? 200 });
  const parts = { store, webhooks, board, account: options.account ?? 'tokobapak', clock };
  const payments = paymentActs(parts);
  const refunds = refundActs(parts);

  const app = providerApp(board, options.secret);
  app
    .post('/payments', faulty(board), async (c) => c.json(payments.create(PaymentRequest.parse(await c.req.json())), 201))
    .get('/payments/:id', (c) => c.json(payments.status(c.req.param('id'))))
    .post('/payments/:id/void', faulty(board), (c) => c.json(payments.void(c.req.param('id'))))
    .post('/payments/:id/simulate', async (c) => c.json(payments.simulate(c.req.param('id'), SimulatePayment.parse(await c.req.json()))))
    .post('/refunds', faulty(board), async (c) => c.json(refunds.create(RefundRequest.parse(await c.req.json())), 201))
    .get('/refunds/:id', (c) => c.json(refunds.status(c.req.param('id'))))
    .post('/refunds/:id/simulate', async (c) =>
      c.json(refunds.simulate(c.req.param('id'), RefundOutcome.parse(await c.req.json()).outcome)),
    )
    .get('/settlements/:date', (c) => {
      const date = c.req.param('date');
      if (!z.iso.date().safeParse(date).success) throw new Refusal(400, 'invalid_date', 'A date is written 2026-01-31.');
      const nextDay = new Date(Date.parse(date) + 86_400_000).toISOString();
      return c.body(settlementCsv(store.settlement(`${date}T00:00:00.000Z`, nextDay)), 200, { 'content-type': 'text/csv; charset=utf-8' });
    })
    .get('/books', (c) => c.json(store.movements(Number(c.req.query('after') ?? 0), booksPage)));

  const listening = await listen(app, options.port ?? 0);
  const sweep = setInterval(() => {
    try {
      payments.expireOverdue();
    } catch (error) {
      // The next sweep finds them again.
      if (!isDiskFault(error)) throw error;
    }
  }, sweepEveryMs);
  sweep.unref();

  return {
    url: listening.url,
    deliverTo: webhooks.deliverTo,
    undelivered: webhooks.undelivered,
    close: closeOnce(async () => {
      clearInterval(sweep);
      await listening.close();
      await webhooks.close();
      store.close();
    }),
  };
};
