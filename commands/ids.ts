// Ids that a retry derives again: of commands, of what they create, and of events. No clock and no randomness.
import { hash } from 'node:crypto';
import { ulidText } from '../domain/id.ts';

// The name space of every id that is derived here; fixed for ever.
const namespace = Buffer.from('5b0cf2a6f3d14a7c9d0e8b6c0f0a7b11', 'hex');

const v5 = (name: string): Buffer => {
  const bytes = Buffer.from(hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer').subarray(0, 16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
};

/** UUID version 5 (RFC 9562) of the parts, which are joined by a zero byte. */
export const derivedUuid = (...parts: readonly (string | number)[]): string => {
  const hex = v5(parts.join('\0')).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** The same as ULID text: the id of the n-th thing that a command creates. */
export const derivedId = (...parts: readonly (string | number)[]): string => ulidText(v5(parts.join('\0')));
