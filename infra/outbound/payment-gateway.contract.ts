// What every payment gateway adapter keeps. A suite is opened with a way to play the buyer and to await a notice.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PaymentGateway, PaymentNotice, PaymentRequest } from './payment-gateway.port.ts';

export interface GatewayUnderTest {
  readonly gateway: PaymentGateway;
  readonly account: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  pay(paymentId: string): Promise<unknown>;
  /** Resolves with the first webhook about this payment of this type, as received. */
  webhook(paymentId: string, type: PaymentNotice['type']): Promise<{ headers: Headers; rawBody: Uint8Array }>;
  close(): Promise<void>;
}

export const paymentGatewayContract = (name: string, open: () => Promise<GatewayUnderTest>) =>
  describe(`payment gateway: ${name}`, () => {
    let under: GatewayUnderTest;
    let ids = 0;
    const run = Date.now();
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    const request = (change: Partial<PaymentRequest> = {}): PaymentRequest => {
      ids += 1;
      return {
        paymentId: `pay-${run}-${ids}`,
        checkoutId: `checkout-${run}-${ids}`,
        account: under.account,
        amount: { amount: 150_000, currency: 'IDR' },
        method: 'virtual_account',
        expiresAt: new Date(under.now() + 86_400_000).toISOString(),
        ...change,
      };
    };
    const refusal = (code: string) => expect.objectContaining({ name: 'ProviderRefused', code });

    it.each(['virtual_account', 'qris', 'card', 'e_wallet', 'retail', 'cod'] as const)(
      'gives instructions for %s, the same when asked twice',
      async (method) => {
        const asked = request({ method });
        const first = await under.gateway.requestPayment(asked);
        expect(first).toMatchObject({
          paymentId: asked.paymentId,
          status: 'pending',
          amount: asked.amount,
          instructions: { kind: method },
        });
        expect(await under.gateway.requestPayment(asked)).toEqual(first);
        expect(await under.gateway.payment(asked.paymentId)).toEqual(first);
      },
    );

    it('refuses an id that comes again with another amount', async () => {
      const asked = request();
      await under.gateway.requestPayment(asked);
      const other = { ...asked, amount: { amount: 1, currency: 'IDR' } as const };
      await expect(under.gateway.requestPayment(other)).rejects.toThrow(refusal('id_reused'));
    });

    it('knows nothing of a payment that nobody asked for', async () => {
      expect(await under.gateway.payment(`pay-${run}-none`)).toBeNull();
      expect(await under.gateway.refund(`refund-${run}-none`)).toBeNull();
    });

    it('tells of a payment by a webhook that proves itself, and by its status', async () => {
      const asked = request({ method: 'qris' });
      await under.gateway.requestPayment(asked);
      await under.pay(asked.paymentId);
      const { headers, rawBody } = await under.webhook(asked.paymentId, 'payment.captured');
      const { paymentId, checkoutId, account, amount } = asked;
      expect(await under.gateway.readNotice(headers, rawBody, under.now())).toMatchObject({ paymentId, checkoutId, account, amount });
      expect(await under.gateway.payment(paymentId)).toMatchObject({ status: 'captured', captured: amount });
      const forged = Buffer.from(Buffer.from(rawBody).toString().replace('150000', '950000'));
      await expect(under.gateway.readNotice(headers, forged, under.now())).rejects.toThrow(expect.objectContaining({ reason: 'forged' }));
    });

    it('voids what is not captured, once and for all', async () => {
      const asked = request();
      await under.gateway.requestPayment(asked);
      expect(await under.gateway.voidPayment(asked.paymentId)).toMatchObject({ status: 'voided' });
      expect(await under.gateway.voidPayment(asked.paymentId)).toMatchObject({ status: 'voided' });
    });

    it('does not void what is captured', async () => {
      const asked = request();
      await under.gateway.requestPayment(asked);
      await under.pay(asked.paymentId);
      await expect(under.gateway.voidPayment(asked.paymentId)).rejects.toThrow(refusal('already_captured'));
    });

    it('refunds once per refund id, never more than was captured', async () => {
      const { paymentId, ...asked } = request();
      await under.gateway.requestPayment({ paymentId, ...asked });
      await under.pay(paymentId);
      const refund = {
        refundId: `refund-${paymentId}`,
        paymentId,
        orderId: 'order-1',
        amount: { amount: 100_000, currency: 'IDR' } as const,
      };
      const first = await under.gateway.requestRefund(refund);
      expect(first).toMatchObject(refund);
      expect((await under.gateway.requestRefund(refund)).refundId).toBe(refund.refundId);
      await expect(under.gateway.requestRefund({ ...refund, refundId: `${refund.refundId}-2` })).rejects.toThrow(
        refusal('exceeds_captured'),
      );
      expect(await under.gateway.payment(paymentId)).toMatchObject({ refunded: refund.amount });
    });

    it('settles what it captured and refunded that day', async () => {
      const { paymentId, ...asked } = request();
      await under.gateway.requestPayment({ paymentId, ...asked });
      await under.pay(paymentId);
      const amount = { amount: 50_000, currency: 'IDR' } as const;
      await under.gateway.requestRefund({ refundId: `refund-${paymentId}`, paymentId, orderId: 'order-1', amount });
      const lines = await under.gateway.settlement(new Date(under.now()).toISOString().slice(0, 10));
      expect(lines.filter((line) => line.paymentId === paymentId)).toMatchObject([
        { kind: 'capture', id: paymentId, amount: asked.amount, account: under.account },
        { kind: 'refund', id: `refund-${paymentId}`, amount },
      ]);
      expect((await under.gateway.settlement('2001-01-01')).length).toBe(0);
    });
  });
