import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { DomainError } from '../error.ts';
import { type CartCommand, cart, linesPerCart } from './cart.ts';
import type { CartEvent } from './events.ts';

const at = '2026-01-01T12:00:00.000Z';
const item = { lineId: 'l1', productId: 'p1', variantId: 'v1', sellerId: 's1', quantity: 2, currency: 'IDR' } as const;
const { quantity: _quantity, currency: _currency, ...ids } = item;
const add = { type: 'add', cartId: 'c1', ...item, additionId: 'a1', ownSellerId: null, at } as const;
const added = { type: 'cart.line_added', cartId: 'c1', ...item, additionId: 'a1', at } as const;
const second = { ...added, lineId: 'l2', productId: 'p2', variantId: 'v2', additionId: 'a2' } as const;
const changed = { type: 'cart.quantity_changed', cartId: 'c1', ...ids, quantity: 5, additionId: null, at } as const;
const deselected = { type: 'cart.line_deselected', cartId: 'c1', ...ids, at } as const;
const full = Array.from({ length: linesPerCart }, (_, n) => ({ ...added, lineId: `l${n}`, variantId: `v${n}`, additionId: `a${n}` }));

describe('a line is added', () => {
  it('and opens the cart', () => given(cart).when(add).then(added));
  it('to the line of the same variant', () =>
    given(cart, added)
      .when({ ...add, lineId: 'l9', additionId: 'a9', quantity: 3 })
      .then({ ...changed, additionId: 'a9' }));
  it('once, however often it is asked', () => given(cart, added).when(add).then());
  it('not beyond 999 pieces', () =>
    given(cart, added)
      .when({ ...add, additionId: 'a9', quantity: 998 })
      .refuses('cart.quantity_exceeded'));
  it('not by fractions', () =>
    given(cart)
      .when({ ...add, quantity: 1.5 })
      .refuses('cart.quantity_exceeded'));
  it('not to a full cart', () =>
    given(cart, ...full)
      .when({ ...add, variantId: 'vx', additionId: 'ax' })
      .refuses('cart.too_many_lines', { limit: linesPerCart }));
  it('not in another currency', () =>
    given(cart, added)
      .when({ ...add, variantId: 'v2', additionId: 'a2', currency: 'BRL' })
      .refuses('cart.mixed_currencies', { currency: 'IDR' }));
  it('in any currency once the cart is empty again', () =>
    given(cart, added, { type: 'cart.cleared', cartId: 'c1', at })
      .when({ ...add, additionId: 'a2', currency: 'BRL' })
      .then({ ...added, additionId: 'a2', currency: 'BRL' }));
  it('not by the seller of the goods', () =>
    given(cart)
      .when({ ...add, ownSellerId: 's1' })
      .refuses('cart.own_goods'));
});

describe('a line', () => {
  it('gets another quantity', () => given(cart, added).when({ type: 'change', lineId: 'l1', quantity: 5, at }).then(changed));
  it('never none', () => given(cart, added).when({ type: 'change', lineId: 'l1', quantity: 0, at }).refuses('cart.quantity_exceeded'));
  it('must be there', () => given(cart, added).when({ type: 'change', lineId: 'l2', quantity: 5, at }).refuses('cart.line_not_found'));
  it('is removed', () =>
    given(cart, added)
      .when({ type: 'remove', lineId: 'l1', at })
      .then({ type: 'cart.line_removed', cartId: 'c1', ...ids, at }));
  it('comes selected', () =>
    given(cart, added)
      .when({ type: 'select', lineIds: ['l1'], at })
      .then());
  it('is deselected', () =>
    given(cart, added)
      .when({ type: 'deselect', lineIds: ['l1'], at })
      .then(deselected));
  it('is selected again', () =>
    given(cart, added, deselected)
      .when({ type: 'select', lineIds: ['l1'], at })
      .then({ ...deselected, type: 'cart.line_selected' }));
});

