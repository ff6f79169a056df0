// The files of the Olist data set, under our short names or as they are downloaded.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '../../domain/error.ts';
import { type CsvFile, readCsv } from './csv.ts';

const downloaded = {
  orders: 'olist_orders_dataset',
  order_items: 'olist_order_items_dataset',
  order_payments: 'olist_order_payments_dataset',
  order_reviews: 'olist_order_reviews_dataset',
  customers: 'olist_customers_dataset',
  sellers: 'olist_sellers_dataset',
  products: 'olist_products_dataset',
  categories: 'product_category_name_translation',
} as const;

export type OlistFileName = keyof typeof downloaded;
const names = Object.keys(downloaded) as OlistFileName[];
/** A data set without them is one of which something was lost; reviews and translations may be none. */
const neverEmpty: readonly OlistFileName[] = ['orders', 'order_items', 'order_payments', 'customers', 'sellers', 'products'];

const refuse = (message: string): never => {
  throw new DomainError('import.bad_file', message);
};

/** Where each file stands. */
const place = (directory: string): Readonly<Record<OlistFileName, string>> => {
  if (!existsSync(directory)) refuse(`There is no folder ${directory}.`);
  const found = names.map((name) => {
    const present = [`${name}.csv`, `${downloaded[name]}.csv`].filter((file) => existsSync(join(directory, file)));
    if (present.length > 1) refuse(`${directory} holds both ${present.join(' and ')}; leave one of them.`);
    return [name, present[0]] as const;
  });
  const missing = found.flatMap(([name, file]) => (file === undefined ? [`${name}.csv (or ${downloaded[name]}.csv)`] : []));
  if (missing.length > 0) refuse(`${directory} lacks ${missing.join(', ')}.`);
  return Object.fromEntries(found.map(([name, file]) => [name, join(directory, file ?? '')])) as Record<OlistFileName, string>;
};

/** Throws import.bad_file, which names the file, and line and column where it can, for what cannot be read exactly. */
export const readOlistFiles = (directory: string): Readonly<Record<OlistFileName, CsvFile>> => {
  const places = place(directory);
  const read = names.map((name) => {
    const file = readCsv(places[name]);
    if (file.rows.length === 0 && neverEmpty.includes(name)) refuse(`${file.name} has no rows.`);
    return [name, file] as const;
  });
  return Object.fromEntries(read) as Record<OlistFileName, CsvFile>;
};
