// The banks, wallets and shops that a buyer may pay through: the gateway's, by our words for the methods.
import { DomainError } from '../domain/error.ts';
import type { Method } from '../domain/payment/deadlines.ts';
import { channels } from '../infra/outbound/payment-gateway.port.ts';

export const channelsOf: Readonly<Record<Method, readonly string[]>> = {
  card: channels.card,
  qris: channels.qris,
  ewallet: channels.e_wallet,
  va: channels.virtual_account,
  retail: channels.retail,
  cod: channels.cod,
};

export const everyChannel = Object.values(channels).flat();

/** Throws payment.channel_unknown. */
export const mustBeOffered = (method: Method, channel: string | undefined): void => {
  if (channel === undefined || channelsOf[method].includes(channel)) return;
  const offered = channelsOf[method];
  const choice = offered.length > 0 ? `Choose one of ${offered.join(', ')}, or leave the channel out.` : 'Leave the channel out.';
  throw new DomainError('payment.channel_unknown', choice, { method, channels: offered });
};
