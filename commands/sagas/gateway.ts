// Carries what sagas ask of the payment gateway there, and its answers back into the payment.
import { DomainError } from '../../domain/error.ts';
import type { Money } from '../../domain/money.ts';
import type { NotePayment, PaymentCommand } from '../../domain/payment/commands.ts';
import { AnomalyReason, type PaymentEvent } from '../../domain/payment/events.ts';
import { payment } from '../../domain/payment/payment.ts';
import type { Instructions } from '../../domain/payment/shares.ts';
import { OutcomeUnknown, ProviderRefused } from '../../infra/outbound/errors.port.ts';
import type { GatewayMethod, GatewayPayment, GatewayRefund, PaymentGateway } from '../../infra/outbound/payment-gateway.port.ts';
import { anomaliesIn } from '../anomalies.ts';
import { type Context, type Handle, type Result, subcommand } from '../handle.ts';
import type { GatewayCommand } from './outbound.ts';
import type { Outbound } from './run.ts';

export interface GatewayNeeds {
  readonly handle: Handle;
  readonly gateway: PaymentGateway;
  /** The account that payments go to which name none. */
  readonly account: string;
  /** Hears of every notice about money that did not fit. */
  readonly onAnomaly?: (reason: string) => void;
}

type Of<T extends GatewayCommand['type']> = Extract<GatewayCommand, { type: T }>;
type Told = Promise<Result<PaymentEvent>>;

/** Our words for the methods, in the gateway's. */
const methodsThere: Readonly<Record<string, GatewayMethod>> = {
  card: 'card',
  qris: 'qris',
  ewallet: 'e_wallet',
  va: 'virtual_account',
  retail: 'retail',
};

/** What the buyer is told, in our words; null for what we do not know how to show. */
export const instructionsOf = ({ instructions: given }: GatewayPayment): Instructions | null => {
  const { kind, channel = '', code, qr, url } = given;
  switch (kind) {
    case 'virtual_account':
      return code === undefined ? null : { kind: 'va', bank: channel, accountNumber: code };
    case 'qris':
      return qr === undefined ? null : { kind: 'qris', payload: qr };
    case 'card':
      return code === undefined ? null : { kind: 'card', reference: code };
    case 'e_wallet':
      return url === undefined ? null : { kind: 'ewallet', wallet: channel, deepLink: url };
    case 'retail':
      return code === undefined ? null : { kind: 'retail', outlet: channel, code };
    case 'cod':
      return null;
    default:
      return kind satisfies never;
  }
};

const tell = async ({ handle, onAnomaly }: GatewayNeeds, paymentId: string, command: PaymentCommand, context: Context): Told => {
  const told = await handle(payment, paymentId, command, context);
  for (const reason of anomaliesIn(told)) onAnomaly?.(reason);
  return told;
};

/** What the gateway answered when we asked, as a notice: only what it has captured counts as paid. */
const noteOf = (
  { status, amount, captured, account, checkoutId, paymentId }: GatewayPayment,
  ownAccount: string,
  at: string,
): NotePayment => {
  const moved: Money = status === 'captured' ? captured : amount;
  const providerEventId = `status.${paymentId}.${status}`;
  const said = { amount: moved.amount, currency: moved.currency, account, checkoutId };
  return { type: 'note', providerEventId, status, ...said, ownAccount, asked: true, at };
};

const createPayment = async (needs: GatewayNeeds, command: Of<'create_payment'>, context: Context): Told => {
  const { paymentId, checkoutId, amount, parts, expiresAt, account } = command;
  const { at } = context;
  const method = methodsThere[command.method];
  if (method === undefined) throw new DomainError('payment.method_unknown', 'The gateway has no such method.', { method: command.method });
  try {
    const channel = parts[0]?.channel;
    const whole = { paymentId, checkoutId, amount, method, ...(channel !== undefined && { channel }) };
    const asked = { ...whole, expiresAt, account: account ?? needs.account };
    const created = await needs.gateway.requestPayment(asked);
    const instructions = instructionsOf(created);
    if (!instructions) throw new DomainError('payment.provider_failed', 'The gateway gave no instructions.', {});
    return await tell(needs, paymentId, { type: 'instruct', instructions, expiresAt: created.expiresAt, at }, context);
  } catch (error) {
    if (!(error instanceof ProviderRefused)) throw error;
    const refused: NotePayment = {
      type: 'note',
      providerEventId: `refused.${paymentId}`,
      status: 'failed',
      amount: amount.amount,
      currency: amount.currency,
      reason: error.code,
      at,
    };
    return tell(needs, paymentId, refused, context);
  }
};

const voidPayment = async (needs: GatewayNeeds, { paymentId }: Of<'void'>, context: Context): Told => {
  const known = await needs.gateway.voidPayment(paymentId).catch((error: unknown) => {
    // It was paid before it could be called off, or never got there: whatever it is, the gateway knows.
    if (error instanceof ProviderRefused) return needs.gateway.payment(paymentId);
    throw error;
  });
  if (!known) return nothing(needs, paymentId);
  return tell(needs, paymentId, noteOf(known, needs.account, context.at), context);
};

