// Which sessions and roles have ended while tokens that name them are still alive: fed by the event feed, asked on every request.
import { minutes } from '../../domain/id.ts';
import { accessLifetime } from './keys.ts';
import type { Revocations } from './port.ts';

/** An entry is needed until the last token from before it has expired; a minute more where clocks differ. By a clock that is wrong it may seem so at once: so long it is kept anyway. */
const keptFor = accessLifetime + minutes(1);

interface Entry {
  readonly until: number;
  readonly heardAt: number;
}

export const createRevocations = (now: () => number = Date.now, running = () => performance.now()): Revocations => {
  const sessions = new Map<string, Entry>();
  const epochs = new Map<string, Entry & { epoch: number }>();

  const untilOf = (at?: string) => (at === undefined ? now() : Date.parse(at)) + keptFor;

  /** Entries come in the order of time, so the oldest stand first. Nothing else is ever dropped, whatever the number: that would let somebody back in. */
  const prune = (entries: Map<string, Entry>) => {
    for (const [key, { until, heardAt }] of entries) {
      if (until > now() || running() - heardAt < keptFor) return;
      entries.delete(key);
    }
  };

  return {
    revokeSession: (sessionId, at) => {
      prune(sessions);
      const until = untilOf(at);
      if (until > now()) sessions.set(sessionId, { until, heardAt: running() });
    },
    raiseEpoch: (userId, epoch, at) => {
      prune(epochs);
      const until = untilOf(at);
      const before = epochs.get(userId);
      if (until <= now() || (before && before.epoch >= epoch)) return;
      epochs.delete(userId); // so that it goes to the end of the line
      epochs.set(userId, { until, heardAt: running(), epoch });
    },
    isRevoked: ({ sub, sid, epoch }) => sessions.has(sid) || epoch < (epochs.get(sub)?.epoch ?? 0),
    size: () => sessions.size + epochs.size,
  };
};
