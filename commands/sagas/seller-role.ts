// Whoever's shop is approved becomes a seller: the account gets the role, with the seller's id.
import type { AccountCommand } from '../../domain/account/commands.ts';
import type { AccountEvent } from '../../domain/account/events.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OnboardingEvent } from '../../domain/onboarding/events.ts';
import { type Onboarding, onboarding as process } from '../../domain/onboarding/onboarding.ts';
import type { SellerEvent } from '../../domain/seller/events.ts';
import type { Saga } from './saga.ts';

type Read = Extract<SellerEvent, { type: 'seller.approved' }> | Extract<AccountEvent, { type: 'account.role_granted' }>;

const reads = ['seller.approved', 'account.role_granted'] as const satisfies readonly Read['type'][];

const isRead = (event: { type: string }): event is Read => (reads as readonly string[]).includes(event.type);

export const sellerRole: Saga<Onboarding, OnboardingEvent> = {
  process,
  reads,
  correlate: ({ event }: Recorded) => (isRead(event) ? event.sellerId : null),
  react: (state, trigger) => {
    if (!('event' in trigger) || !isRead(trigger.event) || trigger.event.sellerId === null) return [];
    const { sellerId, userId, type } = trigger.event;
    const at = trigger.metadata.occurredAt;
    if (type === 'seller.approved') return state.status === 'none' ? [{ type: 'onboarding.role_requested', sellerId, userId, at }] : [];
    return state.status === 'requested' && state.userId === userId ? [{ type: 'onboarding.completed', sellerId, userId, at }] : [];
  },
  sends: ({ sellerId, userId }) => {
    const command: AccountCommand = { type: 'grant_role', role: 'SELLER', sellerId, by: { kind: 'system' } };
    return [{ target: 'account', id: userId, command }];
  },
  settled: ({ sellerId, userId }, _state, [{ code, at }]) =>
    code === 'already_so'
      ? [{ type: 'onboarding.completed', sellerId, userId, at }]
      : [{ type: 'onboarding.command_refused', sellerId, userId, code, at }],
};
