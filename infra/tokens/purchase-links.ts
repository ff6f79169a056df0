// The links by which a guest sees one purchase: a signed statement with an end, which stands nowhere but in the mail that it was sent by.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { days, later } from '../../domain/id.ts';
import type { PurchaseLinks } from './port.ts';

/** Longer than delivery and the return window take together; a new one is mailed to who asks. */
const lifetime = days(60);

const shape = /^([0-9A-Z]{26})\.([0-9a-z]{1,12})\.([\w-]{43})$/;

/** `key`: derived from the master key for these links alone, so that every process knows those of the others. */
export const createPurchaseLinks = (key: Uint8Array): PurchaseLinks => {
  const signed = (said: string) => createHmac('sha256', key).update(said).digest();
  return {
    issue: (checkoutId, at) => {
      const expiresAt = later(at, lifetime);
      const said = `${checkoutId}.${Date.parse(expiresAt).toString(36)}`;
      return { token: `${said}.${signed(said).toString('base64url')}`, expiresAt };
    },
    read: (token, at) => {
      const [, checkoutId, until, signature] = shape.exec(token) ?? [];
      if (checkoutId === undefined || until === undefined || signature === undefined) return null;
      const given = Buffer.from(signature, 'base64url');
      if (!timingSafeEqual(given, signed(`${checkoutId}.${until}`))) return null;
      return Date.parse(at) < Number.parseInt(until, 36) ? checkoutId : null;
    },
  };
};
