// What every readable mail outbox keeps.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sealed } from '../../domain/privacy.ts';
import type { Mail, ReadableMailOutbox } from './mail.port.ts';

export const seal = (userId: string, value: string) => `pii1.${userId}.${Buffer.from(value).toString('base64url')}` as Sealed;

export const mailContract = (name: string, open: () => Promise<{ outbox: ReadableMailOutbox; close(): Promise<void> }>) =>
  describe(`mail outbox: ${name}`, () => {
    let under: Awaited<ReturnType<typeof open>>;
    let ids = 0;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    const mailTo = (userId: string): Mail => {
      ids += 1;
      return {
        messageId: `m-${ids}`,
        userId,
        to: seal(userId, 'siti@example.com'),
        name: seal(userId, 'Siti'),
        language: 'id',
        at: '2026-01-01T00:00:00.000Z',
        template: 'order_confirmed',
        data: { orderId: `o-${ids}`, total: { amount: 150_000, currency: 'IDR' } },
      };
    };

    it('lists what it was given, newest first, still sealed', async () => {
      const [first, second] = [mailTo('u1'), mailTo('u1')];
      await under.outbox.send(first);
      await under.outbox.send(second);
      expect(await under.outbox.list('u1')).toEqual([second, first]);
      expect(await under.outbox.list('u1', 1)).toEqual([second]);
    });

    it('sends a message once, however often it is asked', async () => {
      const mail = mailTo('u2');
      await under.outbox.send(mail);
      await under.outbox.send(mail);
      expect(await under.outbox.list('u2')).toEqual([mail]);
    });

    it('forgets an erased person, and nobody else', async () => {
      const [gone, other] = [mailTo('u3'), mailTo('u4')];
      await under.outbox.send(gone);
      await under.outbox.send(other);
      expect(await under.outbox.removeOf('u3')).toBe(1);
      expect(await under.outbox.removeOf('u3')).toBe(0);
      expect(await under.outbox.list('u3')).toEqual([]);
      expect(await under.outbox.list('u4')).toEqual([other]);
    });

    it('refuses an address, a name or a token in plain text', async () => {
      const refusal = expect.objectContaining({ name: 'ProviderRefused', code: 'not_sealed' });
      const plain = 'siti@example.com' as Sealed;
      await expect(under.outbox.send({ ...mailTo('u5'), to: plain })).rejects.toThrow(refusal);
      await expect(under.outbox.send({ ...mailTo('u5'), name: plain })).rejects.toThrow(refusal);
      const expiresAt = '2026-01-01T00:30:00.000Z';
      const reset: Mail = { ...mailTo('u5'), template: 'password_reset', data: { token: 'secret' as Sealed, expiresAt } };
      await expect(under.outbox.send(reset)).rejects.toThrow(refusal);
      expect(await under.outbox.list('u5')).toEqual([]);
    });
  });