describe('the whole cart', () => {
  it('is cleared', () => given(cart, added).when({ type: 'clear', at }).then({ type: 'cart.cleared', cartId: 'c1', at }));
  it('is cleared when there is none', () => given(cart).when({ type: 'clear', at }).then());
});

describe("a guest's cart", () => {
  const merge = { type: 'merge', cartId: 'c1', lines: [item], ownSellerId: null, at } as const;
  it('becomes the cart of somebody who had none', () =>
    given(cart)
      .when(merge)
      .then({ ...added, additionId: 'l1' }));
  it('adds its lines', () =>
    given(cart, second)
      .when(merge)
      .then({ ...added, additionId: 'l1' }));
  it('raises a quantity but never lowers it', () => {
    given(cart, added)
      .when({ ...merge, lines: [{ ...item, lineId: 'g1', quantity: 5 }] })
      .then(changed);
    given(cart, added)
      .when({ ...merge, lines: [{ ...item, lineId: 'g1', quantity: 1 }] })
      .then();
  });
  it('leaves behind what does not fit', () => {
    given(cart, second)
      .when({ ...merge, lines: [{ ...item, currency: 'BRL' }] })
      .then();
    given(cart, second)
      .when({ ...merge, ownSellerId: 's1' })
      .then();
    given(cart, ...full)
      .when({ ...merge, lines: [{ ...item, variantId: 'vx' }] })
      .then();
  });
});

describe('bought lines', () => {
  const bought = { type: 'remove_bought', checkoutId: 'k1', lines: [{ lineId: 'l1', quantity: 2 }], at } as const;
  const gone: Extract<CartEvent, { type: 'cart.lines_removed' }> = {
    type: 'cart.lines_removed',
    cartId: 'c1',
    checkoutId: 'k1',
    lines: [{ lineId: 'l1', variantId: 'v1', quantity: 2, left: 0 }],
    at,
  };
  it('leave the cart, and only they', () => given(cart, added, second).when(bought).then(gone));
  it('leave what was added meanwhile', () =>
    given(cart, added, changed)
      .when(bought)
      .then({ ...gone, lines: [{ lineId: 'l1', variantId: 'v1', quantity: 2, left: 3 }] }));
  it('leave once, also when they are in the cart again', () =>
    given(cart, added, changed, { ...gone, lines: [{ lineId: 'l1', variantId: 'v1', quantity: 2, left: 3 }] })
      .when(bought)
      .then());
  it('may have been removed by the buyer', () => given(cart, second).when(bought).then());
});

it('holds one line per variant, of 1 to 999 pieces, in one currency, whatever happens', () => {
  const few = fc.integer({ min: 1, max: 4 });
  const any: fc.Arbitrary<CartCommand> = fc.oneof(
    fc
      .tuple(few, fc.integer({ min: 1, max: 999 }), fc.nat({ max: 9 }), fc.constantFrom('IDR' as const, 'BRL' as const))
      .map(([n, quantity, a, currency]) => ({ ...add, lineId: `l${n}${a}`, variantId: `v${n}`, additionId: `a${a}`, quantity, currency })),
    fc.tuple(few, fc.nat({ max: 9 })).map(([n, a]) => ({ type: 'remove' as const, lineId: `l${n}${a}`, at })),
    fc.tuple(few, fc.integer({ min: 1, max: 999 })).map(([n, quantity]) => ({
      ...{ type: 'merge' as const, cartId: 'c1', ownSellerId: null, at },
      lines: [{ ...item, lineId: `g${n}`, variantId: `v${n}`, quantity }],
    })),
  );
  const decide = (command: CartCommand, state: Parameters<typeof cart.decide>[1]): readonly CartEvent[] => {
    try {
      return cart.decide(command, state);
    } catch (error) {
      if (error instanceof DomainError) return [];
      throw error;
    }
  };
  fc.assert(
    fc.property(fc.array(any, { maxLength: 30 }), (commands) => {
      const end = commands.reduce((state, command) => decide(command, state).reduce(cart.evolve, state), cart.initial);
      if (end.status === 'none') return;
      expect(new Set(end.lines.map((line) => line.variantId)).size).toBe(end.lines.length);
      expect(end.lines.every((line) => line.quantity >= 1 && line.quantity <= 999)).toBe(true);
      expect(end.currency === null).toBe(end.lines.length === 0);
    }),
  );
});

