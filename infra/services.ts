// The services of the marketplace, each with the port that it listens on when it runs alone, and the roles that a process may have.

export const services = [
  { name: 'product', port: 3001 },
  { name: 'catalog', port: 3002 },
  { name: 'cart', port: 3003 },
  { name: 'notification', port: 3004 },
  { name: 'auth', port: 3005 },
  { name: 'user', port: 3006 },
  { name: 'order', port: 3007 },
  { name: 'payment', port: 3008 },
  { name: 'shipping', port: 3009 },
  { name: 'search', port: 3010 },
  { name: 'inventory', port: 3011 },
  { name: 'seller', port: 3012 },
  { name: 'review', port: 3014 },
  { name: 'analytics', port: 3018 },
] as const;

export type Service = (typeof services)[number]['name'];
export const serviceNames: readonly Service[] = services.map(({ name }) => name);

export const roles = ['gateway', 'write-api', 'read-api', 'projections', 'sagas', 'mirror', 'simulators'] as const;
/** What a process of a fleet does. `simulators` plays the payment provider and the courier, in development. */
export type Role = (typeof roles)[number];

/** Ports of the roles that have one of their own; one side of the services needs to be told. */
const rolePorts: Readonly<Partial<Record<string, number>>> = {
  gateway: 8080,
  projections: 3101,
  sagas: 3102,
  mirror: 3103,
  simulators: 3104,
};

export const portOf = (name: Service | Role): number | undefined =>
  rolePorts[name] ?? services.find((service) => service.name === name)?.port;

export const isAddressed = (name: string): name is Service | Role =>
  (roles as readonly string[]).includes(name) || (serviceNames as readonly string[]).includes(name);

export interface Addresses {
  readonly SERVICE_URL: string;
  readonly SERVICE_ADDRESSES: readonly string[];
}

const exception = ({ SERVICE_ADDRESSES: given }: Addresses, name: string) =>
  given.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);

/** Where a service or role is found; of a service one side may be elsewhere. */
export const addressOf = (addresses: Addresses, name: Service | Role, side?: 'write-api' | 'read-api'): string =>
  exception(addresses, name) ??
  (side && exception(addresses, side)) ??
  addresses.SERVICE_URL.replace('{service}', name).replace('{port}', String(portOf(name) ?? ''));
