// The routes of an app as they describe themselves: the source of the OpenAPI document, the role matrix and the fuzz test.
import type { Context, Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { RouterRoute } from 'hono/types';
import type { z } from 'zod';
import type { Env } from './env.ts';
import { type LoadClass, type Marks, marksOf, type RateClass, type Who } from './marks.ts';

export interface Route {
  readonly method: string;
  /** As Hono writes it: `/orders/:orderId`. */
  readonly path: string;
  /** Null when the route says nothing, which checkRoutes refuses. */
  readonly who: Who | null;
  readonly owner: string | null;
  readonly operation: string;
  /** The service that it is part of; `system` for what every process has. */
  readonly service: string;
  readonly summary: string;
  readonly answer: z.ZodType | string | null;
  readonly alsoAs: readonly string[];
  /** Those that a successful answer may have. */
  readonly statuses: readonly number[];
  readonly isKept: boolean;
  readonly errors: readonly string[];
  readonly rate: RateClass | 'none';
  readonly load: LoadClass;
  /** Whether an Idempotency-Key must come with it. */
  readonly keyed: boolean;
  readonly body: z.ZodType | null;
  readonly query: z.ZodType | null;
  readonly params: z.ZodType | null;
  readonly internal: boolean;
  readonly maxBody: number | null;
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The route that the marks of its handlers add up to. */
export const routeOf = (method: string, path: string, said: Marks): Route => ({
  method,
  path,
  who: said.who ?? null,
  owner: said.owner ?? null,
  operation: said.operation ?? '',
  service: said.service ?? 'system',
  summary: said.summary ?? '',
  answer: said.answer ?? null,
  alsoAs: said.alsoAs ?? [],
  statuses: [said.status ?? 200].flat(),
  isKept: said.isKept ?? false,
  errors: said.errors ?? [],
  rate: said.rate ?? 'other',
  load: said.load ?? (reads.has(method) ? 'browsing' : 'cart'),
  keyed: !reads.has(method) && !said.exempt,
  body: said.body ?? null,
  query: said.query ?? null,
  params: said.params ?? null,
  internal: said.internal ?? false,
  maxBody: said.maxBody ?? null,
});

/** Middleware stands before many routes and is none itself. */
export const isMiddleware = ({ method, path }: Pick<RouterRoute, 'method' | 'path'>) => method === 'ALL' || path.endsWith('*');

const reached = new WeakMap<RouterRoute, Route>();

/** The route that this request will reach, as it describes itself; undefined where there is none. */
export const routeReached = (c: Context): Route | undefined => {
  const matched = matchedRoutes(c);
  // NOTE: of several that match, the first one answers: /sellers/me before /sellers/:id.
  const first = matched.find((one) => !isMiddleware(one));
  if (!first) return undefined;
  let route = reached.get(first);
  if (!route) {
    const own = matched.filter(({ method, path }) => method === first.method && path === first.path);
    route = routeOf(first.method, first.path, Object.assign({}, ...own.map(({ handler }) => marksOf(handler))));
    reached.set(first, route);
  }
  return route;
};

/** What every route of `app` says about itself, once, in the order in which they were added. */
export const saidOfRoutes = (app: { readonly routes: readonly RouterRoute[] }) => {
  const found = new Map<string, { readonly method: string; readonly path: string; readonly said: Marks }>();
  for (const { method, path, handler } of app.routes) {
    if (isMiddleware({ method, path })) continue;
    const key = `${method} ${path}`;
    const route = found.get(key) ?? { method, path, said: {} };
    Object.assign(route.said, marksOf(handler));
    found.set(key, route);
  }
  return [...found.values()];
};

/** `router`, with its routes saying that they are part of `service`. */
export const ofService = <R extends { readonly routes: readonly RouterRoute[] }>(service: string, router: R): R => {
  for (const { handler } of router.routes) {
    const said = marksOf(handler);
    if (said) said.service = service;
  }
  return router;
};

/** Every route of `app`, once, in the order in which they were added. */
export const describeRoutes = (app: Pick<Hono<Env>, 'routes'>): Route[] =>
  saidOfRoutes(app).map(({ method, path, said }) => routeOf(method, path, said));

/** What is wrong with these routes, one sentence each; nothing when all is well. */
export const checkRoutes = (routes: readonly Route[], knownErrors: Readonly<Record<string, unknown>>): string[] =>
  routes.flatMap((route) => {
    const name = `${route.method} ${route.path}`;
    return [
      ...(route.who === null ? [`${name} says nothing about who may call it`] : []),
      ...(route.summary === '' ? [`${name} has no summary`] : []),
      ...route.errors.filter((code) => !Object.hasOwn(knownErrors, code)).map((code) => `${name} names the unknown error ${code}`),
    ];
  });