/** Looks before anything expires: money that came without a notice wins. */
const expirePayment = async (needs: GatewayNeeds, { paymentId }: Of<'expire'>, context: Context): Told => {
  const known = await needs.gateway.payment(paymentId);
  const noted = known ? await tell(needs, paymentId, noteOf(known, needs.account, context.at), subcommand(context, 'note')) : null;
  const expired = await tell(needs, paymentId, { type: 'expire', at: context.at }, context);
  return expired.events.length > 0 || !noted ? expired : noted;
};

/** A gateway that does not know of this payment cannot explain what a notice says of it. */
const reconcile = async (needs: GatewayNeeds, asked: Of<'reconcile'>, context: Context): Told => {
  const { paymentId, amount, currency } = asked;
  const known = await needs.gateway.payment(paymentId);
  if (!known) throw new DomainError('payment.anomaly', 'The gateway knows of no such payment.', { paymentId });
  const reason = AnomalyReason.parse(asked.reason);
  const { captured: held, checkoutId, account } = known;
  const whose = { checkoutId, account, ownAccount: needs.account };
  return tell(needs, paymentId, { type: 'reconcile', held, ...whose, reason, amount, currency, at: context.at }, context);
};

const resultOf = ({ status }: GatewayRefund) => (status === 'pending' ? 'sent' : status === 'succeeded' ? 'refunded' : 'failed');

const tellRefund = (needs: GatewayNeeds, paymentId: string, known: GatewayRefund, context: Context): Told => {
  const { refundId } = known;
  return tell(needs, paymentId, { type: 'refund_result', refundId, result: resultOf(known), at: context.at }, context);
};

const refundOf = async ({ handle }: GatewayNeeds, paymentId: string, refundId: string) => {
  const { state } = await handle.load(payment, paymentId);
  const refund = state.status === 'none' ? undefined : state.refunds[refundId];
  if (state.status === 'none' || !refund) throw new DomainError('payment.refund_not_found', 'There is no such refund.', { refundId });
  return { ...refund, atTheDoor: state.method === 'cod' };
};

/** Sends a refund. What gets no answer is asked after at once; one that the gateway never heard of may be sent again under its id. */
const sendRefund = async (needs: GatewayNeeds, paymentId: string, refundId: string, context: Context): Told => {
  const { amount, orderId, atTheDoor } = await refundOf(needs, paymentId, refundId);
  const { at } = context;
  // Cash that was paid at the door never was with the gateway: staff pay it back, and say so.
  if (atTheDoor) return tell(needs, paymentId, { type: 'refund_result', refundId, result: 'sent', at }, context);
  try {
    return await tellRefund(needs, paymentId, await needs.gateway.requestRefund({ refundId, paymentId, orderId, amount }), context);
  } catch (error) {
    if (error instanceof ProviderRefused) {
      return tell(needs, paymentId, { type: 'refund_result', refundId, result: 'failed', reason: error.code, at }, context);
    }
    if (!(error instanceof OutcomeUnknown)) throw error;
    const known = await needs.gateway.refund(refundId).catch((unanswered: unknown) => {
      if (unanswered instanceof OutcomeUnknown) return 'unknown' as const;
      throw unanswered;
    });
    if (known === 'unknown') return tell(needs, paymentId, { type: 'refund_result', refundId, result: 'unknown', at }, context);
    if (known === null) throw error;
    return tellRefund(needs, paymentId, known, context);
  }
};

const askRefund = async (needs: GatewayNeeds, { paymentId, refundId }: Of<'refund_status'>, context: Context): Told => {
  const { atTheDoor } = await refundOf(needs, paymentId, refundId);
  if (atTheDoor) return nothing(needs, paymentId);
  const known = await needs.gateway.refund(refundId);
  return known ? tellRefund(needs, paymentId, known, context) : sendRefund(needs, paymentId, refundId, context);
};

/** There is nothing to tell the payment. */
const nothing = async ({ handle }: GatewayNeeds, paymentId: string): Told => {
  const { revision, position } = await handle.load(payment, paymentId);
  return { streamId: `payment-${paymentId}`, id: paymentId, events: [], revision, position, replayed: false };
};

export const toGateway =
  (needs: GatewayNeeds): Outbound =>
  (send, context) => {
    const command = send.command as GatewayCommand;
    switch (command.type) {
      case 'create_payment':
        return createPayment(needs, command, context);
      case 'refund':
        return sendRefund(needs, command.paymentId, command.refundId, context);
      case 'refund_status':
        return askRefund(needs, command, context);
      case 'void':
        return voidPayment(needs, command, context);
      case 'reconcile':
        return reconcile(needs, command, context);
      case 'expire':
        return expirePayment(needs, command, context);
      default:
        return command satisfies never;
    }
  };
