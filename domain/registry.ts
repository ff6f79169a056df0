// Every event that the log may hold and how each category's stream is folded: what the log's codec and the auditors need of the whole domain.
import { z } from 'zod';
import { account } from './account/account.ts';
import { AccountEvent } from './account/events.ts';
import { brand } from './brand/brand.ts';
import { BrandEvent } from './brand/events.ts';
import { cart } from './cart/cart.ts';
import { CartEvent } from './cart/events.ts';
import { category } from './category/category.ts';
import { CategoryEvent } from './category/events.ts';
import { categoryTree } from './categorytree/categorytree.ts';
import { CategoryTreeEvent } from './categorytree/events.ts';
import { checkout } from './checkout/checkout.ts';
import { CheckoutEvent } from './checkout/events.ts';
import { claim } from './claim/claim.ts';
import { ClaimEvent } from './claim/events.ts';
import { collection } from './collection/collection.ts';
import { CollectionEvent } from './collection/events.ts';
import { contact } from './contact/contact.ts';
import { ContactEvent } from './contact/events.ts';
import { erasure } from './erasure/erasure.ts';
import { ErasureEvent } from './erasure/events.ts';
import { FulfilmentEvent } from './fulfilment/events.ts';
import { fulfilment } from './fulfilment/fulfilment.ts';
import { ImportEvent } from './import/events.ts';
import { imports } from './import/import.ts';
import { LedgerEvent } from './ledger/events.ts';
import { ledger } from './ledger/ledger.ts';
import { OnboardingEvent } from './onboarding/events.ts';
import { onboarding } from './onboarding/onboarding.ts';
import { OrderEvent } from './order/events.ts';
import { order } from './order/order.ts';
import { PaymentEvent } from './payment/events.ts';
import { payment } from './payment/payment.ts';
import { ProductEvent } from './product/events.ts';
import { product } from './product/product.ts';
import { ReconciliationEvent } from './reconciliation/events.ts';
import { reconciliation } from './reconciliation/reconciliation.ts';
import { RefundEvent } from './refund/events.ts';
import { refund } from './refund/refund.ts';
import { ReturnEvent, sentInPlain } from './return/events.ts';
import { returns } from './return/return.ts';
import { ReviewEvent } from './review/events.ts';
import { review } from './review/review.ts';
import { SellerEvent } from './seller/events.ts';
import { seller } from './seller/seller.ts';
import { ShipmentEvent } from './shipment/events.ts';
import { shipment } from './shipment/shipment.ts';
import { StaffEvent } from './staff/events.ts';
import { staff } from './staff/staff.ts';
import { StockEvent } from './stock/events.ts';
import { stock } from './stock/stock.ts';
import { UserEvent } from './user/events.ts';
import { user } from './user/user.ts';
import { WebhookEvent } from './webhook/events.ts';
import { webhook } from './webhook/webhook.ts';

/** The data of an event (without its type) of one version, as the next version has it. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

/** `upcasters[0]` leads from version 1 to 2, and so on: the last one to `version`. `personal` names the fields whose values are sealed. */
export interface EventDefinition {
  readonly schema: z.ZodType<{ type: string }>;
  readonly version: number;
  readonly upcasters: readonly Upcaster[];
  readonly personal: readonly string[];
}

/** By event type; an event that is not named here has version 1 still. The upcasters themselves stand beside their schema. */
const upcastersOf: Readonly<Record<string, readonly Upcaster[]>> = { 'return.sent': [sentInPlain] };

/** How a field is tagged: `public`, `pii` or not at all. A tag counts on either side of optional() and nullable(). */
export const privacyOf = (schema: z.ZodType): unknown => {
  const tag = schema.meta()?.privacy;
  if (tag !== undefined) return tag;
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
  const inner = wraps ? schema.unwrap() : null;
  return inner instanceof z.ZodType ? privacyOf(inner) : undefined;
};

type EventSchema = z.ZodType<{ type: string }> & { readonly shape: { readonly type: { readonly value: string } } };

const define = (schema: EventSchema): [string, EventDefinition] => {
  const type = schema.shape.type.value;
  const upcasters = upcastersOf[type] ?? [];
  const personal = Object.entries(schema.shape).flatMap(([name, field]) =>
    field instanceof z.ZodType && privacyOf(field) === 'pii' ? [name] : [],
  );
  return [type, { schema, version: upcasters.length + 1, upcasters, personal }];
};

const definitions = (union: { readonly options: readonly EventSchema[] }) => union.options.map(define);

