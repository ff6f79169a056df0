// A unique value belongs to one owner. Whoever claims it has ten minutes to finish what it is claimed for; then another may take it.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { isAhead, later, minutes } from '../id.ts';
import type { ClaimEvent } from './events.ts';

/** `owner` is the id of what will bear the value: a user, a seller, a product. */
export type ClaimCommand =
  | { type: 'claim'; claimId: string; kind: string; owner: string; at: string }
  | { type: 'confirm'; owner: string }
  | { type: 'release'; owner: string };

type Held = { claimId: string; kind: string; owner: string };
export type Claim = { status: 'Free' } | ({ status: 'Claimed'; expiresAt: string } & Held) | ({ status: 'Confirmed' } & Held);

/** Long enough for a registration that is interrupted and retried, short enough that a crashed one does not block the name. */
const unconfirmed = minutes(10);

const evolve = (_claim: Claim, event: ClaimEvent): Claim => {
  const { claimId, kind, owner } = event;
  switch (event.type) {
    case 'claim.claimed':
      return { status: 'Claimed', claimId, kind, owner, expiresAt: event.expiresAt };
    case 'claim.confirmed':
      return { status: 'Confirmed', claimId, kind, owner };
    case 'claim.released':
      return { status: 'Free' };
    default:
      return event satisfies never;
  }
};

const take = (claim: Claim, { claimId, kind, owner, at }: { claimId: string; kind: string; owner: string; at: string }): ClaimEvent[] => {
  const expired = claim.status === 'Claimed' && (at >= claim.expiresAt || isAhead(claim.expiresAt, later(at, unconfirmed)));
  if (claim.status !== 'Free' && !expired) {
    if (claim.owner !== owner) throw taken();
    return [];
  }
  return [{ type: 'claim.claimed', claimId, kind, owner, expiresAt: later(at, unconfirmed) }];
};

/** NOTE: a late confirmation is good as long as nobody else has taken the value: expiry alone takes nothing away. */
const confirm = (claim: Claim, { owner }: { owner: string }): ClaimEvent[] => {
  if (claim.status === 'Free' || claim.owner !== owner) throw taken();
  if (claim.status === 'Confirmed') return [];
  return [{ type: 'claim.confirmed', claimId: claim.claimId, kind: claim.kind, owner }];
};

const release = (claim: Claim, { owner }: { owner: string }): ClaimEvent[] =>
  claim.status === 'Free' || claim.owner !== owner ? [] : [{ type: 'claim.released', claimId: claim.claimId, kind: claim.kind, owner }];

const taken = () => new DomainError('claim.taken', 'This is taken already.');

export const claim: Decider<Claim, ClaimCommand, ClaimEvent> = {
  category: 'claim',
  version: 1,
  initial: { status: 'Free' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'claim':
        return take(state, command);
      case 'confirm':
        return confirm(state, command);
      case 'release':
        return release(state, command);
      default:
        return command satisfies never;
    }
  },
};
