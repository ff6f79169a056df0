// One owner at a time: a lease is had for a while, renewed while its owner lives, and told apart from every earlier one by its epoch.
import type { Queryable } from '../postgres.ts';

/** The lease has gone to somebody else, or may have: whatever was to be written under it must not be. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
  constructor(lease: string, epoch: number) {
    super(`The lease "${lease}" is no longer held under epoch ${epoch}.`);
  }
}

export interface Lease {
  readonly name: string;
  /** Rises with every owner, never falls. */
  readonly epoch: number;
  /** Aborted, with Fenced as its reason, when the lease has gone or could not be renewed in time; not by `release`. */
  readonly lost: AbortSignal;
  /**
   * Whether nobody else can have it yet, as far as this process knows. It turns false before the time is over at which others may take it,
   * also while the event loop is blocked. What is written to a database is better asked for by `fence`, which cannot be wrong.
   */
  isHeld(): boolean;
  /**
   * To be called inside the transaction that writes: throws Fenced unless this epoch still holds, and keeps it from being taken over until
   * the transaction has ended.
   */
  fence(tx: Queryable): Promise<void>;
  /** Gives it up; the next one gets it at once. What is written under it has to be finished before. Never throws. */
  release(): Promise<void>;
}

export interface AcquireOptions {
  /** Who asks, for people who look into the table: a host and a process number. */
  readonly owner: string;
  /** Milliseconds after which somebody else may take the lease of an owner that has died. Default: 10,000. */
  readonly ttlMs?: number;
  /** Ends the waiting: `acquire` then rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface Leases {
  /** Waits until the lease is free, however long, and takes it. While the store cannot be reached, it goes on trying. */
  acquire(name: string, options: AcquireOptions): Promise<Lease>;
  /** Gives up what is held, and lets go of the store. */
  close(): Promise<void>;
}
