// Everything outside that we speak to: the configured providers, or simulated ones that run here.
import type { Sealed } from '../../domain/privacy.ts';
import type { Config } from '../config.ts';
import { openMailOutbox } from './mail-outbox.ts';
import { renderMail } from './mail-templates.ts';
import type { Outside } from './outside.port.ts';
import { startSimulatedCourier } from './simulated/courier.ts';
import { startSimulatedGateway } from './simulated/gateway.ts';
import { simulatedCourier } from './simulated-courier.ts';
import { simulatedGateway } from './simulated-gateway.ts';
import { webhookSecrets } from './webhook-secrets.ts';

export interface OutboundOptions {
  /** The clock, in milliseconds. */
  readonly now: () => number;
  readonly open: (sealed: Sealed) => unknown;
}

const account = 'tokobapak';

export const connectOutbound = async (config: Config, { now, open }: OutboundOptions): Promise<Outside> => {
  const { DATA_DIR: dataDir, PAYMENT_GATEWAY_URL: gatewayUrl, COURIER_URL: courierUrl } = config;
  const made = gatewayUrl && courierUrl ? null : webhookSecrets(dataDir);
  const secretOf = (configured: string | undefined, provider: 'payment' | 'courier') => configured ?? made?.[provider] ?? '';
  const gatewaySecret = secretOf(config.PAYMENT_WEBHOOK_SECRET, 'payment');
  const courierSecret = secretOf(config.COURIER_WEBHOOK_SECRET, 'courier');
  const here = { dataDir, webhookUrl: null, clock: now };
  const gatewayHere = gatewayUrl ? null : await startSimulatedGateway({ ...here, secret: gatewaySecret, account });
  const courierHere = courierUrl ? null : await startSimulatedCourier({ ...here, secret: courierSecret });
  const gateway = simulatedGateway({ url: gatewayUrl ?? gatewayHere?.url ?? '', secret: gatewaySecret });
  const courier = simulatedCourier({ url: courierUrl ?? courierHere?.url ?? '', secret: courierSecret });
  const mail = openMailOutbox(dataDir);
  const isOpen = config.NODE_ENV !== 'production';
  const rendering = { open, storeUrl: config.PUBLIC_URL, timeZone: config.MARKET_TIME_ZONE };
  return {
    gateway,
    courier,
    mail,
    account,
    payments: isOpen && gatewayHere ? gateway : null,
    parcels: isOpen && courierHere ? courier : null,
    readMails: isOpen
      ? async (userId, limit) => Promise.all((await mail.list(userId, limit)).map((each) => renderMail(each, rendering)))
      : null,
    deliverTo: (url) => {
      gatewayHere?.deliverTo(`${url}/${gateway.provider}`);
      courierHere?.deliverTo(`${url}/${courier.provider}`);
    },
    close: async () => {
      await Promise.all([gateway.close(), courier.close(), gatewayHere?.close(), courierHere?.close()]);
      await mail.close();
    },
  };
};
