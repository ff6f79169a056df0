// Mail on its way out: who gets which template with what in it. Everything personal in it is sealed and stays sealed at rest.
import type { Money } from '../../domain/money.ts';
import type { Sealed } from '../../domain/privacy.ts';

export type MailLanguage = 'en' | 'id';

/** `token`: a guest's, who has no other way to the purchase. */
interface ToPurchase {
  readonly token?: Sealed;
}

/** The tokens are secrets: they are sealed under the person's own key, like the address. */
export type MailContent =
  | { readonly template: 'password_reset'; readonly data: { readonly token: Sealed; readonly expiresAt: string } }
  | { readonly template: 'verify_email'; readonly data: { readonly token: Sealed; readonly expiresAt: string } }
  | { readonly template: 'purchase_link'; readonly data: { readonly token: Sealed; readonly expiresAt: string } }
  | { readonly template: 'order_confirmed'; readonly data: ToPurchase & { readonly orderId: string; readonly total: Money } }
  | {
      readonly template: 'order_shipped';
      readonly data: ToPurchase & { readonly orderId: string; readonly courier: string; readonly trackingNumber: string };
    }
  | { readonly template: 'order_delivered'; readonly data: ToPurchase & { readonly orderId: string } }
  | { readonly template: 'order_cancelled'; readonly data: ToPurchase & { readonly orderId: string; readonly reason: string } }
  | { readonly template: 'order_refunded'; readonly data: ToPurchase & { readonly orderId: string; readonly amount: Money } }
  | {
      readonly template: 'shop_invitation';
      readonly data: { readonly sellerId: string; readonly storeName: string; readonly expiresAt: string };
    };
export type MailTemplate = MailContent['template'];

/** `messageId` is the idempotency key: a message goes out once. `name`: how the person is addressed. `at`: RFC 3339 UTC. */
export type Mail = {
  readonly messageId: string;
  readonly userId: string;
  readonly to: Sealed;
  readonly name?: Sealed;
  readonly language: MailLanguage;
  readonly at: string;
} & MailContent;

/** A mail as its reader sees it. */
export interface RenderedMail {
  readonly messageId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly at: string;
}

export interface MailOutbox {
  /** Throws ProviderRefused (`not_sealed`: something personal came in plain text) or OutcomeUnknown (send the same again). */
  send(mail: Mail): Promise<void>;
  /** Forgets all mail of a person who was erased; answers how many there were. */
  removeOf(userId: string): Promise<number>;
  close(): Promise<void>;
}

/** The part that a development outbox has: reading what went out. */
export interface ReadableMailOutbox extends MailOutbox {
  /** Newest first, still sealed; renderMail (mail-templates.ts) opens it for whoever may. */
  list(userId: string, limit?: number): Promise<readonly Mail[]>;
}
