// Who may call a route. A route without a policy is refused by the gateway and fails the tests.
import type { MiddlewareHandler } from 'hono';
import type { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import type { Env, Principal, Role } from './env.ts';
import type { Answering } from './json.ts';
import { type About, type AnswerOf, marked, type Who } from './marks.ts';

/** Whether `principal` may call a route for `who`. SUPER_ADMIN may all that ADMIN may; other roles stand for themselves. */
export const isAllowed = (who: Who, principal: Principal | null | undefined): boolean => {
  if (who === 'public') return true;
  if (!principal) return false;
  if (who === 'guest' || who === 'buyer') return true;
  if (principal.kind !== 'user') return false;
  if (who === 'signed-in') return true;
  return who.some((role) => principal.roles.includes(role) || (role === 'ADMIN' && principal.roles.includes('SUPER_ADMIN')));
};

const refuse = (principal: Principal | null | undefined): never => {
  if (!principal || principal.kind === 'guest') throw new DomainError('auth.required', 'Sign in first.');
  throw new DomainError('auth.forbidden', 'Your roles do not allow this.');
};

/**
 * Lets only `who` through, and says what the route is about: `allow('signed-in', { owner: 'buyer', summary: 'Cancel an order.' })`,
 * `allow(['SELLER'], …)`. Nobody → 401 auth.required, the wrong role → 403 auth.forbidden.
 * The handlers after it can answer nothing but what `answer` describes: the functions that answer take its type from their context.
 */
export const allow = <A extends z.ZodType | string = never>(
  who: Who | Role,
  about: About<A> = {},
): MiddlewareHandler<Env & Answering<AnswerOf<A>>> => {
  const policy: Who =
    who === 'public' || who === 'guest' || who === 'buyer' || who === 'signed-in' || typeof who !== 'string' ? who : [who];
  const handler: MiddlewareHandler<Env & Answering<AnswerOf<A>>> = (c, next) => {
    const principal = c.get('principal');
    return isAllowed(policy, principal) ? next() : refuse(principal);
  };
  return marked(handler, { ...about, who: policy });
};

/** The caller of a route whose policy asks for one. Throws auth.required elsewhere. */
export const principalOf = (c: { get(key: 'principal'): Principal | null | undefined }): Principal => c.get('principal') ?? refuse(null);

/** The seller for whom the caller acts: from the token, never from the request. Throws auth.forbidden. */
export const sellerOf = (c: { get(key: 'principal'): Principal | null | undefined }): string => {
  const principal = principalOf(c);
  return principal.sellerId ?? refuse(principal);
};
