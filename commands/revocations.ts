// What ends sessions and roles reaches every process by the feed: from now on their tokens count no more, and erased people's keys are forgotten.
import type { AccountEvent } from '../domain/account/events.ts';
import type { ErasureEvent } from '../domain/erasure/events.ts';
import { later, minutes } from '../domain/id.ts';
import type { Recorded } from '../domain/metadata.ts';
import type { UserEvent } from '../domain/user/events.ts';
import type { EventFeed, Subscription } from '../infra/event-feed/port.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import type { Revocations } from '../infra/tokens/port.ts';
import type { Seals } from '../infra/vault/port.ts';

/** Tokens live ten minutes; what happened before the last of them was signed has nothing left to end. */
const lookBack = minutes(11);
const pageSize = 1_000;

interface Told {
  readonly revocations: Revocations;
  readonly seals: Pick<Seals, 'forget'>;
}

type Heard = AccountEvent | Extract<UserEvent, { type: 'user.erased' }> | Extract<ErasureEvent, { type: 'erasure.completed' }>;
const isHeard = (event: { type: string }): event is Heard =>
  event.type.startsWith('account.') || event.type === 'user.erased' || event.type === 'erasure.completed';

const hear = ({ revocations, seals }: Told, { event, metadata }: Recorded): void => {
  if (!isHeard(event)) return;
  const at = metadata.recordedAt;
  switch (event.type) {
    case 'account.session_revoked':
      revocations.revokeSession(event.sessionId, at);
      break;
    case 'account.all_sessions_revoked':
      for (const sessionId of event.sessionIds) revocations.revokeSession(sessionId, at);
      break;
    case 'account.role_granted':
    case 'account.role_revoked':
    case 'account.suspended':
    case 'account.reinstated':
    case 'account.erased':
      revocations.raiseEpoch(event.userId, event.epoch, at);
      break;
    case 'user.erased':
    case 'erasure.completed': // a guest's too, who has no profile
      seals.forget(event.userId);
      break;
    default:
  }
};

/**
 * Answers once everything that may still matter has been heard, and goes on hearing. What this process commits itself is heard
 * in the moment of the commit, so that nobody is let in by it afterwards.
 */
export const followRevocations = async (
  { store, feed, now, onError }: { store: EventStore; feed: EventFeed; now: () => number; onError: (error: Error) => void },
  told: Told,
): Promise<Subscription> => {
  const unsubscribe = store.onAppended((events) => {
    for (const recorded of events) hear(told, recorded);
  });
  let position = await store.positionBefore(later(new Date(now()).toISOString(), -lookBack));
  for (;;) {
    const page = await store.readAll(position, pageSize);
    for (const recorded of page) hear(told, recorded);
    position = page[page.length - 1]?.position ?? position;
    if (page.length < pageSize) break;
  }
  const subscription = feed.subscribe(
    position,
    (events) => {
      for (const recorded of events) hear(told, recorded);
    },
    onError,
  );
  return {
    position: subscription.position,
    stop: async () => {
      unsubscribe();
      await subscription.stop();
    },
  };
};
