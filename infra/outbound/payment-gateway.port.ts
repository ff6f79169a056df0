// What we ask of a payment gateway: instructions for a buyer, the truth about a payment, refunds, and the file of what it settled.
import { z } from 'zod';
import { Money } from '../../domain/money.ts';
import { type Faults, NoticeBehaviour } from './simulation.ts';

/** The words of domain/payment. */
export const GatewayMethod = z.enum(['card', 'qris', 'e_wallet', 'virtual_account', 'retail', 'cod']);
export type GatewayMethod = z.infer<typeof GatewayMethod>;

/** Which bank, wallet or shop a method is paid through; the first is taken where a request names none. */
export const channels = {
  virtual_account: ['bca', 'mandiri', 'bni', 'bri', 'permata'],
  qris: [],
  card: [],
  e_wallet: ['gopay', 'ovo', 'dana', 'shopeepay'],
  retail: ['indomaret', 'alfamart'],
  cod: [],
} as const satisfies Record<GatewayMethod, readonly string[]>;

/** What the buyer needs in order to pay: the bank, wallet or shop, and a number to type, a QR text to scan or a link to follow. */
export const Instructions = z.object({
  kind: GatewayMethod,
  channel: z.string().optional(),
  code: z.string().optional(),
  qr: z.string().optional(),
  url: z.string().optional(),
});
export type Instructions = z.infer<typeof Instructions>;

/** `paymentId` is the idempotency key: the same id with the same values is the same payment, with other values it is refused. */
export const PaymentRequest = z.strictObject({
  paymentId: z.string().min(1).max(64),
  checkoutId: z.string().min(1).max(64),
  account: z.string().min(1).max(64),
  amount: Money,
  method: GatewayMethod,
  channel: z.string().max(32).optional(),
  expiresAt: z.iso.datetime({ precision: 3 }),
});
export type PaymentRequest = z.infer<typeof PaymentRequest>;

export const GatewayPaymentStatus = z.enum(['pending', 'authorized', 'captured', 'failed', 'expired', 'voided']);
export type GatewayPaymentStatus = z.infer<typeof GatewayPaymentStatus>;

/** A payment as the gateway knows it. `captured` may differ from `amount` where a buyer transferred another sum. */
export const GatewayPayment = z.object({
  paymentId: z.string(),
  checkoutId: z.string(),
  account: z.string(),
  method: GatewayMethod,
  status: GatewayPaymentStatus,
  amount: Money,
  captured: Money,
  refunded: Money,
  instructions: Instructions,
  expiresAt: z.string(),
  updatedAt: z.string(),
});
export type GatewayPayment = z.infer<typeof GatewayPayment>;

/** `refundId` is the idempotency key; `orderId` is echoed, so that the books name the order whose share went back. */
export const RefundRequest = z.strictObject({
  refundId: z.string().min(1).max(64),
  paymentId: z.string().min(1).max(64),
  orderId: z.string().min(1).max(64),
  amount: Money,
});
export type RefundRequest = z.infer<typeof RefundRequest>;

export const GatewayRefund = z.object({
  ...RefundRequest.shape,
  status: z.enum(['pending', 'succeeded', 'failed']),
  updatedAt: z.string(),
});
export type GatewayRefund = z.infer<typeof GatewayRefund>;

const notice = {
  eventId: z.string(),
  occurredAt: z.string(),
  account: z.string(),
  paymentId: z.string(),
  checkoutId: z.string(),
  amount: Money,
};

/** A webhook: what the gateway says happened. Notices come in any order and more than once; `eventId` tells repeats. `amount` is what moved. */
export const PaymentNotice = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['payment.authorized', 'payment.captured', 'payment.failed', 'payment.expired', 'payment.voided']),
    ...notice,
  }),
  z.object({ type: z.enum(['refund.succeeded', 'refund.failed']), ...notice, refundId: z.string(), orderId: z.string() }),
]);
export type PaymentNotice = z.infer<typeof PaymentNotice>;

/** One line of a day's settlement: money that came in (capture) or went back (refund, also a positive amount). */
export interface SettlementLine {
  readonly kind: 'capture' | 'refund';
  readonly paymentId: string;
  readonly checkoutId: string;
  /** The payment's id for a capture, the refund's for a refund. */
  readonly id: string;
  readonly account: string;
  readonly amount: Money;
  readonly occurredAt: string;
}

/** Calls that act throw ProviderRefused (nothing was done) or OutcomeUnknown (send the same again, or ask); queries throw OutcomeUnknown alone. */
export interface PaymentGateway {
  /** Names the stream of the webhook inbox: `webhook-<provider>.<event id>`. */
  readonly provider: string;
  requestPayment(request: PaymentRequest): Promise<GatewayPayment>;
  /** What became of a payment, or null if the gateway never heard of it. */
  payment(paymentId: string): Promise<GatewayPayment | null>;
  /** Stops a payment that is not captured yet; refused with `already_captured` if it is. */
  voidPayment(paymentId: string): Promise<GatewayPayment>;
  requestRefund(request: RefundRequest): Promise<GatewayRefund>;
  refund(refundId: string): Promise<GatewayRefund | null>;
  /** The settlement file of a day (UTC, `2026-01-31`). */
  settlement(date: string): Promise<SettlementLine[]>;
  /**
   * Proves a webhook's origin over its raw bytes and reads it; `now` in ms since the epoch. Throws NoticeRejected.
   * An adapter whose provider's signature does not cover everything asks the provider before it answers.
   */
  readNotice(headers: Pick<Headers, 'get'>, rawBody: Uint8Array, now: number): Promise<PaymentNotice>;
  close(): Promise<void>;
}

/** What the buyer (or his bank) does in the simulation. `late` pays although expired, failed or voided; `amount` pays another sum, in minor units. */
export const SimulatePayment = z.strictObject({
  outcome: z.enum(['pay', 'authorize', 'capture', 'fail', 'expire']),
  late: z.boolean().optional(),
  amount: z.int().positive().optional(),
  ...NoticeBehaviour.shape,
});
export type SimulatePayment = z.infer<typeof SimulatePayment>;

/** The gateway's own record of money moved, in the order in which it moved. */
export interface GatewayBooks {
  readonly captures: readonly SettlementLine[];
  readonly refunds: readonly SettlementLine[];
}

/** The part that only a simulated gateway has: playing the buyer, and looking into its books. */
export interface PaymentSimulation {
  simulatePayment(paymentId: string, act: SimulatePayment): Promise<GatewayPayment>;
  simulateRefund(refundId: string, outcome: 'succeed' | 'fail'): Promise<GatewayRefund>;
  books(): Promise<GatewayBooks>;
  setFaults(faults: Faults): Promise<void>;
}
