// What an operator decides about a saga that needs a human: try again what was refused, or take it as settled by hand.
import { checkout } from '../../domain/checkout/checkout.ts';
import { collection } from '../../domain/collection/collection.ts';
import type { CollectionEvent } from '../../domain/collection/events.ts';
import { DomainError } from '../../domain/error.ts';
import type { FulfilmentEvent } from '../../domain/fulfilment/events.ts';
import { fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import type { OnboardingEvent } from '../../domain/onboarding/events.ts';
import { onboarding } from '../../domain/onboarding/onboarding.ts';
import type { Decision, Process } from '../../domain/process.ts';
import type { ReconciliationEvent } from '../../domain/reconciliation/events.ts';
import { reconciliation } from '../../domain/reconciliation/reconciliation.ts';
import type { RefundEvent } from '../../domain/refund/events.ts';
import { refund } from '../../domain/refund/refund.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import type { Context, Handle, Result } from '../handle.ts';

/** The stream of one saga has tens of events; what was asked in it is found by reading it whole. */
const wholeStream = 10_000;

export interface Resolving {
  readonly handle: Handle;
  readonly store: Pick<EventStore, 'read'>;
}
type Resolve = (resolving: Resolving, instance: string, decision: Decision, context: Context) => Promise<Result>;

interface Decided {
  readonly at: string;
  readonly decision: Decision;
  readonly operatorId: string;
}

/** As the state of a saga names what was asked for: the last intent of a task is the one that counts. */
const taskOf = ({ type, key = type }: { type: string; key?: string }) => key;

/** What was refused is asked for again by new intents, since those that were refused have their outcome for good. */
const resolving =
  <State, Event extends { type: string; at: string; key?: string }>(
    process: Process<State, Event>,
    resolved: (instance: string, state: State, by: Decided) => Event,
  ): Resolve =>
  async ({ handle, store }, instance, decision, context) => {
    const events = await store.read(`${process.category}-${instance}`, 0, wholeStream);
    const intents = events.map(({ event }) => event as Event).filter((event) => process.isIntent(event));
    const decide = (_: null, state: State): Event[] => {
      if (process.outcome(state) !== 'NeedsHuman') return [];
      const event = resolved(instance, state, { at: context.at, decision, operatorId: context.actor.id });
      if (decision === 'close') return [event];
      const refused = intents.filter((intent) => process.isRefused?.(intent, state));
      const again = new Map(refused.map((intent) => [taskOf(intent), { ...intent, at: context.at }]));
      return [event, ...again.values()];
    };
    // What is refused after it was read would be taken for asked again.
    return handle({ ...process, decide }, instance, null, { ...context, ifMatch: events.at(-1)?.revision ?? -1 });
  };

const resolvers: Readonly<Record<string, Resolve>> = {
  [checkout.category]: ({ handle }, instance, decision, context) =>
    handle(checkout, instance, { type: 'resolve', decision, operatorId: context.actor.id, at: context.at }, context),
  [collection.category]: resolving(
    collection,
    (paymentId, _state, by): CollectionEvent => ({ type: 'collection.resolved', paymentId, ...by }),
  ),
  [fulfilment.category]: resolving(fulfilment, (orderId, _state, by): FulfilmentEvent => ({ type: 'fulfilment.resolved', orderId, ...by })),
  [onboarding.category]: resolving(
    onboarding,
    (sellerId, { userId }, by): OnboardingEvent => ({ type: 'onboarding.resolved', sellerId, userId: userId ?? '', ...by }),
  ),
  [reconciliation.category]: resolving(reconciliation, (reconciliationId, { askable }, by): ReconciliationEvent => {
    if (!askable && by.decision === 'retry')
      throw new DomainError('saga.cannot_retry', 'This money fits nothing that could be asked about: settle it by hand, then close it.');
    return { type: 'reconciliation.resolved', reconciliationId, ...by };
  }),
  [refund.category]: resolving(refund, (refundId, { status }, by): RefundEvent => {
    if (status === 'failed' && by.decision === 'retry')
      throw new DomainError('saga.cannot_retry', 'The provider has failed this refund for good: ask for another, or pay it back by hand.');
    return { type: 'refund.resolved', refundId, ...by };
  }),
};

/** Throws saga.not_found for a saga that nobody can decide about, saga.cannot_retry. A saga that needs nobody is left as it is. */
export const resolveSaga = async (
  resolving: Resolving,
  saga: string,
  instance: string,
  decision: Decision,
  context: Context,
): Promise<Result> => {
  const resolve = Object.hasOwn(resolvers, saga) ? resolvers[saga] : undefined;
  if (!resolve)
    throw new DomainError('saga.not_found', `Nobody can decide about a ${saga}: only about ${Object.keys(resolvers).join(', ')}.`);
  return resolve(resolving, instance, decision, context);
};
