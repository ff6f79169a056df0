// Tokens by which a device is known again that has signed in before: its failures are counted apart, so that a stranger's guesses lock nobody out there.
import { timingSafeEqual } from 'node:crypto';
import { type DeviceOwner, type Devices, deviceLifetime } from './port.ts';

/** `blindIndex` signs: nobody else has its key. */
export const createDevices = (blindIndex: (kind: string, value: string) => string): Devices => {
  const signed = ({ userId, credentialId }: DeviceOwner, deviceId: string, until: string) =>
    `${deviceId}.${until}.${blindIndex('device', [userId, credentialId ?? '', deviceId, until].join('\0'))}`;
  return {
    issue: (owner, deviceId, at) => signed(owner, deviceId, String(Math.floor((Date.parse(at) + deviceLifetime) / 1_000))),
    idOf: (token, owner, at) => {
      const [deviceId = '', until = ''] = (token ?? '').split('.');
      const [shown, expected] = [Buffer.from(token ?? ''), Buffer.from(signed(owner, deviceId, until))];
      const isGenuine = shown.length === expected.length && timingSafeEqual(shown, expected);
      return isGenuine && Number(until) * 1_000 > Date.parse(at) ? deviceId : null;
    },
  };
};
