// Everything that stands before a route, in one middleware: load, ids, origin, address, identity, rates, headers, observation.
import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { DomainError } from '../../domain/error.ts';
import type { Env, Principal } from '../http/env.ts';
import { guestCookie, guestIdIn } from '../http/guest.ts';
import { onError } from '../http/problem.ts';
import { addressFilter, clientAddress, networkOf } from './address.ts';
import type { LoadGate } from './load.ts';
import { type Observe, type Plan, plans } from './plan.ts';
import type { Limit } from './rates.ts';

export interface GatewayOptions {
  /** Who sent this request: null without credentials; throws auth.* when they are wrong. */
  authenticate(request: Request): Principal | null | Promise<Principal | null>;
  limit: Limit;
  load: LoadGate;
  /** The address under which browsers know this server; its pages may always call. */
  publicOrigin: string;
  /** Other origins whose pages may call, exactly as browsers send them. */
  corsOrigins: readonly string[];
  /** Proxies of ours in front. */
  trustedHops: number;
  /** Ranges from which administrators may work; empty: from everywhere. */
  adminAllow: readonly string[];
  /** Ranges for internal routes such as /metrics. */
  internalAllow: readonly string[];
  watched(method: string, template: string): Observe;
  report(error: Error, c: Context<Env>): void;
  /** Told how each request ended: the route's template, never the path. */
  ended?(c: Context<Env>, route: string, status: number, seconds: number): void;
}

type Header = readonly [name: string, value: string];

const contentPolicy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const fixedHeaders = (secure: boolean): readonly Header[] => [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['content-security-policy', contentPolicy],
  ...(secure ? [['strict-transport-security', 'max-age=31536000; includeSubDomains'] as const] : []),
];

const preflight: readonly Header[] = [
  ['access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE'],
  ['access-control-allow-headers', 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Correlation-Id'],
  ['access-control-max-age', '600'],
];
const exposed = 'ETag, Idempotent-Replayed, Location, Position, Retry-After, X-Request-Id';

/** Ids from outside end up in logs: only what cannot break out of them is taken over. */
const safeId = /^[\w.:-]{8,64}$/;
const idFrom = (given: string | undefined, otherwise: () => string) => (given !== undefined && safeId.test(given) ? given : otherwise());

const isRead = (method: string) => method === 'GET' || method === 'HEAD';

/** On Node a header is read where the parser put it; `c.req.header` would check and copy its name each time. */
const given = (c: Context<Env>, name: string): string | undefined => {
  const { incoming } = c.env ?? {};
  if (!incoming) return c.req.header(name);
  const value = incoming.headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** On Node headers go straight to the reply under way, which costs a tenth of taking the Response apart. A handler's own header wins. */
const stamp = (c: Context<Env>, headers: readonly Header[]) => {
  const { outgoing } = c.env ?? {};
  if (outgoing) for (const [name, value] of headers) outgoing.setHeader(name, value);
  else if (c.finalized) for (const [name, value] of headers) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
};

export const gateway = (options: GatewayOptions): MiddlewareHandler<Env> => {
  const { authenticate, limit, load, trustedHops } = options;
  const secure = options.publicOrigin.startsWith('https:');
  const fixed = fixedHeaders(secure);
  const origins = new Set(options.corsOrigins);
  const mayAdminister = addressFilter(options.adminAllow);
  const isInside = addressFilter(options.internalAllow);
  const planOf = plans(options.watched);
  const failed = onError(options.report);

  /** Origins that are not ours may read nothing (the browser sees to it) and change nothing (we do). */
  const crossOrigin = (c: Context<Env>, origin: string, headers: Header[]) => {
    if (origin === options.publicOrigin) return;
    if (origins.has(origin)) {
      headers.push(
        ['access-control-allow-origin', origin],
        ['access-control-allow-credentials', 'true'],
        ['access-control-expose-headers', exposed],
      );
    } else if (!isRead(c.req.method)) {
      throw new DomainError('gateway.origin_not_allowed', 'Pages of this origin may not call.');
    }
  };

  const identify = async (c: Context<Env>, plan: Plan, address: string): Promise<Principal | null> => {
    try {
      return await authenticate(c.req.raw);
    } catch (error) {
      if (plan.who === 'public' && error instanceof DomainError) return null;
      await limit('other', networkOf(address));
      throw error;
    }
  };

  const mayEnter = (c: Context<Env>, plan: Plan, address: string) => {
    if (plan.who === null) throw new DomainError('auth.no_policy', 'Nobody may call this.');
    if ((plan.admin && !mayAdminister(address)) || (plan.internal && !isInside(address))) {
      throw new DomainError('gateway.address_not_allowed', 'Not from this network address.');
    }
    if (!isRead(c.req.method) && Number(given(c, 'content-length') ?? 0) > plan.maxBody) {
      throw new DomainError('request.too_large', `The body may have at most ${plan.maxBody} bytes.`, { limit: plan.maxBody });
    }
  };

  /** Who it is, and whether they ask too often. */
  const admit = async (c: Context<Env>, plan: Plan, address: string, headers: Header[]): Promise<void> => {
    const cookies = given(c, 'cookie');
    let principal: Principal | null = null;
    if (cookies !== undefined || given(c, 'authorization') !== undefined) principal = await identify(c, plan, address);
    const counted =
      plan.load === 'probe' || plan.rate === 'none' ? undefined : limit(plan.rate, principal ? principal.id : networkOf(address));
    if (counted instanceof Promise) await counted;
    if (principal) headers.push(['cache-control', 'no-store']);
    else if (plan.who === 'guest') {
      const known = guestIdIn(cookies);
      const id = known ?? randomUUID();
      if (known === null) headers.push(['set-cookie', guestCookie(id, secure)]);
      headers.push(['cache-control', 'no-store']);
      principal = { kind: 'guest', id, roles: [] };
    }
    c.set('principal', principal);
  };

  return async (c, next) => {
    const started = performance.now();
    const plan = planOf(c);
    const requestId = idFrom(given(c, 'x-request-id'), randomUUID);
    const headers: Header[] = [['x-request-id', requestId]];
    let inside = false;
    try {
      load.enter(plan.load);
      inside = true;
      const address = clientAddress(
        c.env?.incoming?.socket.remoteAddress ?? '',
        trustedHops > 0 ? given(c, 'x-forwarded-for') : undefined,
        trustedHops,
      );
      c.set('requestId', requestId);
      c.set(
        'correlationId',
        idFrom(given(c, 'x-correlation-id'), () => requestId),
      );
      c.set('clientAddress', address);
      if (origins.size > 0) headers.push(['vary', 'Origin']);
      if (load.draining) headers.push(['connection', 'close']);
      const origin = given(c, 'origin');
      if (c.req.method === 'OPTIONS' && origin !== undefined) {
        crossOrigin(c, origin, headers);
        headers.push(...preflight);
        c.res = new Response(null, { status: 204 });
        return;
      }
      if (origin !== undefined) crossOrigin(c, origin, headers);
      mayEnter(c, plan, address);
      await admit(c, plan, address, headers);
      await next();
    } catch (error) {
      // What a route throws has become a problem already; this is what the gateway itself refuses.
      if (!(error instanceof Error)) throw error;
      c.res = await failed(error, c);
    } finally {
      if (inside) load.leave();
      stamp(c, fixed);
      stamp(c, headers);
      const seconds = (performance.now() - started) / 1000;
      plan.observe(c.res.status, seconds);
      options.ended?.(c, plan.template, c.res.status, seconds);
    }
  };
};
