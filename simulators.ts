// Role simulators: plays the payment provider and the courier for a fleet in development, both behind one port.
import { Hono } from 'hono';
import { proxy } from 'hono/proxy';
import type { Config } from './infra/config.ts';
import { account, webhookSecretsOf } from './infra/outbound/connect.ts';
import { startProviders } from './infra/outbound/simulated/thread.ts';
import { addressOf } from './infra/services.ts';
import type { RoleOptions, RoleProcess } from './part.ts';

/** They keep books of their own in DATA_DIR, and send their webhooks to the gateway. */
export const openSimulators = async (config: Config, { now = Date.now }: RoleOptions): Promise<RoleProcess> => {
  const { payment, courier } = webhookSecretsOf(config);
  const providers = await startProviders({ dataDir: config.DATA_DIR, account, gatewaySecret: payment, courierSecret: courier }, now);
  const webhooks = `${addressOf(config, 'gateway')}/api/v1/webhooks`;
  providers.deliverTo(`${webhooks}/simulated`, `${webhooks}/simulated-courier`);
  const app = new Hono().get('/livez', (c) => c.text('ok')).get('/readyz', (c) => c.json({ ready: true, checks: {} }));
  for (const [name, url] of [
    ['gateway', providers.gatewayUrl],
    ['courier', providers.courierUrl],
  ] as const) {
    app.all(`/${name}/*`, (c) => {
      const { pathname, search } = new URL(c.req.url);
      return proxy(`${url}${pathname.slice(name.length + 1)}${search}`, { raw: c.req.raw });
    });
  }
  return { app, close: providers.close };
};
