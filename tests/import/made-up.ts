// A small set of files in the shape of the Olist data, made up: each order is there for one odd case.
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The source's id of what we call by this name: 32 hexadecimal digits, as there. */
export const sourceId = (name: string) => createHash('md5').update(name).digest('hex');

interface Item {
  readonly product: string;
  readonly seller: string;
  readonly price: string;
  readonly freight: string;
}
interface Part {
  readonly type: string;
  readonly value: string;
  readonly installments?: number;
  readonly sequential?: number;
}
interface Order {
  readonly name: string;
  readonly status: string;
  readonly person?: string;
  readonly bought: string;
  readonly approved?: string;
  readonly handed?: string;
  readonly delivered?: string;
  readonly items?: readonly Item[];
  readonly parts: readonly Part[];
}
interface Review {
  readonly id: string;
  readonly order: string;
  readonly score: number;
  readonly title?: string;
  readonly message?: string;
  readonly created: string;
  readonly answered: string;
}

const item = (product: string, seller: string, price: string, freight: string): Item => ({ product, seller, price, freight });
const card = (value: string, installments = 1): Part => ({ type: 'credit_card', value, installments });
const lamp = item('lamp', 'anna', '100.0', '10.0');

export const orders: readonly Order[] = [
  {
    name: 'plain',
    status: 'delivered',
    person: 'maria',
    bought: '2018-01-01 10:00:00',
    approved: '2018-01-01 10:05:00',
    handed: '2018-01-02 09:00:00',
    delivered: '2018-01-20 12:00:00',
    items: [lamp],
    parts: [card('110.0', 3)],
  },
  // The same listing is sold at another price before the first parcel arrives, late against all of our deadlines.
  {
    name: 'late',
    status: 'delivered',
    person: 'maria',
    bought: '2018-01-03 10:00:00',
    approved: '2018-01-05 11:00:00',
    handed: '2018-01-15 09:00:00',
    delivered: '2018-01-16 12:00:00',
    items: [{ ...lamp, price: '89.9' }],
    parts: [{ type: 'boleto', value: '99.9' }],
  },
  {
    name: 'two sellers',
    status: 'delivered',
    bought: '2018-01-04 08:00:00',
    approved: '2018-01-04 08:10:00',
    handed: '2018-01-05 08:00:00',
    delivered: '2018-01-09 08:00:00',
    items: [lamp, lamp, item('lamp', 'bruno', '95.5', '0.0'), item('nameless', 'bruno', '20.0', '25.01')],
    parts: [card('300.51', 2), { type: 'voucher', value: '60.0' }],
  },
  {
    name: 'early parcel',
    status: 'shipped',
    bought: '2018-01-06 08:00:00',
    approved: '2018-01-07 08:00:00',
    handed: '2018-01-05 08:00:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'arrived before it left',
    status: 'delivered',
    bought: '2018-01-06 09:00:00',
    approved: '2018-01-06 09:10:00',
    handed: '2018-01-10 08:00:00',
    delivered: '2018-01-08 08:00:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'no dates',
    status: 'delivered',
    bought: '2018-01-07 09:00:00',
    approved: '2018-01-07 09:10:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  // What was delivered had been approved and handed over, whether or not somebody wrote down when.
  {
    name: 'never approved',
    status: 'delivered',
    bought: '2018-01-07 10:00:00',
    delivered: '2018-01-17 10:00:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'approved by nobody',
    status: 'approved',
    bought: '2018-01-07 11:00:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'bought at no time',
    status: 'shipped',
    bought: '',
    approved: '2018-01-07 12:00:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'invoiced',
    status: 'invoiced',
    bought: '2018-01-08 09:00:00',
    approved: '2018-01-08 09:10:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'processing',
    status: 'processing',
    bought: '2018-01-08 10:00:00',
    approved: '2018-01-08 10:10:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'approved',
    status: 'approved',
    bought: '2018-01-08 11:00:00',
    approved: '2018-01-08 11:10:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'canceled',
    status: 'canceled',
    bought: '2018-01-09 09:00:00',
    approved: '2018-01-09 09:10:00',
    items: [lamp, item('vase', 'bruno', '30.0', '5.0')],
    parts: [card('145.0')],
  },
  {
    name: 'canceled on its way',
    status: 'canceled',
    bought: '2018-01-09 10:00:00',
    approved: '2018-01-09 10:10:00',
    handed: '2018-01-10 10:00:00',
    items: [lamp],
    parts: [card('110.0')],
  },
  {
    name: 'canceled on arrival',
    status: 'canceled',
    bought: '2018-01-09 11:00:00',
    approved: '2018-01-09 11:10:00',
    handed: '2018-01-10 10:00:00',
    delivered: '2018-01-12 10:00:00',
    items: [lamp],
    parts: [card('122.34', 10)],
  },
  {
    name: 'unavailable',
    status: 'unavailable',
    bought: '2018-01-10 09:00:00',
    approved: '2018-01-10 09:10:00',
    items: [item('vase', 'bruno', '30.0', '5.0')],
    parts: [card('35.0')],
  },
  {
    name: 'rounded down',
    status: 'delivered',
    bought: '2018-02-01 09:00:00',
    approved: '2018-02-01 09:10:00',
    handed: '2018-02-02 09:00:00',
    delivered: '2018-02-03 09:00:00',
    items: [lamp],
    parts: [card('109.97')],
  },
  {
    name: 'rounded up',
    status: 'delivered',
    bought: '2018-02-01 10:00:00',
    approved: '2018-02-01 10:10:00',
    handed: '2018-02-02 09:00:00',
    delivered: '2018-02-03 09:00:00',
    items: [lamp],
    parts: [card('110.05')],
  },
  {
    name: 'with interest',
    status: 'delivered',
    bought: '2018-02-01 11:00:00',
    approved: '2018-02-01 11:10:00',
    handed: '2018-02-02 09:00:00',
    delivered: '2018-02-03 09:00:00',
    items: [lamp, item('vase', 'bruno', '30.0', '5.0')],
    parts: [card('157.34', 12)],
  },
  {
    name: 'vouchers',
    status: 'delivered',
    bought: '2018-02-02 09:00:00',
    approved: '2018-02-02 09:10:00',
    handed: '2018-02-03 09:00:00',
    delivered: '2018-02-04 09:00:00',
    items: [item('heavy', 'carla', '50.0', '10.0')],
    parts: [
      { type: 'voucher', value: '30.0', sequential: 2 },
      { type: 'voucher', value: '30.0', sequential: 3 },
      { type: 'voucher', value: '0.0', sequential: 4 },
    ],
  },
  {
    name: 'debit',
    status: 'shipped',
    bought: '2018-02-03 09:00:00',
    approved: '2018-02-03 09:10:00',
    handed: '2018-02-04 09:00:00',
    items: [lamp],
    parts: [{ type: 'debit_card', value: '110.0', sequential: 2 }],
  },
  { name: 'created without items', status: 'created', bought: '2018-02-04 09:00:00', parts: [{ type: 'not_defined', value: '0.0' }] },
  {
    name: 'unavailable without items',
    status: 'unavailable',
    bought: '2018-02-04 10:00:00',
    approved: '2018-02-04 10:10:00',
    parts: [{ type: 'boleto', value: '75.5' }],
  },
  {
    name: 'canceled without items',
    status: 'canceled',
    bought: '2018-02-04 11:00:00',
    parts: [card('12.0'), { type: 'voucher', value: '3.0' }],
  },
  {
    name: 'underpaid',
    status: 'delivered',
    bought: '2018-02-05 09:00:00',
    approved: '2018-02-05 09:10:00',
    handed: '2018-02-06 09:00:00',
    delivered: '2018-02-07 09:00:00',
    items: [lamp],
    parts: [card('10.0')],
  },
];

const reviews: readonly Review[] = [
  {
    id: 'r1',
    order: 'plain',
    score: 4,
    title: 'Boa',
    message: 'Chegou, "enfim"\nmas tarde',
    created: '2018-01-21 00:00:00',
    answered: '2018-01-21 09:00:00',
  },
  { id: 'r3', order: 'plain', score: 1, created: '2018-01-23 00:00:00', answered: '2018-01-24 09:00:00' },
  { id: 'r2', order: 'plain', score: 2, created: '2018-01-21 00:00:00', answered: '2018-01-22 09:00:00' },
  { id: 'shared', order: 'late', score: 5, created: '2018-01-17 00:00:00', answered: '2018-01-17 09:00:00' },
  { id: 'shared', order: 'two sellers', score: 5, created: '2018-01-17 00:00:00', answered: '2018-01-17 09:00:00' },
  { id: 'r4', order: 'invoiced', score: 3, message: 'Antes da compra', created: '2018-01-01 00:00:00', answered: '2018-01-01 09:00:00' },
  { id: 'r6', order: 'never approved', score: 2, created: '2018-01-18 00:00:00', answered: '' },
  { id: 'r7', order: 'never approved', score: 4, created: '', answered: '' },
  { id: 'r5', order: 'created without items', score: 1, created: '2018-02-10 00:00:00', answered: '2018-02-10 09:00:00' },
];

const quoted = (value: string | number) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
const csv = (columns: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [columns, ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join('');

const reviewTimes = ['review_creation_date', 'review_answer_timestamp'];

/** The lines of each file, by its name. `change` may turn an order into another one. */
const filesOf = (change: (order: Order) => Order): Record<string, string> => {
  const all = orders.map(change);
  const personOf = ({ name, person = name }: Order) => person;
  const items = all.flatMap(({ name, items: own = [] }) => own.map((one, n) => ({ name, n, ...one })));
  return {
    orders: csv(
      [
        'order_id',
        'customer_id',
        'order_status',
        'order_purchase_timestamp',
        'order_approved_at',
        'order_delivered_carrier_date',
        'order_delivered_customer_date',
        'order_estimated_delivery_date',
      ],
      all.map(({ name, status, bought, approved = '', handed = '', delivered = '' }) => [
        sourceId(name),
        sourceId(`customer of ${name}`),
        status,
        bought,
        approved,
        handed,
        delivered,
        '2018-03-01 00:00:00',
      ]),
    ),
    order_items: csv(
      ['order_id', 'order_item_id', 'product_id', 'seller_id', 'shipping_limit_date', 'price', 'freight_value'],
      items.map(({ name, n, product, seller, price, freight }) => [
        sourceId(name),
        n + 1,
        sourceId(product),
        sourceId(seller),
        '2018-02-20 12:00:00',
        price,
        freight,
      ]),
    ),
    order_payments: csv(
      ['order_id', 'payment_sequential', 'payment_type', 'payment_installments', 'payment_value'],
      all.flatMap(({ name, parts }) =>
        parts.map(({ type, value, installments = 1, sequential }, n) => [sourceId(name), sequential ?? n + 1, type, installments, value]),
      ),
    ),
    order_reviews: csv(
      ['review_id', 'order_id', 'review_score', ...['title', 'message'].map((part) => `review_comment_${part}`), ...reviewTimes],
      reviews.map(({ id, order, score, title = '', message = '', created, answered }) => [
        sourceId(id),
        sourceId(order),
        score,
        title,
        message,
        created,
        answered,
      ]),
    ),
    customers: csv(
      ['customer_id', 'customer_unique_id', 'customer_zip_code_prefix', 'customer_city', 'customer_state'],
      all.map((order) => [sourceId(`customer of ${order.name}`), sourceId(personOf(order)), '01310', 'sao paulo', 'SP']),
    ),
    sellers: csv(
      ['seller_id', 'seller_zip_code_prefix', 'seller_city', 'seller_state'],
      ['anna', 'bruno', 'carla'].map((name) => [sourceId(name), '20031', 'rio de janeiro', 'RJ']),
    ),
    products: csv(
      [
        'product_id',
        'product_category_name',
        'product_name_lenght',
        'product_description_lenght',
        'product_photos_qty',
        'product_weight_g',
        'product_length_cm',
        'product_height_cm',
        'product_width_cm',
      ],
      [
        [sourceId('lamp'), 'moveis_decoracao', 40, 200, 1, 1800, 40, 10, 30],
        [sourceId('vase'), 'pc_gamer', 40, 200, 1, 900, 20, 20, 20],
        [sourceId('nameless'), '', '', '', '', 500, 16, 10, 11],
        [sourceId('heavy'), 'moveis_decoracao', 40, 200, 1, '', '', '', ''],
      ],
    ),
    categories: csv(
      ['product_category_name', 'product_category_name_english'],
      [
        ['moveis_decoracao', 'furniture_decor'],
        ['bebes', 'baby'],
      ],
    ),
  };
};

/** Writes the files to a new folder. */
export const madeUp = (change: (order: Order) => Order = (order) => order): string => {
  const directory = mkdtempSync(join(tmpdir(), 'tokobapak-olist-'));
  for (const [name, text] of Object.entries(filesOf(change))) writeFileSync(join(directory, `${name}.csv`), text);
  return directory;
};
