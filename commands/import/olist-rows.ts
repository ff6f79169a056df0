// The rows of the Olist data set as its files have them: money in minor units, times as instants (the files' times are read as UTC).
import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';

/** A row of a file as text, by column. */
export type SourceRow = Readonly<Record<string, string>>;

/** Money in the files has up to two decimals: exact, never through a float. */
const cents = z
  .string()
  .regex(/^\d+(\.\d{1,2})?$/, 'must be money with at most two decimals')
  .transform((text) => {
    const [whole = '0', part = ''] = text.split('.');
    return Number(whole) * 100 + Number(part.padEnd(2, '0'));
  });

const isoOf = (text: string) => `${text.slice(0, 10)}T${text.slice(11)}.000Z`;
const instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/, 'must be a time such as 2018-01-31 12:00:00')
  .transform(isoOf);
const noInstant = z.literal('').transform(() => null);
const count = z.string().regex(/^\d+$/, 'must be a whole number').transform(Number);
/** Absent, or nothing that can be weighed or measured. */
const measure = z
  .string()
  .regex(/^\d*(\.\d+)?$/, 'must be a number')
  .transform((text) => (Number(text) > 0 ? Math.round(Number(text)) : null));
const id = z.string().min(1);
const text = z.string();

const Order = z.object({
  order_id: id,
  customer_id: id,
  order_status: id,
  order_purchase_timestamp: instant,
  order_approved_at: z.union([noInstant, instant]),
  order_delivered_carrier_date: z.union([noInstant, instant]),
  order_delivered_customer_date: z.union([noInstant, instant]),
  order_estimated_delivery_date: z.union([noInstant, instant]),
});
const Item = z.object({
  order_id: id,
  order_item_id: count,
  product_id: id,
  seller_id: id,
  shipping_limit_date: instant,
  price: cents,
  freight_value: cents,
});
const Payment = z.object({
  order_id: id,
  payment_sequential: count,
  payment_type: id,
  payment_installments: count,
  payment_value: cents,
});
const Review = z.object({
  review_id: id,
  order_id: id,
  review_score: z.enum(['1', '2', '3', '4', '5']).transform(Number),
  review_comment_title: text,
  review_comment_message: text,
  review_creation_date: instant,
  review_answer_timestamp: instant,
});
const Customer = z.object({
  customer_id: id,
  customer_unique_id: id,
  customer_zip_code_prefix: text,
  customer_city: text,
  customer_state: text,
});
const Seller = z.object({ seller_id: id, seller_zip_code_prefix: text, seller_city: text, seller_state: text });
const Product = z.object({
  product_id: id,
  product_category_name: text,
  product_weight_g: measure,
  product_length_cm: measure,
  product_height_cm: measure,
  product_width_cm: measure,
});
const Category = z.object({ product_category_name: id, product_category_name_english: text });

const schemas = {
  orders: Order,
  order_items: Item,
  order_payments: Payment,
  order_reviews: Review,
  customers: Customer,
  sellers: Seller,
  products: Product,
  categories: Category,
} as const;

/** The names of the files, without `.csv`. */
export const olistFiles = Object.keys(schemas) as (keyof typeof schemas)[];
export type OlistFile = keyof typeof schemas;

export type OlistText = Readonly<Record<OlistFile, readonly SourceRow[]>>;
export type OlistRows = { readonly [File in OlistFile]: readonly z.output<(typeof schemas)[File]>[] };
export type OrderRow = z.output<typeof Order>;
export type ItemRow = z.output<typeof Item>;
export type PaymentRow = z.output<typeof Payment>;
export type ReviewRow = z.output<typeof Review>;

const parsed = <S extends z.ZodType>(file: OlistFile, schema: S, rows: readonly SourceRow[]): z.output<S>[] =>
  rows.map((row, n) => {
    const result = schema.safeParse(row);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new DomainError('import.bad_row', `${file}.csv, row ${n + 1}: ${issue?.path.join('.')} ${issue?.message}`, { file, row: n + 1 });
  });

/** Throws import.bad_row, which names file and row, for what cannot be read. */
export const parseOlist = (files: OlistText): OlistRows => ({
  orders: parsed('orders', Order, files.orders),
  order_items: parsed('order_items', Item, files.order_items),
  order_payments: parsed('order_payments', Payment, files.order_payments),
  order_reviews: parsed('order_reviews', Review, files.order_reviews),
  customers: parsed('customers', Customer, files.customers),
  sellers: parsed('sellers', Seller, files.sellers),
  products: parsed('products', Product, files.products),
  categories: parsed('categories', Category, files.categories),
});

/** Rows by a column that several may share, each list in the order of the file. */
export const grouped = <Row>(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, readonly Row[]> => {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
};
