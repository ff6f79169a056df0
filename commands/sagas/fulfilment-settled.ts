// What a fulfilment makes of the end of what it asked for: done, something else instead, or a human's matter.
import type { FulfilmentEvent } from '../../domain/fulfilment/events.ts';
import type { Fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import { isOfReturn, Reaction, refundIds } from './fulfilment-reaction.ts';
import type { Saga } from './saga.ts';

/** What else is to be asked for when a task ends like this; null: nothing follows, and the code decides. */
const instead = (state: Fulfilment, { task, orderId, at }: Requested, code: string): Reaction | null => {
  const reaction = new Reaction(state, orderId, at);
  // All of it was paid back before: the return it belongs to is at its end.
  if (task.do === 'refund' && code === 'already_so' && isOfReturn(orderId, task.refundId))
    return reaction.ask(`settle.${task.refundId}`, { do: 'settle_return', returnId: task.refundId });
  // The courier has no cash for what was completed on the buyer's word: nobody is asked for it any more.
  if (task.do === 'ask_courier' && code === 'shipping.not_collected') return reaction.ask('void_part', { do: 'void_part' });
  // The cash came first: what was to be voided is given back, unless the order is completed.
  if (task.do === 'void_part' && code === 'payment.wrong_status') {
    if (state.status === 'completed') return reaction;
    const refundId = state.status === 'returned' ? refundIds.returned(orderId) : refundIds.cancelled(orderId);
    return reaction.ask(`refund.${refundId}`, { do: 'refund', refundId, of: 'rest', reason: 'order_cancelled' });
  }
  return null;
};

type Requested = Extract<FulfilmentEvent, { type: 'fulfilment.requested' }>;

export const settled: Saga<Fulfilment, FulfilmentEvent>['settled'] = (intent, state, [{ code, at }]) => {
  if (intent.type !== 'fulfilment.requested') return [];
  const { key, orderId, task } = intent;
  const more = instead(state, { ...intent, at }, code);
  if (more) return [{ type: 'fulfilment.done', orderId, key, at }, ...more.events];
  // An order that refuses to be moved has gone another way by itself, and its event of that comes or has come.
  const isFine = code === 'already_so' || code.startsWith('order.');
  if (isFine && task.do !== 'refund') return [{ type: 'fulfilment.done', orderId, key, at }];
  if (code === 'already_so') return [{ type: 'fulfilment.done', orderId, key, at }];
  return [{ type: 'fulfilment.command_refused', orderId, key, code, at }];
};
