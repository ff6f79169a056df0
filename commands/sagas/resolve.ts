// What an operator decides about a saga that needs a human: try again what was refused, or take it as settled by hand.
import { checkout } from '../../domain/checkout/checkout.ts';
import { DomainError } from '../../domain/error.ts';
import type { FulfilmentEvent } from '../../domain/fulfilment/events.ts';
import { fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import type { Context, Handle, Result } from '../handle.ts';

export type Decision = 'retry' | 'close';

/** A stream of one fulfilment has tens of events; what was asked in it is found by reading it whole. */
const wholeStream = 10_000;

type Requested = Extract<FulfilmentEvent, { type: 'fulfilment.requested' }>;

/** The last request of each task, by its key. */
const requests = async (store: Pick<EventStore, 'read'>, orderId: string): Promise<ReadonlyMap<string, Requested>> => {
  const events = await store.read(`${fulfilment.category}-${orderId}`, 0, wholeStream);
  const found = new Map<string, Requested>();
  for (const recorded of events) {
    const event = recorded.event as FulfilmentEvent;
    if (event.type === 'fulfilment.requested') found.set(event.key, event);
  }
  return found;
};

/** What was refused is asked for again by new intents, since those that were refused have their outcome for good. */
const resolveFulfilment = async (
  handle: Handle,
  store: Pick<EventStore, 'read'>,
  orderId: string,
  decision: Decision,
  context: Context,
) => {
  const asked = await requests(store, orderId);
  const decide = (_: null, state: ReturnType<typeof fulfilment.evolve>): FulfilmentEvent[] => {
    const refused = Object.keys(state.tasks).filter((key) => state.tasks[key] === 'refused');
    if (refused.length === 0) return [];
    const resolved: FulfilmentEvent = { type: 'fulfilment.resolved', orderId, at: context.at, decision, operatorId: context.actor.id };
    const again = decision === 'retry' ? refused.flatMap((key) => asked.get(key) ?? []) : [];
    return [resolved, ...again.map((request) => ({ ...request, at: context.at }))];
  };
  return handle({ ...fulfilment, decide }, orderId, null, context);
};

/** Throws saga.not_found for a saga that nobody can decide about. A saga that needs nobody is left as it is. */
export const resolveSaga = async (
  { handle, store }: { handle: Handle; store: Pick<EventStore, 'read'> },
  saga: string,
  instance: string,
  decision: Decision,
  context: Context,
): Promise<Result> => {
  if (saga === checkout.category) {
    return handle(checkout, instance, { type: 'resolve', decision, operatorId: context.actor.id, at: context.at }, context);
  }
  if (saga === fulfilment.category) return resolveFulfilment(handle, store, instance, decision, context);
  throw new DomainError('saga.not_found', `Nobody can decide about a ${saga}: only about checkout and fulfilment.`);
};
