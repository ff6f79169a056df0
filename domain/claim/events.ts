// What the stream of a unique value (an e-mail, a slug, a voucher code) may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open } from '../privacy.ts';

/** `<kind>.<hmac>`: the value itself is never stored, so the name of its stream gives nothing away. */
const about = { claimId: open(z.string()), kind: open(z.string()), owner: open(z.string()) };

export const ClaimClaimed = z.object({ type: z.literal('claim.claimed'), ...about, expiresAt: open(Instant) });
export const ClaimConfirmed = z.object({ type: z.literal('claim.confirmed'), ...about });
export const ClaimReleased = z.object({ type: z.literal('claim.released'), ...about });

export const ClaimEvent = z.discriminatedUnion('type', [ClaimClaimed, ClaimConfirmed, ClaimReleased]);
export type ClaimEvent = z.infer<typeof ClaimEvent>;
