// What a buyer is told to do, derived from the payment alone, so that asking twice tells the same.
import { createHash } from 'node:crypto';
import { exponents } from '../../../domain/money.ts';
import { channels, type Instructions, type PaymentRequest } from '../payment-gateway.port.ts';
import { Refusal } from './server.ts';

/** The bank's company code, with which each of its virtual accounts begins. */
const bankCodes: Record<string, string> = { bca: '39358', mandiri: '88608', bni: '98826', bri: '26215', permata: '85211' };

const digitsOf = (text: string, count: number): string =>
  (BigInt(`0x${createHash('sha256').update(text).digest('hex')}`) % 10n ** BigInt(count)).toString().padStart(count, '0');

const channelOf = ({ method, channel }: Pick<PaymentRequest, 'method' | 'channel'>): string => {
  const known: readonly string[] = channels[method];
  if (channel === undefined) return known[0] ?? '';
  if (!known.includes(channel)) throw new Refusal(422, 'unknown_channel', `${method} is not paid through ${channel}.`);
  return channel;
};

export const instructionsFor = (request: PaymentRequest): Instructions => {
  const { paymentId, method } = request;
  const channel = channelOf(request);
  switch (method) {
    case 'virtual_account':
      return { kind: method, channel, code: `${bankCodes[channel]}${digitsOf(paymentId, 11)}` };
    case 'qris':
      return { kind: method, qr: qris(request) };
    case 'card':
      // The card itself is entered with the gateway; the shop sees a reference only.
      return { kind: method, code: `auth-${paymentId}` };
    case 'e_wallet':
      return { kind: method, channel, url: `${channel}://pay/${encodeURIComponent(paymentId)}` };
    case 'retail':
      return { kind: method, channel, code: digitsOf(paymentId, 12) };
    case 'cod':
      return { kind: method };
    default:
      return method satisfies never;
  }
};

/** ISO 4217 numbers, as EMV wants them. */
const currencyNumbers = { IDR: '360', BRL: '986', USD: '840' } as const;

const field = (tag: string, value: string) => `${tag}${String(value.length).padStart(2, '0')}${value}`;

/** A dynamic QRIS (EMV merchant-presented QR): tag, length, value, closed by a CRC over all before it. */
const qris = ({ paymentId, account, amount }: PaymentRequest): string => {
  const digits = exponents[amount.currency];
  const body = [
    field('00', '01'),
    field('01', '12'),
    field('26', field('00', 'ID.CO.QRIS.WWW') + field('02', digitsOf(account, 15))),
    field('52', '5399'),
    field('53', currencyNumbers[amount.currency]),
    field('54', (amount.amount / 10 ** digits).toFixed(digits)),
    field('58', 'ID'),
    field('59', 'TOKOBAPAK'),
    field('60', 'JAKARTA'),
    field('62', field('01', paymentId.slice(0, 60))),
    '6304',
  ].join('');
  return body + crc16(body);
};

/** CRC-16/CCITT-FALSE in four upper-case hex digits. */
const crc16 = (text: string): string => {
  let crc = 0xffff;
  for (const byte of Buffer.from(text, 'latin1')) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff) >>> 0;
  }
  return crc.toString(16).toUpperCase().padStart(4, '0');
};
