// From rows to steps: what happened when, in one list over all orders.
import { describe, expect, it } from 'vitest';
import type { OlistText, SourceRow } from './olist-rows.ts';
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
const files = (given: Partial<OlistText>): OlistText => ({
  orders: [],
  order_items: [],
  order_payments: [],
  order_reviews: [],
  customers: (given.orders ?? []).map(({ customer_id = '' }) => ({
    ...{ customer_id, customer_unique_id: customer_id, customer_zip_code_prefix: '1', customer_city: 'x', customer_state: 'SP' },
  })),
  sellers: [],
  products: [],
  categories: [],
  ...given,
});
const shown = (steps: readonly Step[]) =>
  steps.map((step) => `${step.moment.at.slice(5, 16)} ${step.do === 'review' ? 'review' : `${step.purchase.source} ${step.do}`}`);

const [first, second] = ['2018-01-01 10:00:00', '2018-01-05 10:00:00'];
const two = files({
  orders: [
    order('b', 'delivered', second, '2018-01-05 10:10:00', '2018-01-06 10:00:00', '2018-01-07 10:00:00'),
    order('a', 'delivered', first, '2018-01-01 10:10:00', '2018-01-02 10:00:00', '2018-01-20 10:00:00'),
  ],
  order_items: [item('b', '20.0'), item('a', '10.0')],
  order_payments: [paid('b', '21.0'), paid('a', '11.0')],
});

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
  it.each([
    [order('a', 'canceled', first, second), 'cancel'],
    [order('a', 'canceled', first, second, second), 'bring_back'],
    [order('a', 'canceled', first, second, second, second), 'give_back'],
    [order('a', 'unavailable', first, second), 'cancel'],
  ])('that is off ends by how far it had come', (row, end) => expect(only(row).steps.at(-1)?.do).toBe(end));
  it('that nobody can understand is left out, with the reason', () => {
    expect(reasons(only(order('a', 'lost', first, second)))).toEqual(['UNKNOWN_STATUS']);
    expect(reasons(only(order('a', 'delivered', first, '')))).toEqual(['NOT_APPROVED']);
    expect(reasons(only(order('a', 'delivered', first, second), paid('a', '0.0')))).toEqual(['NO_PAYMENT']);
    expect(reasons(only(order('a', 'delivered', first, second), paid('a', '11.0', 'gold')))).toEqual(['UNKNOWN_PAYMENT_TYPE']);
    expect(reasons(only(order('a', 'delivered', first, second), paid('a', '10.9')))).toEqual(['UNDERPAID']);
    const mixed = files({ ...two, order_items: [item('a', '10.0'), item('a', '11.0')], orders: [order('a', 'approved', first, second)] });
    expect(reasons(planOlist(mixed))).toEqual(['MIXED_PRICES']);
  });
});

it.each([
  [{ orders: [order('a', 'delivered', '2018-01-01', second)] }, /^orders.csv, row 1: order_purchase_timestamp/],
  [{ order_items: [item('a', '1.005')] }, /^order_items.csv, row 1: price/],
  [{ order_payments: [paid('a', '1.0'), paid('a', '-1.0')] }, /^order_payments.csv, row 2: payment_value/],
])('a row that cannot be read is named', (given, message) => expect(() => planOlist(files(given))).toThrow(message));
