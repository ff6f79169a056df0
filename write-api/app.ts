// The write API: every command of every service, behind one key per request.
import { Hono } from 'hono';
import type { ListCategories } from '../commands/catalog.ts';
import type { CodOptions } from '../commands/contact.ts';
import type { Handle } from '../commands/handle.ts';
import type { Until } from '../commands/watch.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { ofService } from '../infra/http/routes.ts';
import type { Courier } from '../infra/outbound/courier.port.ts';
import type { Outside } from '../infra/outbound/outside.port.ts';
import type { Seals } from '../infra/vault/port.ts';
import { type AuthRoutesNeeds, authCommands } from './auth.ts';
import { cartCommands } from './cart.ts';
import { catalogCommands } from './catalog.ts';
import { checkoutCommands } from './checkout.ts';
import { guestCommands } from './guest.ts';
import { idempotent, type WriteEnv } from './http.ts';
import { inventoryCommands } from './inventory.ts';
import { memberCommands } from './members.ts';
import { orderCommands } from './order.ts';
import { paymentCommands } from './payment.ts';
import { productCommands } from './product.ts';
import { returnCommands } from './return.ts';
import { reviewCommands } from './review.ts';
import { sagaCommands } from './sagas.ts';
import { searchCommands } from './search.ts';
import { sellerCommands } from './seller.ts';
import { shippingCommands } from './shipping.ts';
import { userCommands } from './user.ts';
import { webhookCommands } from './webhooks.ts';

export interface WriteDependencies {
  readonly handle: Handle;
  readonly store: EventStore;
  /** The clock, in milliseconds. */
  readonly now: () => number;
  readonly report: (error: Error) => void;
  /** Goes into the fingerprints of requests. */
  readonly fingerprintSecret: string;
  readonly auth: AuthRoutesNeeds;
  /** Waits until a stream says what somebody waits for. */
  readonly until: Until;
  readonly courier: Courier;
  readonly cod: CodOptions;
  readonly seals: Seals;
  /** The most that one purchase may come to, in minor units. */
  readonly maxAmount: number;
  readonly outside: Outside;
  /** A name for a value that says nothing about it: what claims are named by. */
  blindIndex(kind: string, value: string): string;
  readonly listCategories: ListCategories;
  /** Builds the search index anew; answers when it is searched. */
  reindex(): Promise<unknown>;
}

/** The routers of each service, in the order in which they are asked. */
export const commandRouters = (dependencies: WriteDependencies) => {
  const { handle, report, reindex, outside, auth, listCategories, store } = dependencies;
  return {
    auth: [authCommands(auth)],
    cart: [cartCommands(handle, auth.secure)],
    catalog: [catalogCommands(handle, listCategories)],
    order: [
      checkoutCommands(dependencies),
      guestCommands(auth),
      orderCommands(dependencies),
      returnCommands(dependencies),
      sagaCommands(dependencies),
    ],
    inventory: [inventoryCommands(handle)],
    payment: [
      paymentCommands({ ...dependencies, payments: outside.payments }),
      webhookCommands({ handle, now: dependencies.now, gateway: outside.gateway, courier: outside.courier }),
    ],
    product: [productCommands(dependencies)],
    review: [reviewCommands(dependencies)],
    search: [searchCommands(reindex, report)],
    seller: [sellerCommands(dependencies), memberCommands(dependencies)],
    shipping: [shippingCommands({ handle, parcels: outside.parcels })],
    user: [userCommands({ ...auth, store })],
  };
};

/** The commands of these services; of all unless told. */
export const writeApi = (dependencies: WriteDependencies, services?: ReadonlySet<string>) => {
  const { store, now, fingerprintSecret } = dependencies;
  const app = new Hono<WriteEnv>();
  app.on(['POST', 'PUT', 'PATCH', 'DELETE'], '*', idempotent(store, now, fingerprintSecret));
  for (const [service, routers] of Object.entries(commandRouters(dependencies))) {
    if (services && !services.has(service)) continue;
    for (const router of routers) app.route('/', ofService(service, router));
  }
  return app;
};
