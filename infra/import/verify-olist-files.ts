// What the figures must be, counted from the Olist files alone. NOTE: it shares nothing with the importer on purpose: the same mistake would have to be made twice.
import { type OlistFileName, readOlistFiles } from './olist-files.ts';

/** Figures by name: whole numbers, money in minor units. A figure that is not there is 0. */
export type Figures = Map<string, number>;

type Row = Record<string, string>;

type Rows = (name: OlistFileName) => Row[];

/** A row that stands in its file twice counts once. */
const reader = (directory: string): Rows => {
  const files = readOlistFiles(directory);
  return (name) => [...new Map(files[name].rows.map(({ row }) => [JSON.stringify(row), row])).values()];
};

const cents = (text: string | undefined) => Math.round(Number(text) * 100);

const by = (rows: readonly Row[], column: string) => Map.groupBy(rows, (row) => row[column] ?? '');

export const add = (figures: Figures, name: string, amount: number) => {
  figures.set(name, (figures.get(name) ?? 0) + amount);
};

/** One order of the files with all that belongs to it. */
interface Sale {
  readonly id: string;
  readonly status: string;
  readonly order: Row;
  readonly items: readonly Row[];
  /** Parts of the payment that are not zero. */
  readonly parts: readonly Row[];
  readonly zeros: readonly Row[];
}

const taken = new Set(['approved', 'processing', 'invoiced', 'shipped', 'delivered', 'canceled', 'unavailable']);
const means = new Set(['credit_card', 'debit_card', 'boleto', 'voucher']);

const itemsTotal = ({ items }: Sale) => items.reduce((sum, item) => sum + cents(item.price), 0);
const freightTotal = ({ items }: Sale) => items.reduce((sum, item) => sum + cents(item.freight_value), 0);
const paidTotal = ({ parts }: Sale) => parts.reduce((sum, part) => sum + cents(part.payment_value), 0);

const hasTwoPrices = ({ items }: Sale) =>
  [...Map.groupBy(items, (item) => `${item.product_id} ${item.seller_id}`).values()].some(
    (units) => new Set(units.map((unit) => `${unit.price} ${unit.freight_value}`)).size > 1,
  );

/** Why an order cannot be taken, or null. */
const refusalOf = (sale: Sale, customers: ReadonlySet<string>): string | null => {
  if (!customers.has(sale.order.customer_id ?? '')) return 'UNKNOWN_CUSTOMER';
  if (sale.items.length === 0) return 'NO_ITEMS';
  if (!taken.has(sale.status)) return 'UNKNOWN_STATUS';
  if (sale.parts.length === 0) return 'NO_PAYMENT';
  if (sale.parts.some((part) => !means.has(part.payment_type ?? ''))) return 'UNKNOWN_PAYMENT_TYPE';
  if (hasTwoPrices(sale)) return 'MIXED_PRICES';
  return paidTotal(sale) < itemsTotal(sale) + freightTotal(sale) - 5 ? 'UNDERPAID' : null;
};

const isOff = ({ status }: Sale) => status === 'canceled' || status === 'unavailable';

/** Where it is missing, the first time that is known of the order. */
const boughtAt = (order: Row) =>
  order.order_purchase_timestamp ||
  order.order_approved_at ||
  order.order_delivered_carrier_date ||
  order.order_delivered_customer_date ||
  '';

/** Times in the order of the steps: what comes too early, and what is missing, is as the step before it. */
const countTimes = (figures: Figures, sale: Sale) => {
  const { order, status } = sale;
  const off = isOff(sale);
  const carrier = order.order_delivered_carrier_date ?? '';
  const customer = order.order_delivered_customer_date ?? '';
  const delivered = status === 'delivered' || (off && customer !== '');
  const shipped = delivered || status === 'shipped' || (off && carrier !== '');
  if (!order.order_purchase_timestamp) add(figures, 'changed orders TIME_INFERRED order_purchase_timestamp', 1);
  let last = boughtAt(order);
  const step = (field: string, time: string) => {
    if (time === '') add(figures, `changed orders TIME_INFERRED ${field}`, 1);
    else if (time < last) add(figures, `changed orders TIME_CLAMPED ${field}`, 1);
    else last = time;
  };
  step('order_approved_at', order.order_approved_at ?? '');
  if (shipped) step('order_delivered_carrier_date', carrier);
  if (delivered) step('order_delivered_customer_date', customer);
  if (off) step('canceled_at', '');
};

const countRevenue = (figures: Figures, sale: Sale, categoryOf: (productId: string) => string) => {
  const off = isOff(sale);
  const month = boughtAt(sale.order).slice(0, 7);
  for (const item of sale.items) {
    const price = cents(item.price);
    const freight = cents(item.freight_value);
    const net = off ? 0 : 1;
    const groups = ['all', `seller ${item.seller_id}`, `month ${month}`, `category ${categoryOf(item.product_id ?? '')}`];
    for (const group of groups) {
      add(figures, `revenue gross ${group}`, price);
      add(figures, `revenue net ${group}`, price * net);
    }
    for (const group of ['all', `seller ${item.seller_id}`, `month ${month}`, `status ${sale.status}`]) {
      add(figures, `freight gross ${group}`, freight);
      add(figures, `freight net ${group}`, freight * net);
    }
    add(figures, `revenue gross status ${sale.status}`, price);
    add(figures, `revenue net status ${sale.status}`, price * net);
    add(figures, `ledger ${item.seller_id} seller_pending`, price * net);
    add(figures, `ledger ${item.seller_id} shipping`, freight * net);
    add(figures, `ledger ${item.seller_id} buyer_funds`, -(price + freight) * net);
  }
};

