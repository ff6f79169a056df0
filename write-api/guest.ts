// Guests over HTTP: from the link of a mail, or the cookie that a purchase was made with, to a token that opens this purchase alone.
import { Hono, type Context as HonoContext } from 'hono';
import { z } from 'zod';
import { type BlindIndex, contactsOf } from '../commands/contact.ts';
import {
  type Asking,
  erasePurchase,
  exportPurchase,
  type GuestDeps,
  openOwnPurchase,
  openPurchaseLink,
  resendPurchaseLink,
} from '../commands/guest.ts';
import { purchaseStatuses } from '../domain/checkout/state.ts';
import { Id } from '../domain/id.ts';
import { Address, Erased, Moment, Money, Taken } from '../infra/http/answers.ts';
import type { Principal } from '../infra/http/env.ts';
import { guestBuyerId } from '../infra/http/guest.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import { context, reply, type WriteEnv } from './http.ts';

type C = HonoContext<WriteEnv>;

export interface GuestRoutesDeps extends GuestDeps {
  readonly blindIndex: BlindIndex;
  /** Counts an attempt about this name, from wherever it comes. Throws gateway.rate_limited. */
  readonly limitAccount: (name: string) => void | Promise<void>;
}

/** The caller as commands about a purchase know it. */
export const askingOf = (blindIndex: BlindIndex, { kind, id, purchaseId }: Principal): Asking => ({
  id,
  nameIn: kind === 'guest' && purchaseId === undefined ? (checkoutId) => guestBuyerId(blindIndex, id, checkoutId) : null,
});

/** Under which buyer's id this guest has bought what has become the checkout. */
const nameOf = ({ blindIndex }: GuestRoutesDeps, c: C, checkoutId: string): string => {
  const { id, nameIn } = askingOf(blindIndex, principalOf(c));
  return nameIn ? nameIn(checkoutId) : id;
};

const PurchaseExport = z
  .object({
    checkoutId: Id,
    status: z.enum(purchaseStatuses),
    contact: z.object({ email: z.string().nullable(), phone: z.string().nullable(), language: z.enum(['en', 'id']) }),
    address: Address.or(Erased),
    orders: z.array(
      z.object({
        orderId: Id,
        lines: z.array(z.object({ name: z.string(), sku: z.string(), quantity: z.int(), amount: Money })),
        total: Money,
      }),
    ),
  })
  .meta({ id: 'PurchaseExport' });
const PurchaseAccess = z
  .object({
    checkoutId: Id,
    orderIds: z.array(Id),
    paymentId: Id,
    accessToken: z.string(),
    accessExpiresAt: Moment,
  })
  .meta({ id: 'PurchaseAccess' });
const ErasedPurchase = z.object({ checkoutId: Id }).meta({ id: 'ErasedPurchase' });

export const guestCommands = (deps: GuestRoutesDeps) =>
  new Hono<WriteEnv>()
    .post(
      '/guest/access',
      allow('public', {
        ...{
          operation: 'openPurchaseLink',
          summary: 'Exchange the token of a mailed link for an access token of ten minutes that opens this purchase alone.',
        },
        ...{ rate: 'login', exempt: true, errors: ['auth.link_used', 'log.stream_damaged'], answer: PurchaseAccess },
      }),
      body(z.object({ token: z.string().min(1).max(200) })),
      async (c) => {
        c.header('cache-control', 'no-store');
        return reply(c, 200, await openPurchaseLink(deps, c.req.valid('json').token, context(c).at));
      },
    )
    .post(
      '/guest/purchases/:checkoutId/access',
      allow('buyer', {
        ...{ operation: 'openMyPurchase', summary: 'The same for the browser that has bought, by its cookie.', owner: 'guest' },
        ...{ exempt: true, errors: ['checkout.not_found', 'log.stream_damaged'], answer: PurchaseAccess },
      }),
      params(z.object({ checkoutId: Id })),
      async (c) => {
        const { checkoutId } = c.req.valid('param');
        c.header('cache-control', 'no-store');
        return reply(c, 200, await openOwnPurchase(deps, checkoutId, nameOf(deps, c, checkoutId)));
      },
    )
    .get(
      '/guest/purchases/:checkoutId/export',
      allow('buyer', {
        ...{ operation: 'exportMyPurchase', summary: 'All that a guest has told for a purchase, as a file.', owner: 'guest' },
        ...{ errors: ['checkout.not_found', 'log.stream_damaged'], answer: PurchaseExport },
      }),
      params(z.object({ checkoutId: Id })),
      async (c) => {
        const { checkoutId } = c.req.valid('param');
        c.header('content-disposition', 'attachment; filename="my-purchase.json"');
        const { address, ...told } = await exportPurchase(deps, checkoutId, nameOf(deps, c, checkoutId));
        return reply(c, 200, { ...told, address: address as Address | z.output<typeof Erased> });
      },
    )
    .delete(
      '/guest/purchases/:checkoutId/personal-data',
      allow('buyer', {
        ...{
          operation: 'eraseMyPurchase',
          summary: 'Erase what a guest has told for a purchase, when its orders are over. The books stay.',
          owner: 'guest',
        },
        ...{ status: 202, errors: ['checkout.not_found', 'checkout.still_open'], answer: ErasedPurchase },
      }),
      params(z.object({ checkoutId: Id })),
      async (c) => {
        const { checkoutId } = c.req.valid('param');
        await erasePurchase(deps, checkoutId, nameOf(deps, c, checkoutId), context(c));
        return reply(c, 202, { checkoutId });
      },
    )
    .post(
      '/guest/links',
      allow('public', {
        ...{
          operation: 'resendPurchaseLink',
          summary: 'Have the link to a purchase mailed again, by order and address. The answer is the same whether there is one.',
        },
        ...{ rate: 'login', exempt: true, status: 202, errors: ['log.stream_damaged'], answer: Taken },
      }),
      body(z.object({ orderId: Id, email: z.string().trim().min(1).max(254) })),
      async (c) => {
        const { orderId, email } = c.req.valid('json');
        const [name = ''] = contactsOf(deps.blindIndex, { email, phone: '' });
        await deps.limitAccount(`purchase link:${name}`);
        await deps.limitAccount(`purchase link:${orderId}`);
        await resendPurchaseLink(deps, { orderId, email }, context(c).at);
        return reply(c, 202, {});
      },
    );
