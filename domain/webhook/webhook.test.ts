import { describe, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { webhook } from './webhook.ts';

const message = {
  provider: 'midtrans',
  providerEventId: 'e1',
  kind: 'settlement',
  paymentId: 'p1',
  refundId: null,
  payoutId: null,
  shipmentId: null,
  trackingNumber: null,
  amount: { amount: 15000, currency: 'IDR' },
  happenedAt: '2026-01-01T12:00:00.000Z',
  facts: { fraud_status: 'accept' },
} as const;
const received = { type: 'webhook.received', ...message } as const;

describe('a webhook is received', () => {
  it('with what it says', () =>
    given(webhook)
      .when({ type: 'receive', ...message })
      .then(received));
  it('once, whatever it says the second time', () =>
    given(webhook, received)
      .when({ type: 'receive', ...message, kind: 'expire' })
      .then());
});
