// Destroys what stands beside the log of a person who was erased: mail, the claim of the address, and last the key that opens everything else.
import { AccountRegistered } from '../../domain/account/events.ts';
import { user } from '../../domain/user/user.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import type { MailOutbox } from '../../infra/outbound/mail.port.ts';
import { type Seals, VaultBusy } from '../../infra/vault/port.ts';
import { emailClaim } from '../auth.ts';
import { releaseClaim } from '../claims.ts';
import { forgetTakenOver } from '../contact.ts';
import { type Handle, subcommand } from '../handle.ts';
import type { Outbound } from './run.ts';

export interface VaultNeeds {
  readonly handle: Handle;
  readonly store: Pick<EventStore, 'read'>;
  readonly seals: Pick<Seals, 'open' | 'erase'>;
  readonly mail: Pick<MailOutbox, 'removeOf'>;
  readonly blindIndex: (kind: string, value: string) => string;
}

/** The account's state has forgotten the address; its first event still has it, as long as the key is there. */
const emailOf = async ({ store, seals }: VaultNeeds, userId: string): Promise<string | null> => {
  const [first] = await store.read(`account-${userId}`, 0, 1);
  const registered = AccountRegistered.safeParse(first?.event);
  if (!registered.success || registered.data.email === null) return null;
  return String(await seals.open(registered.data.email));
};

/** Every step may be done twice; without the key, the address reads '[erased]', whose claim nobody has. */
export const toVault =
  (needs: VaultNeeds): Outbound =>
  async ({ id: userId }, context) => {
    const { handle, seals, mail } = needs;
    await mail.removeOf(userId);
    const email = await emailOf(needs, userId);
    if (email !== null) await forgetTakenOver(needs, userId, email, context);
    if (email !== null) await releaseClaim(handle, emailClaim(needs, email), userId, subcommand(context, 'address'));
    await seals.erase(userId).catch((error: unknown) => {
      // Busy is trouble, not a refusal: it must be tried again until nothing is left in the files.
      throw error instanceof VaultBusy ? new Error(error.message, { cause: error }) : error;
    });
    return handle(user, userId, { type: 'erase' }, context);
  };
