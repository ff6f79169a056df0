// Bytes that come from elsewhere as text, or not at all: letters that cannot be read are never replaced, because what was there would be lost for good.
import { isUtf8 } from 'node:buffer';

/** `ignoreBOM` keeps a byte order mark as a character: who reads files takes it off first. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Throws TypeError for bytes that are not UTF-8. */
export const textOf = (bytes: Uint8Array): string => strict.decode(bytes);

/** How many bytes the character has whose first one this is. */
const sizeOf = (first: number) => (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);

/** Where the first character begins that is not UTF-8, or null. */
export const firstUnreadable = (bytes: Uint8Array): number | null => {
  if (isUtf8(bytes)) return null;
  let at = 0;
  for (let size = sizeOf(bytes[0] ?? 0); isUtf8(bytes.subarray(at, at + size)); size = sizeOf(bytes[at] ?? 0)) at += size;
  return at;
};
