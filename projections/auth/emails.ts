// Whose an e-mail address is, found by its blind index: the address itself stands nowhere.
import type { ClaimEvent } from '../../domain/claim/events.ts';
import type { Projection } from '../projection.ts';

export interface EmailRow {
  readonly userId: string;
}

/** Keyed by the claim's id, `email.<blind index>`. */
export const emails: Projection<EmailRow, ClaimEvent> = {
  name: 'auth-emails',
  service: 'auth',
  version: 1,
  reads: ['claim.claimed', 'claim.confirmed', 'claim.released'],
  key: ({ event }) => (event.kind === 'email' ? event.claimId : null),
  evolve: (row, { event }) => {
    switch (event.type) {
      case 'claim.claimed':
        return row;
      case 'claim.confirmed':
        return { userId: event.owner };
      case 'claim.released':
        return null;
      default:
        return event satisfies never;
    }
  },
};
