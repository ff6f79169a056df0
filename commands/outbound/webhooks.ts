// Webhooks: first into the inbox, durably and once; then, by following the log, to the payment or parcel that they are about.
import type { z } from 'zod';
import { DomainError, isRefusal } from '../../domain/error.ts';
import type { Recorded } from '../../domain/metadata.ts';
import { isSameMoney } from '../../domain/money.ts';
import { isCollectedInFull, order } from '../../domain/order/order.ts';
import type { NoticeStatus } from '../../domain/payment/commands.ts';
import { payment } from '../../domain/payment/payment.ts';
import { shipment, type TrackingStatus } from '../../domain/shipment/shipment.ts';
import type { WebhookReceived } from '../../domain/webhook/events.ts';
import { type ReceiveWebhook, webhook } from '../../domain/webhook/webhook.ts';
import type { ShipmentNotice } from '../../infra/outbound/courier.port.ts';
import type { PaymentNotice } from '../../infra/outbound/payment-gateway.port.ts';
import { anomaliesIn } from '../anomalies.ts';
import { type Context, type Handle, subcommand } from '../handle.ts';
import { derivedUuid } from '../ids.ts';
import { type Follower, type FollowNeeds, follow } from './follow.ts';

const noIds = { paymentId: null, refundId: null, payoutId: null, shipmentId: null, trackingNumber: null };

type WebhookReceivedEvent = z.infer<typeof WebhookReceived>;

export const paymentNotice = (provider: string, notice: PaymentNotice): ReceiveWebhook => {
  const { type: kind, eventId: providerEventId, occurredAt: happenedAt, paymentId, amount, account, checkoutId } = notice;
  const about = 'refundId' in notice ? { paymentId, refundId: notice.refundId } : { paymentId };
  return { type: 'receive', provider, providerEventId, kind, ...noIds, ...about, amount, happenedAt, facts: { account, checkoutId } };
};

export const shipmentNotice = (provider: string, notice: ShipmentNotice): ReceiveWebhook => {
  const { type: kind, eventId: providerEventId, occurredAt: happenedAt, shipmentId, trackingNumber, orderId, city } = notice;
  const amount = notice.collected ?? null;
  const facts = { orderId, city };
  return { type: 'receive', provider, providerEventId, kind, ...noIds, shipmentId, trackingNumber, amount, happenedAt, facts };
};

/** Takes a proven webhook in; a repeat finds the first. Answers when it is on disk. */
export const receiveWebhook = (handle: Handle, received: ReceiveWebhook, at: string) => {
  const { provider, providerEventId } = received;
  const commandId = derivedUuid('webhook', provider, providerEventId);
  const actor = { kind: 'system', id: provider } as const;
  const context: Context = { commandId, correlationId: commandId, causationId: commandId, actor, at, fresh: true };
  return handle(webhook, `${provider}.${providerEventId}`, received, context);
};

export interface InboxNeeds extends FollowNeeds {
  readonly handle: Handle;
  /** The account that payments go to which name none. */
  readonly account: string;
  /** Hears of every notice about money that did not fit. */
  readonly onAnomaly?: (reason: string) => void;
}

const noticeStatuses: Readonly<Record<string, NoticeStatus>> = {
  'payment.authorized': 'authorized',
  'payment.captured': 'captured',
  'payment.failed': 'failed',
  'payment.expired': 'expired',
  'payment.voided': 'voided',
};
const refundResults: Readonly<Record<string, 'refunded' | 'failed'>> = { 'refund.succeeded': 'refunded', 'refund.failed': 'failed' };
const trackingStatuses: Readonly<Record<string, TrackingStatus>> = {
  'shipment.picked_up': 'picked_up',
  'shipment.in_transit': 'in_transit',
  'shipment.delivered': 'delivered',
  'shipment.failed': 'failed',
  'shipment.returning': 'returning',
  'shipment.returned': 'returned',
};

const doesNotFit = (about: string, details: Record<string, unknown>) =>
  new DomainError('webhook.unknown_event', `The webhook does not fit its ${about}.`, details);

/** The payment itself compares amount, currency, checkout and account, and keeps what does not fit. */
const notePayment = async (
  needs: InboxNeeds,
  paymentId: string,
  status: NoticeStatus,
  received: WebhookReceivedEvent,
  context: Context,
) => {
  const { amount, facts, providerEventId } = received;
  const { account, checkoutId } = facts;
  if (!amount || typeof account !== 'string' || typeof checkoutId !== 'string') throw doesNotFit('payment', { paymentId });
  const money = { amount: amount.amount, currency: amount.currency };
  const named = { account, checkoutId, ownAccount: needs.account };
  const note = { type: 'note', providerEventId, status, ...money, ...named, at: context.at } as const;
  for (const reason of anomaliesIn(await needs.handle(payment, paymentId, note, context))) needs.onAnomaly?.(reason);
};

