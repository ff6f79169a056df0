// Runs the marketplace: takes the data, builds what is missing, listens, and ends in good order when told.
import { demoAdmin, demoPassword, demoStores } from './commands/demo/catalogue.ts';
import { openControl } from './control.ts';
import type { Progress } from './infra/cli/progress.ts';
import { type Config, defaultPort } from './infra/config.ts';
import { checkEngines } from './infra/connect-diagnosis.ts';
import { lacksAnalyticsEngine } from './infra/connect-reads.ts';
import { lockDataDir, mustBeWhole } from './infra/data-dir.ts';
import { listen } from './infra/gateway/listen.ts';
import { checkProviders } from './infra/outbound/connect.ts';
import { type Logger, logger } from './infra/telemetry/log.ts';
import { openLasting, waiting } from './lasting.ts';
import { type Marketplace, openMarketplace } from './marketplace.ts';
import { startMirroring } from './mirror.ts';
import type { Part, RoleProcess } from './part.ts';
import { checkPart, enginesOf, openPart, portFor } from './roles.ts';

/** All of it must be over by then, in milliseconds; what still runs is left to the log, which loses nothing. */
const longestStop = 15_000;
/** How long the start waits until the demo market can be read, in milliseconds. */
const longestSeed = 10_000;

const whenEmpty = `
  The store is empty. Make an administrator of an account that has registered:
    npx node main.ts users grant <e-mail> SUPER_ADMIN
`;

const firstOrder = (url: string) => `
  A first order: open another terminal and paste
    export BASE=${url}
  and then the lines of README.md, "A first order in five minutes".
  Accounts of the demo market, all with the password ${demoPassword}:
    ${[demoAdmin, ...demoStores].map(({ email }) => email).join('  ')}
`;

const withoutReports = `
  The engine for reports was left out of this installation: /api/v1/analytics answers 503, all else works.
  To have it (545 MB more on disk): npm ci. To do without this line: ANALYTICS=off
`;

const tryThis = (url: string, more: string) => `
  API           ${url}/api/v1
  Documentation ${url}/docs
  Health        ${url}/readyz
  Metrics       ${url}/metrics
${more}
  Look on: npx node main.ts events tail --follow
  Stop it: Ctrl-C
`;

