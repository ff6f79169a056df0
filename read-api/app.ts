// The read API: queries only, over the rows that the projections keep.
import { Hono } from 'hono';
import type { Aside } from '../infra/cache/port.ts';
import type { Env } from '../infra/http/env.ts';
import { ofService } from '../infra/http/routes.ts';
import type { EventStreams } from '../infra/http/sse.ts';
import type { Outside } from '../infra/outbound/outside.port.ts';
import type { SearchReader } from '../infra/search/port.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import { type AnalyticsNeeds, analyticsQueries } from './analytics.ts';
import { type AuditNeeds, auditQueries } from './audit.ts';
import { authQueries } from './auth.ts';
import { createBuyers } from './buyers.ts';
import { cartQueries } from './cart.ts';
import { catalogQueries } from './catalog.ts';
import { checkoutQueries } from './checkout.ts';
import { figureQueries } from './figures.ts';
import { freshEnough, type ReadPosition } from './http.ts';
import { inventoryQueries } from './inventory.ts';
import { invitationQueries } from './invitations.ts';
import { mailQueries } from './mails.ts';
import { orderQueries } from './order.ts';
import { paymentQueries } from './payment.ts';
import { productQueries } from './product.ts';
import { returnQueries } from './return.ts';
import { reviewQueries } from './review.ts';
import { sagaQueries } from './sagas.ts';
import { searchQueries } from './search.ts';
import { sellerQueries } from './seller.ts';
import { shippingQueries } from './shipping.ts';
import { userQueries } from './user.ts';

export interface ReadDependencies {
  readonly tables: TableReader;
  readonly cache: Aside;
  readonly reads: ReadPosition;
  readonly search: SearchReader;
  readonly seals: Seals;
  readonly outside: Outside;
  /** What analysts read. */
  readonly analytics: Pick<AnalyticsNeeds, 'engine' | 'passed'>;
  /** What auditors read: the log itself. */
  readonly audit: Pick<AuditNeeds, 'log' | 'folds' | 'verifyStream'>;
  /** Server-sent events out of the feed. */
  readonly streams: EventStreams;
  /** The clock, in milliseconds. */
  readonly now: () => number;
  /** The market's. */
  readonly timeZone: string;
  /** A name for a value that says nothing about it: how an e-mail address is found. */
  blindIndex(kind: string, value: string): string;
}

/** The routers of each service, in the order in which they are asked. */
export const queryRouters = (dependencies: ReadDependencies) => {
  const { tables, cache, reads, search, seals, streams, now, timeZone, outside, blindIndex, audit, analytics } = dependencies;
  const buyers = createBuyers(tables, blindIndex);
  return {
    auth: [authQueries(tables, seals)],
    analytics: [
      analyticsQueries({ ...analytics, logId: reads.logId, now }),
      auditQueries({ ...audit, seals, streams, now }),
      figureQueries(tables, timeZone),
    ],
    cart: [cartQueries(tables, now)],
    catalog: [catalogQueries(tables, cache)],
    order: [
      checkoutQueries(tables, buyers),
      orderQueries({ tables, seals, streams, buyers }),
      returnQueries(tables, seals, buyers),
      sagaQueries({ tables, ...audit }),
    ],
    inventory: [inventoryQueries(tables)],
    payment: [paymentQueries(tables, audit.log, buyers)],
    product: [productQueries(tables, cache)],
    review: [reviewQueries(tables, seals)],
    search: [searchQueries(search, tables, cache)],
    seller: [sellerQueries(tables, seals), invitationQueries({ tables, seals, now })],
    shipping: [shippingQueries(tables, outside.courier, buyers)],
    user: [userQueries({ tables, seals, blindIndex })],
    notification: outside.readMails ? [mailQueries(outside.readMails, blindIndex)] : [],
  };
};

/** The queries of these services; of all unless told. */
export const readApi = (dependencies: ReadDependencies, services?: ReadonlySet<string>) => {
  const app = new Hono<Env>();
  app.get('*', freshEnough(dependencies.reads));
  for (const [service, routers] of Object.entries(queryRouters(dependencies))) {
    if (services && !services.has(service)) continue;
    for (const router of routers) app.route('/', ofService(service, router));
  }
  return app;
};
