// The write API: every command of every service, behind one key per request.
import { Hono } from 'hono';
import type { Handle } from '../commands/handle.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { onError } from '../infra/http/problem.ts';
import type { Seals } from '../infra/vault/port.ts';
import { catalogCommands } from './catalog.ts';
import { idempotent, type WriteEnv } from './http.ts';
import { inventoryCommands } from './inventory.ts';
import { productCommands } from './product.ts';
import { reviewCommands } from './review.ts';
import { searchCommands } from './search.ts';

export interface WriteDependencies {
  readonly handle: Handle;
  readonly store: EventStore;
  /** The clock, in milliseconds. */
  readonly now: () => number;
  readonly report: (error: Error) => void;
  readonly seals: Seals;
  /** A name for a value that says nothing about it: what claims are named by. */
  blindIndex(kind: string, value: string): string;
  /** Builds the search index anew; answers when it is searched. */
  reindex(): Promise<unknown>;
}

export const writeApi = (dependencies: WriteDependencies) => {
  const { handle, store, now, report, reindex } = dependencies;
  const app = new Hono<WriteEnv>();
  app.onError(onError(report));
  app.use(idempotent(store, now));
  app.route('/', catalogCommands(handle));
  app.route('/', inventoryCommands(handle));
  app.route('/', productCommands(dependencies));
  app.route('/', reviewCommands(dependencies));
  app.route('/', searchCommands(reindex, report));
  return app;
};
