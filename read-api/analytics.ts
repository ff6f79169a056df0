// What analysts and shops ask: ready-made reports over the facts, and one reading query of their own. Facts follow the log by seconds.

import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { days, Id } from '../domain/id.ts';
import { positionOf } from '../domain/position.ts';
import { type Analytics, defaultCaps, type ReportName, type ReportParams } from '../infra/analytics/port.ts';
import type { Env } from '../infra/http/env.ts';
import { body, query } from '../infra/http/input.ts';
import { jsonText, type Said } from '../infra/http/json.ts';
import { wholeNumber } from '../infra/http/numbers.ts';
import { allow, sellerOf } from '../infra/http/policy.ts';
import { Time } from '../infra/http/time.ts';
import {
  ActiveUsersList,
  CohortList,
  DeliverySlipList,
  type FactTable,
  FactTableList,
  FunnelStepList,
  HourlyOrdersList,
  QueryResult,
  SalesList,
  SellerFigures,
  TopProductList,
  TopSellerList,
} from './answers/analytics.ts';
import { json } from './http.ts';

export interface AnalyticsNeeds {
  readonly logId: string;
  /** The engine and what its tables mean; null where analytics is switched off. */
  readonly engine: { readonly analytics: Analytics; readonly dictionary: readonly Said<FactTable>[] } | null;
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

const errors = [
  'analytics.unavailable',
  'analytics.busy',
  'analytics.query_failed',
  'analytics.query_too_slow',
  'analytics.result_too_large',
  'request.aborted',
];
const about = { load: 'reports', errors } as const;

const notRecorded = () =>
  new DomainError(
    'analytics.not_recorded',
    'Views and searches are not recorded yet, so nobody knows how many visitors began. What was put into carts, checked out and paid stands in the table visits.',
  );

interface Asked {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** What every route asks with: the engine, if it is there, fresh facts and a period. */
const askingOf = ({ logId, engine, passed, now }: AnalyticsNeeds) => {
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
  /** What a report says; given up when the client goes away. */
  const report = <N extends ReportName>(c: Context<Env>, name: N, params: ReportParams[N]) =>
    running().analytics.report(name, params, c.req.raw.signal);
  /** As answers name the columns. */
  const topProducts = async (c: Context<Env>, params: { from: string; to: string; sellerId?: string; limit: number }) => {
    const found = await report(c, 'topProducts', params);
    return found.map(({ product_id, seller_id, ...row }) => ({ productId: product_id, sellerId: seller_id, ...row }));
  };
  const ofSeller = (id: string | undefined) => (id === undefined ? {} : { sellerId: id });

  return { running, factsFresh, periodOf, ofSeller, report, topProducts };
};
type Asking = ReturnType<typeof askingOf>;

const salesReports = ({ factsFresh, periodOf, ofSeller, report, topProducts }: Asking) =>
  new Hono<Env>()
    .get(
      '/analytics/gmv',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        operation: 'getSales',
        answer: SalesList,
        summary: 'What was sold by hour, day or month: gross, net of what was taken back, commission.',
      }),
      query(z.object({ ...period, bucket, sellerId })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        const params = { ...periodOf(asked), bucket: asked.bucket, ...ofSeller(asked.sellerId) };
        return json(c, jsonText({ items: await report(c, 'gmv', params) }));
      },
    )
    .get(
      '/analytics/orders-per-hour',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        operation: 'getOrdersPerHour',
        answer: HourlyOrdersList,
        summary: 'Confirmed orders by hour.',
      }),
      query(z.object({ ...period, sellerId })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        return json(c, jsonText({ items: await report(c, 'ordersPerHour', { ...periodOf(asked), ...ofSeller(asked.sellerId) }) }));
      },
    )
    .get(
      '/analytics/top-products',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        operation: 'getTopProducts',
        answer: TopProductList,
        summary: 'Products by what they brought in.',
      }),
      query(z.object({ ...period, sellerId, limit })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        const params = { ...periodOf(asked), ...ofSeller(asked.sellerId), limit: asked.limit };
        return json(c, jsonText({ items: await topProducts(c, params) }));
      },
    )
    .get(
      '/analytics/top-sellers',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        operation: 'getTopSellers',
        answer: TopSellerList,
        summary: 'Sellers by what they brought in.',
      }),
      query(z.object({ ...period, limit })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        const found = await report(c, 'topSellers', { ...periodOf(asked), limit: asked.limit });
        return json(c, jsonText({ items: found.map(({ seller_id, ...row }) => ({ sellerId: seller_id, ...row })) }));
      },
    );

