// The marketplace: its parts, put together. One process has all of them, or those of one role.
import { hostname } from 'node:os';
import { createHandle } from './commands/handle.ts';
import { followRevocations } from './commands/revocations.ts';
import { createWatch } from './commands/watch.ts';
import { eventContract, deciders as folds } from './domain/registry.ts';
import { authentication, limits, openEdge } from './edge.ts';
import { type Config, isSecure } from './infra/config.ts';
import { connectCache, connectLeases, connectMail, connectVault } from './infra/connect.ts';
import { connectLog, connectVerification } from './infra/connect-log.ts';
import { connectAnalytics, connectReads, connectSearch } from './infra/connect-reads.ts';
import type { ReaderState } from './infra/event-feed/port.ts';
import { loadGate } from './infra/gateway/load.ts';
import { createEventStreams } from './infra/http/sse.ts';
import { connectOutbound } from './infra/outbound/connect.ts';
import type { Role } from './infra/services.ts';
import type { Logger } from './infra/telemetry/log.ts';
import { createMetrics } from './infra/telemetry/metrics.ts';
import { createReporting, observe } from './observe.ts';
import { openReadModels } from './open-read-models.ts';
import { sagaNames, startOutward } from './outward.ts';
import { readApi } from './read-api/app.ts';
import { keyRoutes } from './read-api/auth.ts';
import { orderTopics } from './read-api/order.ts';
import { siblingRoutes } from './remote-read-models.ts';
import { writeApi } from './write-api/app.ts';

export interface MarketplaceOptions {
  readonly log: Logger;
  /** The clock, in milliseconds: tests advance their own. */
  readonly now?: () => number;
  readonly onProgress?: (projection: string, position: number, head: number) => void;
  /** No saga runs: for the command line, which looks, or settles one thing, and sends nothing to anybody. */
  readonly isAsleep?: boolean;
  /** Roles of this process, in a fleet; without it the process has all of them. */
  readonly roles?: ReadonlySet<Role>;
  /** Services whose APIs this process serves; all unless told. */
  readonly services?: ReadonlySet<string>;
  /** The log holds no longer what was read of it: the marketplace is to be closed and opened anew. */
  readonly onSetBack?: (error: Error) => void;
  /** Another process has taken over what this one alone may do: it has to end. */
  readonly onFenced?: (error: Error) => void;
  /** Copies the log to Kafka in this process. */
  readonly mirror?: { state(): ReaderState } | null;
}

/** The longest that requests under way may take once the process is told to stop, in milliseconds. */
const longestDrain = 8_000;

