// Which orders become purchases, and what each of them cost: its lines, freight, parts of the payment, and what the platform took beside; or why it is left out.
import type { PaymentPart, PlatformLine, QuotedLine, ShippingOption } from '../../domain/checkout/plan.ts';
import { defaultCommission, defaultTax } from '../../domain/checkout/pricing.ts';
import { defaultLocation } from '../../domain/location.ts';
import { type Money, money } from '../../domain/money.ts';
import type { Method } from '../../domain/payment/deadlines.ts';
import { checkoutIdOf, commandOf, lineIdOf, orderIdOf, paymentIdOf, userIdOf } from './olist-ids.ts';
import type { Names } from './olist-names.ts';
import { grouped, type ItemRow, type OlistRows, type OrderRow, type PaymentRow } from './olist-rows.ts';
import { type Adjustment, adjustmentsOf, isKnownStatus, type OrderTimes, type SourceStatus, timesOf } from './olist-times.ts';

const currency = 'BRL';
export const brl = (amount: number): Money => money(amount, currency);

/** What is pinned of a delivery address: the source has no more. */
export interface PartialAddress {
  readonly city: string;
  readonly province: string;
  readonly postalCode: string;
}

/** One seller's part of a purchase. */
export interface SellerPart {
  readonly orderId: string;
  readonly sellerId: string;
  readonly option: ShippingOption;
}

export interface Purchase {
  /** The source's id of the order. */
  readonly source: string;
  /** What all its commands have in common. */
  readonly correlationId: string;
  readonly status: SourceStatus;
  readonly checkoutId: string;
  readonly paymentId: string;
  readonly buyerId: string;
  readonly address: PartialAddress;
  /** `priceVersion` is not known before the price was set. */
  readonly lines: readonly QuotedLine[];
  readonly parts: readonly SellerPart[];
  readonly platform: readonly PlatformLine[];
  readonly method: Method;
  readonly payments: readonly PaymentPart[];
  readonly times: OrderTimes;
}

/** A row that is left out, with what it says of money. */
export interface Rejection {
  readonly orderId: string;
  readonly file: 'orders' | 'order_payments' | 'order_reviews';
  readonly row: string;
  readonly reason: string;
  readonly at: string;
  readonly status: string | null;
  readonly payments: readonly { readonly type: string; readonly amount: Money }[];
}
export type Adjusted = Adjustment & {
  readonly orderId: string;
  readonly file: 'orders' | 'order_reviews';
  readonly row: string;
  readonly at: string;
};

const methods: Readonly<Record<string, Method>> = { credit_card: 'card', debit_card: 'card', boleto: 'retail', voucher: 'ewallet' };

/** What is paid beyond or below the price by this much is how sums were rounded; more is interest of instalments. */
const roundingUpTo = 5;

const platformLines = (paid: number, due: number): PlatformLine[] => {
  const over = paid - due;
  if (over === 0) return [];
  const kind = Math.abs(over) <= roundingUpTo ? 'rounding' : 'instalment_interest';
  return [{ kind, amount: brl(over), rule: 'source@1' }];
};

/** The same article several times in an order is one line with a quantity. */
const linesOf = (items: readonly ItemRow[], names: Names) =>
  [...grouped(items, ({ product_id, seller_id }) => `${product_id} ${seller_id}`).values()].map((units) => {
    const [first] = units as [ItemRow];
    const { order_id, product_id, seller_id, price, freight_value } = first;
    const { productId, variantId, sellerId, name, sku, weightGrams } = names.listing(product_id, seller_id);
    const line: QuotedLine = {
      lineId: lineIdOf(order_id, product_id, seller_id),
      cartLineId: null,
      productId,
      variantId,
      location: defaultLocation,
      sellerId,
      sku,
      name,
      quantity: units.length,
      unitPrice: brl(price),
      priceVersion: 0,
      weightGrams: weightGrams ?? 0,
      tax: defaultTax(currency),
      commission: defaultCommission,
    };
    const isEven = units.every((unit) => unit.price === price && unit.freight_value === freight_value);
    return { line, freight: freight_value * units.length, isEven, sourceSeller: seller_id };
  });

type Line = ReturnType<typeof linesOf>[number];

/** The freight that was charged is pinned, line by line. */
const sellerParts = (order: OrderRow, items: readonly ItemRow[], lines: readonly Line[]): SellerPart[] =>
  [...grouped(lines, ({ sourceSeller }) => sourceSeller)].map(([sourceSeller, own]) => {
    const limits = items.filter(({ seller_id }) => seller_id === sourceSeller).flatMap((item) => item.shipping_limit_date ?? []);
    const sellerId = own[0]?.line.sellerId ?? '';
    const option: ShippingOption = {
      sellerId,
      optionId: 'source',
      courier: 'source',
      service: 'standard',
      weightGrams: own.reduce((sum, { line }) => sum + line.weightGrams * line.quantity, 0),
      price: brl(own.reduce((sum, { freight }) => sum + freight, 0)),
      rule: 'source@1',
      freight: own.map(({ line, freight }) => ({ lineId: line.lineId, amount: brl(freight) })),
      promisedAt: order.order_estimated_delivery_date,
      shipBy: limits.sort()[0] ?? null,
    };
    return { orderId: orderIdOf(order.order_id, sourceSeller), sellerId, option };
  });

