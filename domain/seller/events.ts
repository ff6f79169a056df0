// What a seller's stream may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open, pii } from '../privacy.ts';

/** `userId` is the person who applied and owns the store. */
const whose = { sellerId: open(z.string()), userId: open(z.string()) };
const storeName = open(z.string());
const slug = open(z.string());
const city = open(z.string());

/** A paper that proves who the seller is; the paper itself stands elsewhere. */
export const SellerDocument = z.object({ documentId: z.string(), kind: z.enum(['identity', 'tax', 'business', 'bank']) });
export type SellerDocument = z.infer<typeof SellerDocument>;

/** `basisPoints` (250 = 2.5 %) holds for orders priced at `from` or later, until the next rule. */
export const CommissionRule = z.object({
  ruleId: z.string(),
  version: z.int().positive(),
  basisPoints: z.int().min(0).max(10_000),
  from: Instant,
});
export type CommissionRule = z.infer<typeof CommissionRule>;

/** `bankAccount` seals the JSON {bank, holder, number}; null where none is known yet, as with imported sellers. */
export const SellerApplied = z.object({
  type: z.literal('seller.applied'),
  ...whose,
  storeName,
  slug,
  city,
  description: open(z.string()),
  bankAccount: pii().nullable(),
  documents: open(z.array(SellerDocument)),
});
export const SellerDocumentAdded = z.object({ type: z.literal('seller.document_added'), ...whose, document: open(SellerDocument) });
export const SellerReviewStarted = z.object({ type: z.literal('seller.review_started'), ...whose });
export const SellerApproved = z.object({ type: z.literal('seller.approved'), ...whose, storeName, slug, city });
/** `note` seals what the applicant is told. */
export const SellerRejected = z.object({
  type: z.literal('seller.rejected'),
  ...whose,
  reason: open(z.enum(['documents', 'identity', 'goods', 'other'])),
  note: pii().nullable(),
});
export const SellerPageEdited = z.object({
  type: z.literal('seller.page_edited'),
  ...whose,
  storeName,
  city,
  description: open(z.string()),
  logoUrl: open(z.string().nullable()),
});
export const SellerBankAccountChanged = z.object({ type: z.literal('seller.bank_account_changed'), ...whose, bankAccount: pii() });
/** `memberId` is the person who works in the store from now on, or no longer. */
export const SellerMemberAdded = z.object({ type: z.literal('seller.member_added'), ...whose, memberId: open(z.string()) });
export const SellerMemberRemoved = z.object({ type: z.literal('seller.member_removed'), ...whose, memberId: open(z.string()) });
/**
 * Somebody is asked to work in the store, and may say yes until `expiresAt`. `email` seals, for the invited person, the address by which he or
 * she was invited; null: by the id.
 */
export const SellerMemberInvited = z.object({
  type: z.literal('seller.member_invited'),
  ...whose,
  invitationId: open(z.string()),
  memberId: open(z.string()),
  email: pii().nullable(),
  invitedAt: open(Instant),
  expiresAt: open(Instant),
});
const invitation = { ...whose, invitationId: open(z.string()), memberId: open(z.string()) };
export const SellerInvitationDeclined = z.object({ type: z.literal('seller.invitation_declined'), ...invitation });
export const SellerInvitationRevoked = z.object({ type: z.literal('seller.invitation_revoked'), ...invitation });
export const SellerCommissionSet = z.object({ type: z.literal('seller.commission_set'), ...whose, rule: open(CommissionRule) });
export const SellerHolidayStarted = z.object({ type: z.literal('seller.holiday_started'), ...whose });
export const SellerHolidayEnded = z.object({ type: z.literal('seller.holiday_ended'), ...whose });
export const SellerSuspended = z.object({
  type: z.literal('seller.suspended'),
  ...whose,
  reason: open(z.enum(['fraud', 'counterfeit', 'service', 'request', 'other'])),
  note: pii().nullable(),
});
export const SellerReinstated = z.object({ type: z.literal('seller.reinstated'), ...whose });
export const SellerCloseRequested = z.object({ type: z.literal('seller.close_requested'), ...whose, closesAt: open(Instant) });
export const SellerClosed = z.object({ type: z.literal('seller.closed'), ...whose });

export const SellerEvent = z.discriminatedUnion('type', [
  SellerApplied,
  SellerDocumentAdded,
  SellerReviewStarted,
  SellerApproved,
  SellerRejected,
  SellerPageEdited,
  SellerBankAccountChanged,
  SellerMemberAdded,
  SellerMemberRemoved,
  SellerMemberInvited,
  SellerInvitationDeclined,
  SellerInvitationRevoked,
  SellerCommissionSet,
  SellerHolidayStarted,
  SellerHolidayEnded,
  SellerSuspended,
  SellerReinstated,
  SellerCloseRequested,
  SellerClosed,
]);
export type SellerEvent = z.infer<typeof SellerEvent>;
