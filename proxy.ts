// Role gateway: identity, limits and load for every route, then on to the process that serves it.
import { type Context, Hono } from 'hono';
import { proxy } from 'hono/proxy';
import { DomainError } from './domain/error.ts';
import { authentication, openEdge } from './edge.ts';
import { processGauges } from './gauges.ts';
import { type Config, isSecure } from './infra/config.ts';
import { connectCache, connectVault } from './infra/connect.ts';
import { loadGate } from './infra/gateway/load.ts';
import type { Env } from './infra/http/env.ts';
import { type Marks, marked } from './infra/http/marks.ts';
import { saidOfRoutes } from './infra/http/routes.ts';
import { addressOf, type Service } from './infra/services.ts';
import { createActivity } from './infra/telemetry/activity.ts';
import { requestLines } from './infra/telemetry/log.ts';
import { createMetrics } from './infra/telemetry/metrics.ts';
import type { Check } from './infra/telemetry/routes.ts';
import type { RoleOptions, RoleProcess } from './part.ts';
import { queryRouters, type ReadDependencies } from './read-api/app.ts';
import { keyRoutes } from './read-api/auth.ts';
import { commandRouters, type WriteDependencies } from './write-api/app.ts';

/** Stands for what routers work with where they are only asked which routes they have; `known` is what those say of it. */
const unopened = <T extends object>(known: Partial<T> = {}): T =>
  new Proxy((() => {}) as T, {
    get: (_, name) => (Object.hasOwn(known, name) ? known[name as keyof T] : name === 'toJSON' ? () => null : unopened()),
  });

/** Which of a service's two APIs. */
type Side = 'write-api' | 'read-api';

/** Sends a request on as it came; what it passed on its way is appended for the service to count. */
const forward = async (c: Context<Env>, upstream: string): Promise<Response> => {
  const { pathname, search } = new URL(c.req.url);
  const seen = c.env?.incoming?.socket.remoteAddress ?? '';
  const before = c.req.header('x-forwarded-for');
  const bytes = c.get('bodyBytes');
  try {
    return await proxy(`${upstream}${pathname}${search}`, {
      // NOTE: the gateway has received the body, and the stream of the request is spent.
      ...(bytes ? { method: c.req.method, body: new Uint8Array(bytes), signal: c.req.raw.signal } : { raw: c.req.raw }),
      headers: {
        ...c.req.header(),
        'x-forwarded-for': before ? `${before}, ${seen}` : seen,
        'x-request-id': c.get('requestId'),
        'x-correlation-id': c.get('correlationId'),
      },
    });
  } catch (error) {
    if (c.req.raw.signal.aborted) return new Response(null, { status: 499 });
    throw new DomainError('gateway.service_unavailable', 'The service that answers this cannot be reached; try again.', {
      retryAfter: 1,
      cause: error instanceof Error ? error.name : 'unknown',
    });
  }
};

/** Every route of both APIs, with what it says of itself, answered by the process that serves it. */
export const forwardingRoutes = (upstreamOf: (service: Service, side: Side) => string, timeZone: string) => {
  const app = new Hono<Env>();
  const tables = [
    ...Object.entries(commandRouters(unopened<WriteDependencies>())).map((one) => ['write-api', ...one] as const),
    ...Object.entries(queryRouters(unopened<ReadDependencies>({ timeZone }))).map((one) => ['read-api', ...one] as const),
  ];
  for (const [side, service, routers] of tables) {
    for (const { method, path, said } of routers.flatMap(saidOfRoutes)) {
      // A guest gets a name, and the cookie that holds it, from the service.
      // The service also refuses a token that does not hold.
      const asPublic = { who: 'public', errors: [...(said.errors ?? []), 'auth.bad_token', 'auth.session_ended'] } as const;
      const marks: Marks = { ...said, service, ...(said.who === 'guest' && asPublic) };
      const upstream = upstreamOf(service as Service, side);
      app.on(
        method,
        path,
        marked((c: Context<Env>) => forward(c, upstream), marks),
      );
    }
  }
  return app;
};

export const openGateway = async (config: Config, { log, now = Date.now }: RoleOptions): Promise<RoleProcess> => {
  const metrics = createMetrics({ isKeeper: false });
  const { vault, tokens } = await connectVault(config, now);
  const { cache, ownCache, close } = await connectCache(config, { now, isFleet: true });
  const load = loadGate({ most: config.MAX_IN_FLIGHT });
  const stopWatching = load.watch();
  const activity = createActivity(now);
  metrics.onScrape(() => processGauges(metrics, { config, load, activity }));
  const told = requestLines(log);
  const edge = openEdge({
    ...{ config, metrics, load, cache, ownCache, now },
    authenticate: authentication(tokens, isSecure(config)),
    checks: new Map<string, Check>([['vault', async () => (await vault.signingKeys()).length >= 0]]),
    ended: (c, route, status, seconds) => {
      const principal = c.get('principal');
      if (principal?.kind === 'user') activity.note(principal.id);
      told('info', c, { route, status, seconds });
    },
    report: (error) => log.error({ err: error }, 'a request failed'),
    isBehindGateway: false,
  });
  edge.app.route(
    '/api/v1',
    forwardingRoutes((service, side) => addressOf(config, service, side), config.MARKET_TIME_ZONE),
  );
  edge.app.route('/', keyRoutes(tokens));
  return {
    app: edge.finish(),
    close: async () => {
      await Promise.race([load.drain(), new Promise((resolve) => setTimeout(resolve, 8_000).unref())]);
      stopWatching();
      await close();
      await vault.close();
    },
  };
};
