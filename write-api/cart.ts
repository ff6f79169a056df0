// Commands of the cart over HTTP, for guests and for people who have signed in: the cart is found by who asks.
import { Hono } from 'hono';
import { z } from 'zod';
import { addCartLine, type Buyer, changeCartLine, clearCart, mergeCart, removeCartLine, selectCartLines } from '../commands/cart.ts';
import type { Handle, Result } from '../commands/handle.ts';
import type { CartEvent } from '../domain/cart/events.ts';
import { Id } from '../domain/id.ts';
import { CartId } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { guestIdIn } from '../infra/http/guest.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import { answer, context, idAs, type WriteEnv, written } from './http.ts';

const quantity = z.int().min(1).max(999);
const NewLine = z.object({ productId: Id, variantId: Id.optional(), quantity: quantity.default(1) });
const Selection = z.object({ lineIds: z.array(Id).min(1).max(100), selected: z.boolean() });
const Line = params(z.object({ lineId: Id }));

const buyerOf = (c: { get(key: 'principal'): Env['Variables']['principal'] }): Buyer => {
  const { id, sellerId = null } = principalOf(c);
  return { cartId: id, ownSellerId: sellerId };
};

/** The line that was added, or that the same article stood on already. */
const lineIn = ({ id, events }: Result<CartEvent>) => {
  const [event] = events;
  if (event?.event.type !== 'cart.line_added' && event?.event.type !== 'cart.quantity_changed') return { cartId: id };
  const { lineId, productId, variantId, sellerId, quantity: pieces } = event.event;
  return { cartId: id, lineId, productId, variantId, sellerId, quantity: pieces };
};
const cartIn = idAs('cartId');

const missing = ['cart.line_not_found'];

const ChangedCart = written('ChangedCart', { cartId: CartId });
const AddedCartLine = written('AddedCartLine', {
  cartId: CartId,
  ...z.object({ lineId: Id, productId: Id, variantId: Id, sellerId: Id, quantity: z.int() }).partial().shape,
});

export const cartCommands = (handle: Handle, secure: boolean) =>
  new Hono<WriteEnv>()
    .post(
      '/cart/lines',
      allow('guest', {
        operation: 'addCartLine',
        summary: 'Put an article into the cart, or more of it.',
        answer: AddedCartLine,
        status: 201,
        errors: ['cart.product_unavailable', 'cart.own_goods', 'cart.mixed_currencies', 'cart.quantity_exceeded', 'cart.too_many_lines'],
      }),
      body(NewLine),
      async (c) => {
        const isNew = principalOf(c).isNew && ({ fresh: true } as const);
        return answer(c, 201, await addCartLine(handle, buyerOf(c), c.req.valid('json'), { ...context(c), ...isNew }), lineIn);
      },
    )
    .patch(
      '/cart/lines/:lineId',
      allow('guest', {
        operation: 'changeCartLine',
        summary: 'Change how many pieces of a line are wanted.',
        owner: 'self',
        answer: ChangedCart,
        errors: missing,
      }),
      Line,
      body(z.object({ quantity })),
      async (c) => {
        const { lineId } = c.req.valid('param');
        return answer(c, 200, await changeCartLine(handle, buyerOf(c).cartId, lineId, c.req.valid('json').quantity, context(c)), cartIn);
      },
    )
    .delete(
      '/cart/lines/:lineId',
      allow('guest', { operation: 'removeCartLine', summary: 'Take a line out of the cart.', owner: 'self', answer: ChangedCart }),
      Line,
      async (c) => answer(c, 200, await removeCartLine(handle, buyerOf(c).cartId, c.req.valid('param').lineId, context(c)), cartIn),
    )
    .delete('/cart/lines', allow('guest', { operation: 'clearCart', summary: 'Empty the cart.', answer: ChangedCart }), async (c) =>
      answer(c, 200, await clearCart(handle, buyerOf(c).cartId, context(c)), cartIn),
    )
    .post(
      '/cart/selection',
      allow('guest', {
        operation: 'selectCartLines',
        summary: 'Say which lines the next checkout is about.',
        owner: 'self',
        answer: ChangedCart,
        errors: missing,
      }),
      body(Selection),
      async (c) => {
        const { lineIds, selected } = c.req.valid('json');
        return answer(c, 200, await selectCartLines(handle, buyerOf(c).cartId, lineIds, selected, context(c)), cartIn);
      },
    )
    .post(
      '/cart/merge',
      allow('signed-in', {
        operation: 'mergeCart',
        summary: "Take over the cart that was filled before signing in: the guest's, named by the cookie.",
        answer: ChangedCart,
      }),
      async (c) => answer(c, 200, await mergeCart(handle, buyerOf(c), guestIdIn(c.req.header('cookie'), secure), context(c)), cartIn),
    );
