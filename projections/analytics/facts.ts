// Which facts an event is for analysts. Figures are signed, so that what is taken back is a fact of its own and sums over any period are right.
import type { CartEvent } from '../../domain/cart/events.ts';
import type { CheckoutEvent } from '../../domain/checkout/events.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderEvent } from '../../domain/order/events.ts';
import type { OrderLine } from '../../domain/order/terms.ts';
import type { PaymentEvent } from '../../domain/payment/events.ts';
import type { ShareLine } from '../../domain/payment/shares.ts';
import type { Fact, Facts } from '../../infra/analytics/port.ts';

/** Rises with every change of what is a fact: all of them are then made anew. */
export const factsVersion = 1;

type OrderFactEvent = Extract<OrderEvent, { type: 'order.created' | 'order.confirmed' | 'order.delivered' }>;
type MoneyFactEvent = Extract<PaymentEvent, { type: 'payment.part_voided' | 'payment.refunded' }>;
type VisitFactEvent =
  | Extract<CartEvent, { type: 'cart.line_added' }>
  | Extract<CheckoutEvent, { type: 'checkout.started' | 'checkout.confirmed' }>;
export type FactEvent = OrderFactEvent | MoneyFactEvent | VisitFactEvent;

type Created = Extract<OrderEvent, { type: 'order.created' }>;

/** What stood in the log before an event about an order, and what its facts rest on beside it. */
export interface Background {
  /** The events of the order, up to the one in question. */
  readonly order: readonly Recorded<OrderEvent>[];
  /** How the purchase is paid, as it was chosen; empty when unknown. */
  readonly method: string;
  /** By product: its category at that time; empty when unknown. */
  readonly categoryOf: (productId: string) => string;
}

const types: ReadonlySet<string> = new Set<FactEvent['type']>([
  'order.created',
  'order.confirmed',
  'order.delivered',
  'payment.part_voided',
  'payment.refunded',
  'cart.line_added',
  'checkout.started',
  'checkout.confirmed',
]);

export const isFactEvent = (recorded: Recorded): recorded is Recorded<FactEvent> => types.has(recorded.event.type);

/** The order whose background the facts of this event need, or null. */
export const orderOf = (event: FactEvent): string | null => ('orderId' in event ? event.orderId : null);

/** The order as it was placed, or null when the log has no such order. */
export const createdIn = ({ order }: Background): Created | null => {
  const first = order[0]?.event;
  return first?.type === 'order.created' ? first : null;
};

const has = ({ order }: Background, type: OrderEvent['type']) => order.some(({ event }) => event.type === type);
const atOf = ({ order }: Background, type: OrderEvent['type']) => order.find(({ event }) => event.type === type)?.metadata.occurredAt;

type LineFact = Fact<'order_lines'>;
type Figures = Pick<LineFact, 'quantity' | 'amount' | 'shipping' | 'tax' | 'commission'>;

const envelope = ({ metadata, position }: Recorded, line: number) => ({
  occurred_at: metadata.occurredAt,
  event_id: metadata.eventId,
  line,
  position,
});

const lineFact = (
  recorded: Recorded,
  n: number,
  kind: 'placed' | 'sale' | 'cancellation' | 'refund',
  [created, line, figures]: readonly [Created, OrderLine, Figures],
  background: Background,
): LineFact => ({
  ...envelope(recorded, n),
  kind,
  order_id: created.orderId,
  checkout_id: created.checkoutId,
  buyer_id: created.buyerId,
  seller_id: created.sellerId,
  product_id: line.productId,
  variant_id: line.variantId,
  category_id: background.categoryOf(line.productId),
  payment_method: created.cod ? 'cod' : background.method,
  currency: created.totals.total.currency,
  ...figures,
});

/** Plus zero, for -0 is no number to store. */
const signed = (sign: 1 | -1, amount: number) => sign * amount + 0;

/** Every line of the order with all that was agreed for it. */
const wholeOrder = (recorded: Recorded, kind: 'placed' | 'sale' | 'cancellation', created: Created, background: Background): LineFact[] => {
  const sign = kind === 'cancellation' ? -1 : 1;
  return created.lines.map((line, n) => {
    const figures = {
      quantity: signed(sign, line.quantity),
      amount: signed(sign, line.amount.amount),
      shipping: signed(sign, n === 0 ? created.shipping.price.amount : 0),
      tax: signed(sign, line.tax.amount.amount),
      commission: signed(sign, line.commission.amount.amount),
    };
    return lineFact(recorded, n, kind, [created, line, figures], background);
  });
};