export interface StartOptions {
  readonly progress: Progress;
  /** Aborted when it is time to stop. */
  readonly signal: AbortSignal;
  /** Fills an empty store with the demo market. */
  readonly seedDemo?: (marketplace: Marketplace) => Promise<void>;
  /** Also where the log or the vault is missing beside other data: what it held is given up. */
  readonly beginAnew?: boolean;
  /** The clock, in milliseconds: tests advance their own. */
  readonly now?: () => number;
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Listens where the configuration says, with its limits. */
const listenAs = (app: RoleProcess['app'], config: Config, port: number, log: Logger) =>
  listen(app.fetch, {
    port,
    hostname: config.HOST,
    maxConnections: config.MAX_CONNECTIONS,
    maxConnectionsPerAddress: config.MAX_CONNECTIONS_PER_ADDRESS,
    unlimitedAddresses: config.UNLIMITED_ADDRESSES,
    onRefused: refusalsLogged(log),
  });

/** How often at most it is said that connections are refused, in milliseconds. */
const refusalsEveryMs = 60_000;

/** Says that connections are refused, and how many were since it was said last: not a line for each of an attack. */
const refusalsLogged = (log: Logger) => {
  let toldAt = Number.NEGATIVE_INFINITY;
  let refused = 0;
  return (limit: 'address' | 'all') => {
    refused += 1;
    if (performance.now() - toldAt < refusalsEveryMs) return;
    log.warn({ limit, refused }, 'connections were closed: there are too many');
    toldAt = performance.now();
    refused = 0;
  };
};

/** A stop that takes too long ends by itself: also while the read models are still being built, which may take longer than anybody waits. */
const limitStop = (signal: AbortSignal) =>
  signal.addEventListener('abort', () => setTimeout(() => process.exit(1), longestStop).unref(), { once: true });

/** Everything in one process. Answers when the server has stopped. Throws DataDirInUse while another process has the data, ConfigError where a provider is missing. */
export const start = async (given: Config, { progress, signal, seedDemo, beginAnew = false }: StartOptions): Promise<void> => {
  checkProviders(given);
  await checkEngines(given, ['REDIS_URL', 'ELASTICSEARCH_URL', 'CLICKHOUSE_URL', 'KAFKA_BROKERS']);
  const log = logger(given.LOG_LEVEL);
  const lock = lockDataDir(given.DATA_DIR);
  if (!beginAnew) mustBeWhole(given);
  limitStop(signal);
  const ending = endWhenFenced(signal, log);
  // It listens first: where browsers find it goes into links and tokens, and nothing is opened in vain where the port is taken.
  let { fetch } = waiting;
  const server = await listenAs({ fetch: (...request) => fetch(...request) }, given, given.PORT ?? defaultPort, log);
  const { port } = server;
  const url = `http://localhost:${port}`;
  const config: Config = { ...given, PUBLIC_URL: given.PUBLIC_URL ?? url };
  let isEmpty = true;
  const open = async (onSetBack: (error: Error) => void) => {
    // The read models hear of events by Kafka, where there is one.
    const mirroring = config.KAFKA_BROKERS.length > 0 ? await startMirroring(config, { log, onSetBack }) : null;
    const marketplace = await openMarketplace(config, {
      ...{ log, onProgress: progress, onFenced: ending.fenced, onSetBack, mirror: mirroring },
    });
    const { store, projector } = marketplace;
    if (seedDemo && (await store.head()) === 0) {
      await seedDemo(marketplace);
      // Whoever comes first finds the shelves filled.
      await projector.passed(await store.head(), longestSeed);
    }
    isEmpty = (await store.head()) === 0;
    marketplace.deliverWebhooksTo(`http://127.0.0.1:${port}`);
    const control = await openControl(marketplace, log, (at) => lock.announce(at, `http://127.0.0.1:${port}`));
    return {
      app: marketplace.app,
      close: async () => {
        await control.close();
        await marketplace.close();
        await mirroring?.stop();
      },
    };
  };
  const running = await openLasting(open, log);
  ({ fetch } = running.app);
  log.info({ url, dataDir: config.DATA_DIR }, `listening on ${url}`);
  const more = isEmpty ? whenEmpty : seedDemo ? firstOrder(url) : '';
  process.stderr.write(tryThis(url, `${lacksAnalyticsEngine(config) ? withoutReports : ''}${more}`));

  await aborted(ending.signal);
  log.info('stopping');
  await server.stop(running.close);
  lock.release();
  log.info('stopped');
};

/** A process that was fenced off stops in good order, and says by its exit code that it should be started again. */
const endWhenFenced = (signal: AbortSignal, log: Logger) => {
  const lost = new AbortController();
  return {
    signal: AbortSignal.any([signal, lost.signal]),
    fenced: (error: Error) => {
      log.error({ err: error }, 'another process does this now; stopping');
      process.exitCode = 1;
      lost.abort();
      setTimeout(() => process.exit(1), longestStop).unref();
    },
  };
};

/** One process of a fleet. Answers when it has stopped. Throws ConfigError where the configuration lacks what several processes share. */
export const startPart = async (config: Config, part: Part, { progress, signal, now = Date.now }: StartOptions): Promise<void> => {
  checkPart(config, part);
  await checkEngines(config, enginesOf(part));
  const wanted = portFor(config, part);
  const log = logger(config.LOG_LEVEL);
  limitStop(signal);
  const ending = endWhenFenced(signal, log);
  let { fetch } = waiting;
  const server = await listenAs({ fetch: (...request) => fetch(...request) }, config, wanted, log);
  // Links and tokens name the gateway, whichever process makes them.
  const PUBLIC_URL = config.PUBLIC_URL ?? `http://localhost:${part.role === 'gateway' ? server.port : defaultPort}`;
  const options = { log, now, onProgress: progress, onFenced: ending.fenced };
  const opening = openLasting((onSetBack) => openPart({ ...config, PUBLIC_URL }, part, { ...options, onSetBack }), log);
  const running = await Promise.race([opening, aborted(ending.signal)]);
  if (!running) return; // told to stop before it had begun
  ({ fetch } = running.app);
  const url = `http://localhost:${server.port}`;
  log.info({ url, role: part.role, services: part.services }, `listening on ${url}`);
  await aborted(ending.signal);
  log.info('stopping');
  await server.stop(running.close);
  log.info('stopped');
};
