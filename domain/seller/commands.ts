// What a seller can be asked. That the actor is this seller, or may judge one, has been checked before.
import type { Sealed } from '../privacy.ts';
import type { CommissionRule, SellerDocument } from './events.ts';

export type SellerCommand =
  | {
      type: 'apply';
      sellerId: string;
      userId: string;
      storeName: string;
      slug: string;
      city: string;
      description: string;
      bankAccount: Sealed | null;
      documents: readonly SellerDocument[];
    }
  | { type: 'add_document'; document: SellerDocument }
  | { type: 'start_review' }
  | { type: 'approve' }
  | { type: 'reject'; reason: 'documents' | 'identity' | 'goods' | 'other'; note: Sealed | null }
  /** What an edit leaves out stays as it is. */
  | {
      type: 'edit_page';
      storeName?: string | undefined;
      city?: string | undefined;
      description?: string | undefined;
      logoUrl?: string | null | undefined;
    }
  | { type: 'change_bank_account'; bankAccount: Sealed }
  /** The owner is no member: the store is the owner's anyway. */
  | { type: 'invite_member'; invitationId: string; memberId: string; email: Sealed | null; at: string }
  | { type: 'accept_invitation'; memberId: string; at: string }
  | { type: 'decline_invitation'; memberId: string }
  | { type: 'revoke_invitation'; invitationId: string }
  | { type: 'remove_member'; memberId: string }
  | { type: 'set_commission'; rule: CommissionRule }
  | { type: 'start_holiday' }
  | { type: 'end_holiday' }
  | { type: 'suspend'; reason: 'fraud' | 'counterfeit' | 'service' | 'request' | 'other'; note: Sealed | null }
  | { type: 'reinstate' }
  | { type: 'request_close'; at: string }
  | { type: 'close'; at: string };

export type Of<Type extends SellerCommand['type']> = Extract<SellerCommand, { type: Type }>;
