// What a payment can be asked, and what a provider can tell it.
import type { Money } from '../money.ts';
import type { AnomalyReason } from './events.ts';
import type { Instructions, Part, Share } from './shares.ts';

export type CreatePayment = {
  type: 'create';
  paymentId: string;
  checkoutId: string;
  buyerId: string;
  method: string;
  /** Shares + interest + rounding, and also the sum of the parts. */
  amount: Money;
  parts: readonly Part[];
  orders: readonly Share[];
  interest: Money;
  rounding: Money;
  expiresAt: string;
  until: string;
  account?: string;
  at: string;
};

/** What a provider's notice can say of a part. */
export type NoticeStatus = 'pending' | 'authorized' | 'captured' | 'failed' | 'expired' | 'voided';

/**
 * A confirmed notice of the provider. `at` is when we learn of it, which decides whether a capture is in time for the holds;
 * `amount` in minor units of `currency` must be the part's. `partId` may be left out when there is only one part.
 */
export type NotePayment = {
  type: 'note';
  providerEventId: string;
  status: NoticeStatus;
  amount: number;
  currency: string;
  partId?: string;
  /** What the notice says it is for, and whose account it went to. */
  checkoutId?: string;
  account?: string;
  /** The account that payments go to which name none. */
  ownAccount?: string;
  reason?: string;
  /** We asked, and this is all that the provider knows: not the notice of one more capture. */
  asked?: true;
  at: string;
};

/** All that the provider holds of this payment, as it said when it was asked because of a notice that does not fit. */
export type ReconcilePayment = {
  type: 'reconcile';
  held: Money;
  checkoutId: string;
  account: string;
  ownAccount: string;
  /** The notice's, in minor units of `currency`. */
  reason: AnomalyReason;
  amount: number;
  currency: string;
  at: string;
};

export type RequestRefund = {
  type: 'request_refund';
  refundId: string;
  orderId: string;
  /** The seller who asks, or nobody in particular: another seller's order is not found. */
  sellerId?: string;
  /** `rest`: all that is left of the order's share; else these quantities, with or without the shipping. */
  of: 'rest' | { lines: readonly { lineId: string; quantity: number }[]; shipping: boolean };
  /** Asks for what is left of that: other refunds may have taken some of it, and nothing left is nothing to do. */
  atMost?: true;
  reason: string;
  at: string;
};

export type PaymentCommand =
  | CreatePayment
  /** The gateway's answer to create_payment. */
  | { type: 'instruct'; partId?: string; instructions: Instructions; expiresAt?: string; at: string }
  | NotePayment
  | ReconcilePayment
  /** Nothing before `expiresAt`, and nothing once money is there. */
  | { type: 'expire'; at: string }
  /** The checkout gives up: unpaid parts are voided, paid ones are to be refunded. */
  | { type: 'void'; at: string }
  /** The courier says that it has the cash of a COD order, in full; `remitted`: and has handed it on. */
  | { type: 'collect'; orderId: string; remitted: boolean; at: string }
  | { type: 'remit'; orderId: string; at: string }
  /** A COD order was cancelled or refused at the door. */
  | { type: 'void_part'; orderId: string; at: string }
  | RequestRefund
  /** Staff have paid it back, as no gateway does with cash, or since the gateway failed. */
  | { type: 'settle_refund'; refundId: string; at: string }
  | { type: 'refund_result'; refundId: string; result: 'sent' | 'refunded' | 'failed' | 'unknown'; reason?: string; at: string };
