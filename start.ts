// Runs the marketplace: takes the data, builds what is missing, listens, and ends in good order when told.
import { serve } from '@hono/node-server';
import { openControl } from './control.ts';
import type { Progress } from './infra/cli/progress.ts';
import type { Config } from './infra/config.ts';
import { lockDataDir } from './infra/data-dir.ts';
import { logger } from './infra/telemetry/log.ts';
import { type Marketplace, openMarketplace } from './marketplace.ts';

/** All of it must be over by then, in milliseconds; what still runs is left to the log, which loses nothing. */
const longestStop = 15_000;

const tryThis = (url: string, isEmpty: boolean) => `
  API           ${url}/api/v1
  Documentation ${url}/docs
  Health        ${url}/readyz
  Metrics       ${url}/metrics
${
  isEmpty
    ? `
  The store is empty. Make an administrator of an account that has registered:
    node main.ts users grant <e-mail> SUPER_ADMIN
`
    : `
  A first order, step by step:
    curl ${url}/api/v1/products
    curl -c jar -b jar -X POST ${url}/api/v1/cart/lines -H 'content-type: application/json' -H "idempotency-key: $(uuidgen)" -d '{"productId":"<id>","variantId":"<id>","quantity":1}'
    then POST /auth/register, /checkouts/quote and /checkouts: see the documentation.
`
}
  Look on: node main.ts events tail --follow
  Stop it: Ctrl-C
`;

export interface StartOptions {
  readonly progress: Progress;
  /** Aborted when it is time to stop. */
  readonly signal: AbortSignal;
  /** Fills an empty store with goods to try. */
  readonly seedDemo?: (marketplace: Marketplace) => Promise<void>;
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Answers when the server has stopped. Throws DataDirInUse while another process has the data. */
export const start = async (config: Config, { progress, signal, seedDemo }: StartOptions): Promise<void> => {
  const log = logger(config.LOG_LEVEL);
  const lock = lockDataDir(config.DATA_DIR);
  // Also while the read models are still being built, which may take longer than anybody waits.
  signal.addEventListener('abort', () => setTimeout(() => process.exit(1), longestStop).unref(), { once: true });
  const marketplace = await openMarketplace(config, { log, onProgress: progress });
  if (seedDemo && (await marketplace.store.head()) === 0) await seedDemo(marketplace);
  const listening = Promise.withResolvers<number>();
  const server = serve({ fetch: marketplace.app.fetch, port: config.PORT, hostname: config.HOST }, ({ port }) => listening.resolve(port));
  server.once('error', listening.reject);
  const port = await listening.promise;
  const url = `http://localhost:${port}`;
  marketplace.deliverWebhooksTo(`http://127.0.0.1:${port}`);
  const control = await openControl(marketplace, log, (at) => lock.announce(at));
  log.info({ url, dataDir: config.DATA_DIR }, `listening on ${url}`);
  process.stderr.write(tryThis(url, (await marketplace.store.head()) === 0));

  await aborted(signal);
  log.info('stopping');
  const closed = new Promise((resolve) => server.close(resolve));
  await control.close();
  await marketplace.close();
  // What is still open now is a stream that would never end by itself.
  if ('closeAllConnections' in server) server.closeAllConnections();
  await closed;
  lock.release();
  log.info('stopped');
};
