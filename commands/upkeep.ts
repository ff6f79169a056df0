// What has to be done now and then, whoever asks for nothing: old secrets go, and a new key signs.
import { days, hours, isAhead } from '../domain/id.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import type { AccessTokens } from '../infra/tokens/port.ts';
import type { Vault } from '../infra/vault/port.ts';

export interface UpkeepNeeds {
  readonly store: Pick<EventStore, 'read'>;
  readonly vault: Pick<Vault, 'sweep' | 'signingKeys'>;
  readonly tokens: Pick<AccessTokens, 'rotate'>;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/** A key signs for a month: long enough that its public half is known everywhere, short enough that a stolen one is no treasure for long. */
const keyLifetime = days(30);
/** What was written for an event that has not come after a day never gets one. */
const patience = hours(25);

const isoOf = (milliseconds: number) => new Date(milliseconds).toISOString();

/** Removes what has expired or was left behind, and rotates the signing key when it is old. Answers what was done. */
export const keepUp = async ({
  store,
  vault,
  tokens,
  now,
}: UpkeepNeeds): Promise<{ expired: number; orphans: number; rotated: boolean }> => {
  const at = now();
  const swept = await vault.sweep({
    now: isoOf(at),
    olderThan: isoOf(at - patience),
    // Whoever has an account or a profile is referred to; so is whoever has only begun to get one.
    exists: async (personIds) => {
      const known = await Promise.all(
        personIds.map(
          async (id) => (await store.read(`account-${id}`, 0, 1)).length > 0 || (await store.read(`user-${id}`, 0, 1)).length > 0,
        ),
      );
      return new Set(personIds.filter((_, n) => known[n]));
    },
  });
  const signing = (await vault.signingKeys()).find(({ retiredAt }) => retiredAt === null);
  const rotated = signing !== undefined && (Date.parse(signing.createdAt) + keyLifetime < at || isAhead(signing.createdAt, isoOf(at)));
  if (rotated) await tokens.rotate();
  return { ...swept, rotated };
};
