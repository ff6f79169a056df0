// Whoever erases an account is forgotten: what stands beside the log is destroyed, however often the process dies on the way.
import type { AccountEvent } from '../../domain/account/events.ts';
import { type Erasure, erasure as process } from '../../domain/erasure/erasure.ts';
import type { ErasureEvent } from '../../domain/erasure/events.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { UserEvent } from '../../domain/user/events.ts';
import type { Saga } from './saga.ts';

type Read = Extract<AccountEvent, { type: 'account.erased' }> | Extract<UserEvent, { type: 'user.erased' }>;

const reads = ['account.erased', 'user.erased'] as const satisfies readonly Read['type'][];

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

export const erasure: Saga<Erasure, ErasureEvent> = {
  process,
  reads,
  correlate: ({ event }: Recorded) => (isRead(event) ? event.userId : null),
  react: (state, trigger) => {
    if (!('event' in trigger) || !isRead(trigger.event)) return [];
    const { type, userId } = trigger.event;
    const at = trigger.metadata.occurredAt;
    if (type === 'account.erased') return state.status === 'none' ? [{ type: 'erasure.requested', userId, at }] : [];
    return state.status === 'requested' ? [{ type: 'erasure.completed', userId, at }] : [];
  },
  /** To `vault`: it destroys, then says so in the user's own stream. */
  sends: ({ userId }) => [{ target: 'vault', id: userId, command: { type: 'destroy' } }],
  settled: ({ userId }, _state, [{ at }]) => [{ type: 'erasure.completed', userId, at }],
};
