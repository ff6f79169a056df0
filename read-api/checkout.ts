// Queries of checkouts: how a purchase stands, and how it is to be paid. For its buyer alone.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { page as paging } from '../infra/http/pages.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { CheckoutRow } from '../projections/checkout/checkouts.ts';
import { json, page } from './http.ts';

export const checkoutQueries = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/checkouts',
      allow('signed-in', { summary: 'My purchases, the latest first.', owner: 'buyer', load: 'checkout' }),
      query(z.object({ ...paging, minPosition: z.string().optional() })),
      async (c) => {
        const where = { buyerId: principalOf(c).id };
        return json(c, await page(tables, 'checkout-checkouts', { where, order: [['createdAt', 'desc']] }, c.req.valid('query')));
      },
    )
    .get(
      '/checkouts/:checkoutId',
      allow('signed-in', {
        ...{ summary: 'How a purchase stands, its orders, and how to pay it.', owner: 'buyer', load: 'checkout' },
        errors: ['checkout.not_found'],
      }),
      params(z.object({ checkoutId: Id })),
      async (c) => {
        const text = await tables.get('checkout-checkouts', c.req.valid('param').checkoutId);
        if (text === null || (JSON.parse(text) as CheckoutRow).buyerId !== principalOf(c).id)
          throw new DomainError('checkout.not_found', 'There is no such checkout.');
        return json(c, text);
      },
    );
