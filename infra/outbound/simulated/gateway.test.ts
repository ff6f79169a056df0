// The simulated gateway over real HTTP: the port's contract, and everything that goes wrong between two companies.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { paymentGatewayContract } from '../payment-gateway.contract.ts';
import type { PaymentRequest } from '../payment-gateway.port.ts';
import { simulatedGateway, verifyWebhook } from '../simulated-gateway.ts';
import { startSimulatedGateway } from './gateway.ts';
import { type Inbox, openInbox } from './inbox.ts';

const secret = 'gateway-secret';
const start = Date.parse('2026-03-01T00:00:00.000Z');
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const freshDir = () => mkdtempSync(join(tmpdir(), 'gateway-'));

const open = async (change: { dataDir?: string; inbox?: Inbox; url?: string | null } = {}) => {
  const dataDir = change.dataDir ?? freshDir();
  if (change.dataDir === undefined) closing.push(() => rmSync(dataDir, { recursive: true }));
  const inbox = change.inbox ?? (await openInbox());
  if (change.inbox === undefined) closing.push(inbox.close);
  let now = start;
  const webhookUrl = change.url === undefined ? inbox.url : change.url;
  const server = await startSimulatedGateway({ dataDir, webhookUrl, secret, clock: () => now, retryMs: 1 });
  const gateway = simulatedGateway({ url: server.url, secret });
  const close = async () => {
    await gateway.close();
    await server.close();
  };
  closing.push(close);
  return {
    inbox,
    server,
    gateway,
    close,
    clock: {
      now: () => now,
      advance: (ms: number) => {
        now += ms;
      },
    },
  };
};

const request = (paymentId: string, change: Partial<PaymentRequest> = {}): PaymentRequest => ({
  paymentId,
  checkoutId: `checkout-of-${paymentId}`,
  account: 'tokobapak',
  amount: { amount: 150_000, currency: 'IDR' },
  method: 'qris',
  expiresAt: new Date(start + 900_000).toISOString(),
  ...change,
});
const types = (inbox: Inbox) => inbox.received.map(({ notice }) => notice.type);

paymentGatewayContract('simulated', async () => {
  const dataDir = freshDir();
  const inbox = await openInbox();
  const server = await startSimulatedGateway({ dataDir, webhookUrl: inbox.url, secret });
  const gateway = simulatedGateway({ url: server.url, secret });
  return {
    gateway,
    account: 'tokobapak',
    now: Date.now,
    pay: (paymentId) => gateway.simulatePayment(paymentId, { outcome: 'pay' }),
    webhook: async (paymentId, type) => {
      for (let count = 1; ; count += 1) {
        const delivery = (await inbox.until(count))[count - 1];
        if (delivery?.notice.type === type && delivery.rawBody.includes(`"${paymentId}"`)) return delivery;
      }
    },
    close: async () => {
      await gateway.close();
      await server.close();
      await inbox.close();
      rmSync(dataDir, { recursive: true });
    },
  };
});

