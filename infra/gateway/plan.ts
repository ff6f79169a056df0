// What the gateway has to know of a route, worked out at its first request and looked up at the next ones.
import type { Context } from 'hono';
import { type Env, isStaff } from '../http/env.ts';
import type { LoadClass, RateClass, Who } from '../http/marks.ts';
import { maxJsonBytes } from '../http/request-body.ts';
import { type Route, routeOf, routeReached } from '../http/routes.ts';

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

const isAdmin = (who: Who | null) => Array.isArray(who) && who.every(isStaff);

/** `watched(method, template)` gives the route's observer, asked once per route. */
export const plans = (watched: (method: string, template: string) => Observe): ((c: Context<Env>) => Plan) => {
  const made = (route: Route, template: string, method: string): Plan => ({
    template,
    who: route.who,
    rate: route.rate,
    load: route.load,
    maxBody: route.maxBody ?? maxJsonBytes,
    admin: isAdmin(route.who),
    internal: route.internal,
    observe: watched(method, template),
  });
  const known = new WeakMap<Route, Plan>();
  let unmatched: Plan | undefined;

  return (c) => {
    const route = routeReached(c);
    if (!route) {
      unmatched ??= made(routeOf('*', '*', { who: 'public' }), 'unmatched', '*');
      return unmatched;
    }
    let plan = known.get(route);
    if (!plan) {
      plan = made(route, route.path, route.method);
      known.set(route, plan);
    }
    return plan;
  };
};