const paymentParts = (paymentId: string, rows: readonly PaymentRow[]): PaymentPart[] =>
  rows.map(({ payment_sequential, payment_type, payment_installments, payment_value }) => ({
    partId: `${paymentId}.${payment_sequential}`,
    method: methods[payment_type] ?? 'ewallet',
    amount: brl(payment_value),
    orderId: null,
    installments: Math.max(1, payment_installments),
    sourceType: payment_type,
  }));

/** A voucher is money that was stored before, so that what it was spent together with says more about how the purchase was paid. */
const mainMethod = (parts: readonly PaymentPart[]): Method =>
  (parts.find(({ sourceType }) => sourceType !== 'voucher') ?? parts[0])?.method ?? 'ewallet';

interface OrderRows {
  readonly order: OrderRow;
  readonly items: readonly ItemRow[];
  readonly payments: readonly PaymentRow[];
}

/** Why an order cannot be in our books, or null. */
const refusal = ({ order, items, payments }: OrderRows, lines: readonly Line[]): string | null => {
  if (items.length === 0) return 'NO_ITEMS';
  if (!isKnownStatus(order.order_status)) return 'UNKNOWN_STATUS';
  if (payments.every(({ payment_value }) => payment_value === 0)) return 'NO_PAYMENT';
  if (payments.some((part) => part.payment_value > 0 && !methods[part.payment_type])) return 'UNKNOWN_PAYMENT_TYPE';
  if (lines.some(({ isEven }) => !isEven)) return 'MIXED_PRICES';
  return sumOf(payments) < dueOf(items) - roundingUpTo ? 'UNDERPAID' : null;
};

const sumOf = (payments: readonly PaymentRow[]) => payments.reduce((sum, part) => sum + part.payment_value, 0);
const dueOf = (items: readonly ItemRow[]) => items.reduce((sum, item) => sum + item.price + item.freight_value, 0);

const purchaseOf = (rows: OrderRows, lines: readonly Line[], personId: string, address: PartialAddress): Purchase => {
  const { order, items } = rows;
  const paid = rows.payments.filter((part) => part.payment_value > 0);
  const paymentId = paymentIdOf(order.order_id);
  const payments = paymentParts(paymentId, paid);
  const status = order.order_status as SourceStatus;
  return {
    source: order.order_id,
    correlationId: commandOf('orders', order.order_id),
    status,
    checkoutId: checkoutIdOf(order.order_id),
    paymentId,
    buyerId: userIdOf(personId),
    address,
    lines: lines.map(({ line }) => line),
    parts: sellerParts(order, items, lines),
    platform: platformLines(sumOf(paid), dueOf(items)),
    method: mainMethod(payments),
    payments,
    times: timesOf(order, status),
  };
};

const zeroParts = ({ order, payments }: OrderRows): Rejection[] =>
  payments
    .filter((part) => part.payment_value === 0)
    .map((part) => ({
      orderId: order.order_id,
      file: 'order_payments',
      row: `${order.order_id}/${part.payment_sequential}`,
      reason: 'ZERO_VALUE',
      at: order.order_purchase_timestamp,
      status: null,
      payments: [{ type: part.payment_type, amount: brl(0) }],
    }));

/** Every order of the files is in one of the two: a purchase, or a rejection. */
export const purchasesOf = (rows: OlistRows, names: Names) => {
  const itemsOf = grouped(rows.order_items, (item) => item.order_id);
  const paymentsOf = grouped(rows.order_payments, (part) => part.order_id);
  const customers = new Map(rows.customers.map((customer) => [customer.customer_id, customer]));
  const purchases: Purchase[] = [];
  const rejections: Rejection[] = [];
  const adjustments: Adjusted[] = [];
  for (const order of rows.orders) {
    const { order_id: orderId, order_purchase_timestamp: at, order_status: status } = order;
    const items = itemsOf.get(orderId) ?? [];
    const payments = [...(paymentsOf.get(orderId) ?? [])].sort((a, b) => a.payment_sequential - b.payment_sequential);
    const lines = linesOf(items, names);
    const customer = customers.get(order.customer_id);
    const reason = customer ? refusal({ order, items, payments }, lines) : 'UNKNOWN_CUSTOMER';
    if (reason !== null || !customer) {
      const money = payments.map((part) => ({ type: part.payment_type, amount: brl(part.payment_value) }));
      rejections.push({ orderId, file: 'orders', row: orderId, reason: reason ?? 'UNKNOWN_CUSTOMER', at, status, payments: money });
      continue;
    }
    const { customer_city: city, customer_state: province, customer_zip_code_prefix: postalCode } = customer;
    const purchase = purchaseOf({ order, items, payments }, lines, customer.customer_unique_id, { city, province, postalCode });
    purchases.push(purchase);
    rejections.push(...zeroParts({ order, items, payments }));
    adjustments.push(
      ...adjustmentsOf(purchase.times).map((adjustment) => ({ ...adjustment, orderId, file: 'orders' as const, row: orderId, at })),
    );
  }
  return { purchases, rejections, adjustments };
};