const noteRefund = async ({ handle }: InboxNeeds, paymentId: string, received: WebhookReceivedEvent, context: Context) => {
  const { refundId, amount, facts, kind } = received;
  const result = refundResults[kind];
  const { state } = await handle.load(payment, paymentId);
  const refund = state.status === 'none' || refundId === null ? undefined : state.refunds[refundId];
  const fits = state.status !== 'none' && facts.checkoutId === state.checkoutId && refund && amount && isSameMoney(refund.amount, amount);
  if (!fits || refundId === null || !result) throw doesNotFit('refund', { paymentId, refundId });
  return handle(payment, paymentId, { type: 'refund_result', refundId, result, reason: kind, at: context.at }, context);
};

/** What was collected at the door must be what the order costs; else the parcel is not taken as delivered, and no money moves. */
const trackShipment = async ({ handle }: InboxNeeds, shipmentId: string, received: WebhookReceivedEvent, context: Context) => {
  const { kind, amount, facts, happenedAt, trackingNumber } = received;
  const status = trackingStatuses[kind];
  const { state } = await handle.load(shipment, shipmentId);
  if (state.status === 'none') throw new DomainError('shipping.not_found', 'There is no such shipment.', { shipmentId });
  const { state: sold } = await handle.load(order, state.orderId);
  const isPaid = status !== 'delivered' || isCollectedInFull(sold, amount);
  const fits = facts.orderId === state.orderId && trackingNumber === state.trackingNumber && isPaid;
  if (!status || !fits) throw doesNotFit('shipment', { shipmentId, kind });
  const courierAt = happenedAt === null ? {} : { courierAt: happenedAt };
  const collected = status === 'delivered' && amount !== null ? { collected: amount } : {};
  return handle(shipment, shipmentId, { type: 'track', status, ...courierAt, ...collected, at: context.at }, context);
};

/** NOTE: the command's id follows from the webhook's event, so that a kill between inbox and command costs nothing and doubles nothing. */
const contextOf = ({ event, metadata }: Recorded<WebhookReceivedEvent>): Context => ({
  commandId: derivedUuid(metadata.eventId, 'note'),
  correlationId: metadata.correlationId,
  causationId: metadata.eventId,
  actor: { kind: 'system', id: event.provider },
  at: metadata.occurredAt,
});

const isReceived = (recorded: Recorded): recorded is Recorded<WebhookReceivedEvent> => recorded.event.type === 'webhook.received';

/** A webhook that tells of money: whatever it fits, none of that may be dropped. */
const tellsOfMoney = ({ kind, amount }: WebhookReceivedEvent) =>
  kind === 'payment.captured' || kind in refundResults || (kind === 'shipment.delivered' && amount !== null);

const act = async (needs: InboxNeeds, event: WebhookReceivedEvent, context: Context) => {
  const status = noticeStatuses[event.kind];
  if (event.shipmentId !== null) await trackShipment(needs, event.shipmentId, event, context);
  else if (event.paymentId !== null && event.refundId !== null) await noteRefund(needs, event.paymentId, event, context);
  else if (event.paymentId !== null && status) await notePayment(needs, event.paymentId, status, event, context);
  else throw doesNotFit('sender', { kind: event.kind });
};

/** Gives every webhook of the inbox to what it is about. What fits nothing of ours moves nothing; where it tells of money, a human is shown it. */
export const followInbox = (needs: InboxNeeds): Promise<Follower> =>
  follow(
    'inbox',
    { types: new Set(['webhook.received']) },
    async (recorded) => {
      if (!isReceived(recorded)) return;
      const { event } = recorded;
      const context = contextOf(recorded);
      try {
        await act(needs, event, context);
      } catch (error) {
        if (isRefusal(error) && tellsOfMoney(event)) {
          const { provider, providerEventId, kind, paymentId, amount } = event;
          const aside = { type: 'set_aside', provider, providerEventId, kind, paymentId, amount, code: error.code } as const;
          const kept = await needs.handle(webhook, `${provider}.${providerEventId}`, aside, subcommand(context, 'set_aside'));
          if (!kept.replayed) needs.onAnomaly?.('unknown');
        }
        throw error;
      }
    },
    needs,
  );
