// Which sessions and roles have ended while tokens that name them are still alive: fed by the event feed, asked on every request.
import { minutes } from '../../domain/id.ts';
import { accessLifetime } from './keys.ts';
import type { Revocations } from './port.ts';

/** An entry is needed until the last token from before it has expired; a minute more where clocks differ. */
const keptFor = accessLifetime + minutes(1);

export const createRevocations = (now: () => number = Date.now): Revocations => {
  const sessions = new Map<string, { until: number }>();
  const epochs = new Map<string, { until: number; epoch: number }>();

  const untilOf = (at?: string) => (at === undefined ? now() : Date.parse(at)) + keptFor;

  /** Entries come in the order of time, so the oldest stand first. Nothing else is ever dropped, whatever the number: that would let somebody back in. */
  const prune = (entries: Map<string, { until: number }>) => {
    for (const [key, { until }] of entries) {
      if (until > now()) return;
      entries.delete(key);
    }
  };

  return {
    revokeSession: (sessionId, at) => {
      prune(sessions);
      const until = untilOf(at);
      if (until > now()) sessions.set(sessionId, { until });
    },
    raiseEpoch: (userId, epoch, at) => {
      prune(epochs);
      const until = untilOf(at);
      const before = epochs.get(userId);
      if (until <= now() || (before && before.epoch >= epoch)) return;
      epochs.delete(userId); // so that it goes to the end of the line
      epochs.set(userId, { until, epoch });
    },
    isRevoked: ({ sub, sid, epoch }) => sessions.has(sid) || epoch < (epochs.get(sub)?.epoch ?? 0),
    size: () => sessions.size + epochs.size,
  };
};
