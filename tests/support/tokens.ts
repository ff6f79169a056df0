// Tokens for tests that last longer than a token lives: one that is about to expire is followed by another that says the same.
import { decodeJwt } from 'jose';
import type { Claims, Subject } from '../../infra/tokens/port.ts';

/** How long before its end a token is not sent any more, in milliseconds: longer than a request takes to come to be looked at. */
const margin = 60_000;

export const subjectOf = (token: string): Subject => {
  const { sub = '', sid, roles, seller = null, epoch } = decodeJwt<Claims>(token);
  return { sub, sid, roles, seller, epoch };
};

/** Answers with the token that now stands for this one. Commands sent with either are the same: their ids come from the subject alone. */
export const lastingTokens = (mint: (subject: Subject) => Promise<string>): ((token: string) => Promise<string>) => {
  const latest = new Map<string, string>();
  return async (token) => {
    const held = latest.get(token) ?? token;
    const { exp = 0 } = decodeJwt(held);
    if (exp * 1_000 - margin > Date.now()) return held;
    const next = await mint(subjectOf(held));
    latest.set(token, next);
    return next;
  };
};
