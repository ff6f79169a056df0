// Every refusal leaves as problem+json (RFC 9457) with a code of the one table; no stack and no SQL ever does.
import type { Context, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { DomainError } from '../../domain/error.ts';
import { isDiskFault } from '../sqlite.ts';
import type { Env } from './env.ts';
import { errorOf } from './errors.ts';
import type { FieldError } from './input.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId?: string;
  readonly errors?: readonly FieldError[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The problem that a code stands for. `details.errors` (fields at fault) moves up to `errors`, as readers of RFC 9457 expect it. */
export const problem = (code: string, detail: string, details: Readonly<Record<string, unknown>> = {}, requestId?: string): Problem => {
  const { status, meaning } = errorOf(code);
  const { errors, ...others } = details;
  return {
    type: `/docs#${code}`,
    title: meaning,
    status,
    detail,
    code,
    ...(requestId && { requestId }),
    ...(Array.isArray(errors) && { errors: errors as FieldError[] }),
    ...(Object.keys(others).length > 0 && { details: others }),
  };
};

/** Answers with a problem. `details.retryAfter` (seconds) also becomes the header. */
export const problemResponse = (answer: Problem): Response => {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
  const retryAfter = answer.details?.retryAfter;
  if (typeof retryAfter === 'number') headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)));
  if (answer.status === 401) headers['www-authenticate'] = 'Bearer';
  return new Response(JSON.stringify(answer), { status: answer.status, headers });
};

const codeOfStatus = (status: number) => {
  if (status === 404) return 'request.no_route';
  if (status === 413) return 'request.too_large';
  return status < 500 ? 'request.invalid' : 'server.failed';
};

/** Maps whatever a route throws to a problem; what nobody foresaw is reported in full to `report` and told to the client in one sentence. */
export const onError =
  (report: (error: Error, c: Context<Env>) => void) =>
  (error: Error, c: Context<Env>): Response => {
    const requestId = c.get('requestId');
    if (error instanceof DomainError) {
      const answer = problem(error.code, error.message, error.details, requestId);
      if (answer.status >= 500) report(error, c);
      return problemResponse(answer);
    }
    if (isDiskFault(error)) {
      report(error, c);
      const retryAfter = 5;
      return problemResponse(
        problem('server.store_unavailable', 'A store of this server cannot be written at the moment.', { retryAfter }, requestId),
      );
    }
    if (error instanceof HTTPException && error.status < 500) {
      return problemResponse(problem(codeOfStatus(error.status), error.message, {}, requestId));
    }
    report(error, c);
    return problemResponse(problem('server.failed', 'Something went wrong here; it has been reported.', {}, requestId));
  };

export const notFound: NotFoundHandler<Env> = (c) =>
  problemResponse(problem('request.no_route', `There is no ${c.req.method} ${c.req.path}.`, {}, c.get('requestId')));
