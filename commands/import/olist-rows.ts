// The rows of the Olist data set as its files have them: money in minor units, times as instants (the files' times are read as UTC).
import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';

/** A row of a file as text, by column. */
export type SourceRow = Readonly<Record<string, string>>;

/** A file as text; `line`: where in it a row begins. */
export interface SourceFile {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly line: number; readonly row: SourceRow }[];
}

/** Money in the files has up to two decimals: exact, never through a float. */
const cents = z
  .string()
  .regex(/^\d{1,11}(\.\d{1,2})?$/, 'must be money such as 1234.50, with a point and at most two decimals')
  .transform((text) => {
    const [whole = '0', part = ''] = text.split('.');
    return Number(whole) * 100 + Number(part.padEnd(2, '0'));
  });

const isoOf = (text: string) => `${text.slice(0, 10)}T${text.slice(11)}.000Z`;
/** 30 February is a time that JavaScript takes for 2 March. */
const exists = (text: string) => {
  const at = new Date(isoOf(text));
  return !Number.isNaN(at.getTime()) && at.toISOString() === isoOf(text);
};
const instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/, { error: 'must be a time such as 2018-01-31 12:00:00', abort: true })
  .refine(exists, 'must be a day and an hour that exist')
  .transform(isoOf);
/** Nobody wrote down when. */
const maybeInstant = z.preprocess((text) => (text === '' ? null : text), instant.nullable());
const count = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);
/** Absent, or nothing that can be weighed or measured. */
const measure = z
  .string()
  .regex(/^\d*(\.\d+)?$/, 'must be a number')
  .transform((text) => (Number(text) > 0 ? Math.round(Number(text)) : null));
const id = z.string().min(1);
const text = z.string();

/** An order without the time of its purchase was bought when the first is known of it. */
const Order = z
  .object({
    order_id: id,
    customer_id: id,
    order_status: id,
    order_purchase_timestamp: maybeInstant,
    order_approved_at: maybeInstant,
    order_delivered_carrier_date: maybeInstant,
    order_delivered_customer_date: maybeInstant,
    order_estimated_delivery_date: maybeInstant,
  })
  .transform((row, context) => {
    const { order_purchase_timestamp: bought, order_approved_at: approved } = row;
    const known = bought ?? approved ?? row.order_delivered_carrier_date ?? row.order_delivered_customer_date;
    if (known !== null) return { ...row, order_purchase_timestamp: known, isPurchaseInferred: bought === null };
    context.addIssue({
      code: 'custom',
      path: ['order_purchase_timestamp'],
      message: 'is missing, and no other time of the order is known',
    });
    return z.NEVER;
  });
const Item = z.object({
  order_id: id,
  order_item_id: count,
  product_id: id,
  seller_id: id,
  shipping_limit_date: maybeInstant,
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
  review_creation_date: maybeInstant,
  review_answer_timestamp: maybeInstant,
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

export type OlistFile = keyof typeof schemas;

export type OlistText = Readonly<Record<OlistFile, SourceFile>>;
export type OlistRows = { readonly [File in OlistFile]: readonly z.output<(typeof schemas)[File]>[] };
export type OrderRow = z.output<typeof Order>;
export type ItemRow = z.output<typeof Item>;
export type PaymentRow = z.output<typeof Payment>;
export type ReviewRow = z.output<typeof Review>;

/** What tells a row from all others of its file. */
const keys: Readonly<Record<OlistFile, readonly string[]>> = {
  orders: ['order_id'],
  order_items: ['order_id', 'order_item_id'],
  order_payments: ['order_id', 'payment_sequential'],
  order_reviews: ['review_id', 'order_id'],
  customers: ['customer_id'],
  sellers: ['seller_id'],
  products: ['product_id'],
  categories: ['product_category_name'],
};

const refuse = (file: string, line: number, problem: string): never => {
  throw new DomainError('import.bad_row', `${file}, line ${line}: ${problem}.`, { file, line });
};

/** Each row once. One that is there again says nothing new; one that says something else of the same thing cannot be right. */
const distinctRows = (key: readonly string[], { name, rows }: SourceFile) => {
  const seen = new Map<string, { line: number; text: string }>();
  return rows.filter(({ line, row }) => {
    const id = JSON.stringify(key.map((column) => row[column]));
    const text = JSON.stringify(row);
    const before = seen.get(id);
    if (!before) seen.set(id, { line, text });
    else if (before.text !== text) {
      const what = key.map((column) => `${column} ${row[column]}`).join(', ');
      refuse(name, line, `${what} stands on line ${before.line} already, with other values`);
    }
    return !before;
  });
};

const parsed = <S extends z.ZodType>(file: OlistFile, schema: S, source: SourceFile): z.output<S>[] => {
  const rows = distinctRows(keys[file], source);
  return rows.map(({ line, row }) => {
    const result = schema.safeParse(row);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const column = String(issue?.path[0]);
    return refuse(
      source.name,
      line,
      `${column} ${issue?.message}${row[column] ? `, not ${JSON.stringify(row[column].slice(0, 60))}` : ''}`,
    );
  });
};

const checkColumns = ({ name, columns }: SourceFile, needed: readonly string[]) => {
  const missing = needed.filter((column) => !columns.includes(column));
  if (missing.length > 0) refuse(name, 1, `there is no column ${missing.join(', ')}; there are ${columns.join(', ')}`);
};

/** Throws import.bad_row, which names file and line, for what cannot be read. */
export const parseOlist = (files: OlistText): OlistRows => {
  checkColumns(files.orders, Object.keys(Order.in.shape));
  for (const file of ['order_items', 'order_payments', 'order_reviews', 'customers', 'sellers', 'products', 'categories'] as const)
    checkColumns(files[file], Object.keys(schemas[file].shape));
  return {
    orders: parsed('orders', Order, files.orders),
    order_items: parsed('order_items', Item, files.order_items),
    order_payments: parsed('order_payments', Payment, files.order_payments),
    order_reviews: parsed('order_reviews', Review, files.order_reviews),
    customers: parsed('customers', Customer, files.customers),
    sellers: parsed('sellers', Seller, files.sellers),
    products: parsed('products', Product, files.products),
    categories: parsed('categories', Category, files.categories),
  };
};

/** Rows of the files that come to nothing: said twice, or about an order that the files do not hold. */
export const passedOver = (files: OlistText, rows: OlistRows): readonly string[] => {
  const orders = new Set(rows.orders.map((order) => order.order_id));
  const repeated = (Object.keys(keys) as OlistFile[]).map(
    (file) => [files[file].name, files[file].rows.length - rows[file].length] as const,
  );
  const strays = (['order_items', 'order_payments'] as const).map(
    (file) => [files[file].name, rows[file].filter(({ order_id }: { order_id: string }) => !orders.has(order_id)).length] as const,
  );
  return [
    ...repeated.flatMap(([name, count]) => (count > 0 ? [`${count} rows of ${name} are there more than once, and count once`] : [])),
    ...strays.flatMap(([name, count]) => (count > 0 ? [`${count} rows of ${name} are about orders that are not in the files`] : [])),
  ];
};

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
