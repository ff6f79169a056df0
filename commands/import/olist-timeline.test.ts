// From rows to steps: what happened when, in one list over all orders.
import { describe, expect, it } from 'vitest';
import type { OlistFile, OlistText, SourceRow } from './olist-rows.ts';
import { keysOf, planOlist, type Step } from './olist-timeline.ts';

const order = (id: string, status: string, bought: string, approved: string, carrier = '', customer = ''): SourceRow => ({
  ...{ order_id: id, customer_id: id, order_status: status, order_purchase_timestamp: bought, order_approved_at: approved },
  ...{ order_delivered_carrier_date: carrier, order_delivered_customer_date: customer, order_estimated_delivery_date: '' },
});
const item = (orderId: string, price: string, product = 'p', seller = 's'): SourceRow => ({
  ...{ order_id: orderId, order_item_id: '1', product_id: product, seller_id: seller },
  ...{ shipping_limit_date: '2018-03-01 00:00:00', price, freight_value: '1.0' },
});
const paid = (orderId: string, value: string, type = 'credit_card', sequential = '1'): SourceRow => ({
  ...{ order_id: orderId, payment_sequential: sequential, payment_type: type, payment_installments: '1', payment_value: value },
});
type Given = Partial<Readonly<Record<OlistFile, readonly SourceRow[]>>>;
const columns: Readonly<Record<OlistFile, readonly string[]>> = {
  orders: Object.keys(order('', '', '', '')),
  order_items: Object.keys(item('', '')),
  order_payments: Object.keys(paid('', '')),
  order_reviews: [
    ...['review_id', 'order_id', 'review_score', 'review_comment_title', 'review_comment_message'],
    ...['review_creation_date', 'review_answer_timestamp'],
  ],
  customers: ['customer_id', 'customer_unique_id', 'customer_zip_code_prefix', 'customer_city', 'customer_state'],
  sellers: ['seller_id', 'seller_zip_code_prefix', 'seller_city', 'seller_state'],
  products: [
    ...['product_id', 'product_category_name', 'product_weight_g'],
    ...['product_length_cm', 'product_height_cm', 'product_width_cm'],
  ],
  categories: ['product_category_name', 'product_category_name_english'],
};
const files = (given: Given): OlistText => {
  const customers = (given.orders ?? []).map(({ customer_id = '' }) => ({
    ...{ customer_id, customer_unique_id: customer_id, customer_zip_code_prefix: '1', customer_city: 'x', customer_state: 'SP' },
  }));
  const all: Given = { customers, ...given };
  const file = (name: OlistFile) => ({
    name: `${name}.csv`,
    columns: columns[name],
    rows: (all[name] ?? []).map((row, n) => ({ line: n + 2, row })),
  });
  return {
    orders: file('orders'),
    order_items: file('order_items'),
    order_payments: file('order_payments'),
    order_reviews: file('order_reviews'),
    customers: file('customers'),
    sellers: file('sellers'),
    products: file('products'),
    categories: file('categories'),
  };
};
const shown = (steps: readonly Step[]) =>
  steps.map((step) => `${step.moment.at.slice(5, 16)} ${step.do === 'review' ? 'review' : `${step.purchase.source} ${step.do}`}`);

const [first, second] = ['2018-01-01 10:00:00', '2018-01-05 10:00:00'];
const twoOrders: Given = {
  orders: [
    order('b', 'delivered', second, '2018-01-05 10:10:00', '2018-01-06 10:00:00', '2018-01-07 10:00:00'),
    order('a', 'delivered', first, '2018-01-01 10:10:00', '2018-01-02 10:00:00', '2018-01-20 10:00:00'),
  ],
  order_items: [item('b', '20.0'), item('a', '10.0')],
  order_payments: [paid('b', '21.0'), paid('a', '11.0')],
};
const two = files(twoOrders);

describe('the steps of all orders', () => {
  it('are one list in the order of their time', () =>
    expect(shown(planOlist(two).steps)).toEqual([
      '01-01T10:00 a buy',
      '01-01T10:10 a pay',
      '01-01T10:10 a accept',
      '01-02T10:00 a ship',
      '01-05T10:00 b buy',
      '01-05T10:10 b pay',
      '01-05T10:10 b accept',
      '01-06T10:00 b ship',
      '01-07T10:00 b deliver',
      '01-20T10:00 a deliver',
    ]));
  it('change a price before the first purchase at another one', () => {
    const { steps, catalogue } = planOlist(two);
    expect(steps.flatMap((step) => (step.do === 'buy' ? [step.priced.length] : []))).toEqual([0, 1]);
    expect(catalogue.listings).toMatchObject([{ price: { amount: 1_000 }, quantity: 2, at: '2018-01-01T10:00:00.000Z' }]);
  });
  it('share stock and ledgers, and nothing where they only move their own order', () => {
    const keys = planOlist(two).steps.map(keysOf);
    const common = keys[0]?.filter((key) => keys[4]?.includes(key));
    expect(common).toHaveLength(1);
    expect(keys[2]).toHaveLength(1);
  });
});

