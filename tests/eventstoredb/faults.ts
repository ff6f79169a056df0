// What a test can make go wrong: each order spoils the next calls of one kind, in the order in which they were given.
import { setTimeout as after } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { failures } from './errors.ts';

export const methods = ['append', 'batchAppend', 'read', 'subscribe', 'delete', 'tombstone', 'getSupportedMethods', 'gossip'] as const;
export type Method = (typeof methods)[number];
export type Calls = Record<Method, number>;
/** What can be spoiled. */
export type Fallible = Exclude<Method, 'batchAppend' | 'getSupportedMethods' | 'gossip'>;

export interface Faults {
  /** The next `count` appends are written and durable, but their writer is not told: the call ends UNAVAILABLE, or never. */
  loseNextReply(count?: number, how?: 'unavailable' | 'never'): void;
  /** The next call is begun this much later; one that its caller gives up meanwhile has no effect. */
  delayNext(milliseconds: number, method?: Fallible): void;
  /** The next call is told that another node leads: this one, at this address. */
  notLeaderNext(method?: Fallible, leader?: { host: string; port: number }): void;
  /** The next `count` calls end UNAVAILABLE without effect. */
  refuseNext(count?: number, method?: Fallible): void;
  /** The next call ends ABORTED, as the server's own time-out does, without effect. */
  timeOutNext(method?: Fallible): void;
  /** The next call ends PERMISSION_DENIED. */
  denyNext(method?: Fallible): void;
  /** Every running subscription ends UNAVAILABLE. */
  dropSubscriptions(): void;
}

type Order = { error: ServiceError } | { delay: number };

export class FaultBoard implements Faults {
  readonly #orders = new Map<Fallible, Order[]>();
  readonly #lost: ('unavailable' | 'never')[] = [];
  readonly #subscriptions = new Set<(error: ServiceError) => void>();
  readonly #self: () => { host: string; port: number };

  constructor(self: () => { host: string; port: number }) {
    this.#self = self;
  }

  loseNextReply(count = 1, how: 'unavailable' | 'never' = 'unavailable'): void {
    for (let n = 0; n < count; n += 1) this.#lost.push(how);
  }

  delayNext(milliseconds: number, method: Fallible = 'append'): void {
    this.#order(method, { delay: milliseconds });
  }

  notLeaderNext(method: Fallible = 'append', leader = this.#self()): void {
    this.#order(method, { error: failures.notLeader(leader.host, leader.port) });
  }

  refuseNext(count = 1, method: Fallible = 'append'): void {
    for (let n = 0; n < count; n += 1) this.#order(method, { error: failures.notReady() });
  }

  timeOutNext(method: Fallible = 'append'): void {
    this.#order(method, { error: failures.timedOut() });
  }

  denyNext(method: Fallible = 'append'): void {
    this.#order(method, { error: failures.accessDenied() });
  }

  dropSubscriptions(): void {
    for (const drop of [...this.#subscriptions]) drop(failures.unavailable('Connection dropped'));
  }

  /** What a call of this kind meets before it begins. */
  async meet(method: Fallible): Promise<ServiceError | null> {
    const order = this.#orders.get(method)?.shift();
    if (!order) return null;
    if ('error' in order) return order.error;
    await after(order.delay, undefined, { ref: false });
    return null;
  }

  /** What becomes of the reply to an append. */
  reply(): 'sent' | 'unavailable' | 'never' {
    return this.#lost.shift() ?? 'sent';
  }

  /** Lets `dropSubscriptions` reach this one; the answer takes it out again. */
  watch(drop: (error: ServiceError) => void): () => void {
    this.#subscriptions.add(drop);
    return () => this.#subscriptions.delete(drop);
  }

  #order(method: Fallible, order: Order): void {
    const orders = this.#orders.get(method) ?? [];
    orders.push(order);
    this.#orders.set(method, orders);
  }
}
