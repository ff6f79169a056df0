// Who may call what, worked out from the policies that the routes declare, and compared with what they answer.
import { randomUUID } from 'node:crypto';
import type { Who } from '../../infra/http/marks.ts';
import type { Route } from '../../infra/http/routes.ts';
import type { Answer } from '../market.ts';
import { addressOf, isWrite, nameOf, type Probe } from '../support/probe.ts';

export const callers = ['nobody', 'guest', 'link', 'CUSTOMER', 'SELLER', 'AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN'] as const;
export type Caller = (typeof callers)[number];

export type Verdict = 'may' | 'auth.required' | 'auth.forbidden';

/** Written down a second time on purpose: a test that asked the code under test would agree with its mistakes. */
export const verdictOn = (who: Who, caller: Caller): Verdict => {
  if (who === 'public' || who === 'guest') return 'may';
  if (who === 'buyer') return caller === 'nobody' ? 'auth.required' : 'may';
  if (caller === 'nobody' || caller === 'guest' || caller === 'link') return 'auth.required';
  if (who === 'signed-in') return 'may';
  const roles: string[] = caller === 'SUPER_ADMIN' ? ['CUSTOMER', 'ADMIN', 'SUPER_ADMIN'] : ['CUSTOMER', caller];
  return who.some((role) => roles.includes(role)) ? 'may' : 'auth.forbidden';
};

/** A request that stops before it could change anything: its body is refused, or its ids name nothing. */
const harmless = (route: Route): Probe => ({
  method: route.method,
  path: addressOf(route),
  ...(isWrite(route) && route.body && { json: { 'no such field': randomUUID() } }),
});

const asked = (answer: Answer): Verdict | 'no policy' => {
  const { code } = answer.body;
  if (code === 'auth.required' || code === 'auth.forbidden') return code;
  return code === 'auth.no_policy' ? 'no policy' : 'may';
};

export type Send = (caller: Caller, request: Probe) => Promise<Answer>;

/** Every cell of route × caller that answers something else than its route declares. */
export const violations = async (routes: readonly Route[], send: Send): Promise<string[]> => {
  const found: string[] = [];
  for (const route of routes) {
    if (route.who === null) {
      found.push(`${nameOf(route)} has no policy`);
      continue;
    }
    for (const caller of callers) {
      const answer = await send(caller, harmless(route));
      const [wanted, was] = [verdictOn(route.who, caller), asked(answer)];
      if (was !== wanted) found.push(`${nameOf(route)} for ${caller}: ${answer.status} ${answer.body.code ?? ''}, not ${wanted}`);
      if (wanted === 'may' && answer.status >= 500 && answer.status !== 503) {
        found.push(`${nameOf(route)} for ${caller}: ${answer.status} ${answer.body.code ?? ''}`);
      }
    }
  }
  return found;
};
