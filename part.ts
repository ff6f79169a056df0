// A part of the marketplace that runs as a process of its own.
import type { serve } from '@hono/node-server';
import type { Role, Service } from './infra/services.ts';
import type { Logger } from './infra/telemetry/log.ts';

/** Both APIs of these services where no role is named; of all services where none is. */
export interface Part {
  readonly role?: Role;
  readonly services?: readonly Service[];
}

export interface RoleOptions {
  readonly log: Logger;
  /** The clock, in milliseconds: tests advance their own. */
  readonly now?: () => number;
  readonly onProgress?: (projection: string, position: number, head: number) => void;
  /** The log holds no longer what was read of it: this part is to be closed and opened anew. */
  readonly onSetBack?: (error: Error) => void;
  /** Another process has taken over what this one alone may do: it has to end. */
  readonly onFenced?: (error: Error) => void;
}

export interface RoleProcess {
  readonly app: { readonly fetch: Parameters<typeof serve>[0]['fetch'] };
  /** Finishes what runs, then closes. */
  close(): Promise<void>;
}
