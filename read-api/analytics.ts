// What analysts and shops ask: ready-made reports over the facts, and one reading query of their own. Facts follow the log by seconds.

import { Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { days, Id } from '../domain/id.ts';
import { positionOf } from '../domain/position.ts';
import type { Analytics } from '../infra/analytics/port.ts';
import type { Env } from '../infra/http/env.ts';
import { body, query } from '../infra/http/input.ts';
import { wholeNumber } from '../infra/http/numbers.ts';
import { allow, sellerOf } from '../infra/http/policy.ts';
import { Time } from '../infra/http/time.ts';

export interface AnalyticsNeeds {
  readonly logId: string;
  /** The engine and what its tables mean; null where analytics is switched off. */
  readonly engine: { readonly analytics: Analytics; readonly dictionary: readonly object[] } | null;
  /** Waits until the facts have come this far. */
  readonly passed: (position: number, milliseconds: number) => Promise<boolean>;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/** The engine may have to be started first, which takes a second or two. */
const patience = 10_000;
const usual = days(30);

const instant = Time.optional();
const period = { from: instant, to: instant };
const bucket = z.enum(['hour', 'day', 'month']).default('day');
const sellerId = Id.optional();
const limit = wholeNumber(1, 1_000).default(20);
const Sql = z.object({ sql: z.string().min(1).max(20_000), format: z.enum(['json', 'csv', 'parquet']).default('json') });

const errors = ['analytics.unavailable', 'analytics.busy'];
const queryErrors = ['analytics.query_refused', 'analytics.query_failed', 'analytics.query_too_slow', 'analytics.result_too_large'];
const about = {
  load: 'reports',
  errors,
  answer: '`{items: […]}`; buckets are in the market’s time zone, amounts in minor units, never summed across currencies.',
} as const;

const notRecorded = () =>
  new DomainError(
    'analytics.not_recorded',
    'Views and searches are not recorded yet, so nobody knows how many visitors began. What was put into carts, checked out and paid stands in the table visits.',
  );

interface Asked {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export const analyticsQueries = ({ logId, engine, passed, now }: AnalyticsNeeds) => {
  const running = () => {
    if (!engine) throw new DomainError('analytics.unavailable', 'Analytics is switched off here: start it with ANALYTICS=on.');
    return engine;
  };

  /** Honours minPosition for the facts too, which come later than the rows. */
  const factsFresh: MiddlewareHandler<Env> = async (c, next) => {
    const wanted = c.req.header('min-position') ?? c.req.query('minPosition');
    const { analytics } = running();
    if (wanted !== undefined && !(await passed(positionOf(logId, wanted), patience))) {
      await analytics.live(); // says so where the engine is not there at all
      throw new DomainError('request.projection_behind', 'The facts have not come this far yet.', { retryAfter: 5 });
    }
    await next();
  };

  /** The last 30 days unless told. */
  const periodOf = ({ from, to }: Asked) => {
    const end = to ?? new Date(now()).toISOString();
    return { from: from ?? new Date(Date.parse(end) - usual).toISOString(), to: end };
  };
  const ofSeller = (id: string | undefined) => (id === undefined ? {} : { sellerId: id });

  return new Hono<Env>()
    .get(
      '/analytics/gmv',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'What was sold by hour, day or month: gross, net of what was taken back, commission.',
      }),
      query(z.object({ ...period, bucket, sellerId })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        const params = { ...periodOf(asked), bucket: asked.bucket, ...ofSeller(asked.sellerId) };
        return c.json({ items: await running().analytics.report('gmv', params) });
      },
    )
    .get(
      '/analytics/orders-per-hour',
      allow(['ANALYST', 'ADMIN'], { ...about, summary: 'Confirmed orders by hour.' }),
      query(z.object({ ...period, sellerId })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        return c.json({ items: await running().analytics.report('ordersPerHour', { ...periodOf(asked), ...ofSeller(asked.sellerId) }) });
      },
    )
    .get(
      '/analytics/top-products',
      allow(['ANALYST', 'ADMIN'], { ...about, summary: 'Products by what they brought in.' }),
      query(z.object({ ...period, sellerId, limit })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        const params = { ...periodOf(asked), ...ofSeller(asked.sellerId), limit: asked.limit };
        return c.json({ items: await running().analytics.report('topProducts', params) });
      },
    )
    .get(
      '/analytics/top-sellers',
      allow(['ANALYST', 'ADMIN'], { ...about, summary: 'Sellers by what they brought in.' }),
      query(z.object({ ...period, limit })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        return c.json({ items: await running().analytics.report('topSellers', { ...periodOf(asked), limit: asked.limit }) });
      },
    )
    .get(
      '/analytics/funnel',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        errors: [...errors, 'analytics.not_recorded'],
        summary: 'How many visitors came how far on the way to a purchase; not answered until their views are recorded.',
      }),
      query(z.object(period)),
      () => {
        running();
        throw notRecorded();
      },
    )
    .get(
      '/analytics/active-users',
      allow(['ANALYST', 'ADMIN'], { ...about, summary: 'Visitors and buyers by hour, day or month.' }),
      query(z.object({ ...period, bucket })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        return c.json({ items: await running().analytics.report('activeUsers', { ...periodOf(asked), bucket: asked.bucket }) });
      },
    )
    .get(
      '/analytics/cohorts',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Buyers by the month of their first purchase, and how many came back how much later.',
      }),
      query(z.object(period)),
      factsFresh,
      async (c) => c.json({ items: await running().analytics.report('cohorts', periodOf(c.req.valid('query'))) }),
    )
    .get(
      '/analytics/delivery-slip',
      allow(['ANALYST', 'ADMIN'], { ...about, summary: 'How many days late parcels came, by courier.' }),
      query(z.object({ ...period, sellerId })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        return c.json({ items: await running().analytics.report('deliverySlip', { ...periodOf(asked), ...ofSeller(asked.sellerId) }) });
      },
    )
    .get(
      '/analytics/dictionary',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'The fact tables and what their columns mean.',
        answer: '`{items: [{table, meaning, columns: […]}]}`.',
      }),
      (c) => c.json({ items: running().dictionary }),
    )
    .post(
      '/analytics/sql',
      allow(['ANALYST', 'ADMIN'], {
        summary: 'One SELECT over the fact tables: 10 seconds, 100,000 rows and 512 MiB at most.',
        answer: 'JSON (`{meta, data, rows}`), CSV or Parquet, as `format` says.',
        errors: [...errors, ...queryErrors],
        load: 'reports',
        exempt: true,
      }),
      body(Sql),
      factsFresh,
      async (c) => {
        const { sql, format } = c.req.valid('json');
        const { contentType, body: bytes } = await running().analytics.query(sql, {}, format);
        return c.body(new Uint8Array(bytes), 200, { 'content-type': contentType });
      },
    )
    .get(
      '/sellers/me/figures',
      allow('SELLER', { summary: 'What the own shop has sold by day, and its best products.', owner: 'seller', errors, load: 'reports' }),
      query(z.object({ ...period, bucket, limit })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        const own = { ...periodOf(asked), sellerId: sellerOf(c) };
        const { analytics } = running();
        const sales = await analytics.report('gmv', { ...own, bucket: asked.bucket });
        return c.json({ sales, topProducts: await analytics.report('topProducts', { ...own, limit: asked.limit }) });
      },
    );
};
