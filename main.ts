// The command line, and the entry of the process and of its threads.
import { isMainThread, workerData } from 'node:worker_threads';
import { serve } from '@hono/node-server';
import { ConfigError, describeConfig, readConfig } from './infra/config.ts';
import { logger } from './infra/telemetry/log.ts';
import { openMarketplace } from './marketplace.ts';
import { runProjector } from './projector.ts';

const start = async () => {
  const config = readConfig(process.env);
  const log = logger(config.LOG_LEVEL);
  const marketplace = await openMarketplace(config, { log });
  const server = serve({ fetch: marketplace.app.fetch, port: config.PORT, hostname: config.HOST }, ({ port }) => {
    log.info({ port }, `listening on http://localhost:${port}`);
  });
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    await marketplace.close();
    await closed;
    process.exit(0);
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
};

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void> | void>> = {
  start,
  config: () => console.log(describeConfig(readConfig(process.env))),
};

const run = async () => {
  const [name = '', ...args] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    console.error(`Usage: main.ts ${Object.keys(commands).join(' | ')}`);
    process.exitCode = 2;
    return;
  }
  try {
    await command(args);
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exitCode = 1;
  }
};

if (isMainThread) await run();
else if (workerData?.role === 'projector') await runProjector(workerData.dataDir);
