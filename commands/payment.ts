// Commands about payments from people: refunds by sellers and staff, and playing the buyer where the gateway is simulated.
import { DomainError } from '../domain/error.ts';
import { order } from '../domain/order/order.ts';
import type { RequestRefund } from '../domain/payment/commands.ts';
import { payment } from '../domain/payment/payment.ts';
import { OutcomeUnknown, ProviderRefused } from '../infra/outbound/errors.port.ts';
import type { PaymentSimulation, SimulatePayment } from '../infra/outbound/payment-gateway.port.ts';
import { type Context, type Handle, newId } from './handle.ts';

export interface NewRefund {
  readonly of: RequestRefund['of'];
  readonly reason: string;
  /** The seller who asks; nobody: the platform's staff. */
  readonly sellerId: string | null;
}

/** Asks for a refund of an order: never more than what is left of its share. Throws order.not_found for another seller's. */
export const requestRefund = async (handle: Handle, orderId: string, { of, reason, sellerId }: NewRefund, context: Context) => {
  const { state } = await handle.load(order, orderId);
  if (state.status === 'none' || (sellerId !== null && sellerId !== state.sellerId)) {
    throw new DomainError('order.not_found', 'There is no such order.');
  }
  const asked = { refundId: newId(context, 0), orderId, of, reason, at: context.at, ...(sellerId !== null && { sellerId }) };
  return handle(payment, state.paymentId, { type: 'request_refund', ...asked }, context);
};

/** Says that staff have paid a refund back which no gateway could: cash that was paid at the door, or what the provider has failed. */
export const settleRefund = async (handle: Handle, orderId: string, refundId: string, context: Context) => {
  const { state } = await handle.load(order, orderId);
  if (state.status === 'none') throw new DomainError('order.not_found', 'There is no such order.');
  return handle(payment, state.paymentId, { type: 'settle_refund', refundId, at: context.at }, context);
};

/** Plays the buyer, or the buyer's bank. What follows comes by webhook. `isTheirs`: whether the caller may. */
export const simulatePayment = async (
  { handle, payments }: { handle: Handle; payments: PaymentSimulation },
  paymentId: string,
  act: SimulatePayment,
  isTheirs: (known: { buyerId: string; checkoutId: string }) => boolean,
) => {
  const { state } = await handle.load(payment, paymentId);
  if (state.status === 'none' || !isTheirs(state)) {
    throw new DomainError('payment.not_found', 'There is no such payment.');
  }
  return payments.simulatePayment(paymentId, act).catch((error: unknown) => {
    if (error instanceof ProviderRefused) throw new DomainError('payment.wrong_status', error.message, { reason: error.code });
    if (error instanceof OutcomeUnknown) throw new DomainError('payment.provider_failed', error.message);
    throw error;
  });
};
