// What sagas ask of systems outside. Whoever sends these gives the answer back as a command to the aggregate named here.
import type { Money } from '../../domain/money.ts';
import type { Part } from '../../domain/payment/shares.ts';
import type { Sealed } from '../../domain/privacy.ts';

/**
 * To target `gateway`; the id of the send is the payment's.
 * `create_payment` → payment `instruct` (or `note` failed, where the gateway refuses) · `refund` → payment `refund_result` sent, refunded,
 * failed or, where the outcome is not known, unknown · `refund_status` → the same · `void` → payment `note` with what the gateway says ·
 * `reconcile`: ask what it holds, then payment `reconcile` ·
 * `expire`: ask for the status first and `note` it, then payment `expire`.
 */
export type GatewayCommand =
  | {
      type: 'create_payment';
      paymentId: string;
      checkoutId: string;
      buyerId: string;
      method: string;
      amount: Money;
      parts: readonly Part[];
      expiresAt: string;
      account: string | null;
      at: string;
    }
  | { type: 'refund'; refundId: string; paymentId: string; orderId: string; amount: Money; at: string }
  | { type: 'refund_status'; refundId: string; paymentId: string; at: string }
  | { type: 'void'; paymentId: string; at: string }
  | { type: 'reconcile'; paymentId: string; reason: string; amount: number; currency: string; at: string }
  | { type: 'expire'; paymentId: string; at: string };

/** To target `courier`. Ask: what became of the parcel of a COD order, whose cash the courier has not told of. */
export interface AskCourier {
  readonly type: 'ask';
  readonly shipmentId: string;
  readonly at: string;
}

/** Book, then shipment `book` with the same fields and the courier's tracking number. `cod`: cash is taken at the door. */
export interface BookCourier {
  readonly type: 'book';
  readonly shipmentId: string;
  readonly orderId: string;
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly courier: string;
  readonly service: string;
  readonly weightGrams: number;
  readonly price: Money;
  readonly address: Sealed;
  readonly cod: boolean;
  readonly at: string;
}

export type CourierCommand = BookCourier | AskCourier;
