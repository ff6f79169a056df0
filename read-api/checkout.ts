// Queries of checkouts: how a purchase stands, and how it is to be paid. For its buyer alone.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { Instructions, Moment, Money, type Revised, revised, Totals } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { storedText } from '../infra/http/json.ts';
import { pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import { Time } from '../infra/http/time.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { CheckoutRow } from '../projections/checkout/checkouts.ts';
import type { Buyers } from './buyers.ts';
import { json, page, periodOf, tagged } from './http.ts';

const statuses = ['Priced', 'AwaitingPayment', 'Paid', 'Confirmed', 'Completed', 'Compensating', 'Failed', 'Expired'] as const;
const Checkout = z
  .object({
    checkoutId: Id,
    buyerId: Id,
    status: z.enum(statuses),
    orders: z.array(z.object({ orderId: Id, sellerId: Id, total: Money })),
    totals: Totals,
    payment: z.object({
      paymentId: Id,
      method: z.string(),
      amount: Money,
      expiresAt: Moment,
      instructions: z.array(Instructions).describe('How to pay, one for each part, when they are known.'),
    }),
    reason: z.string().nullable().describe('Why it failed or expired: one of the error codes.'),
    missing: z
      .array(z.object({ lineId: z.string(), variantId: z.string(), sku: z.string(), code: z.string() }))
      .describe('The lines that could not be had.'),
    createdAt: Moment,
    updatedAt: Moment,
    ...revised,
  })
  .meta({ id: 'Checkout' });
type Row = CheckoutRow & Revised;

const notFound = () => new DomainError('checkout.not_found', 'There is no such checkout.');

const staffQueries = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/admin/checkouts',
      allow('ADMIN', {
        operation: 'listCheckouts',
        answer: pageSchema(Checkout),
        summary: 'Purchases, the latest first: all, or by status, buyer and when they began.',
        load: 'reports',
      }),
      query(
        z.object({ ...paging, status: z.enum(statuses).optional(), buyerId: Id.optional(), from: Time.optional(), to: Time.optional() }),
      ),
      async (c) => {
        const { status, buyerId, from, to, ...asked } = c.req.valid('query');
        const where = { ...(status && { status }), ...(buyerId && { buyerId }), ...periodOf('createdAt', from, to) };
        return json(c, await page<Row>(tables, 'checkout-checkouts', { where, order: [['createdAt', 'desc']] }, asked));
      },
    )
    .get(
      '/admin/checkouts/:checkoutId',
      allow('ADMIN', {
        operation: 'getCheckoutAsAdmin',
        answer: Checkout,
        summary: 'One purchase.',
        load: 'reports',
        errors: ['checkout.not_found'],
      }),
      params(z.object({ checkoutId: Id })),
      async (c) => {
        const text = await tables.get('checkout-checkouts', c.req.valid('param').checkoutId);
        if (text === null) throw notFound();
        return json(c, storedText<Row>(tagged(c, text)));
      },
    );

export const checkoutQueries = (tables: TableReader, buyers: Buyers) =>
  new Hono<Env>()
    .route('/', staffQueries(tables))
    .get(
      '/checkouts',
      allow('buyer', {
        operation: 'listMyCheckouts',
        answer: pageSchema(Checkout),
        summary: 'My purchases, the latest first.',
        owner: 'buyer',
        load: 'checkout',
      }),
      query(z.object({ ...paging, minPosition: z.string().optional() })),
      async (c) => {
        const where = { buyerId: await buyers.of(principalOf(c)) };
        return json(c, await page<Row>(tables, 'checkout-checkouts', { where, order: [['createdAt', 'desc']] }, c.req.valid('query')));
      },
    )
    .get(
      '/checkouts/:checkoutId',
      allow('buyer', {
        ...{ operation: 'getCheckout', answer: Checkout },
        ...{ summary: 'How a purchase stands, its orders, and how to pay it.', owner: 'buyer', load: 'checkout' },
        errors: ['checkout.not_found'],
      }),
      params(z.object({ checkoutId: Id })),
      async (c) => {
        const text = await tables.get('checkout-checkouts', c.req.valid('param').checkoutId);
        if (text === null || !(await buyers.isBuyer(principalOf(c), JSON.parse(text) as CheckoutRow)))
          throw new DomainError('checkout.not_found', 'There is no such checkout.');
        return json(c, storedText<Row>(tagged(c, text)));
      },
    );
