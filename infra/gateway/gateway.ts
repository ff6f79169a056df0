// Everything that stands before a route, in one middleware: load, ids, origin, address, identity, rates, headers, observation.
import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler, Next } from 'hono';
import { DomainError } from '../../domain/error.ts';
import { type Env, isStaff, type Principal } from '../http/env.ts';
import { guestCookie, guestIdIn, guestIdOf } from '../http/guest.ts';
import type { RateClass } from '../http/marks.ts';
import { isAllowed } from '../http/policy.ts';
import { onError, problem } from '../http/problem.ts';
import { announcesBody, bodyBytes } from '../http/request-body.ts';
import { given } from '../http/wire.ts';
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
  /** Pages that this machine serves on other ports may call too, as while a storefront is being written. */
  allowLoopbackOrigins: boolean;
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
const noStore: Header = ['cache-control', 'no-store'];

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

const loopbackOrigin = /^https?:\/\/(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/;

/** Ids from outside end up in logs: only what cannot break out of them is taken over. */
const safeId = /^[\w.:-]{8,64}$/;
const idFrom = (text: string | undefined) => (text !== undefined && safeId.test(text) ? text : undefined);

const isRead = (method: string) => method === 'GET' || method === 'HEAD';

/** On Node headers go straight to the reply under way, which costs a tenth of taking the Response apart. A handler's own header wins. */
const stamp = (c: Context<Env>, headers: readonly Header[]) => {
  const { outgoing } = c.env ?? {};
  if (outgoing) for (const [name, value] of headers) outgoing.setHeader(name, value);
  else if (c.finalized) for (const [name, value] of headers) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
};

/**
 * What a process says that is full. Most requests of a crowd end with it: its text is made once, and nothing is stamped on it afterwards.
 */
const fullAnswers = (fixed: readonly Header[]) => {
  const texts = new Map<number, readonly string[]>();
  /** The text before and after the request's id. */
  const around = (retryAfter: number): readonly string[] => {
    const known = texts.get(retryAfter);
    if (known) return known;
    const answer = problem('gateway.overloaded', `Try again in ${retryAfter} s.`, { retryAfter }, 'the id');
    const text = JSON.stringify(answer).split('the id');
    texts.set(retryAfter, text);
    return text;
  };
  const headers = { ...Object.fromEntries(fixed), 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
  return (retryAfter: number, requestId: string): Response =>
    new Response(around(retryAfter).join(requestId), {
      status: 503,
      headers: { ...headers, 'retry-after': String(retryAfter), 'x-request-id': requestId },
    });
};

export const gateway = (options: GatewayOptions): MiddlewareHandler<Env> => {
  const { authenticate, limit, load, trustedHops, allowLoopbackOrigins } = options;
  const secure = options.publicOrigin.startsWith('https:');
  const fixed = fixedHeaders(secure);
  const fullAnswer = fullAnswers(fixed);
  const origins = new Set(options.corsOrigins);
  const mayAdminister = addressFilter(options.adminAllow);
  const isInside = addressFilter(options.internalAllow);
  const planOf = plans(options.watched);
  const failed = onError(options.report);

  /** Origins that are not ours may read nothing (the browser sees to it) and change nothing (we do). */
  const crossOrigin = (c: Context<Env>, origin: string, headers: Header[]) => {
    if (origin === options.publicOrigin) return;
    if (origins.has(origin) || (allowLoopbackOrigins && loopbackOrigin.test(origin))) {
      headers.push(
        ['access-control-allow-origin', origin],
        ['access-control-allow-credentials', 'true'],
        ['access-control-expose-headers', exposed],
      );
    } else if (!isRead(c.req.method)) {
      const shown = origin.length <= 200 && URL.canParse(origin) ? origin : 'this origin';
      throw new DomainError('gateway.origin_not_allowed', `Pages of ${shown} may not call; the setting CORS_ORIGINS names those that may.`);
    }
  };

  const identify = (c: Context<Env>, plan: Plan, address: string): Principal | null | Promise<Principal | null> => {
    const wrong = async (error: unknown) => {
      if (plan.who === 'public' && error instanceof DomainError) return null;
      await limit('other', networkOf(address));
      throw error;
    };
    try {
      const found = authenticate(c.req.raw);
      return found instanceof Promise ? found.catch(wrong) : found;
    } catch (error) {
      return wrong(error);
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

  /** Staff are nobody special where they may not work from: on routes that others share they have the others' rights. */
  const asFrom = (address: string, principal: Principal | null): Principal | null =>
    principal === null || options.adminAllow.length === 0 || !principal.roles.some(isStaff) || mayAdminister(address)
      ? principal
      : { ...principal, roles: principal.roles.filter((role) => !isStaff(role)) };

  const mayWorkHere = (plan: Plan, known: Principal | null, reduced: Principal | null) => {
    if (known !== reduced && plan.who !== null && isAllowed(plan.who, known) && !isAllowed(plan.who, reduced)) {
      throw new DomainError('gateway.address_not_allowed', 'Not from this network address.');
    }
  };

  /**
   * Who attempts to sign in counts by address, whoever they are already: own tokens must not open a second door. Who attempts it with an
   * account counts for the account too.
   */
  const countRequest = (rate: RateClass, address: string, known: Principal | null): void | Promise<void> => {
    if (rate !== 'login') return limit(rate, known ? known.id : networkOf(address));
    const counted = limit(rate, networkOf(address));
    if (!known) return counted;
    return counted instanceof Promise ? counted.then(() => limit(rate, known.id)) : limit(rate, known.id);
  };

  /** The guest whom the cookie names, or a new one with a cookie of its own where nobody needs to have been here before. */
  const guestOf = (c: Context<Env>, who: 'guest' | 'buyer', headers: Header[]): Principal | null => {
    const known = guestIdIn(given(c, 'cookie'), secure);
    if (known !== null) return { kind: 'guest', id: known, roles: [] };
    if (who === 'buyer') return null;
    const value = randomUUID();
    headers.push(['set-cookie', guestCookie(value, secure)]);
    return { kind: 'guest', id: guestIdOf(value), roles: [], isNew: true };
  };

  /** Counts the request, and gives a guest a name. */
  const count = (c: Context<Env>, plan: Plan, address: string, headers: Header[], known: Principal | null): void | Promise<void> => {
    let principal = asFrom(address, known);
    mayWorkHere(plan, known, principal);
    if (principal) headers.push(noStore);
    else if (plan.who === 'guest' || plan.who === 'buyer') {
      principal = guestOf(c, plan.who, headers);
      if (principal) headers.push(noStore);
    }
    c.set('principal', principal);
    if (plan.load !== 'probe' && plan.rate !== 'none') return countRequest(plan.rate, address, known);
  };

  /** Who it is, and whether they ask too often. Without a promise where nothing has to be waited for. */
  const admit = (c: Context<Env>, plan: Plan, address: string, headers: Header[]): void | Promise<void> => {
    if (given(c, 'authorization') === undefined && given(c, 'cookie') === undefined) return count(c, plan, address, headers, null);
    const found = identify(c, plan, address);
    if (found instanceof Promise) return found.then((principal) => count(c, plan, address, headers, principal));
    return count(c, plan, address, headers, found);
  };

  /** All that is looked at before the route; to a preflight it is the answer. */
  const enter = (c: Context<Env>, plan: Plan, headers: Header[]): Promise<void> | 'answered' | 'admitted' => {
    const address = clientAddress(
      c.env?.incoming?.socket.remoteAddress ?? '',
      trustedHops > 0 ? given(c, 'x-forwarded-for') : undefined,
      trustedHops,
    );
    c.set('clientAddress', address);
    if (origins.size > 0 || allowLoopbackOrigins) headers.push(['vary', 'Origin']);
    if (load.draining) headers.push(['connection', 'close']);
    const origin = given(c, 'origin');
    if (origin !== undefined) crossOrigin(c, origin, headers);
    if (origin !== undefined && c.req.method === 'OPTIONS') {
      headers.push(...preflight);
      c.res = new Response(null, { status: 204 });
      return 'answered';
    }
    mayEnter(c, plan, address);
    return admit(c, plan, address, headers) ?? 'admitted';
  };

  const handler = (c: Context<Env>, next: Next): Promise<void> | Response => {
    const started = performance.now();
    const plan = planOf(c);
    const requestId = idFrom(given(c, 'x-request-id')) ?? randomUUID();
    c.set('requestId', requestId);
    c.set('correlationId', idFrom(given(c, 'x-correlation-id')) ?? requestId);
    const full = load.enter(plan.load);
    if (full) {
      // Counted, but no line in the log: there may be thousands of them in a second.
      plan.observe(503, (performance.now() - started) / 1000);
      c.res = fullAnswer(full.retryAfter, requestId);
      return c.res;
    }
    const headers: Header[] = [['x-request-id', requestId]];
    let holdsPlace = true;
    /** Receives the body before the route begins. Meanwhile no place is held: who sends slowly takes nobody's. */
    const receive = async () => {
      load.leave(plan.load);
      holdsPlace = false;
      await bodyBytes(c, plan.maxBody);
      const fullNow = load.enter(plan.load);
      if (fullNow) throw new DomainError('gateway.overloaded', `Try again in ${fullNow.retryAfter} s.`, { ...fullNow });
      holdsPlace = true;
      return next();
    };
    const proceed = !isRead(c.req.method) && announcesBody(c) ? receive : next;
    const end = () => {
      if (holdsPlace) load.leave(plan.load);
      stamp(c, fixed);
      stamp(c, headers);
      const seconds = (performance.now() - started) / 1000;
      const { status } = c.res;
      plan.observe(status, seconds);
      options.ended?.(c, plan.template, status, seconds);
    };
    // What a route throws has become a problem already; this is what the gateway itself refuses.
    const refuse = (error: unknown) => {
      if (error instanceof Error) c.res = failed(error, c);
      end();
      if (!(error instanceof Error)) throw error;
    };
    // NOTE: in a fused app there may be nothing to wait for, though `next` by its type promises.
    let running: Promise<void> | undefined;
    try {
      const entered = enter(c, plan, headers);
      if (entered === 'admitted') running = proceed();
      else if (entered !== 'answered') running = entered.then(proceed);
    } catch (error) {
      refuse(error);
      return c.res;
    }
    if (running instanceof Promise) return running.then(end, refuse);
    end();
    return c.res;
  };
  return handler as MiddlewareHandler<Env>;
};
