import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { contact } from './contact.ts';
import type { ContactEvent } from './events.ts';

const at = '2026-01-01T12:00:00.000Z';
const ids = { contactId: 'email.x', checkoutId: 'k1', buyerId: 'b1', at } as const;
const use = { type: 'use', ...ids, codOrders: 2, maxCodOrders: 3, over: [], at } as const;
const used: ContactEvent = { type: 'contact.used', ...ids, codOrders: 2, over: [], userId: null };
const take = { type: 'take', contactId: 'email.x', userId: 'u1', at } as const;
const bought: ContactEvent = { type: 'contact.purchase_taken', ...ids, userId: 'u1' };
const taken: ContactEvent = { type: 'contact.taken', contactId: 'email.x', userId: 'u1', at };
const many = (count: number): ContactEvent[] =>
  Array.from({ length: count }, (_, n) => ({ ...used, checkoutId: `k${n}`, buyerId: `b${n}`, codOrders: 0 }));

describe('orders that are paid at the door', () => {
  it('are counted', () => given(contact).when(use).then(used));
  it('are counted once', () => given(contact, used).when(use).then());
  it('are so many at once and no more', () =>
    given(contact, used)
      .when({ ...use, checkoutId: 'k2' })
      .refuses('checkout.cod_limit', { limit: 3, open: 2 }));
  it('make room when they have arrived', () =>
    given(contact, used)
      .when({ ...use, checkoutId: 'k2', over: ['k1'] })
      .then({ ...used, checkoutId: 'k2', over: ['k1'] }));
  it('do not count for what is paid before', () =>
    given(contact, used)
      .when({ ...use, checkoutId: 'k2', codOrders: 0 })
      .then({ ...used, checkoutId: 'k2', codOrders: 0 }));
  it('are counted by how the same checkout is paid at last', () =>
    given(contact, { ...used, codOrders: 0 })
      .when({ ...use, codOrders: 3 })
      .then({ ...used, codOrders: 3 }));
});

describe('an account that has proved an address', () => {
  it('takes over what was bought with it', () => given(contact, used).when(take).then(bought, taken));
  it('and what is bought with it from then on', () =>
    given(contact, taken)
      .when(use)
      .then({ ...used, userId: 'u1' }));
  it('takes much of it step by step', () => {
    const first = contact.decide(take, given(contact, ...many(100)).state());
    expect(first.map(({ type }) => type)).toEqual(Array(90).fill('contact.purchase_taken'));
    const second = contact.decide(take, given(contact, ...many(100), ...first).state());
    expect(second.map(({ type }) => type)).toEqual([...Array(10).fill('contact.purchase_taken'), 'contact.taken']);
    expect(contact.decide(take, given(contact, ...many(100), ...first, ...second).state())).toEqual([]);
  });
  it('of a later account, when the address is free again, takes what no other has', () =>
    given(contact, used, bought, taken)
      .when({ ...take, userId: 'u2' })
      .then({ ...taken, userId: 'u2' }));
});

describe('a purchase that is forgotten', () => {
  const forget = { type: 'forget', ...ids } as const;
  const forgotten: ContactEvent = { type: 'contact.purchase_forgotten', ...ids };

  it('is nobody’s any more', () => given(contact, used, bought, taken).when(forget).then(forgotten));
  it('is forgotten once, and only where it was known', () => {
    given(contact, used, forgotten).when(forget).then();
    given(contact).when(forget).then();
  });
  it('is not taken over', () => given(contact, used, forgotten).when(take).then(taken));
});
