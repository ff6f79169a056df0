// The whole marketplace in one process: the parts, put together.
import { Hono } from 'hono';
import { createHandle } from './commands/handle.ts';
import { followRevocations } from './commands/revocations.ts';
import { createWatch } from './commands/watch.ts';
import { eventContract, deciders as folds } from './domain/registry.ts';
import type { Config } from './infra/config.ts';
import {
  connectAnalytics,
  connectCache,
  connectLog,
  connectReads,
  connectSearch,
  connectVault,
  connectVerification,
} from './infra/connect.ts';
import { gateway } from './infra/gateway/gateway.ts';
import { loadGate } from './infra/gateway/load.ts';
import { rateLimit } from './infra/gateway/rates.ts';
import { docsRoutes } from './infra/http/docs.ts';
import type { Env, Principal } from './infra/http/env.ts';
import { fused } from './infra/http/fuse.ts';
import { openapi } from './infra/http/openapi.ts';
import { notFound, onError } from './infra/http/problem.ts';
import { describeRoutes } from './infra/http/routes.ts';
import { accessTokenIn } from './infra/http/session-cookies.ts';
import { createEventStreams } from './infra/http/sse.ts';
import { connectOutbound } from './infra/outbound/connect.ts';
import type { Logger } from './infra/telemetry/log.ts';
import { createMetrics } from './infra/telemetry/metrics.ts';
import { telemetryRoutes } from './infra/telemetry/routes.ts';
import type { AccessTokens, Claims } from './infra/tokens/port.ts';
import { observe } from './observe.ts';
import { sagaNames, startOutward } from './outward.ts';
import { ProjectorClient } from './projector-client.ts';
import { readApi } from './read-api/app.ts';
import { keyRoutes } from './read-api/auth.ts';
import { invalidate } from './read-api/invalidation.ts';
import { orderTopics } from './read-api/order.ts';
import { writeApi } from './write-api/app.ts';

export interface MarketplaceOptions {
  readonly log: Logger;
  /** The clock, in milliseconds: tests advance their own. */
  readonly now?: () => number;
  readonly onProgress?: (projection: string, position: number, head: number) => void;
  /** No saga runs: for the command line, which looks, or settles one thing, and sends nothing to anybody. */
  readonly isAsleep?: boolean;
}

const info = { title: 'TokoBapak', version: '1', description: 'Event-sourced commerce for marketplaces of many sellers.' };

const rates = (config: Config) => ({
  login: config.RATE_LOGIN_PER_MINUTE,
  checkout: config.RATE_CHECKOUT_PER_MINUTE,
  search: config.RATE_SEARCH_PER_MINUTE,
  other: config.RATE_OTHER_PER_MINUTE,
});

/** What the gateway takes from the configuration as it stands. */
const edge = (config: Config) => ({
  publicOrigin: config.PUBLIC_URL,
  corsOrigins: config.CORS_ORIGINS,
  trustedHops: config.TRUSTED_PROXY_HOPS,
  adminAllow: config.ADMIN_IP_ALLOW,
  internalAllow: config.INTERNAL_IP_ALLOW,
});

/** Who sent a request: by the bearer token, else by the browser's cookie. Throws auth.* for a token that does not hold. */
const authentication = (tokens: AccessTokens, secure: boolean) => {
  const principalIn = ({ sub, roles, seller, sid }: Claims): Principal => ({
    kind: 'user',
    id: sub,
    roles,
    sessionId: sid,
    ...(seller !== null && { sellerId: seller }),
  });
  return (request: Request): Principal | null | Promise<Principal> => {
    const header = request.headers.get('authorization');
    const token = header?.startsWith('Bearer ') ? header.slice(7) : accessTokenIn(request.headers.get('cookie'), secure);
    if (!token) return null;
    const claims = tokens.verify(token);
    return claims instanceof Promise ? claims.then(principalIn) : principalIn(claims);
  };
};

