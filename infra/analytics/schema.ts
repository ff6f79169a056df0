// The facts that analysts see: one definition from which the tables, the row types and the dictionary are made, for chDB and ClickHouse alike.

interface Column {
  readonly type: 'id' | 'category' | 'instant' | 'quantity' | 'money';
  readonly meaning: string;
}

const column = <T extends Column['type']>(type: T, meaning: string) => ({ type, meaning }) as const;

/** Every fact has these besides its own: they make it the same fact however often it is written. */
const everyFact = {
  event_id: column('id', 'The event in the log that this fact comes from.'),
  line: column('quantity', 'Which of the facts of that event, from 0.'),
  position: column('quantity', 'The position of that event in the log.'),
};

/**
 * `order` is what the table is sorted by, before event_id and line. Facts are never changed: what is taken back is a fact of its own
 * with negative figures, so that sums over any period are right.
 */
export const tables = {
  order_lines: {
    meaning: 'What happened to a line of an order, with signed figures: summed over sale, cancellation and refund they are the net.',
    order: ['kind', 'currency', 'occurred_at', 'seller_id', 'product_id'],
    columns: {
      occurred_at: column('instant', 'When it happened.'),
      kind: column(
        'category',
        'placed (ordered, not yet paid), sale (paid, or confirmed for cash on delivery), cancellation (after a sale, negative), refund (negative).',
      ),
      order_id: column('id', 'The order, of one seller.'),
      checkout_id: column('id', 'The purchase, of one buyer, that the order belongs to.'),
      buyer_id: column('id', 'Who bought.'),
      seller_id: column('id', 'Who sold.'),
      product_id: column('id', 'What was sold.'),
      variant_id: column('id', 'Which variant of it.'),
      category_id: column('category', 'The leaf category of the product at that time; empty when unknown.'),
      payment_method: column('category', 'How it was or is to be paid.'),
      currency: column('category', 'The currency of all amounts of this line.'),
      quantity: column('quantity', 'Pieces; negative in cancellation and refund.'),
      amount: column('money', 'Price of the goods of this line, after discounts, without shipping, in minor units.'),
      shipping: column('money', 'Shipping of the whole order, on its first line only, in minor units.'),
      tax: column('money', 'Tax on this line, in minor units, included in amount or not as the order says.'),
      commission: column('money', "The platform's commission on this line, in minor units."),
    },
  },
  visits: {
    meaning: 'What visitors did on the way to a purchase.',
    order: ['kind', 'occurred_at', 'visitor_id'],
    columns: {
      occurred_at: column('instant', 'When it happened.'),
      kind: column('category', 'search, click, view, cart (put into the cart), checkout (started), paid.'),
      visitor_id: column('id', 'The signed-in person or the guest.'),
      product_id: column('id', 'The product; empty where there is none.'),
      seller_id: column('id', 'Its seller; empty where there is none.'),
      checkout_id: column('id', 'The purchase, for checkout and paid; else empty.'),
    },
  },
  deliveries: {
    meaning: 'A parcel that arrived, with what was promised.',
    order: ['courier', 'occurred_at', 'seller_id'],
    columns: {
      occurred_at: column('instant', 'When it was delivered.'),
      order_id: column('id', 'The order.'),
      seller_id: column('id', 'Who sent it.'),
      courier: column('category', 'Who carried it.'),
      city: column('category', 'The city that it went to; empty when unknown.'),
      confirmed_at: column('instant', 'When the order was confirmed.'),
      shipped_at: column('instant', 'When it was handed over.'),
      promised_at: column('instant', 'The latest delivery that the buyer was promised.'),
    },
  },
} as const satisfies Record<string, { meaning: string; order: readonly string[]; columns: Record<string, Column> }>;

export type FactTable = keyof typeof tables;
export const factTables: readonly FactTable[] = ['order_lines', 'visits', 'deliveries'];

type Value<C extends Column> = C['type'] extends 'quantity' | 'money' ? number : string;
type Columns<T extends FactTable> = (typeof tables)[T]['columns'] & typeof everyFact;
/** A row of one table. Instants are RFC 3339, amounts whole numbers. */
export type Fact<T extends FactTable> = { readonly [C in keyof Columns<T>]: Columns<T>[C] extends Column ? Value<Columns<T>[C]> : never };
export type Facts = { readonly [T in FactTable]?: readonly Fact<T>[] };

const columnsOf = (table: FactTable): Record<string, Column> => ({ ...tables[table].columns, ...everyFact });
export const columnNames = (table: FactTable): string[] => Object.keys(columnsOf(table));
/** The facts of one table as rows, in the order of its columns. */
export const valuesOf = (table: FactTable, facts: Facts): unknown[][] => {
  const columns = columnNames(table);
  return (facts[table] ?? []).map((fact) => {
    const values = new Map<string, unknown>(Object.entries(fact));
    return columns.map((column) => values.get(column));
  });
};

const sqlType = (name: string, { type }: Column, zone: string): string => {
  switch (type) {
    case 'id':
      return 'String';
    case 'category':
      return 'LowCardinality(String)';
    case 'instant':
      return `DateTime64(3, '${zone}')`;
    case 'quantity':
      return name === 'position' ? 'UInt64' : 'Int32';
    case 'money':
      return 'Int64';
    default:
      return type satisfies never;
  }
};

/** The name of the database of one build; the tables stand in it unqualified, the checkpoint beside them. */
export const databaseOf = (build: number, prefix = 'facts') => `${prefix}_${build}`;

/**
 * The statements that make a build. `zone` is the market's: days and hours of a column are that zone's.
 * A fact written twice is one row after FINAL, whichever write came last.
 */
export const createBuild = (build: number, zone: string, prefix?: string): string[] => {
  if (!/^[A-Za-z0-9_+/-]+$/.test(zone)) throw new RangeError(`not a time zone: ${zone}`);
  const database = `\`${databaseOf(build, prefix)}\``;
  return [
    `CREATE DATABASE IF NOT EXISTS ${database}`,
    ...factTables.map((table) => {
      const columns = Object.entries(columnsOf(table)).map(([name, column]) => `${name} ${sqlType(name, column, zone)}`);
      const order = [...tables[table].order, 'event_id', 'line'].join(', ');
      return `CREATE TABLE IF NOT EXISTS ${database}.${table} (${columns.join(', ')}) ENGINE = ReplacingMergeTree(position) ORDER BY (${order})`;
    }),
    `CREATE TABLE IF NOT EXISTS ${database}.checkpoint (log_id String, position Int64) ENGINE = ReplacingMergeTree(position) ORDER BY log_id`,
  ];
};

export interface DictionaryTable {
  readonly table: FactTable;
  readonly meaning: string;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly meaning: string }[];
}

/** What an analyst may ask about, in words. */
export const dictionary = (zone: string): DictionaryTable[] =>
  factTables.map((table) => ({
    table,
    meaning: tables[table].meaning,
    columns: Object.entries(columnsOf(table)).map(([name, column]) => ({
      name,
      type: sqlType(name, column, zone),
      meaning: column.meaning,
    })),
  }));