describe('webhooks', () => {
  it('are signed over the raw body and name payment, checkout, account and amount', async () => {
    const { gateway, inbox, clock } = await open();
    await gateway.requestPayment(request('p1'));
    await gateway.simulatePayment('p1', { outcome: 'pay' });
    const [first] = await inbox.until(1);
    if (!first) throw new Error('no delivery');
    expect(verifyWebhook(secret, first.headers, first.rawBody, clock.now(), 300)).toMatchObject({
      type: 'payment.captured',
      paymentId: 'p1',
      checkoutId: 'checkout-of-p1',
      account: 'tokobapak',
      amount: { amount: 150_000, currency: 'IDR' },
    });
  });

  it('come more than once when told to, with one event id', async () => {
    const { gateway, inbox } = await open();
    await gateway.requestPayment(request('p1'));
    await gateway.simulatePayment('p1', { outcome: 'pay', duplicates: 2 });
    const all = await inbox.until(3);
    expect(new Set(all.map(({ notice }) => notice.eventId)).size).toBe(1);
  });

  it('come in order: authorized, then captured', async () => {
    const { gateway, inbox } = await open();
    await gateway.requestPayment(request('p1', { method: 'card' }));
    await gateway.simulatePayment('p1', { outcome: 'pay' });
    await inbox.until(2);
    expect(types(inbox)).toEqual(['payment.authorized', 'payment.captured']);
  });

  it('come in the wrong order when told to', async () => {
    const { gateway, inbox } = await open();
    await gateway.requestPayment(request('p1', { method: 'card' }));
    await gateway.simulatePayment('p1', { outcome: 'pay', outOfOrder: true });
    await inbox.until(2);
    expect(types(inbox)).toEqual(['payment.captured', 'payment.authorized']);
  });

  it('of one act are overtaken by those of the next when told to', async () => {
    const { gateway, inbox } = await open();
    await gateway.requestPayment(request('p1', { method: 'card' }));
    await gateway.simulatePayment('p1', { outcome: 'authorize', outOfOrder: true });
    await gateway.simulatePayment('p1', { outcome: 'capture' });
    await inbox.until(2);
    expect(types(inbox)).toEqual(['payment.captured', 'payment.authorized']);
  });

  it('come late when told to, and hold up no others', async () => {
    const { gateway, inbox, server } = await open();
    await gateway.requestPayment(request('soon'));
    await gateway.requestPayment(request('later'));
    await gateway.requestPayment(request('prompt'));
    await gateway.simulatePayment('later', { outcome: 'pay', delayMs: 600_000 });
    await gateway.simulatePayment('soon', { outcome: 'pay', delayMs: 5 });
    await gateway.simulatePayment('prompt', { outcome: 'pay' });
    const all = await inbox.until(2);
    expect(all.some(({ rawBody }) => rawBody.includes('"later"'))).toBe(false);
    expect(server.undelivered()).toBeGreaterThan(0);
  });

  it('that are dropped leave only the status to tell', async () => {
    const { gateway, inbox, server } = await open();
    await gateway.requestPayment(request('p1'));
    await gateway.requestPayment(request('p2'));
    await gateway.simulatePayment('p1', { outcome: 'pay', drop: true });
    expect(server.undelivered()).toBe(0);
    expect(await gateway.payment('p1')).toMatchObject({ status: 'captured' });
    await gateway.simulatePayment('p2', { outcome: 'pay' });
    expect((await inbox.until(1))[0]?.rawBody.includes('"p2"')).toBe(true);
  });

  it('are sent again until the receiver answers 2xx', async () => {
    const { gateway, inbox } = await open();
    inbox.answerNext(500, 404, 302);
    await gateway.requestPayment(request('p1'));
    await gateway.simulatePayment('p1', { outcome: 'pay' });
    const all = await inbox.until(4);
    expect(new Set(all.map(({ notice }) => notice.eventId)).size).toBe(1);
  });

  it('that nobody took are sent after a restart', async () => {
    const dataDir = freshDir();
    const inbox = await openInbox();
    const first = await open({ dataDir, inbox, url: null });
    await first.gateway.requestPayment(request('p1'));
    await first.gateway.simulatePayment('p1', { outcome: 'pay' });
    expect(first.server.undelivered()).toBe(1);
    await first.close();
    await open({ dataDir, inbox });
    expect((await inbox.until(1))[0]?.notice.type).toBe('payment.captured');
    closing.unshift(inbox.close, () => rmSync(dataDir, { recursive: true }));
  });

  it('that failed before a restart do not wait for their back-off after it', async () => {
    const dataDir = freshDir();
    const inbox = await openInbox();
    const dead = await openInbox();
    await dead.close();
    const first = await open({ dataDir, inbox, url: dead.url });
    await first.gateway.requestPayment(request('p1'));
    await first.gateway.simulatePayment('p1', { outcome: 'pay' });
    await first.close();
    await open({ dataDir, inbox });
    expect((await inbox.until(1))[0]?.notice.type).toBe('payment.captured');
    closing.unshift(inbox.close, () => rmSync(dataDir, { recursive: true }));
  });
});