/** Opens the data, builds what is missing of the read models, and answers when requests may come. */
export const openMarketplace = async (
  config: Config,
  {
    log,
    now = Date.now,
    onProgress = () => {},
    isAsleep = false,
    roles,
    services,
    onFenced = () => {},
    onSetBack = () => {},
    mirror = null,
  }: MarketplaceOptions,
) => {
  const does = (role: Role) => roles === undefined || roles.has(role);
  const isFleet = roles !== undefined;
  /** The command line beside a fleet: it asks the process that keeps the read models. */
  const isBeside = isAsleep && config.EVENTSTORE_URL !== undefined && config.DATABASE_URL !== undefined;
  const isKept = does('projections') && !isBeside;
  const metrics = createMetrics({ isKeeper: isKept });
  const reporting = createReporting(log, metrics, { config, head: () => connected.store.head() });
  const { health, report, lagging, readers } = reporting;
  const connected = await connectLog(config, {
    health,
    contract: eventContract,
    now,
    onBatch: (size) => metrics.appendBatch.observe(size),
    onError: reporting.feedFailed,
    onSetBack,
  });
  const { store } = connected;
  // In a fleet the log says where it ends: the feed may be away, and no command waits for it to come back.
  const feed = store.isShared ? { ...connected.feed, head: store.head } : connected.feed;
  const secrets = await connectVault(config, now);
  const { seals, vault, tokens, refreshTokens, revocations, blindIndex } = secrets;
  const { cache, ownCache, aside, close: closeCache } = await connectCache(config, { now, isFleet });
  const handle = createHandle(store, { clock: now, onOutcome: (command, outcome) => metrics.commands.inc({ command, outcome }) });

  const leases = await connectLeases(config, lagging);
  /** Waits until this process is the only one that does it. */
  const alone = async (what: string) => {
    const lease = await leases.acquire(what, { owner: `${hostname()}.${process.pid}` });
    lease.lost.addEventListener('abort', () => onFenced(lease.lost.reason as Error), { once: true });
    return lease;
  };

  const analytics = await connectAnalytics(config, { isFleet });
  let forget = () => {};
  const projector = await openReadModels(config, {
    ...{ store, analytics, aside, alone, onProgress },
    token: secrets.siblingToken,
    isKeptHere: isKept,
    onSwapped: () => forget(),
    onError: reporting.projectionFailed,
    onFenced,
  });
  if (!isBeside && (does('projections') || does('read-api') || does('sagas'))) await projector.ready();
  // The sagas take up their open intents from a read model, which may have been behind when the process died.
  if (!isBeside && does('sagas'))
    while (!(await projector.passed(await feed.head(), 10_000))) onProgress('all', projector.position(), await feed.head());
  const tables = await connectReads(config);
  forget = tables.forget;
  const search = await connectSearch(config);

  const watch = createWatch(handle, readers.watched('watch', feed));
  const mail = await connectMail(config);
  const outside = await connectOutbound(config, { now, open: seals.open, thread: new URL('./main.ts', import.meta.url), mail, isFleet });
  const rests = isAsleep || !does('sagas');
  const sagaLease = rests ? null : await alone('sagas');
  const { purchaseLinks } = secrets;
  const inside = { handle, store, feed, tables, seals, vault, tokens, blindIndex, purchaseLinks };
  const outward = await startOutward({ ...inside, outside, log, metrics, now, watched: readers.watched, lagging, isAsleep: rests });
  const { sagaRunner } = outward;
  const revoking = await followRevocations(
    { store, feed: readers.watched('revocations', feed), now, onError: lagging },
    { revocations, seals },
  );
  metrics.onScrape(() => metrics.feedPosition.set(revoking.position()));
  const secure = isSecure(config);
  const authenticate = authentication(tokens, secure);
  const streams = await createEventStreams({
    feed: readers.watched('event streams', feed),
    readAll: store.readAll,
    topicsOf: orderTopics,
    authenticate,
    onCount: (open) => metrics.openStreams.set(open),
  });
  const load = loadGate({ most: config.MAX_IN_FLIGHT });
  const stopWatching = load.watch();
  const watching = { metrics, log, config, readers, mirror, isKept, isApiAlone: !does('projections') && !does('sagas') };
  const { checks, ended } = observe({ ...watching, store, vault, projector, tables, sagaRunner, sagaNames, load, now });

  const listCategories = async () => (await tables.find('catalog-categories', { limit: 20_000 })).map(({ key }) => key);
  const reindex = () => projector.ask({ ask: 'rebuild', projections: ['search'] });
  const counted = { config, cache, ownCache, now };
  const limit = limits(counted);
  const auth = { ...secrets, handle, mail: outside.mail, secure, limitAccount: (name: string) => limit('login', `account:${name}`) };
  const verification = await connectVerification(config, eventContract);
  const edge = openEdge({ ...counted, metrics, load, authenticate, checks, ended, report, readers, isBehindGateway: isFleet });
  const { app } = edge;
  const both = { now, report, seals, blindIndex, outside };
  if (does('write-api')) {
    const { fingerprintSecret } = secrets;
    const needsVerifiedEmail = (config.COD_NEEDS_VERIFIED_EMAIL ?? (config.NODE_ENV === 'production' ? 'on' : 'off')) === 'on';
    const cod = { maxOpenOrders: config.COD_MAX_OPEN_ORDERS, needsVerifiedEmail };
    const limits = { cod, maxAmount: config.CHECKOUT_MAX_AMOUNT, listCategories };
    const commands = { ...both, ...limits, handle, store, until: watch.until, courier: outside.courier, reindex, fingerprintSecret, auth };
    app.route('/api/v1', writeApi(commands, services));
  }
  if (does('read-api')) {
    const reports = { engine: analytics, passed: projector.factsPassed };
    const audit = { log: store, folds, verifyStream: verification.verify };
    const timeZone = config.MARKET_TIME_ZONE;
    const queries = { ...both, timeZone, tables, cache: aside, reads: projector, search, streams, audit, analytics: reports };
    app.route('/api/v1', readApi(queries, services));
    app.route('/', keyRoutes(tokens));
  }
  if (isFleet && does('projections')) app.route('/', siblingRoutes(projector, secrets.siblingToken));

  return {
    app: edge.finish(),
    ...{ handle, store, feed, tables, projector, sagaRunner, metrics, auth, now },
    ...{ tokens, seals, vault, refreshTokens, revocations, blindIndex },
    until: watch.until,
    production: config.NODE_ENV === 'production',
    outside,
    mailed: outward.mailed,
    /** Where simulated providers reach us once we listen, such as `http://127.0.0.1:8080`. */
    deliverWebhooksTo: (origin: string) => outside.deliverTo(`${origin}/api/v1/webhooks`),
    /** Finishes what runs (≤ 8 s), then the page in hand, then closes. */
    async close() {
      await streams.close();
      await Promise.race([load.drain(), new Promise((resolve) => setTimeout(resolve, longestDrain).unref())]);
      stopWatching();
      reporting.stop();
      await outward.stop();
      await sagaLease?.release();
      await outside.close();
      await watch.stop();
      await revoking.stop();
      await projector.close();
      await analytics?.close();
      await tables.close();
      await search.close();
      await verification.close();
      await leases.close();
      await closeCache();
      await connected.close();
      await vault.close();
    },
  };
};
export type Marketplace = Awaited<ReturnType<typeof openMarketplace>>;

/** What operators work with: what they look into and settle, not what serves requests or runs by itself. */
export type Operated = Omit<Marketplace, 'app' | 'sagaRunner' | 'metrics' | 'mailed'>;
