// An app whose routes are one handler each: what stands before a route runs with it in one go, and without a promise where none is needed.
import { type Context, Hono, type NotFoundHandler } from 'hono';
import type { H, RouterRoute } from 'hono/types';
import type { Env } from './env.ts';
import { type Marks, marked, marksOf } from './marks.ts';
import { problem, problemResponse } from './problem.ts';
import { isMiddleware } from './routes.ts';

type C = Context<Env>;

/** Whether a middleware's pattern (`/api/v1/*`) stands before this path. */
const covers = (pattern: string, path: string) => `${path}/`.startsWith(pattern.slice(0, -1));

const standsBefore = (other: RouterRoute, { method, path }: Pick<RouterRoute, 'method' | 'path'>) =>
  isMiddleware(other) && (other.method === 'ALL' || other.method === method) && covers(other.path, path);

/** Keeps the answer of a step, unless a step further in has answered. */
const keep = (c: C, answered: unknown): undefined => {
  if (answered instanceof Response && !c.finalized) c.res = answered;
};

/** What became of a step that threw. */
export type Failed = (error: Error, c: Context<Env>) => Response;

/** Runs `steps` one in the other, as Hono would: what a step throws becomes its answer, and `c.error`. */
const chained = (steps: readonly H[], failed: Failed) => {
  const fail = (c: C, error: unknown): undefined => {
    if (!(error instanceof Error)) throw error;
    c.error = error;
    c.res = failed(error, c);
  };
  const run = (c: C, index: number): undefined | Promise<undefined> => {
    const step = steps[index];
    if (!step) return undefined;
    try {
      // NOTE: what `next` gives may be awaited, and may be there at once: it is no promise then.
      const answered: unknown = step(c, () => run(c, index + 1) as Promise<undefined>);
      if (!(answered instanceof Promise)) return keep(c, answered);
      return answered.then(
        (later) => keep(c, later),
        (error) => fail(c, error),
      );
    } catch (error) {
      return fail(c, error);
    }
  };
  return (c: C): Response | Promise<Response> => {
    const running = run(c, 0);
    return running instanceof Promise ? running.then(() => c.res) : c.res;
  };
};

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Where there is something at this address for other methods only, the answer that names them; to OPTIONS that is what was asked. */
const otherMethods = (app: Hono<Env>, c: C): Response | null => {
  const found: string[] = methods.filter((method) => app.router.match(method, c.req.path)[0].length > 0);
  if (found.length === 0) return null;
  const allow = [...found, ...(found.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } });
  const detail = `There is no ${c.req.method} at this address, but ${allow}.`;
  const refused = problemResponse(problem('request.method_not_allowed', detail, {}, c.get('requestId')));
  refused.headers.set('allow', allow);
  return refused;
};

/**
 * Every route of `app` as one handler, with the marks of all that it is made of and with the middleware that was added before it.
 * What is not found passes the middleware for all methods and paths.
 */
export const fused = (app: Pick<Hono<Env>, 'routes'>, failed: Failed, notFound: NotFoundHandler<Env>): Hono<Env> => {
  const all = new Hono<Env>();
  const done = new Set<string>();
  app.routes.forEach((route, index) => {
    const { method, path } = route;
    if (isMiddleware(route) || done.has(`${method} ${path}`)) return;
    done.add(`${method} ${path}`);
    const own = app.routes.filter((other) => other.method === method && other.path === path);
    const said: Marks = Object.assign({}, ...own.map(({ handler }) => marksOf(handler)));
    const before = app.routes.slice(0, index).filter((other) => standsBefore(other, route));
    const handler = chained(
      [...before, ...own].map((one) => one.handler),
      failed,
    );
    all.on(method, path, marked(handler, said));
  });
  const outermost = app.routes.filter((other) => standsBefore(other, { method: 'ALL', path: '' }));
  const elsewhere: NotFoundHandler<Env> = (c) => otherMethods(all, c) ?? notFound(c);
  return all.onError(failed).notFound(chained([...outermost.map(({ handler }) => handler), elsewhere], failed));
};
