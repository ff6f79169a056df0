// Everything outside that we speak to: the configured providers, or simulated ones that run here.
import type { Sealed } from '../../domain/privacy.ts';
import type { Config } from '../config.ts';
import { openMailOutbox } from './mail-outbox.ts';
import { renderMail } from './mail-templates.ts';
import type { Outside } from './outside.port.ts';
import { startProviders, startProvidersThread } from './simulated/thread.ts';
import { simulatedCourier } from './simulated-courier.ts';
import { simulatedGateway } from './simulated-gateway.ts';
import { webhookSecrets } from './webhook-secrets.ts';

export interface OutboundOptions {
  /** The clock, in milliseconds. */
  readonly now: () => number;
  readonly open: (sealed: Sealed) => unknown;
  /** The program that runs simulated providers in a thread of their own; without it they run in this one. */
  readonly thread?: URL;
}

const account = 'tokobapak';

export const connectOutbound = async (config: Config, { now, open, thread }: OutboundOptions): Promise<Outside> => {
  const { DATA_DIR: dataDir, PAYMENT_GATEWAY_URL: gatewayUrl, COURIER_URL: courierUrl } = config;
  const made = gatewayUrl && courierUrl ? null : webhookSecrets(dataDir);
  const secretOf = (configured: string | undefined, provider: 'payment' | 'courier') => configured ?? made?.[provider] ?? '';
  const gatewaySecret = secretOf(config.PAYMENT_WEBHOOK_SECRET, 'payment');
  const courierSecret = secretOf(config.COURIER_WEBHOOK_SECRET, 'courier');
  const wanted = {
    dataDir,
    account,
    gatewaySecret: gatewayUrl ? null : gatewaySecret,
    courierSecret: courierUrl ? null : courierSecret,
  };
  // A clock that somebody else moves cannot be shared with a thread.
  const simulated = await (thread && now === Date.now ? startProvidersThread(thread, wanted) : startProviders(wanted, now));
  const gateway = simulatedGateway({ url: gatewayUrl ?? simulated.gatewayUrl ?? '', secret: gatewaySecret });
  const courier = simulatedCourier({ url: courierUrl ?? simulated.courierUrl ?? '', secret: courierSecret });
  const mail = openMailOutbox(dataDir);
  const isOpen = config.NODE_ENV !== 'production';
  const rendering = { open, storeUrl: config.PUBLIC_URL, timeZone: config.MARKET_TIME_ZONE };
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
