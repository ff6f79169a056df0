import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { later } from '../../domain/id.ts';
import { createPurchaseLinks } from './purchase-links.ts';

const key = randomBytes(32);
const at = '2026-01-05T03:00:00.000Z';
const checkoutId = '01JGXXK0000000000000000001';

describe('a link to a purchase', () => {
  const links = createPurchaseLinks(key);
  const { token, expiresAt } = links.issue(checkoutId, at);

  it('is known to every process with the same key, until its end', () => {
    expect(createPurchaseLinks(key).read(token, at)).toBe(checkoutId);
    expect(links.read(token, later(expiresAt, -1))).toBe(checkoutId);
    expect(links.read(token, expiresAt)).toBeNull();
  });
  it('is for one purchase and one end', () => {
    const [id, until, signature] = token.split('.');
    const other = links.issue('01JGXXK0000000000000000002', at).token.split('.');
    const wrong = [
      `${other[0]}.${until}.${signature}`,
      `${id}.zzzzzzzz.${signature}`,
      `${id}.${until}.${'A'.repeat(43)}`,
      token.slice(1),
      `${token}A`,
      '',
    ];
    expect(wrong.map((each) => links.read(each, at))).toEqual(wrong.map(() => null));
    expect(createPurchaseLinks(randomBytes(32)).read(token, at)).toBeNull();
  });
});
