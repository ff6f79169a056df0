// The write API: every command of every service, behind one key per request.
import { Hono } from 'hono';
import type { Handle } from '../commands/handle.ts';
import type { Until } from '../commands/watch.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import type { Courier } from '../infra/outbound/courier.port.ts';
import type { Outside } from '../infra/outbound/outside.port.ts';
import type { Seals } from '../infra/vault/port.ts';
import { type AuthRoutesNeeds, authCommands } from './auth.ts';
import { cartCommands } from './cart.ts';
import { catalogCommands } from './catalog.ts';
import { checkoutCommands } from './checkout.ts';
import { idempotent, type WriteEnv } from './http.ts';
import { inventoryCommands } from './inventory.ts';
import { orderCommands } from './order.ts';
import { paymentCommands } from './payment.ts';
import { productCommands } from './product.ts';
import { returnCommands } from './return.ts';
import { reviewCommands } from './review.ts';
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
  readonly seals: Seals;
  readonly outside: Outside;
  /** A name for a value that says nothing about it: what claims are named by. */
  blindIndex(kind: string, value: string): string;
  /** Builds the search index anew; answers when it is searched. */
  reindex(): Promise<unknown>;
}

export const writeApi = (dependencies: WriteDependencies) => {
  const { handle, store, now, report, reindex } = dependencies;
  const app = new Hono<WriteEnv>();
  app.on(['POST', 'PUT', 'PATCH', 'DELETE'], '*', idempotent(store, now, dependencies.fingerprintSecret));
  app.route('/', authCommands(dependencies.auth));
  app.route('/', cartCommands(handle));
  app.route('/', catalogCommands(handle));
  app.route('/', checkoutCommands(dependencies));
  app.route('/', inventoryCommands(handle));
  app.route('/', orderCommands(handle));
  app.route('/', paymentCommands({ handle, payments: dependencies.outside.payments }));
  app.route('/', productCommands(dependencies));
  app.route('/', returnCommands(dependencies));
  app.route('/', reviewCommands(dependencies));
  app.route('/', searchCommands(reindex, report));
  app.route('/', sellerCommands(dependencies));
  app.route('/', shippingCommands({ handle, parcels: dependencies.outside.parcels }));
  app.route('/', userCommands(dependencies.auth));
  app.route('/', webhookCommands({ handle, now, ...dependencies.outside }));
  return app;
};
