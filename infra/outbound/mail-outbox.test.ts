// The development outbox keeps the contract, keeps no plain text in its file, and can be read.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Sealed } from '../../domain/privacy.ts';
import { mailContract, seal } from './mail.contract.ts';
import type { Mail, MailContent } from './mail.port.ts';
import { openMailOutbox } from './mail-outbox.ts';
import { renderMail } from './mail-templates.ts';

const unseal = (sealed: Sealed) => Buffer.from(sealed.split('.')[2] ?? '', 'base64url').toString();
const rendering = { open: unseal, storeUrl: 'https://toko.example', timeZone: 'Asia/Jakarta' };
const person = { userId: 'u1', to: seal('u1', 'siti@example.com'), name: seal('u1', 'Siti'), at: '2026-01-01T00:00:00.000Z' };
const reset = { template: 'password_reset', data: { token: seal('u1', 'the-secret'), expiresAt: '2026-01-01T00:30:00.000Z' } } as const;

mailContract('development', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mail-'));
  const outbox = openMailOutbox(dataDir);
  return {
    outbox,
    close: async () => {
      await outbox.close();
      rmSync(dataDir, { recursive: true });
    },
  };
});

describe('the development outbox', () => {
  it('still has a message after a restart, and nowhere in its files an address or a token', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'mail-'));
    const mail: Mail = { messageId: 'm1', language: 'en', ...person, ...reset };
    const first = openMailOutbox(dataDir);
    await first.send(mail);
    await first.close();
    const second = openMailOutbox(dataDir);
    expect(await second.list('u1')).toEqual([mail]);
    for (const file of readdirSync(dataDir)) {
      const bytes = readFileSync(join(dataDir, file));
      for (const secret of ['siti@example.com', 'Siti', 'the-secret']) expect(bytes.includes(secret)).toBe(false);
    }
    await second.close();
    rmSync(dataDir, { recursive: true });
  });
});

describe('a rendered mail', () => {
  it('carries the token behind the # of a link only', async () => {
    const { to, subject, text } = await renderMail({ messageId: 'm1', language: 'en', ...person, ...reset }, rendering);
    expect({ to, subject }).toEqual({ to: 'siti@example.com', subject: 'Choose a new password' });
    expect(text).toContain('Hello Siti,');
    expect(text).toContain('https://toko.example/reset-password#token=the-secret\n');
    expect(text).toContain('1 January 2026 at 07:30');
  });

  const orderId = 'o1';
  const contents: MailContent[] = [
    reset,
    { template: 'verify_email', data: reset.data },
    { template: 'order_confirmed', data: { orderId, total: { amount: 150_000, currency: 'IDR' } } },
    { template: 'order_shipped', data: { orderId, courier: 'JNE', trackingNumber: 'JNE1' } },
    { template: 'order_delivered', data: { orderId } },
    { template: 'order_cancelled', data: { orderId, reason: 'stok habis' } },
    { template: 'order_refunded', data: { orderId, amount: { amount: 1_234, currency: 'BRL' } } },
  ];
  it.each(contents.flatMap((content) => (['en', 'id'] as const).map((language) => ({ ...content, language }))))(
    'of $template speaks $language',
    async ({ language, ...content }) => {
      const other = language === 'en' ? 'id' : 'en';
      const mail = await renderMail({ messageId: 'm1', language, ...person, ...content } as Mail, rendering);
      const inOther = await renderMail({ messageId: 'm1', language: other, ...person, ...content } as Mail, rendering);
      expect(mail.subject).not.toBe(inOther.subject);
      expect(mail.text.startsWith(language === 'en' ? 'Hello Siti,' : 'Halo Siti,')).toBe(true);
      expect(`${mail.subject}${mail.text}`).not.toMatch(/undefined|NaN|\[object/);
    },
  );

  it('of an erased person shows that it is erased', async () => {
    const mail: Mail = { messageId: 'm1', language: 'en', ...person, ...reset };
    expect((await renderMail(mail, { ...rendering, open: () => '[erased]' })).to).toBe('[erased]');
  });
});