const visitReports = ({ running, factsFresh, periodOf, ofSeller, report }: Asking) =>
  new Hono<Env>()
    .get(
      '/analytics/funnel',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        errors: ['analytics.unavailable', 'analytics.not_recorded'],
        operation: 'getFunnel',
        answer: FunnelStepList,
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
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        operation: 'getActiveUsers',
        answer: ActiveUsersList,
        summary: 'Visitors and buyers by hour, day or month.',
      }),
      query(z.object({ ...period, bucket })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        return json(c, jsonText({ items: await report(c, 'activeUsers', { ...periodOf(asked), bucket: asked.bucket }) }));
      },
    )
    .get(
      '/analytics/cohorts',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        operation: 'getCohorts',
        answer: CohortList,
        summary: 'Buyers by the month of their first purchase, and how many came back how much later.',
      }),
      query(z.object(period)),
      factsFresh,
      async (c) => json(c, jsonText({ items: await report(c, 'cohorts', periodOf(c.req.valid('query'))) })),
    )
    .get(
      '/analytics/delivery-slip',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        operation: 'getDeliverySlip',
        answer: DeliverySlipList,
        summary: 'How many days late parcels came, by courier.',
      }),
      query(z.object({ ...period, sellerId })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        return json(c, jsonText({ items: await report(c, 'deliverySlip', { ...periodOf(asked), ...ofSeller(asked.sellerId) }) }));
      },
    );

const questions = ({ running, factsFresh, periodOf, report, topProducts }: Asking) =>
  new Hono<Env>()
    .get(
      '/analytics/dictionary',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        operation: 'listFactTables',
        answer: FactTableList,
        summary: 'The fact tables and what their columns mean.',
      }),
      (c) => json(c, jsonText({ items: running().dictionary })),
    )
    .post(
      '/analytics/sql',
      allow(['ANALYST', 'ADMIN'], {
        operation: 'querySql',
        answer: QueryResult,
        alsoAs: ['text/csv', 'application/vnd.apache.parquet'],
        summary:
          'One SELECT over the fact tables: 10 seconds, 512 MiB of memory, 100,000 rows and 64 MiB of them at most. JSON, CSV or Parquet, as `format` says. It ends when the client goes away.',
        errors: [...errors, 'analytics.query_refused'],
        load: 'reports',
        exempt: true,
      }),
      body(Sql),
      factsFresh,
      async (c) => {
        const { sql, format } = c.req.valid('json');
        const { contentType, body: bytes } = await running().analytics.query(sql, {}, format, defaultCaps, c.req.raw.signal);
        return c.body(new Uint8Array(bytes), 200, { 'content-type': contentType });
      },
    )
    .get(
      '/sellers/me/figures',
      allow('SELLER', {
        operation: 'getSellerFigures',
        answer: SellerFigures,
        summary: 'What the own shop has sold by day, and its best products.',
        owner: 'seller',
        errors,
        load: 'reports',
      }),
      query(z.object({ ...period, bucket, limit })),
      factsFresh,
      async (c) => {
        const asked = c.req.valid('query');
        const own = { ...periodOf(asked), sellerId: sellerOf(c) };
        const sales = await report(c, 'gmv', { ...own, bucket: asked.bucket });
        return json(c, jsonText({ sales, topProducts: await topProducts(c, { ...own, limit: asked.limit }) }));
      },
    );

export const analyticsQueries = (needs: AnalyticsNeeds) => {
  const asking = askingOf(needs);
  return new Hono<Env>().route('/', salesReports(asking)).route('/', visitReports(asking)).route('/', questions(asking));
};
