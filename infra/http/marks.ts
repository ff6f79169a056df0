// What a route says about itself. Middleware functions carry these marks, so that the OpenAPI document, the role matrix,
// the rate limits and the load classes are read off the routes and cannot disagree with them.
import type { Handler } from 'hono';
import type { z } from 'zod';
import type { Role } from './env.ts';

/**
 * Who may call: anybody; anybody, who is given a guest's cookie if need be; who can have bought, which is who has signed in, a guest with
 * a cookie, or with the link to a purchase; who has signed in; who has one of these roles.
 */
export type Who = 'public' | 'guest' | 'buyer' | 'signed-in' | readonly Role[];

export const rateClasses = ['login', 'checkout', 'search', 'other'] as const;
export type RateClass = (typeof rateClasses)[number];

/** In the order in which they are served under load; the last is shed first, and probes never are: a busy process must not look dead. */
export const loadClasses = ['probe', 'payment', 'checkout', 'cart', 'browsing', 'reports'] as const;
export type LoadClass = (typeof loadClasses)[number];

/** `A`: what a successful answer holds, as a named schema of JSON, or the media type of what is not JSON. */
export interface About<A extends z.ZodType | string = z.ZodType | string> {
  /** The name of the route for programs, unique and never changed: `cancelOrder`. */
  operation?: string;
  /** Whose object it is, in one word ('buyer', 'seller', 'self'): others with the right role get 404. */
  owner?: string;
  /** One sentence, imperative: "Cancel an order before its seller accepts it." */
  summary?: string;
  answer?: A;
  /** Other media types that the same answer can have, when the request asks for them. */
  alsoAs?: readonly string[];
  /** Status of the successful answer, or those it may have; 200 by default. */
  status?: number | readonly number[];
  /** Caches may keep the answer: it has an ETag, and If-None-Match may be answered 304. */
  isKept?: boolean;
  /** Codes of the refusals that this route adds to the common ones. */
  errors?: readonly string[];
  /** Default: 'other'. `none`: never refused for coming often, such as webhooks, which prove themselves. */
  rate?: RateClass | 'none';
  /** Default: 'browsing' for GET, 'cart' for the rest. */
  load?: LoadClass;
  /** A command that needs no Idempotency-Key: webhooks, login, refresh, logout, beacons. */
  exempt?: boolean;
  /** For operators and machines of the own network: only from the addresses that the configuration names. */
  internal?: boolean;
  /** Largest body in bytes where JSON's 256 KiB is not enough (uploads). */
  maxBody?: number;
}

/** What a route that says `answer: A` may send as JSON: nothing where it says nothing, or something else than JSON. */
export type AnswerOf<A extends z.ZodType | string> = A extends z.ZodType ? z.output<A> : never;

export interface Marks extends About {
  /** The service that the route is part of. */
  service?: string;
  who?: Who;
  body?: z.ZodType;
  query?: z.ZodType;
  params?: z.ZodType;
}

export const marks = Symbol('what this middleware says about its route');

/** `handler` with marks on it. */
export const marked = <H extends Handler>(handler: H, said: Marks): H => Object.assign(handler, { [marks]: said });

/** The marks of a handler, or none. Hono wraps the handlers of a router with its own error handler; this looks inside. */
export const marksOf = (handler: object): Marks | undefined => {
  if ('__COMPOSED_HANDLER' in handler && typeof handler.__COMPOSED_HANDLER === 'function') return marksOf(handler.__COMPOSED_HANDLER);
  return marks in handler ? (handler[marks] as Marks) : undefined;
};