describe('a checkout of quoted lines', () => {
  const line = { lineId: 'l1', quantity: 2, selected: true };
  const checkOut = { type: 'check_out', cartId: 'c1', checkoutId: 'k1', lines: [line], over: [], at } as const;
  const checkedOut: CartEvent = {
    ...{ type: 'cart.checked_out', cartId: 'c1', at, checkoutId: 'k1' },
    ...{ lines: [{ lineId: 'l1', quantity: 2 }], over: [] },
  };
  const removed = { type: 'cart.line_removed', cartId: 'c1', ...ids, at } as const;
  const bought: CartEvent = {
    ...{ type: 'cart.lines_removed', cartId: 'c1', checkoutId: 'k1', at },
    lines: [{ lineId: 'l1', variantId: 'v1', quantity: 2, left: 3 }],
  };
  const changedBy = (field: string, more: object) => ({ changes: [{ lineId: 'l1', field, ...more }] });

  it('begins, and the lines stay until they are bought', () => given(cart, added).when(checkOut).then(checkedOut));
  it('begins once', () => given(cart, added, checkedOut).when(checkOut).then());
  it('of several lines says all that has changed', () =>
    given(cart, added)
      .when({
        ...checkOut,
        lines: [
          { ...line, quantity: 3 },
          { ...line, lineId: 'l2' },
        ],
      })
      .refuses('checkout.cart_changed', {
        changes: [
          { lineId: 'l1', field: 'quantity', old: 3, new: 2 },
          { lineId: 'l2', field: 'removed', old: 2, new: 0 },
        ],
      }));
  it('not of a line that was removed', () =>
    given(cart, added, removed)
      .when(checkOut)
      .refuses('checkout.cart_changed', changedBy('removed', { old: 2, new: 0 })));
  it('not of a line that was deselected since', () =>
    given(cart, added, deselected)
      .when(checkOut)
      .refuses('checkout.cart_changed', changedBy('selected', { old: true, new: false })));
  it('of a line that was not selected when it was quoted either', () =>
    given(cart, added, deselected)
      .when({ ...checkOut, lines: [{ ...line, selected: false }] })
      .then(checkedOut));
  it('of a line that has more pieces by now: as many as were quoted', () => given(cart, added, changed).when(checkOut).then(checkedOut));
  it('not of a line that another checkout is buying', () =>
    given(cart, added, checkedOut)
      .when({ ...checkOut, checkoutId: 'k2' })
      .refuses('checkout.cart_changed', changedBy('checked_out', { old: 2, new: 0, checkoutIds: ['k1'] })));
  it('of the pieces that another checkout leaves', () =>
    given(cart, added, checkedOut, changed)
      .when({ ...checkOut, checkoutId: 'k2' })
      .then({ ...checkedOut, checkoutId: 'k2' }));
  it('of a line whose earlier checkout came to nothing', () =>
    given(cart, added, checkedOut)
      .when({ ...checkOut, checkoutId: 'k2', over: ['k1'] })
      .then({ ...checkedOut, checkoutId: 'k2', over: ['k1'] }));
  it('not by a second quote of what was bought', () =>
    given(cart, added, changed, checkedOut, bought)
      .when({ ...checkOut, checkoutId: 'k2', lines: [{ ...line, quantity: 5 }] })
      .refuses('checkout.cart_changed', changedBy('quantity', { old: 5, new: 3 })));
});
