// Addresses of pictures elsewhere, as people give them: pages show them to everybody, so they must lead to a public host over https.
import { z } from 'zod';

/** Endings that mean a network of one's own, and never a host on the internet (RFC 6761, 6762, 7686, 8375 and what ICANN has set aside). */
const internal = [
  'local',
  'localhost',
  'localdomain',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'lan',
  'arpa',
  'onion',
  'invalid',
];

/** NOTE: a URL parser has already turned every spelling of an IP address (decimal, hexadecimal, short, in other digits) into the usual one. */
const isPublic = (hostname: string): boolean => {
  const labels = hostname.replace(/\.+$/, '').split('.');
  const last = labels.at(-1) ?? '';
  // No name on the internet ends in digits: what does is an IPv4 address, and one in brackets an IPv6 address.
  return labels.length > 1 && !labels.includes('') && /^[a-z][a-z0-9-]*$/.test(last) && !internal.includes(last);
};

const leadsOutside = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '' && url.port === '' && isPublic(url.hostname);
};

/** Kept as a URL parser writes it, so that what is stored is what was checked. */
export const PublicAddress = z
  .url({ protocol: /^https$/, normalize: true, error: 'must be an https address' })
  .max(2_000)
  .refine(leadsOutside, 'must name a public host, without a port, a name or a password, and not by its IP address');
