// From where a request comes, as far as the configured proxies can be believed, and whether that place may do what it asks.
import { BlockList, isIP } from 'node:net';

/** IPv4 as such, also where a socket for both families shows it as `::ffff:192.0.2.1`. */
export const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;

/**
 * The client's address behind `hops` proxies of ours, each of which appended to X-Forwarded-For what it saw.
 * Whatever stands further left was written by the client, and is not believed.
 */
export const clientAddress = (socketAddress: string, forwardedFor: string | undefined, hops: number): string => {
  const seen = plainAddress(socketAddress);
  if (hops === 0 || !forwardedFor) return seen;
  const list = forwardedFor.split(',');
  const claimed = plainAddress((list[Math.max(0, list.length - hops)] ?? '').trim());
  return isIP(claimed) === 0 ? seen : claimed;
};

/** What a limit per address counts: the address, or the /64 of an IPv6 address, since one client owns all of that. */
export const networkOf = (address: string): string => {
  if (!address.includes(':')) return address;
  const [head = ''] = address.split('::');
  return `${head.split(':').slice(0, 4).join(':')}::/64`;
};

/** Whether an address is in one of these ranges (`10.0.0.0/8`, `::1`); an empty list means everywhere. */
export const addressFilter = (ranges: readonly string[]): ((address: string) => boolean) => {
  if (ranges.length === 0) return () => true;
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits] = range.split('/');
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
};
