// Everything outside that we speak to: the configured providers, or simulated ones.
import type { Sealed } from '../../domain/privacy.ts';
import { type Config, ConfigError, publicUrlOf } from '../config.ts';
import { addressOf } from '../services.ts';
import type { ReadableMailOutbox } from './mail.port.ts';
import { renderMail } from './mail-templates.ts';
import type { Outside } from './outside.port.ts';
import { type Providers, startProviders, startProvidersThread } from './simulated/thread.ts';
import { simulatedCourier } from './simulated-courier.ts';
import { simulatedGateway } from './simulated-gateway.ts';
import { webhookSecrets } from './webhook-secrets.ts';

export interface OutboundOptions {
  /** The clock, in milliseconds. */
  readonly now: () => number;
  readonly open: (sealed: Sealed) => unknown;
  /** The program that runs simulated providers in a thread of their own; without it they run in this one. */
  readonly thread?: URL;
  readonly mail: ReadableMailOutbox;
  /** This process is one of several: simulated providers are a process of their own. */
  readonly isFleet: boolean;
}

export const account = 'tokobapak';

/** What webhooks are signed with. Secrets that are not configured are made, and kept in DATA_DIR. */
export const webhookSecretsOf = (config: Config): { readonly payment: string; readonly courier: string } => {
  const { PAYMENT_WEBHOOK_SECRET: payment, COURIER_WEBHOOK_SECRET: courier } = config;
  const made = payment && courier ? null : webhookSecrets(config.DATA_DIR);
  return { payment: payment ?? made?.payment ?? '', courier: courier ?? made?.courier ?? '' };
};

/** What is missing where providers would be simulated in production. */
export const missingProviders = ({ NODE_ENV, PAYMENT_GATEWAY_URL, COURIER_URL }: Config): readonly string[] =>
  NODE_ENV !== 'production' || (PAYMENT_GATEWAY_URL && COURIER_URL)
    ? []
    : ['PAYMENT_GATEWAY_URL and COURIER_URL are required in production: no provider is simulated there.'];

/** Throws ConfigError where a provider is missing. */
export const checkProviders = (config: Config): void => {
  const problems = missingProviders(config);
  if (problems.length > 0) throw new ConfigError(problems);
};

/** Providers that stand elsewhere: nobody here tells them anything. */
const elsewhere = (simulators: string): Providers => ({
  gatewayUrl: `${simulators}/gateway`,
  courierUrl: `${simulators}/courier`,
  deliverTo: () => {},
  close: async () => {},
});

export const connectOutbound = async (config: Config, { now, open, thread, mail, isFleet }: OutboundOptions): Promise<Outside> => {
  checkProviders(config);
  const { DATA_DIR: dataDir, PAYMENT_GATEWAY_URL: gatewayUrl, COURIER_URL: courierUrl } = config;
  const secrets = webhookSecretsOf(config);
  const wanted = {
    dataDir,
    account,
    gatewaySecret: gatewayUrl ? null : secrets.payment,
    courierSecret: courierUrl ? null : secrets.courier,
  };
  // A clock that somebody else moves cannot be shared with a thread.
  const here = () => (thread && now === Date.now ? startProvidersThread(thread, wanted) : startProviders(wanted, now));
  const simulated = isFleet ? elsewhere(addressOf(config, 'simulators')) : await here();
  const gateway = simulatedGateway({ url: gatewayUrl ?? simulated.gatewayUrl ?? '', secret: secrets.payment });
  const courier = simulatedCourier({ url: courierUrl ?? simulated.courierUrl ?? '', secret: secrets.courier });
  const isOpen = config.NODE_ENV !== 'production';
  const rendering = { open, storeUrl: publicUrlOf(config), timeZone: config.MARKET_TIME_ZONE };
  return {
    gateway,
    courier,
    mail,
    account,
    payments: isOpen && !gatewayUrl ? gateway : null,
    parcels: isOpen && !courierUrl ? courier : null,
    readMails: isOpen
      ? async (userId, limit) => Promise.all((await mail.list(userId, limit)).map((each) => renderMail(each, rendering)))
      : null,
    deliverTo: (url) => simulated.deliverTo(`${url}/${gateway.provider}`, `${url}/${courier.provider}`),
    close: async () => {
      await Promise.all([gateway.close(), courier.close(), simulated.close()]);
      await mail.close();
    },
  };
};
