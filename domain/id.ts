// Ids: ULID text everywhere on the wire and in events; what a command creates gets its id from the command, not from a clock.
import { z } from 'zod';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 26 characters of Crockford's base 32. */
export const Id = z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/, 'must be an id of 26 characters (ULID)');

/** RFC 3339 in UTC with milliseconds, as everywhere in events and on the wire. */
export const Instant = z.iso.datetime({ precision: 3 });

/** The ULID text of 16 bytes, such as a UUID's: 128 bits as 26 characters, the first of which holds only 3 of them. */
export const ulidText = (bytes: Uint8Array): string => {
  let text = '';
  let pending = 0;
  let bits = 2; // 130 bits fit 26 characters, so two leading zeros come first
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(pending >> bits) & 31];
    }
    pending &= (1 << bits) - 1;
  }
  return text;
};

/** The instant `milliseconds` after `at`, both RFC 3339 UTC. */
export const later = (at: string, milliseconds: number): string => new Date(Date.parse(at) + milliseconds).toISOString();

export const minutes = (count: number) => count * 60_000;
export const hours = (count: number) => count * 3_600_000;
export const days = (count: number) => count * 86_400_000;

/** Clocks of processes that work together differ by less. */
const skew = minutes(5);

/** Whether a time that a clock has told lies so far ahead of `now` that one of the two clocks is wrong: what it says of an end or a pause counts no more. */
export const isAhead = (told: string, now: string): boolean => told > now && told > later(now, skew);