/** By event type. */
export const eventSchemas: ReadonlyMap<string, EventDefinition> = new Map([
  ...definitions(AccountEvent),
  ...definitions(BrandEvent),
  ...definitions(CartEvent),
  ...definitions(CategoryEvent),
  ...definitions(CategoryTreeEvent),
  ...definitions(CheckoutEvent),
  ...definitions(ClaimEvent),
  ...definitions(CollectionEvent),
  ...definitions(ContactEvent),
  ...definitions(ErasureEvent),
  ...definitions(FulfilmentEvent),
  ...definitions(ImportEvent),
  ...definitions(LedgerEvent),
  ...definitions(OnboardingEvent),
  ...definitions(OrderEvent),
  ...definitions(PaymentEvent),
  ...definitions(ProductEvent),
  ...definitions(ReconciliationEvent),
  ...definitions(RefundEvent),
  ...definitions(ReturnEvent),
  ...definitions(ReviewEvent),
  ...definitions(SellerEvent),
  ...definitions(ShipmentEvent),
  ...definitions(StaffEvent),
  ...definitions(StockEvent),
  ...definitions(UserEvent),
  ...definitions(WebhookEvent),
]);

/** What purchases said, step by step, before a step was one event (v0.1, November 2026). Nothing folds these any more. */
const retired: ReadonlySet<string> = new Set(
  [
    ...['priced', 'order_requested', 'order_opened', 'hold_requested', 'stock_held', 'payment_requested', 'payment_opened'],
    ...['commit_requested', 'stock_committed', 'confirm_requested', 'order_confirmed', 'booking_requested', 'booked'],
    ...['refund_requested', 'share_refunding', 'cart_removal_requested', 'void_requested', 'payment_voided'],
    ...['release_requested', 'stock_released', 'cancel_requested'],
  ].map((what) => `checkout.${what}`),
);

/** What the log's codec asks; `upcast` throws RangeError for a type that is not known. */
export const eventContract = {
  isRetired: (type: string): boolean => retired.has(type),
  version: (type: string): number | null => eventSchemas.get(type)?.version ?? null,
  upcast: (type: string, fromVersion: number, data: Record<string, unknown>): Record<string, unknown> => {
    const definition = eventSchemas.get(type);
    if (!definition) throw new RangeError(`no schema for ${type}`);
    return definition.upcasters.slice(fromVersion - 1).reduce((older, upcast) => upcast(older), data);
  },
  personal: (type: string): readonly string[] => eventSchemas.get(type)?.personal ?? [],
  owns: (streamId: string): boolean => deciders.has(streamId.slice(0, streamId.indexOf('-'))),
};

/**
 * How one category's streams are folded. `stateAfter` takes a stream's events from its first one on (or those that follow on the state
 * `from`, which an earlier call has answered), each of the current version; a malformed one throws ZodError.
 */
export interface Fold {
  readonly category: string;
  readonly version: number;
  stateAfter(events: Iterable<unknown>, from?: unknown): unknown;
}

type Folded<State, Event> = Pick<Fold, 'category' | 'version'> & { readonly initial: State; evolve(state: State, event: Event): State };

const fold = <State, Event>(of: Folded<State, Event>, schema: z.ZodType<Event>): [string, Fold] => {
  const stateAfter = (events: Iterable<unknown>, from: unknown = of.initial) => {
    let state = from as State;
    for (const event of events) state = of.evolve(state, schema.parse(event));
    return state;
  };
  return [of.category, { category: of.category, version: of.version, stateAfter }];
};

/** By category: the aggregates, and the sagas, which are folded the same way. */
export const deciders: ReadonlyMap<string, Fold> = new Map([
  fold(account, AccountEvent),
  fold(brand, BrandEvent),
  fold(cart, CartEvent),
  fold(category, CategoryEvent),
  fold(categoryTree, CategoryTreeEvent),
  fold(checkout, CheckoutEvent),
  fold(claim, ClaimEvent),
  fold(collection, CollectionEvent),
  fold(contact, ContactEvent),
  fold(erasure, ErasureEvent),
  fold(fulfilment, FulfilmentEvent),
  fold(imports, ImportEvent),
  fold(ledger, LedgerEvent),
  fold(onboarding, OnboardingEvent),
  fold(order, OrderEvent),
  fold(payment, PaymentEvent),
  fold(product, ProductEvent),
  fold(reconciliation, ReconciliationEvent),
  fold(refund, RefundEvent),
  fold(returns, ReturnEvent),
  fold(review, ReviewEvent),
  fold(seller, SellerEvent),
  fold(shipment, ShipmentEvent),
  fold(staff, StaffEvent),
  fold(stock, StockEvent),
  fold(user, UserEvent),
  fold(webhook, WebhookEvent),
]);