const nothing = { quantity: 0, amount: 0, shipping: 0, tax: 0, commission: 0 };

const givenBack = (line: ShareLine): Figures => ({
  quantity: signed(-1, line.quantity),
  amount: signed(-1, line.amount.amount),
  shipping: 0,
  tax: signed(-1, line.tax.amount.amount),
  commission: signed(-1, line.commission.amount.amount),
});

type Refunded = Extract<PaymentEvent, { type: 'payment.refunded' }>;

/** What of a sale was given back; money that was never anybody's sale (not booked, or an order that was never confirmed) takes nothing back. */
const refunded = (recorded: Recorded<Refunded>, created: Created, background: Background): LineFact[] => {
  const { event } = recorded;
  if (!event.booked || !has(background, 'order.confirmed')) return [];
  const kind = has(background, 'order.cancelled') ? 'cancellation' : 'refund';
  const [first] = created.lines;
  const lines = event.lines.flatMap((share): [OrderLine, Figures][] => {
    const line = created.lines.find(({ lineId }) => lineId === share.lineId);
    return line ? [[line, givenBack(share)]] : [];
  });
  if (lines.length === 0 && first) lines.push([first, nothing]);
  return lines.map(([line, figures], n) => {
    const shipping = n === 0 ? signed(-1, event.shipping.amount) : 0;
    return lineFact(recorded, n, kind, [created, line, { ...figures, shipping }], background);
  });
};

/** Only where the buyer was promised a day: without one there is nothing to be late for. */
const delivered = (recorded: Recorded, created: Created, background: Background): Fact<'deliveries'>[] => {
  const { promisedAt, orderId, sellerId, shipping } = created;
  const [confirmedAt, shippedAt] = [atOf(background, 'order.confirmed'), atOf(background, 'order.shipped')];
  if (promisedAt === undefined || confirmedAt === undefined || shippedAt === undefined) return [];
  return [
    {
      ...envelope(recorded, 0),
      order_id: orderId,
      seller_id: sellerId,
      courier: shipping.courier,
      city: '', // it is part of the address, which is sealed
      confirmed_at: confirmedAt,
      shipped_at: shippedAt,
      promised_at: promisedAt,
    },
  ];
};

const visit = (recorded: Recorded<VisitFactEvent>): Fact<'visits'> => {
  const { event } = recorded;
  const about = { ...envelope(recorded, 0), product_id: '', seller_id: '', checkout_id: '' };
  switch (event.type) {
    case 'cart.line_added':
      return { ...about, kind: 'cart', visitor_id: event.cartId, product_id: event.productId, seller_id: event.sellerId };
    case 'checkout.started':
      return { ...about, kind: 'checkout', visitor_id: event.buyerId, checkout_id: event.checkoutId };
    case 'checkout.confirmed':
      return { ...about, kind: 'paid', visitor_id: event.buyerId, checkout_id: event.checkoutId };
    default:
      return event satisfies never;
  }
};

const isOf = <T extends FactEvent['type']>(
  recorded: Recorded<FactEvent>,
  ...wanted: readonly T[]
): recorded is Recorded<Extract<FactEvent, { type: T }>> => wanted.some((type) => type === recorded.event.type);

/** The facts of one event. Sale: when the order is confirmed; taken back: when its money goes back, or on COD when it is no longer asked for. */
export const factsOf = (recorded: Recorded<FactEvent>, background: Background | null): Facts => {
  if (isOf(recorded, 'cart.line_added', 'checkout.started', 'checkout.confirmed')) return { visits: [visit(recorded)] };
  const created = background && createdIn(background);
  if (!created) return {};
  if (isOf(recorded, 'order.created')) return { order_lines: wholeOrder(recorded, 'placed', created, background) };
  if (isOf(recorded, 'order.confirmed')) return { order_lines: wholeOrder(recorded, 'sale', created, background) };
  if (isOf(recorded, 'order.delivered')) return { deliveries: delivered(recorded, created, background) };
  if (isOf(recorded, 'payment.refunded')) return { order_lines: refunded(recorded, created, background) };
  return has(background, 'order.confirmed') ? { order_lines: wholeOrder(recorded, 'cancellation', created, background) } : {};
};
