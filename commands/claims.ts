// Unique values (e-mails, slugs): claimed before they are used, confirmed afterwards, so that of two who want one only one goes on.
import { claim } from '../domain/claim/claim.ts';
import { DomainError } from '../domain/error.ts';
import type { Context, Handle, Result } from './handle.ts';

/** `<kind>.<id>`; where the value must not be seen, `id` is its blind index. */
export interface Value {
  readonly kind: string;
  readonly id: string;
}

const claimIdOf = ({ kind, id }: Value) => `${kind}.${id}`;

const isTaken = (error: unknown) => error instanceof DomainError && error.code === 'claim.taken';

/** Claims the value for `owner`, or throws `refusal`. A repeat that comes after somebody else has taken the value is refused too. */
export const takeClaim = async (handle: Handle, value: Value, owner: string, context: Context, refusal: DomainError): Promise<void> => {
  const claimId = claimIdOf(value);
  await handle(claim, claimId, { type: 'claim', claimId, kind: value.kind, owner, at: context.at }, context).catch((error) => {
    throw isTaken(error) ? refusal : error;
  });
  const { state } = await handle.load(claim, claimId);
  if (state.status === 'Free' || state.owner !== owner) throw refusal;
};

/** Makes the claim last. Throws `refusal` when it expired and somebody else has the value now. */
export const confirmClaim = (
  handle: Handle,
  value: Value,
  owner: string,
  context: Context,
  refusal: DomainError,
): Promise<Result<{ type: string }>> =>
  handle(claim, claimIdOf(value), { type: 'confirm', owner }, context).catch((error) => {
    throw isTaken(error) ? refusal : error;
  });

export const releaseClaim = (handle: Handle, value: Value, owner: string, context: Context): Promise<Result<{ type: string }>> =>
  handle(claim, claimIdOf(value), { type: 'release', owner }, context);

/** Who has the value, and whether for good; null when nobody does. */
export const claimantOf = async (handle: Handle, value: Value): Promise<{ owner: string; confirmed: boolean } | null> => {
  const { state } = await handle.load(claim, claimIdOf(value));
  return state.status === 'Free' ? null : { owner: state.owner, confirmed: state.status === 'Confirmed' };
};