describe('a lost reply', () => {
  const unknown = expect.objectContaining({ name: 'OutcomeUnknown' });

  it('leaves the payment requested; asking again finds it', async () => {
    const { gateway } = await open();
    await gateway.setFaults({ loseReplies: 1 });
    await expect(gateway.requestPayment(request('p1'))).rejects.toThrow(unknown);
    expect(await gateway.payment('p1')).toMatchObject({ status: 'pending' });
    expect(await gateway.requestPayment(request('p1'))).toMatchObject({ paymentId: 'p1', status: 'pending' });
  });

  it('leaves one refund, however often it is asked again', async () => {
    const { gateway } = await open();
    await gateway.requestPayment(request('p1'));
    await gateway.simulatePayment('p1', { outcome: 'pay' });
    await gateway.setFaults({ loseReplies: 2 });
    const refund = { refundId: 'r1', paymentId: 'p1', orderId: 'o1', amount: { amount: 100_000, currency: 'IDR' } as const };
    await expect(gateway.requestRefund(refund)).rejects.toThrow(unknown);
    await expect(gateway.requestRefund(refund)).rejects.toThrow(unknown);
    expect(await gateway.requestRefund(refund)).toMatchObject({ status: 'succeeded' });
    expect((await gateway.books()).refunds).toMatchObject([{ id: 'r1', amount: refund.amount }]);
  });

  it('differs from an outage only in what was done', async () => {
    const { gateway } = await open();
    await gateway.setFaults({ unavailable: 1 });
    await expect(gateway.requestPayment(request('p1'))).rejects.toThrow(unknown);
    expect(await gateway.payment('p1')).toBeNull();
  });

  it('is what a gateway that is down gives', async () => {
    const { gateway, server } = await open();
    await server.close();
    await expect(gateway.requestPayment(request('p1'))).rejects.toThrow(unknown);
  });
});

describe('a payment', () => {
  it('expires by the clock and is not paid in time any more', async () => {
    const { gateway, clock, inbox } = await open();
    await gateway.requestPayment(request('p1'));
    clock.advance(900_000);
    await expect(gateway.simulatePayment('p1', { outcome: 'pay' })).rejects.toThrow(expect.objectContaining({ code: 'expired' }));
    expect(await gateway.payment('p1')).toMatchObject({ status: 'expired' });
    expect((await inbox.until(1))[0]?.notice.type).toBe('payment.expired');
  });

  it.each(['fail', 'expire', 'void'] as const)('may still be captured late after %s', async (end) => {
    const { gateway, inbox } = await open();
    await gateway.requestPayment(request('p1'));
    if (end === 'void') await gateway.voidPayment('p1');
    else await gateway.simulatePayment('p1', { outcome: end });
    expect(await gateway.simulatePayment('p1', { outcome: 'pay', late: true })).toMatchObject({ status: 'captured' });
    await inbox.until(2);
    expect(types(inbox)[1]).toBe('payment.captured');
  });

  it('of a wrong sum is told as it was paid', async () => {
    const { gateway, inbox } = await open();
    await gateway.requestPayment(request('p1', { method: 'virtual_account' }));
    await gateway.simulatePayment('p1', { outcome: 'pay', amount: 1_000 });
    expect(JSON.parse((await inbox.until(1))[0]?.rawBody.toString() ?? '')).toMatchObject({ amount: { amount: 1_000, currency: 'IDR' } });
  });

  it('is captured once in the books, however often it is paid', async () => {
    const { gateway } = await open();
    await gateway.requestPayment(request('p1'));
    await Promise.all([1, 2, 3].map(() => gateway.simulatePayment('p1', { outcome: 'pay' })));
    expect((await gateway.books()).captures).toMatchObject([{ id: 'p1', checkoutId: 'checkout-of-p1' }]);
  });

  it('that is paid at once needs no simulation', async () => {
    const { gateway, inbox } = await open();
    await gateway.setFaults({ payAtOnce: true });
    expect(await gateway.requestPayment(request('p1'))).toMatchObject({ status: 'captured' });
    expect((await inbox.until(1))[0]?.notice.type).toBe('payment.captured');
  });

  it('is refused for a merchant whom the gateway does not know, a channel that it has not, an expiry that is over', async () => {
    const { gateway } = await open();
    const refusal = (code: string) => expect.objectContaining({ name: 'ProviderRefused', code });
    await expect(gateway.requestPayment(request('p1', { account: 'other' }))).rejects.toThrow(refusal('unknown_account'));
    await expect(gateway.requestPayment(request('p1', { method: 'virtual_account', channel: 'ovo' }))).rejects.toThrow(
      refusal('unknown_channel'),
    );
    const past = new Date(start).toISOString();
    await expect(gateway.requestPayment(request('p1', { expiresAt: past }))).rejects.toThrow(refusal('already_expired'));
  });

  it('by QRIS carries a code whose checksum is right', async () => {
    const { gateway } = await open();
    const { instructions } = await gateway.requestPayment(request('p1'));
    expect(instructions).toMatchObject({ qr: expect.stringMatching(/^000201010212.*5303360.*54061500005802ID.*6304[0-9A-F]{4}$/) });
  });
});

