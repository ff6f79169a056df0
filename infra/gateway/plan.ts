// What the gateway has to know of a route, worked out at its first request and looked up at the next ones.
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { RouterRoute } from 'hono/types';
import type { Env } from '../http/env.ts';
import { maxJsonBytes } from '../http/input.ts';
import { type LoadClass, type Marks, marksOf, type RateClass, type Who } from '../http/marks.ts';
import { routeOf } from '../http/routes.ts';

/** Tells how a request of one route ended. */
export type Observe = (status: number, seconds: number) => void;

export interface Plan {
  /** The route's template, or `unmatched`: never the path itself, which would make metrics without end. */
  readonly template: string;
  /** Null: nobody may. */
  readonly who: Who | null;
  readonly rate: RateClass | 'none';
  readonly load: LoadClass;
  readonly maxBody: number;
  readonly admin: boolean;
  readonly internal: boolean;
  readonly observe: Observe;
}

const isAdmin = (who: Who | null) => Array.isArray(who) && who.every((role) => role === 'ADMIN' || role === 'SUPER_ADMIN');

/** `watched(method, template)` gives the route's observer, asked once per route. */
export const plans = (watched: (method: string, template: string) => Observe): ((c: Context<Env>) => Plan) => {
  const known = new WeakMap<RouterRoute, Plan>();

  const made = (method: string, path: string, said: Marks, matched: boolean): Plan => {
    const route = routeOf(method, path, said);
    const template = matched ? path : 'unmatched';
    return {
      template,
      who: matched ? route.who : 'public',
      rate: route.rate,
      load: route.load,
      maxBody: route.maxBody ?? maxJsonBytes,
      admin: isAdmin(route.who),
      internal: route.internal,
      observe: watched(matched ? method : '*', template),
    };
  };

  return (c) => {
    const routes = matchedRoutes(c);
    // NOTE: of several that match, the first one answers: /sellers/me before /sellers/:id. Middleware for all methods is not the route.
    const first = routes.find(({ method }) => method !== 'ALL') ?? routes[routes.length - 1];
    if (!first) return made('*', '*', {}, false);
    const found = known.get(first);
    if (found) return found;
    const said: Marks = {};
    for (const { method, path, handler } of routes)
      if (method === first.method && path === first.path) Object.assign(said, marksOf(handler));
    const plan = made(first.method, first.path, said, first.method !== 'ALL' || said.who !== undefined);
    known.set(first, plan);
    return plan;
  };
};
