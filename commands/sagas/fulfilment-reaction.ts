// What one trigger leads to in a fulfilment: steps that are news, tasks that were not asked for before.
import type { FulfilmentEvent, Step, Task } from '../../domain/fulfilment/events.ts';
import { type Fulfilment, isNews } from '../../domain/fulfilment/fulfilment.ts';

/** One refund gives back all that is left when an order is off: its id says why. A return's refund has the return's id. */
export const refundIds = {
  cancelled: (orderId: string) => `${orderId}.cancelled`,
  returned: (orderId: string) => `${orderId}.returned`,
};

export const isOfReturn = (orderId: string, refundId: string) =>
  refundId !== refundIds.cancelled(orderId) && refundId !== refundIds.returned(orderId);

/** Collects what one trigger leads to, and asks for nothing twice. */
export class Reaction {
  readonly events: FulfilmentEvent[] = [];
  readonly #state: Fulfilment;
  readonly #orderId: string;
  readonly #at: string;

  constructor(state: Fulfilment, orderId: string, at: string) {
    this.#state = state;
    this.#orderId = orderId;
    this.#at = at;
  }

  note(step: Step): this {
    if (isNews(this.#state, step)) this.events.push({ type: 'fulfilment.stepped', orderId: this.#orderId, step, at: this.#at });
    return this;
  }

  ask(key: string, task: Task, more: Pick<Extract<FulfilmentEvent, { type: 'fulfilment.requested' }>, 'address'> = {}): this {
    if (!this.#state.tasks[key])
      this.events.push({ type: 'fulfilment.requested', orderId: this.#orderId, key, task, ...more, at: this.#at });
    return this;
  }

  done(key: string): this {
    if (this.#state.tasks[key] === 'open') this.events.push({ type: 'fulfilment.done', orderId: this.#orderId, key, at: this.#at });
    return this;
  }
}
