// The write API: every command of every service, behind one key per request.
import { Hono } from 'hono';
import type { Handle } from '../commands/handle.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { onError } from '../infra/http/problem.ts';
import { catalogCommands } from './catalog.ts';
import { idempotent, type WriteEnv } from './http.ts';

export interface WriteDependencies {
  readonly handle: Handle;
  readonly store: EventStore;
  /** The clock, in milliseconds. */
  readonly now: () => number;
  readonly report: (error: Error) => void;
}

export const writeApi = (dependencies: WriteDependencies) => {
  const { handle, store, now, report } = dependencies;
  const app = new Hono<WriteEnv>();
  app.onError(onError(report));
  app.use(idempotent(store, now));
  app.route('/', catalogCommands(handle));
  return app;
};
