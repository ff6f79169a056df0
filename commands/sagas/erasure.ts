// Whoever erases an account, or what was told for a guest's purchase, is forgotten: what stands beside the log is destroyed, however often the process dies on the way.
import type { AccountEvent } from '../../domain/account/events.ts';
import type { ContactEvent } from '../../domain/contact/events.ts';
import { type Erasure, erasure as process } from '../../domain/erasure/erasure.ts';
import type { ErasureEvent } from '../../domain/erasure/events.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { UserEvent } from '../../domain/user/events.ts';
import type { Saga } from './saga.ts';

type OfGuest = Extract<ContactEvent, { type: 'contact.purchase_forgotten' }>;
type Read = Extract<AccountEvent, { type: 'account.erased' }> | Extract<UserEvent, { type: 'user.erased' }> | OfGuest;

const reads = ['account.erased', 'user.erased', 'contact.purchase_forgotten'] as const satisfies readonly Read['type'][];

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

/** A guest is the buyer of one purchase. */
const personOf = (event: Read): string => (event.type === 'contact.purchase_forgotten' ? event.buyerId : event.userId);

export const erasure: Saga<Erasure, ErasureEvent> = {
  process,
  reads,
  correlate: ({ event }: Recorded) => (isRead(event) ? personOf(event) : null),
  react: (state, trigger) => {
    if (!('event' in trigger) || !isRead(trigger.event)) return [];
    const { type } = trigger.event;
    const userId = personOf(trigger.event);
    const at = trigger.metadata.occurredAt;
    if (type !== 'user.erased') return state.status === 'none' ? [{ type: 'erasure.requested', userId, at }] : [];
    return state.status === 'requested' ? [{ type: 'erasure.completed', userId, at }] : [];
  },
  /** To `vault`: it destroys, then says so in the user's own stream. */
  sends: ({ userId }) => [{ target: 'vault', id: userId, command: { type: 'destroy' } }],
  settled: ({ userId }, _state, [{ at }]) => [{ type: 'erasure.completed', userId, at }],
};