const countMoney = (figures: Figures, sale: Sale) => {
  const paid = paidTotal(sale);
  const [items, freight] = [itemsTotal(sale), freightTotal(sale)];
  const over = paid - items - freight;
  add(figures, `captured status ${sale.status}`, paid);
  add(figures, 'captured all', paid);
  for (const part of sale.parts) {
    add(figures, `payment parts ${part.payment_type}`, 1);
    add(figures, `payment amount ${part.payment_type}`, cents(part.payment_value));
  }
  add(figures, `payments of ${sale.parts.length} parts`, 1);
  add(figures, `payment amount of ${sale.parts.length} parts`, paid);
  if (over !== 0) add(figures, `ledger platform ${Math.abs(over) <= 5 ? 'rounding' : 'interest'}`, over);
  add(figures, 'ledger platform buyer_funds', -over);
  if (!isOff(sale)) return;
  const { order_delivered_carrier_date: carrier, order_delivered_customer_date: customer } = sale.order;
  const reason = customer ? 'return' : carrier ? 'delivery_failed' : 'order_cancelled';
  add(figures, `refunds ${reason}`, new Set(sale.items.map((item) => item.seller_id)).size);
  add(figures, `refunded ${reason}`, items + freight);
  add(figures, `refunded shipping ${reason}`, freight);
};

const countRejection = (figures: Figures, sale: Sale, reason: string) => {
  add(figures, `rejected orders ${reason}`, 1);
  add(figures, `rejected orders ${reason} status ${sale.status}`, 1);
  for (const part of [...sale.parts, ...sale.zeros]) {
    add(figures, `rejected orders ${reason} parts ${part.payment_type}`, 1);
    add(figures, `rejected orders ${reason} amount ${part.payment_type}`, cents(part.payment_value));
  }
};

/** The same over all ledgers. */
const countAccounts = (figures: Figures) => {
  const totals = new Map<string, number>();
  for (const [name, amount] of figures) {
    const account = /^ledger \S+ (\w+)$/.exec(name)?.[1];
    if (account) totals.set(account, (totals.get(account) ?? 0) + amount);
  }
  for (const [account, amount] of totals) figures.set(`account ${account}`, amount);
  figures.set('trial balance', 0);
};

const countReviews = (figures: Figures, reviews: readonly Row[], takenOrders: ReadonlyMap<string, Row>) => {
  const current = new Map<string, { review: Row; at: string }>();
  for (const review of reviews) {
    const orderId = review.order_id ?? '';
    const order = takenOrders.get(orderId);
    if (!order) {
      add(figures, 'rejected order_reviews ORDER_REJECTED', 1);
      continue;
    }
    add(figures, 'reviews written', 1);
    add(figures, 'reviews written stars', Number(review.review_score));
    if (!review.review_answer_timestamp) add(figures, 'changed order_reviews TIME_INFERRED review_answer_timestamp', 1);
    const at = review.review_answer_timestamp || review.review_creation_date || boughtAt(order);
    if (at >= (current.get(orderId)?.at ?? '')) current.set(orderId, { review, at });
  }
  for (const { review } of current.values()) {
    add(figures, 'reviews current', 1);
    add(figures, 'reviews current stars', Number(review.review_score));
  }
};

/** An average as a whole number of millionths, so that both sides round in the same way. */
export const countAverages = (figures: Figures) => {
  for (const kind of ['written', 'current']) {
    const count = figures.get(`reviews ${kind}`) ?? 0;
    if (count > 0)
      figures.set(`reviews ${kind} average, millionths`, Math.round(((figures.get(`reviews ${kind} stars`) ?? 0) * 1e6) / count));
  }
};

const slug = (name: string) =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
    .join('-');

const categories = (rows: Rows) => {
  const english = new Map(rows('categories').map((row) => [row.product_category_name, row.product_category_name_english]));
  const names = new Map(
    rows('products').map((product) => {
      const name = product.product_category_name ?? '';
      return [product.product_id, slug(name === '' ? 'uncategorised' : english.get(name) || name)];
    }),
  );
  return (productId: string) => names.get(productId) ?? 'uncategorised';
};

/** Every figure that the files give. */
export const figuresOfFiles = (directory: string): Figures => {
  const figures: Figures = new Map();
  const rows = reader(directory);
  const items = by(rows('order_items'), 'order_id');
  const payments = by(rows('order_payments'), 'order_id');
  const categoryOf = categories(rows);
  const takenOrders = new Map<string, Row>();
  const customers = new Set(rows('customers').map((customer) => customer.customer_id ?? ''));
  for (const order of rows('orders')) {
    const id = order.order_id ?? '';
    const all = payments.get(id) ?? [];
    const isZero = (part: Row) => cents(part.payment_value) === 0;
    const parts = { parts: all.filter((part) => !isZero(part)), zeros: all.filter(isZero) };
    const sale: Sale = { id, status: order.order_status ?? '', order, items: items.get(id) ?? [], ...parts };
    const reason = refusalOf(sale, customers);
    // A status of which nothing could be taken is shown too, with 0.
    add(figures, `purchases ${sale.status}`, reason === null ? 1 : 0);
    add(figures, `orders ${sale.status}`, reason === null ? new Set(sale.items.map((item) => item.seller_id)).size : 0);
    if (reason !== null) {
      countRejection(figures, sale, reason);
      continue;
    }
    takenOrders.set(id, order);
    if (sale.zeros.length > 0) add(figures, 'rejected order_payments ZERO_VALUE', sale.zeros.length);
    countTimes(figures, sale);
    countRevenue(figures, sale, categoryOf);
    countMoney(figures, sale);
  }
  countAccounts(figures);
  countReviews(figures, rows('order_reviews'), takenOrders);
  countAverages(figures);
  return figures;
};