/** Opens the data, builds what is missing of the read models, and answers when requests may come. */
export const openMarketplace = async (
  config: Config,
  { log, now = Date.now, onProgress = () => {}, isAsleep = false }: MarketplaceOptions,
) => {
  const metrics = createMetrics();
  const { store, feed } = await connectLog(config.DATA_DIR, {
    contract: eventContract,
    now,
    onBatch: (size) => metrics.appendBatch.observe(size),
  });
  const secrets = await connectVault(config, now);
  const { seals, vault, tokens, refreshTokens, revocations, blindIndex } = secrets;
  const { cache, aside } = connectCache(config, now);
  const handle = createHandle(store, { onOutcome: (command, outcome) => metrics.commands.inc({ command, outcome }) });
  const report = (error: Error) => log.error({ err: error }, 'a request failed');

  const analytics = connectAnalytics(config);
  const projector = new ProjectorClient({
    dataDir: config.DATA_DIR,
    analytics: analytics && { port: analytics.feed, every: config.ANALYTICS_INTERVAL_SECONDS * 1_000 },
    store,
    onProgress,
    onChanged: (changed) => invalidate(aside, changed),
    onSwapped: () => reads?.forget(),
    onError: (message) => log.error({ reason: message }, 'a projection failed'),
  });
  let reads: ReturnType<typeof connectReads> | undefined;
  await projector.ready();
  // The sagas take up their open intents from a read model, which may have been behind when the process died.
  while (!(await projector.passed(await store.head(), 10_000))) onProgress('all', projector.position(), await store.head());
  reads = connectReads(config.DATA_DIR);
  const tables = reads;
  const search = connectSearch(config.DATA_DIR);

  const watch = await createWatch(handle, feed);
  const outside = await connectOutbound(config, { now, open: seals.open, thread: new URL('./main.ts', import.meta.url) });
  const outward = await startOutward({ handle, store, feed, tables, outside, seals, vault, tokens, blindIndex, log, now, isAsleep });
  const { sagaRunner } = outward;
  const revoking = await followRevocations({ store, feed, now, onError: report }, { revocations, seals });
  const secure = config.PUBLIC_URL.startsWith('https:');
  const authenticate = authentication(tokens, secure);
  const streams = await createEventStreams({
    feed,
    readAll: store.readAll,
    topicsOf: orderTopics,
    authenticate,
    onCount: (open) => metrics.openStreams.set(open),
  });
  const load = loadGate({ most: config.MAX_IN_FLIGHT });
  const stopWatching = load.watch();
  const { checks, ended } = observe({ metrics, log, config, store, vault, projector, tables, sagaRunner, sagaNames, load, now });

  const reindex = () => projector.ask({ ask: 'rebuild', projections: ['search'] });
  const limit = rateLimit(rates(config), cache, cache, now);
  const auth = { ...secrets, handle, mail: outside.mail, secure, limitAccount: (name: string) => limit('login', `account:${name}`) };
  const app = new Hono<Env>();
  app.use(
    gateway({
      authenticate,
      limit,
      load,
      ...edge(config),
      watched: metrics.watched,
      ended,
      report,
    }),
  );
  app.route(
    '/',
    telemetryRoutes(metrics, checks, () => load.draining),
  );
  const both = { now, report, seals, blindIndex, outside };
  const { fingerprintSecret } = secrets;
  app.route(
    '/api/v1',
    writeApi({ ...both, handle, store, until: watch.until, courier: outside.courier, reindex, fingerprintSecret, auth }),
  );
  const reports = { engine: analytics, passed: projector.factsPassed };
  const audit = { log: store, folds, verifyStream: connectVerification(config.DATA_DIR) };
  const timeZone = config.MARKET_TIME_ZONE;
  app.route('/api/v1', readApi({ ...both, timeZone, tables, cache: aside, reads: projector, search, streams, audit, analytics: reports }));
  app.route('/', keyRoutes(tokens));
  app.route(
    '/',
    docsRoutes(() => openapi(describeRoutes(app), info)),
  );

  return {
    app: fused(app, onError(report), notFound),
    handle,
    store,
    feed,
    until: watch.until,
    sagaRunner,
    tables,
    projector,
    metrics,
    tokens,
    seals,
    vault,
    refreshTokens,
    revocations,
    auth,
    blindIndex,
    now,
    production: config.NODE_ENV === 'production',
    outside,
    mailed: outward.mailed,
    /** Where simulated providers reach us once we listen, such as `http://127.0.0.1:8080`. */
    deliverWebhooksTo: (origin: string) => outside.deliverTo(`${origin}/api/v1/webhooks`),
    /** Finishes what runs (≤ 8 s), then the page in hand, then closes. */
    async close() {
      await streams.close();
      await Promise.race([load.drain(), new Promise((resolve) => setTimeout(resolve, 8_000).unref())]);
      stopWatching();
      await outward.stop();
      await outside.close();
      await watch.stop();
      await revoking.stop();
      await projector.close();
      await analytics?.close();
      await tables.close();
      await search.close();
      await store.close();
      await vault.close();
    },
  };
};
export type Marketplace = Awaited<ReturnType<typeof openMarketplace>>;