describe('a refund', () => {
  const refund = { refundId: 'r1', paymentId: 'p1', orderId: 'o1', amount: { amount: 150_000, currency: 'IDR' } as const };
  const captured = async () => {
    const opened = await open();
    await opened.gateway.requestPayment(request('p1'));
    await opened.gateway.simulatePayment('p1', { outcome: 'pay' });
    return opened;
  };

  it('stays pending when told to, and is told by a webhook when it is through', async () => {
    const { gateway, inbox } = await captured();
    await gateway.setFaults({ refundsPending: 1 });
    expect(await gateway.requestRefund(refund)).toMatchObject({ status: 'pending' });
    expect((await gateway.books()).refunds).toEqual([]);
    await gateway.simulateRefund('r1', 'succeed');
    await inbox.until(2);
    expect(types(inbox)[1]).toBe('refund.succeeded');
    expect(await gateway.refund('r1')).toMatchObject({ status: 'succeeded' });
  });

  it('that fails gives its sum free again', async () => {
    const { gateway } = await captured();
    await gateway.setFaults({ refundsFail: 1 });
    expect(await gateway.requestRefund(refund)).toMatchObject({ status: 'failed' });
    expect(await gateway.requestRefund({ ...refund, refundId: 'r2' })).toMatchObject({ status: 'succeeded' });
    expect((await gateway.books()).refunds.map(({ id }) => id)).toEqual(['r2']);
  });
});

it('listens to the marketplace alone: whoever only reaches its port pays nothing and breaks nothing', async () => {
  const { server, gateway } = await open();
  await gateway.requestPayment(request('p1'));
  const asked = [
    ['GET', '/payments/p1'],
    ['POST', '/payments/p1/simulate', '{"outcome":"pay"}'],
    ['PUT', '/faults', '{"unavailable":5}'],
    ['GET', '/books'],
  ] as const;
  for (const authorization of ['', 'Bearer x', `Bearer ${secret}`]) {
    for (const [method, path, body] of asked) {
      const answer = await fetch(`${server.url}${path}`, { method, headers: { authorization }, ...(body && { body }) });
      expect([path, answer.status]).toEqual([path, 401]);
    }
  }
  expect(await gateway.payment('p1')).toMatchObject({ status: 'pending' });
});
