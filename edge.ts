// What stands around the routes of every process: identity, limits, load, health and documentation.
import type { Context } from 'hono';
import { Hono } from 'hono';
import type { Cache } from './infra/cache/port.ts';
import { type Config, isSecure, publicUrlOf } from './infra/config.ts';
import { gateway } from './infra/gateway/gateway.ts';
import type { LoadGate } from './infra/gateway/load.ts';
import { type Limit, rateLimit } from './infra/gateway/rates.ts';
import { asyncapi } from './infra/http/asyncapi.ts';
import { docsRoutes } from './infra/http/docs.ts';
import type { Env, Principal } from './infra/http/env.ts';
import { fused } from './infra/http/fuse.ts';
import { landingRoutes } from './infra/http/landing.ts';
import { openapi } from './infra/http/openapi.ts';
import { notFound, onError } from './infra/http/problem.ts';
import { describeRoutes } from './infra/http/routes.ts';
import { accessTokenIn } from './infra/http/session-cookies.ts';
import type { Metrics } from './infra/telemetry/metrics.ts';
import type { Readers } from './infra/telemetry/readers.ts';
import { type Check, telemetryRoutes } from './infra/telemetry/routes.ts';
import type { AccessTokens, Claims } from './infra/tokens/port.ts';

export type Authenticate = (request: Request) => Principal | null | Promise<Principal>;

export interface EdgeNeeds {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly load: LoadGate;
  /** Counts for all processes; `ownCache` for this one, while the other cannot be reached. */
  readonly cache: Cache;
  readonly ownCache: Cache;
  readonly authenticate: Authenticate;
  readonly checks: ReadonlyMap<string, Check>;
  readonly readers?: Pick<Readers, 'stalled'>;
  readonly ended: (c: Context<Env>, route: string, status: number, seconds: number) => void;
  readonly report: (error: Error) => void;
  /** The clock, in milliseconds. */
  readonly now: () => number;
  /** Another process of ours stands in front and has counted the request already. */
  readonly isBehindGateway: boolean;
}

const info = {
  title: 'TokoBapak',
  version: '1',
  description: 'Event-sourced commerce for marketplaces of many sellers.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

/** The token of an Authorization header. The name of the scheme may be written in any case (RFC 9110). */
const bearerIn = (header: string | null): string | null =>
  header !== null && /^bearer /i.test(header) ? header.slice(7).trimStart() : null;

/** Who sent a request: by the bearer token, else by the browser's cookie. Throws auth.* for a token that does not hold. */
export const authentication = (tokens: AccessTokens, secure: boolean): Authenticate => {
  const principalIn = ({ sub, roles, seller, sid }: Claims): Principal =>
    // Every account has a role: who has none has shown the link to a purchase.
    roles.length === 0
      ? { kind: 'guest', id: sub, roles, purchaseId: sid }
      : { kind: 'user', id: sub, roles, sessionId: sid, ...(seller !== null && { sellerId: seller }) };
  return (request) => {
    const header = request.headers.get('authorization');
    const token = bearerIn(header) ?? accessTokenIn(request.headers.get('cookie'), secure);
    if (!token) return null;
    const claims = tokens.verify(token);
    return claims instanceof Promise ? claims.then(principalIn) : principalIn(claims);
  };
};

/** Counts a request against the limits of the configuration. */
export const limits = ({ config, cache, ownCache, now }: Pick<EdgeNeeds, 'config' | 'cache' | 'ownCache' | 'now'>): Limit =>
  rateLimit(
    {
      login: config.RATE_LOGIN_PER_MINUTE,
      checkout: config.RATE_CHECKOUT_PER_MINUTE,
      search: config.RATE_SEARCH_PER_MINUTE,
      other: config.RATE_OTHER_PER_MINUTE,
    },
    cache,
    ownCache,
    now,
  );

/** An app with everything before and beside its routes. Mount them, then `finish`. */
export const openEdge = (needs: EdgeNeeds) => {
  const { config, metrics, load, checks, report, isBehindGateway } = needs;
  const app = new Hono<Env>();
  app.use(
    gateway({
      authenticate: needs.authenticate,
      limit: isBehindGateway ? () => {} : limits(needs),
      load,
      publicOrigin: publicUrlOf(config),
      corsOrigins: config.CORS_ORIGINS,
      allowLoopbackOrigins: config.NODE_ENV === 'development',
      trustedHops: config.TRUSTED_PROXY_HOPS + (isBehindGateway ? 1 : 0),
      adminAllow: config.ADMIN_IP_ALLOW,
      internalAllow: config.INTERNAL_IP_ALLOW,
      watched: metrics.watched,
      ended: needs.ended,
      report,
    }),
  );
  app.route(
    '/',
    telemetryRoutes(metrics, checks, () => load.draining, needs.readers?.stalled),
  );
  return {
    app,
    finish: () => {
      app.route('/', landingRoutes());
      app.route(
        '/',
        docsRoutes(
          () => openapi(describeRoutes(app), info, isSecure(config)),
          () => asyncapi({ title: 'TokoBapak events', version: '1' }, config.NAMESPACE),
        ),
      );
      return fused(app, onError(report), notFound);
    },
  };
};