describe('an order', () => {
  const only = (row: SourceRow, ...payments: SourceRow[]) =>
    planOlist(
      files({ orders: [row], order_items: [item('a', '10.0')], order_payments: payments.length > 0 ? payments : [paid('a', '11.0')] }),
    );
  const reasons = (plan: ReturnType<typeof planOlist>) => plan.rejections.map(({ reason }) => reason);
  it('never goes back in time', () => {
    const plan = only(order('a', 'delivered', second, '2018-01-04 10:00:00', first, '2018-01-06 10:00:00'));
    expect(plan.steps.map(({ moment }) => moment.at)).toEqual(plan.steps.map(({ moment }) => moment.at).sort());
    expect(plan.adjustments).toMatchObject([
      { field: 'order_approved_at', reason: 'TIME_CLAMPED', before: '2018-01-04T10:00:00.000Z' },
      { field: 'order_delivered_carrier_date', reason: 'TIME_CLAMPED', before: '2018-01-01T10:00:00.000Z' },
    ]);
  });
  it('is never left out for a time that nobody wrote down: it happened when the step before it did', () => {
    const at = '2018-01-01T10:00:00.000Z';
    const plan = only(order('a', 'delivered', first, ''));
    expect(reasons(plan)).toEqual([]);
    expect(plan.steps.map((step) => [step.do, step.moment.at, step.moment.timeInferred ?? false])).toEqual([
      ['buy', at, false],
      ['pay', at, true],
      ['accept', at, true],
      ['ship', at, true],
      ['deliver', at, true],
    ]);
    expect(plan.adjustments.map(({ reason, field }) => `${reason} ${field}`)).toEqual([
      'TIME_INFERRED order_approved_at',
      'TIME_INFERRED order_delivered_carrier_date',
      'TIME_INFERRED order_delivered_customer_date',
    ]);
  });
  it('that has no time of its purchase was bought when the first is known of it', () => {
    const plan = only(order('a', 'delivered', '', '', second));
    expect(plan.steps[0]?.moment).toEqual({ at: '2018-01-05T10:00:00.000Z', timeInferred: true });
    expect(plan.adjustments[0]).toMatchObject({ reason: 'TIME_INFERRED', field: 'order_purchase_timestamp', before: null });
  });
  it('counts once when its row is there twice', () => {
    const row = order('a', 'delivered', first, second);
    const plan = planOlist(files({ orders: [row, row], order_items: [item('a', '10.0')], order_payments: [paid('a', '11.0')] }));
    expect(plan.steps.filter((step) => step.do === 'buy')).toHaveLength(1);
    expect(plan.passedOver).toContain('1 rows of orders.csv are there more than once, and count once');
  });
  it.each([
    [order('a', 'canceled', first, second), 'cancel'],
    [order('a', 'canceled', first, second, second), 'bring_back'],
    [order('a', 'canceled', first, second, second, second), 'give_back'],
    [order('a', 'unavailable', first, second), 'cancel'],
  ])('that is off ends by how far it had come', (row, end) => expect(only(row).steps.at(-1)?.do).toBe(end));
  it('that nobody can understand is left out, with the reason', () => {
    expect(reasons(only(order('a', 'lost', first, second)))).toEqual(['UNKNOWN_STATUS']);
    expect(reasons(only(order('a', 'delivered', first, second), paid('a', '0.0')))).toEqual(['NO_PAYMENT']);
    expect(reasons(only(order('a', 'delivered', first, second), paid('a', '11.0', 'gold')))).toEqual(['UNKNOWN_PAYMENT_TYPE']);
    expect(reasons(only(order('a', 'delivered', first, second), paid('a', '10.9')))).toEqual(['UNDERPAID']);
    const mixed = files({
      ...twoOrders,
      order_items: [item('a', '10.0'), { ...item('a', '11.0'), order_item_id: '2' }],
      orders: [order('a', 'approved', first, second)],
    });
    expect(reasons(planOlist(mixed))).toEqual(['MIXED_PRICES']);
  });
});

const rows = {
  notATime: { orders: [order('a', 'delivered', '2018-01-01', second)] },
  noSuchDay: { orders: [order('a', 'delivered', first, '2018-02-30 10:00:00')] },
  noSuchHour: { orders: [order('a', 'delivered', first, '2018-02-01 24:00:00')] },
  noTimeAtAll: { orders: [order('a', 'delivered', '', '')] },
  threeDecimals: { order_items: [item('a', '1.005')] },
  decimalComma: { order_items: [item('a', '1,50')] },
  belowNothing: { order_payments: [paid('a', '1.0'), paid('a', '-1.0', 'voucher', '2')] },
  contradiction: { order_payments: [paid('a', '1.0'), paid('a', '2.0')] },
} satisfies Record<string, Given>;
it.each<[keyof typeof rows, RegExp]>([
  ['notATime', /^orders.csv, line 2: order_purchase_timestamp must be a time such as .*, not "2018-01-01"/],
  ['noSuchDay', /^orders.csv, line 2: order_approved_at must be a day and an hour that exist, not "2018-02-30/],
  ['noSuchHour', /^orders.csv, line 2: order_approved_at/],
  ['noTimeAtAll', /^orders.csv, line 2: order_purchase_timestamp is missing, and no other time of the order is known/],
  ['threeDecimals', /^order_items.csv, line 2: price/],
  ['decimalComma', /^order_items.csv, line 2: price must be money such as 1234.50, with a point/],
  ['belowNothing', /^order_payments.csv, line 3: payment_value/],
  ['contradiction', /^order_payments.csv, line 3: order_id a, payment_sequential 1 stands on line 2 already, with other values/],
])('a row that cannot be read is named by its line: %s', (name, message) => expect(() => planOlist(files(rows[name]))).toThrow(message));
it('a column that is missing is named', () => {
  const given = files({});
  const orders = { ...given.orders, columns: ['order_id'] };
  expect(() => planOlist({ ...given, orders })).toThrow(/^orders.csv, line 1: there is no column customer_id, order_status/);
});
